"""Modules as YAML data."""

"""Reads a tool's output: rules for its lines, and what keeps the telling ones."""

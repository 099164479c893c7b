"""Runs one unit: files in, the tool, files out, an outcome."""

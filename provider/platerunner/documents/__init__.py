"""YAML documents: positions, problems with file, line and column, JSON Schema in sentences."""

"""The language: YAML with line numbers, validated, into a frozen model."""

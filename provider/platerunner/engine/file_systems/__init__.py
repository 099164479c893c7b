"""A file system of a run: made before its steps, mounted by their jobs, deleted afterwards whatever happened."""

STORAGE_TASK, STORAGE_END = "make-storage", "delete-storage"
"""Ids of the tasks; no step can have them, for none has one hyphen alone in its name."""

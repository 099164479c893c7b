"""CellProfiler's own files: pipelines, LoadData, tables."""

"""From CellProfiler's tables to profiles: CytoTable and pycytominer on one unit, in a Python of their own."""

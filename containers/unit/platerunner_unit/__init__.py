"""What runs inside a container: one unit of a step, from manifest line to outcome."""

__version__ = "0.1.0"

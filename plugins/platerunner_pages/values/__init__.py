"""Numbers of wells for the plate map: from a step's tables, and from what its attempts took."""

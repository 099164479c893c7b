"""A folder of plugins, for specs to name."""

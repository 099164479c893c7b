"""Volumes of electron microscopy, from public archives to OME-Zarr."""

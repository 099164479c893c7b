"""Illumination, segmentation and montage on scikit-image: for laptops without CellProfiler, and for every gate."""

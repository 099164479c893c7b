"""What has been kept long enough: found, written down, and taken away."""

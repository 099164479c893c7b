"""Who asks, what may be asked, and which files are served."""

"""Where a file comes from: the attempt that wrote it, what that attempt read, and so on back to raw files."""

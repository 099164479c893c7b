"""What stands behind a storage: buckets with settings and roles of their own, errors, and writes in turn."""

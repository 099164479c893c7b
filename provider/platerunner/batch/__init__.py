"""AWS Batch as this project uses it."""

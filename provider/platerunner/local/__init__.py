"""The embedded cloud: moto, and a Batch that really runs commands."""

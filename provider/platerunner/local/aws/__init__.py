"""The AWS calls of the embedded cloud."""

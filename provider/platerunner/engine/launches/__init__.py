"""Runs that uploaded files ask for: what a file may say, what is done with it, and how its run ended."""

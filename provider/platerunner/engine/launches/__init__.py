"""Runs that uploaded files ask for: what a file may say, what becomes of it, and how its run ended."""

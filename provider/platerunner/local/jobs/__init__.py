"""The jobs of the embedded cloud: table, attempts, scheduler."""

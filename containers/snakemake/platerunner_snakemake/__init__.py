"""A Snakemake workflow as one unit of a step."""

#!/bin/sh
# Platerunner's profiling programs in the Python that has CytoTable and pycytominer. DuckDB looks for its extensions at HOME.
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
HOME=$home/home
PYTHONDONTWRITEBYTECODE=1
export HOME PYTHONDONTWRITEBYTECODE
exec "$home/bin/python" -m platerunner_unit.cytomining "$@"

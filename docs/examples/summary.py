"""Put the tables of a plate under each other: summary.py TARGET TABLE..."""

import sys
from pathlib import Path

target, *tables = map(Path, sys.argv[1:])
lines = [table.read_text().splitlines() for table in tables]
target.write_text("\n".join([lines[0][0], *(row for each in lines for row in each[1:])]) + "\n")

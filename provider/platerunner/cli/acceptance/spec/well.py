"""What a well of the acceptance does: lines that are counted, then what its file says."""

import sys
import time
from pathlib import Path

name, lines, raw, made = sys.argv[1:]
for number in range(1, int(lines) + 1):
    print(f"acceptance {name} line {number} of {lines}", flush=True)
word, _, rest = Path(raw).read_text().strip().partition(" ")
if word == "broken":
    sys.exit(f"acceptance: {name} is broken on purpose")
if word == "hold":  # until the file is there: where the jobs' machine is this one
    while not Path(rest).exists():
        time.sleep(0.2)
if word == "last":  # seconds, where it is another one
    time.sleep(float(rest))
Path(made).write_text(f"ImageNumber,Lines\n1,{lines}\n")

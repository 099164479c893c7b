#!/bin/sh
# coSMicQC into .cosmicqc/ of this checkout, apart from everything else: it wants an older pandas than pycytominer.   make cosmicqc
# Needs uv and Python 3.11 or newer. 0.8 GB. A second run changes nothing unless the recipe has changed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
recipe=$here/containers/cosmicqc
target=$here/.cosmicqc
stamp=$target/recipe

say() { printf 'cosmicqc: %s\n' "$*" >&2; }

sum=$(cat "$0" "$recipe"/* | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then
    say "is installed already in $target"
    exit
fi
uv=$("$here/scripts/find_uv.sh" || printf '%s\n' "$here/.tools/bin/uv")
say "installing into $target with $uv"
rm -rf "$target"
"$uv" venv -q --python "${PYTHON:-3.12}" "$target"
"$uv" pip install -q --python "$target/bin/python" --no-deps -r "$recipe/requirements.txt"
# The program itself is this checkout's; the runner is not run in here, so what it needs stays out.
"$uv" pip install -q --python "$target/bin/python" --no-deps --editable "$here/containers/unit"
install -m 0755 "$recipe/cosmicqc.sh" "$target/bin/platerunner-cosmicqc"
# Tried, and compiled as far as it is imported: each unit begins with these imports.
env -u PYTHONDONTWRITEBYTECODE "$target/bin/python" -c 'import cosmicqc.analyze'
"$target/bin/platerunner-cosmicqc" --help >/dev/null
printf '%s\n' "$sum" >"$stamp"

#!/bin/sh
# Snakemake into .snakemake-venv/ of this checkout, apart from everything else.   make snakemake
# Needs uv and Python 3.11 or newer. 100 MB. A second run changes nothing unless the recipe has changed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
recipe=$here/containers/snakemake
target=$here/.snakemake-venv
stamp=$target/recipe

say() { printf 'snakemake: %s\n' "$*" >&2; }

sum=$(cat "$0" "$recipe/requirements.txt" "$recipe/pyproject.toml" | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then
    say "is installed already in $target"
    exit
fi
uv=$("$here/scripts/find_uv.sh" || printf '%s\n' "$here/.tools/bin/uv")
say "installing into $target with $uv"
rm -rf "$target"
"$uv" venv -q --python "${PYTHON:-3.12}" "$target"
"$uv" pip install -q --python "$target/bin/python" -r "$recipe/requirements.txt"
# The programs themselves are this checkout's.
"$uv" pip install -q --python "$target/bin/python" --no-deps --editable "$recipe" --editable "$here/containers/unit"
"$target/bin/platerunner-snakemake" --help >/dev/null
printf '%s\n' "$sum" >"$stamp"

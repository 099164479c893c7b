#!/bin/sh
# The loaders of electron microscopy into .em-venv/ of this checkout, apart from everything else.   make em
# Needs uv and Python 3.11 or newer. 200 MB. A second run changes nothing unless the recipe has changed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
recipe=$here/containers/em
target=$here/.em-venv
stamp=$target/recipe

say() { printf 'em: %s\n' "$*" >&2; }

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
# Other readers of the formats, for the tests alone.
"$uv" pip install -q --python "$target/bin/python" zarr==3.4.2 ome-zarr-models==1.8.1
# The program itself is this checkout's.
"$uv" pip install -q --python "$target/bin/python" --no-deps --editable "$recipe"
"$target/bin/platerunner-em" --help >/dev/null
printf '%s\n' "$sum" >"$stamp"

#!/bin/sh
# CytoTable and pycytominer into .cytomining/ of this checkout, apart from everything else.   make cytomining
# Needs uv and Python 3.11 or newer. 0.9 GB. A second run changes nothing unless the recipe has changed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
recipe=$here/containers/cytomining
target=$here/.cytomining
stamp=$target/recipe

say() { printf 'cytomining: %s\n' "$*" >&2; }

sum=$(cat "$0" "$recipe"/* | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then
    say "is installed already in $target"
    exit
fi
uv=$("$here/scripts/find_uv.sh" || printf '%s\n' "$here/.tools/bin/uv")
say "installing into $target with $uv"
rm -rf "$target"
"$uv" venv -q --python "${PYTHON:-3.12}" "$target"
"$uv" pip install -q --python "$target/bin/python" -r "$recipe/requirements.txt"
# The programs themselves are this checkout's; the runner is not run in here, so what it needs stays out.
"$uv" pip install -q --python "$target/bin/python" --no-deps --editable "$here/containers/unit"
mkdir "$target/home"
HOME="$target/home" "$target/bin/python" "$recipe/install_extensions.py"
install -m 0755 "$recipe/cytomining.sh" "$target/bin/platerunner-cytomining"
# Compiled as far as it is imported: each unit begins with these imports.
env -u PYTHONDONTWRITEBYTECODE HOME="$target/home" "$target/bin/python" -c 'import cytotable, pycytominer, umap'
"$target/bin/platerunner-cytomining" --help >/dev/null
printf '%s\n' "$sum" >"$stamp"

#!/bin/sh
# Snakemake into .snakemake-venv/ of this checkout, apart from everything else.   make snakemake
# 100 MB. A second run changes nothing unless the recipe has changed.
set -eu
. "$(dirname -- "$0")/own_python.sh"

begin snakemake .snakemake-venv containers/snakemake/requirements.txt containers/snakemake/pyproject.toml
add -r "$here/containers/snakemake/requirements.txt"
# The programs themselves are this checkout's.
add --no-deps --editable "$here/containers/snakemake" --editable "$here/containers/unit"
"$target/bin/platerunner-snakemake" --help >/dev/null
end

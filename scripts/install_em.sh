#!/bin/sh
# The loaders of electron microscopy into .em-venv/ of this checkout, apart from everything else.   make em
# 200 MB. A second run changes nothing unless the recipe has changed.
set -eu
. "$(dirname -- "$0")/own_python.sh"

begin em .em-venv containers/em/requirements.txt containers/em/pyproject.toml
add -r "$here/containers/em/requirements.txt"
# Other readers of the formats, for the tests alone.
add zarr==3.4.2 ome-zarr-models==1.8.1
# The program itself is this checkout's.
add --no-deps --editable "$here/containers/em"
"$target/bin/platerunner-em" --help >/dev/null
end

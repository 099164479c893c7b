#!/bin/sh
# CytoTable and pycytominer into .cytomining/ of this checkout, apart from everything else.   make cytomining
# 0.9 GB. A second run changes nothing unless the recipe has changed.
set -eu
. "$(dirname -- "$0")/own_python.sh"

begin cytomining .cytomining 'containers/cytomining/*'
add -r "$here/containers/cytomining/requirements.txt"
# The programs themselves are this checkout's; the runner is not run in here, so what it needs stays out.
add --no-deps --editable "$here/containers/unit"
mkdir "$target/home"
HOME="$target/home" "$target/bin/python" "$here/containers/cytomining/install_extensions.py"
install -m 0755 "$here/containers/cytomining/cytomining.sh" "$target/bin/platerunner-cytomining"
# Compiled as far as it is imported: each unit begins with these imports.
env -u PYTHONDONTWRITEBYTECODE HOME="$target/home" "$target/bin/python" -c 'import cytotable, pycytominer, umap'
"$target/bin/platerunner-cytomining" --help >/dev/null
end

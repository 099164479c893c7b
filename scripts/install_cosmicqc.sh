#!/bin/sh
# coSMicQC into .cosmicqc/ of this checkout, apart from everything else: it wants an older pandas than pycytominer.   make cosmicqc
# 0.8 GB. A second run changes nothing unless the recipe has changed.
set -eu
. "$(dirname -- "$0")/own_python.sh"

begin cosmicqc .cosmicqc 'containers/cosmicqc/*'
add --no-deps -r "$here/containers/cosmicqc/requirements.txt"
# The program itself is this checkout's; the runner is not run in here, so what it needs stays out.
add --no-deps --editable "$here/containers/unit"
install -m 0755 "$here/containers/cosmicqc/cosmicqc.sh" "$target/bin/platerunner-cosmicqc"
# Tried, and compiled as far as it is imported: each unit begins with these imports.
env -u PYTHONDONTWRITEBYTECODE "$target/bin/python" -c 'import cosmicqc.analyze'
"$target/bin/platerunner-cosmicqc" --help >/dev/null
end

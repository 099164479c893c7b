#!/bin/sh
# In the build of an image: put a program into a Python of its own, beside the runner's, without what no run needs.
#   own_python.sh FOLDER PACKAGE REQUIREMENTS [OPTION ...]   with the options of `uv pip install` for its requirements
# UV is the version of uv.
set -eu

folder=$1 package=$2 requirements=$3
shift 3
export UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
add() { uv pip install --no-cache --system --python "$folder/bin/python" "$@"; }

# A copy of the interpreter, so that the program does not lean on the place where another Python is in the final image.
cp -a /usr/local "$folder"
pip install --no-cache-dir "uv==$UV"
add "$@" -r "$requirements"
add --no-deps "$package"

cd "$folder"
find . -depth \( -name tests -o -name test -o -name __pycache__ \) -exec rm -rf {} +
rm -rf include share lib/pkgconfig lib/python*/ensurepip lib/python*/idlelib lib/python*/site-packages/pip*
bin/python -m compileall -q -j 2 lib

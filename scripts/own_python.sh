# A program in a Python of its own within this checkout, apart from everything else. Sourced by `install_NAME.sh`:
#   begin NAME FOLDER PATTERN ...   a new Python in FOLDER; ends the script if it was made of these files as they are now
#   add ARGUMENT ...                install into it, as `uv pip install` does
#   end                             remember what it was made of
# Needs uv and Python 3.11 or newer; PYTHON chooses another. After `begin`, $here is the checkout and $target the folder.
# shellcheck shell=sh

begin() {
    name=$1
    here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
    target=$here/$2
    shift 2
    # shellcheck disable=SC2086  # patterns of files
    sum=$(cd "$here" && cat "scripts/install_$name.sh" scripts/own_python.sh $* | cksum)
    if [ -f "$target/recipe" ] && [ "$(cat "$target/recipe")" = "$sum" ]; then
        printf '%s\n' "$name: is installed already in $target" >&2
        exit
    fi
    uv=$("$here/scripts/find_uv.sh" || printf '%s\n' "$here/.tools/bin/uv")
    printf '%s\n' "$name: installing into $target with $uv" >&2
    rm -rf "$target"
    "$uv" venv -q --python "${PYTHON:-3.12}" "$target"
}

add() { "$uv" pip install -q --python "$target/bin/python" "$@"; }

end() { printf '%s\n' "$sum" >"$target/recipe"; }

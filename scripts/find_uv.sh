#!/bin/sh
# Prints the first `uv` that runs: $UV, then each of PATH. pyenv's shim exists although it only runs under some versions.
#   find_uv.sh || echo .tools/bin/uv
IFS=:
for uv in "${UV:-}" $(printf '%s\n' "$PATH" | sed 's#:#/uv:#g; s#$#/uv#'); do
    [ -n "$uv" ] || continue
    uv=$(command -v "$uv" 2>/dev/null) || continue
    if "$uv" --version >/dev/null 2>&1; then printf '%s\n' "$uv"; exit; fi
done
exit 1

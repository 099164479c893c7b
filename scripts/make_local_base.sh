#!/usr/bin/env bash
# Make stand-ins for the public images python:X.Y-slim-bookworm, where no image registry can be reached.
#   make_local_base.sh 3.12 3.9      with the Pythons of this machine (python3.12, python3.9; pyenv's or uv's too)
# Debian's packages come from Debian, so an unmodified Dockerfile builds on top. Needs root, buildah, mmdebstrap; one minute.
# Certificates that this machine trusts besides Debian's own go in, as into any base image inside a company's network.
set -euo pipefail
suite=bookworm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { printf 'make_local_base.sh: %s\n' "$*" >&2; exit 1; }
[ $# -gt 0 ] || fail "which Pythons? Such as: make_local_base.sh 3.12 3.9"

uv=$("$(dirname "$0")/find_uv.sh" || echo uv)
find_prefix() {
  local python
  for python in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/"python$1" "$("$uv" python find "$1" 2>/dev/null || true)"; do
    if "$python" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
      "$python" -c 'import sys; print(sys.base_prefix)'
      return
    fi
  done
  fail "no Python $1 on this machine: install it, or build where docker.io can be reached"
}

# libraries that Python's own modules link against, as in the public image
mmdebstrap --quiet --variant=minbase \
  --include=ca-certificates,libssl3,libffi8,libsqlite3-0,libbz2-1.0,liblzma5,libreadline8,zlib1g,libncursesw6,libuuid1,libexpat1,netbase,tzdata \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --aptopt='Acquire::Languages "none"' \
  --customize-hook='mkdir -p "$1/usr/local/share/ca-certificates" && find /usr/local/share/ca-certificates -name "*.crt" -exec cp {} "$1/usr/local/share/ca-certificates/" \; && chroot "$1" update-ca-certificates >/dev/null' \
  --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' \
  "$suite" "$work/debian.tar"
certificates=/etc/ssl/certs/ca-certificates.crt
printf '[global]\ncert = %s\n' "$certificates" >"$work/pip.conf"

debian=$(buildah from scratch)
buildah add --quiet "$debian" "$work/debian.tar" / >/dev/null
buildah copy --quiet "$debian" "$work/pip.conf" /etc/pip.conf >/dev/null
buildah config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin --env SSL_CERT_FILE=$certificates "$debian"
buildah commit --quiet --rm "$debian" "localhost/local-debian:$suite" >/dev/null

for version in "$@"; do
  prefix=$(find_prefix "$version")
  tar -C "$prefix" --exclude="lib/python$version/test" --exclude='*/__pycache__' --exclude='lib/*.a' --exclude='*/config-*/*.a' \
    --exclude="lib/python$version/site-packages/[!p]*" -cf "$work/python.tar" bin lib include
  container=$(buildah from --pull-never "localhost/local-debian:$suite")
  buildah add --quiet "$container" "$work/python.tar" /usr/local >/dev/null
  buildah run --isolation chroot "$container" -- sh -c "
    cd /usr/local/bin && chown -R 0:0 /usr/local && ldconfig
    sed -i '1s|^#!.*python.*|#!/usr/local/bin/python$version|' pip*
    ln -sf python$version python3 && ln -sf python3 python"
  buildah config --cmd python3 "$container"
  buildah commit --quiet --rm "$container" "docker.io/library/python:$version-slim-$suite" >/dev/null
  buildah tag "docker.io/library/python:$version-slim-$suite" "docker.io/library/python:$version-slim"
done

#!/usr/bin/env bash
# Build images of containers/images.yaml with buildah, as localhost/platerunner/NAME:TAG.   build_images.sh [NAME ...]
# Without names: unit and cellprofiler. Base images come from docker.io; where that cannot be reached they are made of Debian's
# packages and this machine's Pythons (scripts/make_local_base.sh), and what only GitHub has (CellProfiler's plugins) is left out.
#   PLATERUNNER_BASE=local|public   do not look, do as told
# Sizes, times and what is in an image (an SPDX list) go to dist/images/.
set -euo pipefail
cd "$(dirname "$0")/.."
out=dist/images
start=$SECONDS

fail() { printf 'build_images.sh: %s\n' "$*" >&2; exit 1; }
for tool in buildah podman; do command -v $tool >/dev/null || fail "needs $tool; on Debian: apt-get install buildah podman runc mmdebstrap"; done
# A restricted sandbox has no systemd to keep control groups, and no seccomp profile for buildah.
options=(--layers)
if [ "$(id -u)" = 0 ] && [ ! -d /run/systemd/system ]; then
  export CONTAINERS_CONF=$PWD/scripts/containers.conf
  options+=(--isolation chroot)
fi

mkdir -p "$out"
uv=$(scripts/find_uv.sh || echo .tools/bin/uv)
catalog() { "$uv" run --frozen python scripts/image_arguments.py "$1"; }

reachable() { curl --silent --fail --max-time 10 --output /dev/null "$1" || [ $? = 22 ]; }
base=${PLATERUNNER_BASE:-}
[ -n "$base" ] || { if reachable https://registry-1.docker.io/v2/; then base=public; else base=local; fi; }
if [ "$base" = local ]; then
  options+=(--pull-never)
  missing=()
  for version in 3.12 3.9; do
    podman image exists "docker.io/library/python:$version-slim-bookworm" || missing+=("$version")
  done
  [ ${#missing[@]} = 0 ] || scripts/make_local_base.sh "${missing[@]}"
  echo "base: made here, in $((SECONDS - start)) s"
fi

revision=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(unit cellprofiler)
for name in "${names[@]}"; do
  began=$SECONDS
  mapfile -t arguments < <(catalog "$name")
  [ ${#arguments[@]} -gt 0 ] || fail "$name is not in containers/images.yaml"
  tag=${arguments[0]}
  build=()
  for argument in "${arguments[@]:1}"; do
    case $base:$argument in local:PLUGINS=*) echo "$name: without plugins, which are on GitHub" ;; *) build+=(--build-arg "$argument") ;; esac
  done
  buildah bud "${options[@]}" --build-arg "VERSION=$tag" --build-arg "REVISION=$revision" "${build[@]}" \
    --tag "localhost/platerunner/$name:$tag" --file "containers/$name/Dockerfile" . >"$out/$name.log" 2>&1 ||
    { tail -n 40 "$out/$name.log"; fail "$name does not build, see $out/$name.log"; }
  scripts/image_report.py "$name" "localhost/platerunner/$name:$tag" "$((SECONDS - began))" "$out"
done

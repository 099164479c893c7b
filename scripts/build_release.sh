#!/bin/bash
# Build what a release has into dist/release/: three wheels, three source archives, a list of what they bring, and sums.
#   build_release.sh           twice, since the same sources have to make the same bytes
#   build_release.sh v0.1.0    also refuses a tag that is not the version, or of which CHANGELOG.md does not tell
set -euo pipefail
cd "$(dirname "$0")/.."
tag=${1:-}
uv=$(scripts/find_uv.sh || echo "$PWD/.tools/bin/uv")
target=dist/release
die() { echo "build_release: $*" >&2; exit 1; }
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
for project in plugins containers/unit; do
  grep -qx "version = \"$version\"" "$project/pyproject.toml" || die "$project/pyproject.toml has another version than $version"
done
grep -q "\"platerunner-unit==$version\"" pyproject.toml || die "pyproject.toml wants another platerunner-unit than $version"
grep -q "\"airflow-provider-platerunner==$version\"" plugins/pyproject.toml || die "plugins/pyproject.toml wants another provider than $version"
if [ -n "$tag" ]; then
  [ "$tag" = "v$version" ] || die "the tag $tag is not the version $version"
  grep -q "^## \[\?$version\]\? - [0-9-]*$" CHANGELOG.md || die "CHANGELOG.md has no \`## $version - YYYY-MM-DD\`: name Unreleased so"
fi

# Of the last commit: what hatchling writes into archives instead of the time at which it runs.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
rm -rf "$target"
# Another umask must make no other bytes.
(umask 022 && "$uv" build --quiet --all-packages --build-constraints constraints/build.txt --out-dir "$target")
(umask 077 && "$uv" build --quiet --all-packages --build-constraints constraints/build.txt --out-dir "$again")
rm -f "$target/.gitignore" "$again/.gitignore"
diff -r "$target" "$again" || die "the same sources made other bytes"
for name in airflow_provider_platerunner airflow_plugin_platerunner platerunner_unit; do
  [ -f "$target/$name-$version-py3-none-any.whl" ] && [ -f "$target/$name-$version.tar.gz" ] || die "there is no $name of $version"
done

"$uv" export --quiet --frozen --no-dev --all-extras --package airflow-provider-platerunner --preview-features sbom-export \
  --format cyclonedx1.5 --output-file "$target/platerunner-$version.cdx.json" >/dev/null
(cd "$target" && sha256sum -- * >SHA256SUMS)
echo "$target: $version, the same bytes twice"
cat "$target/SHA256SUMS"

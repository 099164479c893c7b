#!/bin/sh
# Run the Airflow-facing tests on another Airflow, with the constraints of MWAA's image for it.
#   test_on_airflow.sh 3.2.1 [pytest's arguments; tests that they name run instead of all]
set -eu
cd "$(dirname "$0")/.."
version=${1:-}
[ -f "constraints/mwaa-$version.txt" ] || { echo "which Airflow? One of: $(ls constraints | sed -n 's/^mwaa-\(.*\)\.txt$/\1/p' | xargs)" >&2; exit 2; }
shift
uv=$(scripts/find_uv.sh || echo "$PWD/.tools/bin/uv")
venv=.tools/airflow-$version
"$uv" venv --quiet --clear --python 3.12 "$venv"
# platerunner-unit[imaging] and the test tools are not Airflow's, but install within the same constraints; so does the
# provider for OpenLineage, which a lab may have and the locked environment has not.
"$uv" pip install --quiet --python "$venv/bin/python" --constraint "constraints/mwaa-$version.txt" \
  "apache-airflow==$version" apache-airflow-providers-openlineage ./containers/unit[imaging,otel] ./plugins ".[local,ledger]" pytest pytest-rerunfailures pytest-timeout hypothesis httpx
installed=$("$venv/bin/python" -c "from importlib.metadata import version; print(version('apache-airflow'))")
[ "$installed" = "$version" ] || { echo "wanted Airflow $version, got $installed"; exit 1; }
for argument; do
  [ ! -e "${argument%%::*}" ] || exec "$venv/bin/python" -m pytest -p no:cacheprovider "$@"
done
# Whole DAG runs by themselves: they share one embedded cloud, of which a process has but one.
"$venv/bin/python" -m pytest -p no:cacheprovider tests/airflow "$@"
exec "$venv/bin/python" -m pytest -p no:cacheprovider tests/plugins tests/provider/hooks tests/provider/links \
  tests/provider/notifications tests/provider/operators tests/provider/render tests/provider/sensors tests/provider/triggers \
  tests/provider/test_provider_info.py "$@"

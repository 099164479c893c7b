#!/bin/bash
# Make a bundle, install it the way MWAA does into an Airflow with MWAA's constraints, and look whether the DAGs are there.
#   test_bundle.sh 3.3.1             third-party wheels come from PyPI
#   test_bundle.sh 3.3.1 --offline   they are in the bundle, and pip may ask nobody
# MWAA_HOME is the folder that stands for MWAA's /usr/local/airflow.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
version=${1:-}
[ -f "constraints/mwaa-$version.txt" ] || { echo "which Airflow? One of: $(ls constraints | sed -n 's/^mwaa-\(.*\)\.txt$/\1/p' | xargs)" >&2; exit 2; }
shift
uv=$(scripts/find_uv.sh || echo "$PWD/.tools/bin/uv")
work=$PWD/.tools/bundle-$version${1:-}
home=${MWAA_HOME:-$work/airflow}
real=/usr/local/airflow
rm -rf "$work"
mkdir -p "$work" "$home/dags" "$home/plugins"
die() { echo "test_bundle $version: $*" >&2; exit 1; }

bundle() { "$uv" run --frozen platerunner bundle --airflow "$version" --out "$work/$1" "${@:2}"; }
bundle mwaa "$@"
bundle again "$@" >/dev/null
diff -r "$work/mwaa" "$work/again" || die "the same sources made other bytes"
(cd "$work/mwaa" && sha256sum --check --quiet SHA256SUMS)

# The image: what AWS names when it builds it, without psycopg2 and pycurl, which want a compiler and which we never import.
"$uv" venv --quiet --seed --python 3.12 "$work/venv"
"$uv" pip install --quiet --python "$work/venv/bin/python" --constraint "constraints/mwaa-$version.txt" \
  "apache-airflow[celery,statsd]==$version" "apache-airflow-providers-amazon[aiobotocore]" apache-airflow-providers-fab \
  "celery[sqs]" watchtower fluent-logger
PATH=$work/venv/bin:$PATH
unset PYTHONPATH VIRTUAL_ENV
pip freeze | sort >"$work/image.txt"

# As MWAA starts a container: the startup script, plugins.zip unpacked, DAGs copied, pip on requirements.txt.
cp -R "$work/mwaa/dags/." "$home/dags"
python -m zipfile -e "$work/mwaa/plugins.zip" "$home/plugins"
for file in startup.sh requirements.txt; do sed "s#$real/#$home/#g" "$work/mwaa/$file" >"$home/$file"; done
. "$home/startup.sh"
# The address answers nothing: whatever pip asked for there, the test would fail.
case " $* " in *" --offline "*) export PIP_INDEX_URL=http://127.0.0.1:9/ PIP_RETRIES=0 PIP_CONFIG_FILE=/dev/null; unset PIP_FIND_LINKS ;; esac
pip install --quiet --disable-pip-version-check -r "$home/requirements.txt"
pip check || die "pip finds the installed packages at odds"
pip freeze | sort >"$work/installed.txt"
gone=$(comm -23 "$work/image.txt" "$work/installed.txt")
[ -z "$gone" ] || die "the bundle changed packages of the image: $gone"
echo "added to the image:"; comm -13 "$work/image.txt" "$work/installed.txt"

export AIRFLOW_HOME=$home AIRFLOW__CORE__DAGS_FOLDER=$home/dags AIRFLOW__CORE__PLUGINS_FOLDER=$home/plugins
export AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__EXECUTOR=LocalExecutor
cd "$home" # not the checkout: nothing may be imported from there
[ "$(airflow version)" = "$version" ] || die "this is Airflow $(airflow version)"
airflow db migrate >"$work/migrate.log" 2>&1 || { tail -20 "$work/migrate.log"; die "airflow db migrate failed"; }
airflow dags reserialize >"$work/parse.log" 2>&1 || { tail -20 "$work/parse.log"; die "airflow dags reserialize failed"; }

# Each command of Airflow imports it, for seconds: one process answers all questions, each into a file of its own.
python "$root/scripts/ask_airflow.py" "$work/said" "dags list --output plain" "dags list-import-errors" \
  "providers list --output plain" "providers hooks --output plain" "plugins" "tasks list demo" || die "Airflow does not answer"
said() { cat "$work/said/$1.txt"; }
said dags_list_--output_plain
grep -q "No data found" <(said dags_list-import-errors) || { said dags_list-import-errors; die "there are import errors"; }
for file in "$home"/dags/dag_specs/[!_]*.yaml; do
  name=$(sed -n 's/^pipeline: *//p' "$file")
  grep -q "^$name " <(said dags_list_--output_plain) || die "no DAG $name"
done
grep -q "^airflow-provider-platerunner " <(said providers_list_--output_plain) || die "Airflow does not know our provider"
grep -q "platerunner.hooks.platerunner.PlaterunnerHook" <(said providers_hooks_--output_plain) || die "Airflow does not know our connection"
! grep -iE "error|traceback" <(said plugins) || die "a plugin did not load"
grep -qx check <(said tasks_list_demo) || die "the demo DAG has no gate"
place=$(python -c "import platerunner; print(platerunner.__file__)")
case $place in "$work"/venv/*) ;; *) die "platerunner is not the bundle's: $place" ;; esac

# Out of this Airflow, and into it again as into any that was there before: by name, under its constraints.
names=(airflow-provider-platerunner airflow-plugin-platerunner platerunner-unit)
pip uninstall --quiet --yes "${names[@]}"
pip check || die "pip finds the packages at odds after ours are gone"
rm -r "$home/dags" && mkdir "$home/dags"
airflow_says() { rm -rf "$work/said"; python "$root/scripts/ask_airflow.py" "$work/said" "providers list --output plain" "plugins" "connections list"; }
airflow_says || die "Airflow does not answer without our packages"
! grep -q platerunner <(said providers_list_--output_plain) || die "Airflow still knows our provider"
pip freeze | sort >"$work/without.txt"
pip install --quiet --disable-pip-version-check --find-links "$home/plugins" --constraint "$root/constraints/mwaa-$version.txt" \
  airflow-provider-platerunner airflow-plugin-platerunner
pip check || die "pip finds the installed packages at odds"
gone=$(comm -23 "$work/without.txt" <(pip freeze | sort))
[ -z "$gone" ] || die "our packages changed others: $gone"
airflow_says || die "Airflow does not answer with our packages"
grep -q "^airflow-provider-platerunner " <(said providers_list_--output_plain) || die "Airflow does not know our provider"
echo "test_bundle $version $*: passed"

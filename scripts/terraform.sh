#!/usr/bin/env bash
# Terraform of every module and environment: fmt, init, test, plan; then checkov.   terraform.sh [folder ...]
# Works in a copy and leaves nothing behind in the checkout. Without arguments, all of terraform/.
#   PLATERUNNER_TF_STANDIN  folder of a stand-in for the AWS provider (its install.sh); ../shared/terraform-standin if there.
#                           With it, no network and no account are needed. Without, terraform fetches the real provider;
#                           stack and environments are then tested and planned only with AWS credentials at hand.
#   PLATERUNNER_CHECKOV     command that runs checkov, e.g. "uvx checkov"; `checkov` if it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
jobs=2

fail() { printf 'terraform.sh: %s\n' "$*" >&2; exit 1; }

if ! command -v terraform >/dev/null; then
  [ -z "${CI:-}" ] || fail "terraform is missing, and CI may not skip it"
  echo "terraform.sh: terraform is missing; nothing was checked" >&2
  exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/platerunner-terraform.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp -R terraform "$work/terraform"
find "$work/terraform" \( -name .terraform -prune -o -name .terraform.lock.hcl -o -name '*.tfstate*' \) -exec rm -rf {} +

export TF_IN_AUTOMATION=1 TF_INPUT=0 CHECKPOINT_DISABLE=1 TF_CLI_ARGS=-no-color
export TF_PLUGIN_CACHE_DIR=$work/plugins
mkdir -p "$TF_PLUGIN_CACHE_DIR"

standin=${PLATERUNNER_TF_STANDIN:-}
[ -n "$standin" ] || [ ! -x ../shared/terraform-standin/install.sh ] || standin=../shared/terraform-standin
online=yes
if [ -n "$standin" ]; then
  [ -x "$standin/install.sh" ] || fail "no install.sh in PLATERUNNER_TF_STANDIN=$standin"
  exports=$(scripts/install_standin.sh "$standin" "$work/standin") || fail "the stand-in cannot be installed"
  eval "$exports"
  # One process that has started; each start of the provider is a fork of it. It ends with its standard input.
  coproc "$work/standin/serve"
  warm=$COPROC_PID tap=${COPROC[1]}
  read -r _ <&"${COPROC[0]}" || fail "the stand-in does not start"
  online=
fi

account=yes
if [ -n "$online" ] && [ -z "${AWS_ACCESS_KEY_ID:-}${AWS_PROFILE:-}${AWS_WEB_IDENTITY_TOKEN_FILE:-}${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI:-}" ]; then
  account=
fi

# A module's tests bring their own account; its plan does not. Stack and environments ask a real one for everything.
check() {
  local folder=$1
  cd "$work/terraform/$folder"
  # The state of environments is in S3; a plan here needs none.
  if grep -qs 'backend "s3"' ./*.tf; then printf 'terraform {\n  backend "local" {}\n}\n' >plan_override.tf; fi
  terraform init -reconfigure
  # A test plans the module with tests/terraform.tfvars, and an environment with its own values: validate and a plan of these
  # would show nothing more.
  case $folder in
    modules/stack | environments/*) if [ -n "$account" ]; then terraform test; else terraform validate; echo "NOT TESTED: no AWS credentials"; fi ;;
    *) terraform test ;;
  esac
  if [ -z "$account" ]; then echo "NOT PLANNED: no AWS credentials"; return; fi
  # Another environment of the same files.
  for sizes in *.tfvars; do [ ! -f "$sizes" ] || terraform plan -lock=false -var-file="$sizes"; done
  # Tests list what a disabled module must not make; the plan knows of all that there is.
  if grep -qs '^variable "create"' variables.tf; then
    terraform plan -lock=false -var-file=tests/terraform.tfvars -var create=false >disabled.txt
    if grep -q '^Plan:' disabled.txt; then cat disabled.txt; echo "with create = false something is planned"; return 1; fi
    echo "Disabled: nothing is planned."
  fi
}

# One folder, its output in a file; a line for people.
report() {
  local folder=$1 log=$work/log/${1//\//-} start=$SECONDS
  # Not as a condition of `if`: there, a command that fails would not end the subshell.
  set +e
  (set -e; check "$folder") >"$log" 2>&1
  local code=$?
  set -e
  if [ "$code" = 0 ]; then
    printf 'ok    %-24s %2d s  %s\n' "$folder" $((SECONDS - start)) \
      "$(grep -hE '^(Success! [0-9]+ passed|Plan:|NOT |Disabled:)' "$log" | tr '\n' ' ')"
  else
    printf 'FAIL  %s\n' "$folder"
    cat "$log"
    return 1
  fi
}

echo "fmt"
terraform fmt -check -diff -recursive "$work/terraform" || fail "run: terraform fmt -recursive terraform"

folders=("$@")
if [ ${#folders[@]} = 0 ]; then
  folders=()
  for folder in terraform/environments/* terraform/modules/*; do folders+=("${folder#terraform/}"); done
fi
for i in "${!folders[@]}"; do folders[i]=${folders[i]#terraform/}; folders[i]=${folders[i]%/}; done
for folder in "${folders[@]}"; do [ -f "terraform/$folder/main.tf" ] || fail "no module terraform/$folder"; done

# The first init alone, and its lock for all: without one each init writes the plugin cache again, which does not stand that
# while another folder's tests start the provider from it.
mkdir -p "$work/log"
(cd "$work/terraform/${folders[0]}" && terraform init -backend=false >"$work/log/init" 2>&1) || { cat "$work/log/init"; fail "init failed"; }
for folder in "${folders[@]:1}"; do cp "$work/terraform/${folders[0]}/.terraform.lock.hcl" "$work/terraform/$folder/"; done

failed=0
running=0
for folder in "${folders[@]}"; do
  if [ "$running" -ge "$jobs" ]; then wait -n || failed=1; running=$((running - 1)); fi
  report "$folder" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do wait -n || failed=1; running=$((running - 1)); done

checkov=${PLATERUNNER_CHECKOV:-}
[ -n "$checkov" ] || ! command -v checkov >/dev/null || checkov=checkov
if [ -n "$checkov" ]; then
  echo "checkov"
  cd "$root"
  # shellcheck disable=SC2086  # a command with its arguments
  LOG_LEVEL=ERROR $checkov -d terraform --framework terraform --quiet --compact --skip-download >"$work/log/checkov" 2>&1 || failed=1
  grep -vE '^\s*$|terraform scan results' "$work/log/checkov" || true
else
  echo "checkov: NOT RUN, it is not installed (set PLATERUNNER_CHECKOV)"
fi

if [ -z "$online" ]; then exec {tap}>&-; wait "$warm"; fi
[ "$failed" = 0 ] || fail "something failed, see above"
echo "all well in $SECONDS s"

#!/usr/bin/env bash
# The approval paper of all environments as a first apply would make them, on stdout.   approval.sh > terraform/APPROVAL.md
# Needs credentials for an account, or PLATERUNNER_TF_STANDIN, as scripts/terraform.sh does. Of an environment that is there,
# make the paper from its own plan: see terraform/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d "${TMPDIR:-/tmp}/platerunner-approval.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp -R terraform "$work/terraform"
find "$work/terraform" -name .terraform.lock.hcl -delete # a lock of the real provider fits no stand-in
export TF_IN_AUTOMATION=1 TF_INPUT=0 CHECKPOINT_DISABLE=1 TF_CLI_ARGS=-no-color
standin=${PLATERUNNER_TF_STANDIN:-}
[ -n "$standin" ] || [ ! -x ../shared/terraform-standin/install.sh ] || standin=../shared/terraform-standin
if [ -n "$standin" ]; then
  exports=$(scripts/install_standin.sh "$standin" "$work/standin")
  eval "$exports"
fi
plans=()
for folder in "$work"/terraform/environments/*/; do
  name=$(basename "$folder")
  cd "$folder"
  printf 'terraform {\n  backend "local" {}\n}\n' >state_override.tf
  printf '%s\n' '{"emails": ["owner@example.org"], "web_cidr_blocks": ["10.9.0.0/16"]}' >paper.auto.tfvars.json
  { terraform init && terraform plan -lock=false -out=plan; } >"$work/$name.log" 2>&1 || { cat "$work/$name.log" >&2; exit 1; }
  terraform show -json plan >"$work/$name.json"
  plans+=("$name=$work/$name.json")
done
cd "$root"
PYTHONPATH=scripts python3 -m approval "${plans[@]}"

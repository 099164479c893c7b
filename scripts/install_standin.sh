#!/usr/bin/env bash
# Installs the stand-in for the AWS provider, with the types that it lacks (tests/terraform/provider_types.json, taken from
# @cdktn/provider-aws by the stand-in's own extract_schema.py), and prints what to export.   install_standin.sh STANDIN FOLDER
# While `FOLDER/serve` runs, starts of the provider are forks of it.
set -euo pipefail
standin=$(cd "$1" && pwd) folder=$2
here=$(cd "$(dirname "$0")/.." && pwd)
# Its environment by uv, where there is one: pip takes 7 s of CPU for the same.
mkdir -p "$folder"
if uv=$("$here/scripts/find_uv.sh"); then
  "$uv" venv --quiet --seed --python "${PYTHON:-python3}" "$folder/venv"
  "$uv" pip install --quiet --python "$folder/venv/bin/python" -r "$standin/requirements.txt"
fi
"$standin/install.sh" "$folder" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; exit 1; }
python3 - "$standin/schema.json" "$here/tests/terraform/provider_types.json" >"$folder/schema.json" <<'EOF'
import json, sys

schema, more = (json.load(open(path)) for path in sys.argv[1:])
(provider,) = schema["provider_schemas"].values()
provider["resource_schemas"] = more | provider["resource_schemas"]
json.dump(schema, sys.stdout)
EOF
provider=$(echo "$folder"/mirror/registry.terraform.io/hashicorp/aws/*/linux_amd64/terraform-provider-aws_v*)
mv "$provider" "$folder/cold"
warm="\"$folder/venv/bin/python\" -%s \"$here/scripts/warm_standin.py\" %s \"$folder/socket\""
printf "#!/bin/sh\nexec $warm \"$folder/cold\"\n" IS start >"$provider"
printf "#!/bin/sh\nPYTHONPATH=\"$standin\" STANDIN_SCHEMA=\"$folder/schema.json\" exec $warm\n" u serve >"$folder/serve"
chmod +x "$provider" "$folder/serve"
printf 'export TF_CLI_CONFIG_FILE=%q STANDIN_SCHEMA=%q AWS_REGION=eu-west-1\n' "$folder/terraformrc" "$folder/schema.json"

#!/bin/sh
# Starts the stack of compose.yaml with Docker or podman: `make observe`.
set -eu
cd "$(dirname "$0")"
for runtime in docker podman; do
  if "$runtime" compose version >/dev/null 2>&1; then found=$runtime; break; fi
done
if [ -z "${found:-}" ]; then
  echo "make observe needs Docker or podman with \`compose\`; neither is here. Any OTLP collector will do: platerunner up --observe URL." >&2
  exit 1
fi
# A password of this machine's own: nobody can know it beforehand.
if [ ! -s .env ]; then
  (umask 077 && printf 'GRAFANA_PASSWORD=%s\n' "$(LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 24)" >.env)
fi
"$found" compose up --detach --wait
echo "Grafana:   http://127.0.0.1:3000, admin / $(sed 's/^GRAFANA_PASSWORD=//' .env)"
echo "Collector: platerunner up --observe http://127.0.0.1:4318"
echo "End it:    $found compose --file observability/compose.yaml down"

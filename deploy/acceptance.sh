#!/usr/bin/env bash
# Brings the whole installation up, uses it as people do, and says in one JSON file whether it holds:
#   deploy/acceptance.sh            writes deploy/verdict/verdict.json and pictures beside it; exit 0 only when it holds
# Needs Docker with compose 2.24 or newer, Python 3.11 or newer, and for pictures a Chromium. It works in a compose project
# of its own (bypuls-acceptance) with fresh volumes, which it removes again; KEEP=1 leaves everything running.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out="${BYPULS_VERDICT:-deploy/verdict}"
export COMPOSE_PROJECT_NAME=bypuls-acceptance
export BYPULS_MQTT_PORT="${BYPULS_MQTT_PORT:-21883}" BYPULS_API_PORT="${BYPULS_API_PORT:-28080}"
export BYPULS_GRAFANA_PORT="${BYPULS_GRAFANA_PORT:-23000}"
export COMPOSE_FILE=docker-compose.yml:deploy/compose.acceptance.yml COMPOSE_PROFILES=demo
# Passwords of its own: an installation beside it keeps its devices and secrets.
BYPULS_SECRETS_FOLDER="$(mktemp -d)"
export BYPULS_SECRETS_FOLDER
compose=(docker compose)

down() {
  status=$?
  trap - EXIT INT TERM
  mkdir -p "$out"
  timeout 60 "${compose[@]}" logs --no-color --timestamps >"$out/containers.log" 2>&1 || true
  if [ "${KEEP:-}" = 1 ]; then
    echo "acceptance: everything still runs; its passwords are in $BYPULS_SECRETS_FOLDER" >&2
    exit "$status"
  else
    timeout 180 "${compose[@]}" down --volumes --timeout 30 >"$out/down.log" 2>&1 || true
  fi
  rm -rf "$BYPULS_SECRETS_FOLDER"
  exit "$status"
}
trap down EXIT INT TERM

for tool in docker python3 timeout; do
  command -v "$tool" >/dev/null || { echo "acceptance: $tool is not installed" >&2; exit 2; }
done
docker compose version >/dev/null || { echo "acceptance: this Docker has no compose: install its plugin" >&2; exit 2; }
docker info >/dev/null || { echo "acceptance: no Docker engine answers: start it" >&2; exit 2; }

rm -rf "$out"
mkdir -p "$out"
python3 deploy/make_secrets.py
revision="$(git rev-parse HEAD 2>/dev/null || echo unknown)"
export BYPULS_REVISION="$revision"

timeout "${BYPULS_BUILD_SECONDS:-1200}" "${compose[@]}" build --quiet
up=ok
timeout "${BYPULS_UP_SECONDS:-600}" "${compose[@]}" up --detach --wait --wait-timeout 540 || up="exit $?"
"${compose[@]}" ps --all --format json >"$out/containers.json" || true

timeout "${BYPULS_CHECK_SECONDS:-1500}" python3 deploy/acceptance.py --out "$out" --up "$up" --revision "$revision"

#!/usr/bin/env bash
# Lets the running broker read its users and rules again; nobody is disconnected, no queue is lost.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
docker compose run --rm --no-deps hand-out
docker compose kill --signal HUP mosquitto

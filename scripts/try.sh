#!/usr/bin/env bash
# Starts the server on a free port, sends six players, shows the pairs, stops the server; then lints a
# ruleset and explains why tickets wait.
# Usage: scripts/try.sh PATH-OF-match-function
set -euo pipefail

program=$(realpath "$1")
log=$(mktemp)
PLUGIN_GRPC_SERVER_AUTH_ENABLED=off PORT=0 GRPC_ADDR=127.0.0.1 LOG_LEVEL=info \
    LOG_FORMAT=json ENABLE_PROMETHEUS=off ENABLE_LOKI=off ENABLE_ZIPKIN=off "$program" >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -f "$log"' EXIT

address=
for _ in $(seq 100); do
    address=$(sed -n '/serving gRPC/s/.*"address":"\([^"]*\)".*/\1/p' "$log")
    [ -n "$address" ] && break
    kill -0 "$server" 2>/dev/null || { cat "$log" >&2; exit 1; }
    sleep 0.1
done
[ -n "$address" ] || { echo "the server did not start within 10 s:" >&2; cat "$log" >&2; exit 1; }

echo "server at $address; six players queue for matches of two:"
"$program" client make-matches --players 6 --addr "$address"

echo
echo "a ruleset with a mistake, as \`match-function lint\` sees it:"
"$program" lint '{"alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1,
  "player_max_number": 3}, "autoBackfill": true}'

echo
echo "why the two tickets of docs/samples wait for a match of five against five:"
cd "$(dirname "$0")/.."
"$program" explain --rules docs/samples/ruleset-5v5.json --tickets docs/samples/tickets.ndjson

#!/usr/bin/env bash
# Runs demo.sh, unchanged, on this machine alone: against a mock of AGS, with the server's check of
# access tokens on. Usage: scripts/demo-local.sh PATH-OF-match-function PATH-OF-ags-double [FLAG...]
# The flags are those of the mock: --fail create-pool=403 makes a request fail.
set -euo pipefail
cd "$(dirname "$0")/.."

server=$1 double=$2
shift 2
for program in curl jq; do
    command -v "$program" >/dev/null || { echo "demo-local needs $program" >&2; exit 69; }
done
logs=$(mktemp -d)
touch "$logs/ags" "$logs/server"
pids=()
# shellcheck disable=SC2317,SC2329 # the trap calls it
stop() {
    for ((n = ${#pids[@]} - 1; n >= 0; n--)); do
        kill "${pids[n]}" 2>/dev/null || true
        wait "${pids[n]}" 2>/dev/null || true
    done
    rm -rf "$logs"
}
trap stop EXIT

# Waits until a sed expression prints something of a log.
found() {
    local text='' tries
    for ((tries = 0; tries < 100; tries++)); do
        text=$(sed -n "$2" "$1")
        [ -z "$text" ] || break
        kill -0 "$3" 2>/dev/null || break
        sleep 0.1
    done
    [ -n "$text" ] || { cat "$1" >&2; return 1; }
    printf '%s' "$text"
}

export AB_NAMESPACE=demo AB_CLIENT_ID=local-demo
AB_CLIENT_SECRET=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
export AB_CLIENT_SECRET

"$double" "$@" >"$logs/ags" 2>&1 &
pids+=($!)
AB_BASE_URL=$(found "$logs/ags" 's/^AGS double at //p' $!)
export AB_BASE_URL
PLUGIN_GRPC_SERVER_AUTH_ENABLED=on PORT=0 GRPC_ADDR=127.0.0.1 LOG_FORMAT=json LOG_LEVEL=info \
    ENABLE_PROMETHEUS=off ENABLE_LOKI=off ENABLE_ZIPKIN=off "$server" >"$logs/server" 2>&1 &
pids+=($!)
GRPC_SERVER_URL=$(found "$logs/server" '/serving gRPC/s/.*"address":"\([^"]*\)".*/\1/p' $!)
export GRPC_SERVER_URL

code=0
./demo.sh || code=$?

kill "${pids[0]}"
wait "${pids[0]}" || [ "$code" -ne 0 ] || code=1
echo
echo "What AGS did:"
sed -n '/^tick /p;/^left over/p' "$logs/ags" | sed 's/^/  /'
echo "What the server logged of its calls:"
jq -r 'select(.method) | "  \(.method) \(.code): \(.tickets_in) tickets in, \(.matches_out) matches out"' \
    "$logs/server"
exit "$code"

#!/usr/bin/env bash
# Loads a server for MINUTES (10) with everything that clients do, also badly, and watches whether it
# grows: memory, file descriptors, threads. Unary calls and queues go through Envoy to it and to a
# second server that is replaced every RESTART seconds (30) meanwhile: none of them may fail. Without
# Envoy all calls go to the first server.
#
#   MINUTES=60 scripts/soak.sh target/release/match-function target/release/examples/soak
set -euo pipefail
cd "$(dirname "$0")/.."

BIN=$1
SOAK=$2
TOOLS=${TOOLS:-${CARGO_TARGET_DIR:-target}/tools}
MINUTES=${MINUTES:-10}
RESTART=${RESTART:-30}

mkdir -p "$TOOLS"
. scripts/envoy.sh
. scripts/ports.sh
work=$(mktemp -d)
declare -A pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

say() { printf '%s\n' "soak: $*"; }

declare -A grpc=() metrics=()
for name in watched replaced; do grpc[$name]=$(free_port) metrics[$name]=$(free_port); done

# start NAME: starts a server and waits until it serves.
start() {
    local name=$1
    env -i PATH="$PATH" GRPC_ADDR=127.0.0.1 PORT="${grpc[$name]}" PROMETHEUS_ADDR=127.0.0.1 \
        PROMETHEUS_PORT="${metrics[$name]}" PLUGIN_GRPC_SERVER_AUTH_ENABLED=false \
        ENABLE_LOKI=false ENABLE_ZIPKIN=false LOG_LEVEL=error "$BIN" >>"$work/$name.log" 2>&1 &
    pids[$name]=$!
    for _ in $(seq 100); do
        "$BIN" health --addr "127.0.0.1:${grpc[$name]}" >/dev/null 2>&1 && return
        sleep 0.1
    done
    say "server $name does not serve: $(tail -3 "$work/$name.log")"
    return 1
}

start watched
proxy=()
if find_envoy; then
    start replaced
    listen=$(free_port)
    envoy_config "$listen" 1 "${grpc[watched]}" "${grpc[replaced]}" >"$work/envoy.yaml"
    start_envoy "$work/envoy.yaml" "$listen" "$work/envoy.log"
    pids[envoy]=$ENVOY_PID
    for _ in $(seq 100); do
        "$BIN" health --addr "127.0.0.1:$listen" >/dev/null 2>&1 && break
        sleep 0.1
    done
    proxy=(--proxy "127.0.0.1:$listen")
else
    say "Envoy is not available: no restarts"
fi

"$SOAK" --server "127.0.0.1:${grpc[watched]}" --pid "${pids[watched]}" --minutes "$MINUTES" \
    --metrics "http://127.0.0.1:${metrics[watched]}/metrics" "${proxy[@]}" &
pids[soak]=$!
if [ ${#proxy[@]} -gt 0 ]; then
    # Here, as only this shell can wait for the servers that it starts.
    while kill -0 "${pids[soak]}" 2>/dev/null; do
        for _ in $(seq "$RESTART"); do
            sleep 1
            kill -0 "${pids[soak]}" 2>/dev/null || break 2
        done
        kill -TERM "${pids[replaced]}"
        wait "${pids[replaced]}" || true
        start replaced
    done
fi
status=0
wait "${pids[soak]}" || status=$?
unset "pids[soak]"
cat "$work"/*.log | grep -E '"level":"(ERROR|FATAL)"|panicked' | head -5 || true
exit "$status"

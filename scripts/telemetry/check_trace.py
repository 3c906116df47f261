"""Reads traces from Zipkin's API and log lines, and checks that they agree.

usage: check_trace.py ZIPKIN_URL SERVICE LOG_FILE
"""

import json
import sys
import time
import urllib.request

zipkin, service, log_file = sys.argv[1:]
METHOD = "MakeMatches"


def traces():
    query = f"{zipkin}/api/v2/traces?serviceName={service}&limit=100"
    with urllib.request.urlopen(query) as answer:
        return json.load(answer)


def find():
    """The trace with our span of METHOD and Envoy's span above it."""
    for trace in traces():
        ours = [
            span
            for span in trace
            if span.get("localEndpoint", {}).get("serviceName") == service
            and span["name"].endswith(METHOD.lower())
        ]
        for span in ours:
            parent = [
                other
                for other in trace
                if other["id"] == span.get("parentId")
                and other.get("localEndpoint", {}).get("serviceName") == "envoy"
            ]
            if parent:
                return span, parent[0], trace
    return None


deadline = time.monotonic() + 40
while (found := find()) is None:
    if time.monotonic() > deadline:
        sys.exit(f"no trace of {METHOD} with a span of Envoy above one of {service}: {traces()}")
    time.sleep(1)
ours, envoys, trace = found

assert ours["kind"] == "SERVER", ours
assert ours["traceId"] == envoys["traceId"], (ours, envoys)
tags = ours["tags"]
assert tags["rpc.system"] == "grpc" and tags["rpc.method"] == METHOD, tags
assert tags["rpc.grpc.status_code"] == "0", tags
ticks = [span for span in trace if span["name"] == "tick" and span.get("parentId") == ours["id"]]
assert ticks, f"no tick below the call: {trace}"

lines = [json.loads(line) for line in open(log_file) if line.startswith("{")]
line = [
    line
    for line in lines
    if line.get("message") == "call ended" and line.get("span_id") == ours["id"]
]
assert len(line) == 1, f"one log line for span {ours['id']}: {line}"
assert line[0]["trace_id"] == ours["traceId"], (line[0], ours)
assert line[0]["method"] == METHOD and line[0]["tickets_in"] > 0, line[0]
print(
    f"trace {ours['traceId']}: envoy {envoys['id']} > {service} {ours['id']} > "
    f"tick {ticks[0]['id']}; the log line has the same ids"
)

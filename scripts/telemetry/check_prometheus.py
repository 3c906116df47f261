"""Checks that Prometheus scrapes the server and can run every query of the dashboard.

usage: check_prometheus.py PROMETHEUS_URL DASHBOARD_FILE
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

prometheus, dashboard_file = sys.argv[1:]


def query(expression):
    url = f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(url) as answer:
            return json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{expression}: {error.read().decode()}")


MATCHES = 'grpc_server_handled_total{grpc_method="MakeMatches",grpc_code="OK"}'
deadline = time.monotonic() + 30
while not (found := query(MATCHES)):
    if time.monotonic() > deadline:
        sys.exit("Prometheus has not scraped the server")
    time.sleep(0.5)
assert found[0]["value"][1] == "2", found

dashboard = json.load(open(dashboard_file))
variables = {"$__rate_interval": "1m", "${prefix}": "telemetry_test", "$job": ".*", "$instance": ".*"}
queries = [t["expr"] for p in dashboard["panels"] for t in p.get("targets", [])]
assert queries
# Rates need two scrapes.
time.sleep(3)
empty = []
for text in queries:
    for name, value in variables.items():
        text = text.replace(name, value)
    if not query(text):
        empty.append(text)
print(f"Prometheus ran {len(queries)} queries of the dashboard, {len(empty)} without a value")
for text in empty:
    print(f"  no value: {text}")

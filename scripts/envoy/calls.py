"""Results of calls and lines of Envoy's access log, as scripts/test-envoy.sh writes them."""

import json
from collections import namedtuple
from datetime import datetime, timezone

Call = namedtuple("Call", "began ended kind outcome error")
Line = namedtuple("Line", "began ended path status upstream attempts flags details")

METHOD = {
    "small": "MakeMatches",
    "large": "MakeMatches",
    "slow": "MakeMatches",
    "long": "BackfillMatches",
    "codes": "GetStatCodes",
    "valid": "ValidateTicket",
}


def read_calls(file):
    fields = (line.rstrip("\n").split("\t") for line in open(file))
    return [Call(float(f[0]), float(f[1]), *f[2:]) for f in fields]


def read_log(file):
    """Calls to MatchFunction."""
    lines = []
    for text in open(file):
        line = json.loads(text)
        service, method = line["path"].rsplit("/", 1)
        if not service.endswith(".MatchFunction"):
            continue
        began = datetime.strptime(line["start"], "%Y-%m-%dT%H:%M:%S.%fZ")
        began = began.replace(tzinfo=timezone.utc).timestamp()
        lines.append(
            Line(
                began,
                began + line["duration_ms"] / 1000,
                method,
                line["grpc_status"],
                line["upstream"],
                line["attempts"],
                line["flags"],
                line["details"],
            )
        )
    return lines


def check(condition, text):
    if not condition:
        raise SystemExit(text)


def check_answers(calls):
    different = [call for call in calls if call.outcome == "different"]
    check(not different, f"answered otherwise than without Envoy: {different}")

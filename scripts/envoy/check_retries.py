"""Checks that calls which one server refuses were answered by the other, and answered the same.

usage: check_retries.py CALLS ACCESS_LOG OPEN_SERVER
"""

import sys
from collections import Counter

from calls import check, check_answers, read_calls, read_log

file, log, server = sys.argv[1:]
calls, lines = read_calls(file), read_log(log)

check_answers(calls)
failed = [call for call in calls if call.outcome == "failed"]
check(not failed, f"failed: {failed}")
check(len(calls) == len(lines), f"{len(calls)} calls, but {len(lines)} lines of the access log")
check(all(line.upstream == server for line in lines), f"answered by another: {lines}")
retried = Counter(line.path for line in lines if line.attempts == 2)
check(retried["MakeMatches"] and retried["GetStatCodes"], f"sent a second time: {retried}")
print(
    f"{len(calls)} calls, {retried['MakeMatches']} ticks and {retried['GetStatCodes']} unary calls "
    "refused with UNAVAILABLE by one server and sent to the other: "
    "every answer is the one without Envoy, byte for byte"
)

"""Checks the calls of a kill and two replacements: only those under way on the killed server failed.

usage: check_calls.py CALLS ACCESS_LOG KILLED_SERVER KILLED_AT RESTORED_AT
"""

import sys
from collections import Counter

from calls import METHOD, check, check_answers, read_calls, read_log

file, log, killed, killed_at, restored_at = sys.argv[1:]
killed_at, restored_at = float(killed_at), float(restored_at)
calls, lines = read_calls(file), read_log(log)

check_answers(calls)
check(len(calls) == len(lines), f"{len(calls)} calls, but {len(lines)} lines of the access log")

failed = [call for call in calls if call.outcome == "failed"]
failed_lines = [line for line in lines if line.status != "OK"]
check(
    Counter(METHOD[call.kind] for call in failed) == Counter(line.path for line in failed_lines),
    f"client and Envoy do not agree on what failed: {failed} {failed_lines}",
)
# The clock of the access log has milliseconds.
slack = 0.1
for line in failed_lines:
    under_way = line.began <= killed_at + slack and line.ended >= killed_at - slack
    check(line.upstream == killed and under_way, f"failed, but not by the kill: {line}")
check(any(line.path == "BackfillMatches" for line in failed_lines), "no long tick was killed")
for call in failed:
    check(call.began <= killed_at + slack, f"failed, but began after the kill: {call}")

servers = Counter(line.upstream for line in lines)
check(len(servers) == 2, f"not two servers: {servers}")
after = [line for line in lines if line.began > restored_at]
check(len({line.upstream for line in after}) == 2, "one server got no call after the kill")

began, ended = min(call.began for call in calls), max(call.ended for call in calls)
kinds = Counter(METHOD[call.kind] for call in calls)
retried = [line for line in lines if line.attempts > 1]
check(all(line.status == "OK" for line in retried), f"a second try failed: {retried}")
longest = max(call.ended - call.began for call in calls if call.kind not in ("slow", "long"))
print(
    f"{len(calls)} calls in {ended - began:.0f} s "
    f"({', '.join(f'{n} {name}' for name, n in sorted(kinds.items()))}), "
    f"{' and '.join(str(n) for n in servers.values())} by server; "
    f"{len(failed)} failed, all under way on the killed server at the kill "
    f"({', '.join(f'{n} {name}' for name, n in sorted(Counter(line.path for line in failed_lines).items()))}); "
    f"{len(retried)} sent a second time, all answered; "
    f"{len(after)} calls during the two replacements and after, none failed; "
    f"the longest of the short calls took {longest * 1000:.0f} ms"
)

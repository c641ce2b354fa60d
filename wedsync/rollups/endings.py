"""Leaving endings: parts of the statements that write down what ended, so that both are one."""

INSERT = (
    "INSERT INTO endings"
    " (organization_id, kind, subject_id, part, connection_id, at, outcome, ms, weight)"
)
"""Followed by a SELECT of these columns, from what an UPDATE returned."""

# What each kind of row tells of its end: here for whoever writes it, and for whoever counts anew.
OF_STEP = (
    "'step', {workflow_id}, {a}.step_id, {a}.connection_id, {a}.finished_at, {a}.outcome, {a}.ms"
)
OF_DELIVERY = (
    "'endpoint', {endpoint_id}, '', NULL::uuid, {a}.finished_at, coalesce({a}.error, {a}.outcome),"
    " round(CAST({a}.timings ->> 'total_ms' AS numeric))::bigint"
)
OF_RUN = (
    "'workflow', {r}.workflow_id, '', NULL::uuid, {r}.finished_at, {r}.state,"
    " round(extract(epoch FROM {r}.finished_at - {r}.created_at) * 1000)::bigint"
)

SUCCEEDED = ("ok", "absent", "succeeded", "filtered")
"""The service answered; the run came to an end it was made for."""

PUT_OFF = (
    *("lost", "worker_lost", "aborted", "interrupted", "not_ready", "stopped", "unwanted"),
    *("rate_limit", "http_429"),
)
"""It says nothing of the far end: we were interrupted, somebody changed their mind, or they asked
us to come later."""

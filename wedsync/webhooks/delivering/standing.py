"""How endpoints stand after what came back from them: the breaker, and since when nothing arrives.

One statement for all that came home together. It reads the endpoints and writes only to those for
which something changed, so a healthy one costs a look. All clocks are the database's. What came
from an address the endpoint does not have any more says nothing about it.

The breaker opens after five failures in a row that say that the far end is down, for 30 s,
then twice as long each time up to ten minutes, a tenth more or less; `limits` lets one probe
out when that is over, and whatever answers closes it. Who asks to be left alone (`Retry-After`) is,
for ten minutes at most before somebody looks again.

Tries are a day apart at most, so where none has failed for longer than `QUIET_FOR` none was made,
and the next failure is the first of another trouble.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import batch
from wedsync.platform.batch import recordset
from wedsync.webhooks.delivering.verdicts import Verdict

FAILURES_IN_A_ROW = 5
QUIET_FOR = "2 days"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 600.0

_NEWS = (
    "WITH t AS MATERIALIZED (SELECT * FROM "
    + recordset(
        "id uuid, url text, arrived bool, failed bool, up bool, downs int, probe_failed bool,"
        " rest_s float"
    )
    + ")"
)
_PAUSE_S = (
    "least(CAST(:first_s AS float) * power(2, least(e.breaker_trips, 10)),"
    " CAST(:longest_s AS float))"
    " * (0.9 + 0.2 * random())"
)
_IN_A_ROW = "CASE WHEN t.up THEN t.downs ELSE e.consecutive_failures + t.downs END"
_TRIPS = (
    "((t.probe_failed AND NOT t.up)"
    f" OR (e.breaker_until IS NULL AND {_IN_A_ROW} >= {FAILURES_IN_A_ROW}))"
)
_IS_ANOTHER_TROUBLE = (
    "(t.failed AND coalesce(e.last_failed_at, '-infinity')"
    f" < clock_timestamp() - interval '{QUIET_FOR}')"
)
_STAND = text(
    f"{_NEWS}, changed AS (SELECT e.id FROM t JOIN endpoints e ON e.id = t.id AND e.url = t.url"
    # Named once more: whatever the planner believes of how many came, it looks at these only.
    "  WHERE e.id = ANY(:endpoints) AND ("
    "   (t.arrived AND (e.failing_since IS NOT NULL OR e.warned_at IS NOT NULL))"
    "   OR (t.up AND (e.consecutive_failures > 0 OR e.breaker_until IS NOT NULL))"
    "   OR (t.downs > 0 AND e.breaker_until IS NULL) OR t.probe_failed OR t.rest_s IS NOT NULL"
    # Not each time, for one that fails all day: a minute's precision is enough for days.
    "   OR (t.failed AND (e.failing_since IS NULL OR e.last_failed_at IS NULL"
    "    OR e.last_failed_at < clock_timestamp() - interval '1 minute'))"
    "   OR e.full_until IS NOT NULL)"
    "  ORDER BY e.id FOR NO KEY UPDATE OF e)"
    " UPDATE endpoints e SET"
    f" failing_since = CASE WHEN t.arrived THEN NULL WHEN {_IS_ANOTHER_TROUBLE}"
    "  THEN clock_timestamp() WHEN t.failed"
    "  THEN coalesce(e.failing_since, clock_timestamp()) ELSE e.failing_since END,"
    f" warned_at = CASE WHEN t.arrived OR {_IS_ANOTHER_TROUBLE} THEN NULL ELSE e.warned_at END,"
    " last_failed_at = CASE WHEN t.failed THEN clock_timestamp() ELSE e.last_failed_at END,"
    f" consecutive_failures = least({_IN_A_ROW}, 1000000),"
    f" breaker_trips = CASE WHEN {_TRIPS} THEN e.breaker_trips + 1"
    "  WHEN t.up THEN 0 ELSE e.breaker_trips END,"
    " breaker_until = greatest("
    f"  CASE WHEN {_TRIPS} THEN clock_timestamp() + make_interval(secs => {_PAUSE_S})"
    "   WHEN t.up THEN NULL ELSE e.breaker_until END,"
    "  CASE WHEN t.rest_s IS NOT NULL THEN"
    "   clock_timestamp() + make_interval(secs => least(t.rest_s, CAST(:longest_s AS float)))"
    "   END),"
    " full_until = NULL"
    " FROM t, changed WHERE e.id = ANY(:endpoints) AND e.id = changed.id"
    " AND t.id = e.id AND t.url = e.url"
)
# Cheaper than `_STAND` where it would find nothing to change, as nearly always.
_IS_TROUBLED = text(
    "SELECT EXISTS (SELECT FROM endpoints WHERE id = ANY(:endpoints) AND (failing_since IS NOT NULL"
    " OR warned_at IS NOT NULL OR consecutive_failures > 0 OR breaker_until IS NOT NULL"
    " OR full_until IS NOT NULL))"
)
_GONE = text(
    "UPDATE endpoints e SET state = 'disabled', state_reason = 'gone',"
    " disabled_at = coalesce(e.disabled_at, clock_timestamp())"
    " FROM (SELECT e.id FROM "
    + recordset("id uuid, url text")
    + "  JOIN endpoints e ON e.id = t.id AND e.url = t.url"
    "  ORDER BY e.id FOR NO KEY UPDATE OF e) named"
    " WHERE e.id = named.id"
    " AND (e.state = 'on' OR (e.state = 'disabled' AND e.state_reason = 'gone'))"
    " RETURNING e.id, e.organization_id, e.url, e.description, old.state = 'on' AS is_news"
)


def stand(connection: Connection, verdicts: Iterable[Verdict]) -> None:
    """Let endpoints stand as these outcomes, in the order they came, say."""
    news: dict[tuple[UUID, str], dict[str, Any]] = {}
    for verdict in verdicts:
        key = (verdict.sending.endpoint_id, verdict.sending.url)
        _take_in(news.setdefault(key, _nothing(*key)), verdict)
    endpoints = sorted({endpoint_id for endpoint_id, _ in news})
    if news and _may_change_something(connection, endpoints, news.values()):
        pauses = {"first_s": FIRST_PAUSE_S, "longest_s": LONGEST_PAUSE_S}
        rows = batch.rows(list(news.values()))
        connection.execute(_STAND, {**pauses, "endpoints": endpoints, **rows})


def _may_change_something(
    connection: Connection, endpoints: Sequence[UUID], news: Iterable[Mapping[str, Any]]
) -> bool:
    if all(each["arrived"] and not (each["failed"] or each["downs"]) for each in news):
        return bool(connection.scalar(_IS_TROUBLED, {"endpoints": endpoints}))
    return True


def say_gone(connection: Connection, verdicts: Sequence[Verdict]) -> dict[UUID, Any]:
    """Disable the endpoints that answered, at the address they have now, that they are gone.

    Returns those that are, by id; `is_news` where they were not before. One whose address was
    changed meanwhile, or that somebody switched off, stays as it is.
    """
    named = {(verdict.sending.endpoint_id, verdict.sending.url) for verdict in verdicts}
    if not named:
        return {}
    rows = [{"id": endpoint_id, "url": url} for endpoint_id, url in sorted(named)]
    return {row.id: row for row in connection.execute(_GONE, batch.rows(rows))}


def _nothing(endpoint_id: UUID, url: str) -> dict[str, Any]:
    return {
        "id": endpoint_id,
        "url": url,
        "arrived": False,
        "failed": False,
        "up": False,
        "downs": 0,
        "probe_failed": False,
        "rest_s": None,
    }


def _take_in(news: dict[str, Any], verdict: Verdict) -> None:
    """Add one outcome to what is known; `downs` counts those since the last that was up."""
    news["arrived"] = news["arrived"] or verdict.state == "delivered"
    news["failed"] = news["failed"] or verdict.has_failed
    if verdict.bearing == "up":
        news["up"], news["downs"] = True, 0
    elif verdict.bearing == "down":
        news["downs"] += 1
        news["probe_failed"] = news["probe_failed"] or verdict.sending.is_probe
    if verdict.rest_s is not None:
        news["rest_s"] = max(verdict.rest_s, news["rest_s"] or 0.0)

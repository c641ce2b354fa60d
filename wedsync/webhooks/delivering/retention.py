"""What of attempts is kept only for a while, and how long.

| what | how long | why |
|---|---|---|
| both heads and the beginning of the answer | 30 days | what is said in them may be anybody's |
| that it was tried, when, and what came of it | 90 days | by then nobody asks why |

Of deliveries that came to an end only: what is open, or holds up its order, keeps all of it. A
delivery stays for as long as its event, which a replay would send once more if nothing said that
it has arrived.

Everything goes in portions, from where the last one ended, and from the beginning again behind the
last: what was sent again, or opened, is old enough by then.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, TextClause, text

from wedsync.platform import clock, ids
from wedsync.platform.plans import along_an_index
from wedsync.webhooks import retention_marks

VALUES_KEPT = timedelta(days=30)
KEPT = timedelta(days=90)
AT_ONCE = 5_000

_NEXT = text(
    "SELECT delivery_id FROM delivery_attempts WHERE delivery_id > :reached"
    " AND delivery_id < :before ORDER BY delivery_id, number LIMIT :most"
)
# One look at its delivery for each, whatever the planner believes of how many there are.
_OLD = (
    "delivery_id > :reached AND delivery_id <= :last AND started_at < :moment"
    " AND finished_at IS NOT NULL AND (SELECT d.state IN ('delivered', 'exhausted', 'cancelled')"
    "  AND NOT d.blocks_lane FROM deliveries d WHERE d.id = delivery_id)"
)
_EMPTY = text(
    "UPDATE delivery_attempts SET request_headers = NULL, response_headers = NULL, answer = NULL"
    f" WHERE {_OLD} AND num_nonnulls(request_headers, response_headers, answer) > 0"
)
_FORGET = text(f"DELETE FROM delivery_attempts WHERE {_OLD}")


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    kept: timedelta
    let_go: TextClause


_VALUES = _Rule("values of attempts", VALUES_KEPT, _EMPTY)
_ATTEMPTS = _Rule("attempts", KEPT, _FORGET)


def forget_attempts(connection: Connection) -> int:
    """Let go a portion of what old attempts said, and of older attempts; how many of both."""
    with along_an_index(connection):
        return _apply(connection, _VALUES) + _apply(connection, _ATTEMPTS)


def _apply(connection: Connection, rule: _Rule) -> int:
    moment = clock.now() - rule.kept
    asked = {
        "reached": retention_marks.reached(connection, rule.name),
        "before": ids.first_at(moment),
        "most": AT_ONCE,
    }
    found = connection.scalars(_NEXT, asked).all()
    gone = 0
    if found:
        given = {"reached": asked["reached"], "last": found[-1], "moment": moment}
        gone = connection.execute(rule.let_go, given).rowcount
    is_last = len(found) < AT_ONCE
    retention_marks.reach(
        connection, rule.name, retention_marks.THE_FIRST if is_last else found[-1]
    )
    return gone

"""Deliveries that kill whoever sends them, found though such a death writes nothing.

What was in flight in a worker that died is suspect: one death each. From then on a worker takes up
few suspects at a time, those of two deaths one at a time, and notes in the transaction that claims
them which they are; of another death only what was noted is to blame. One that came home is
cleared. What has died often enough is given up unread.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Row, text

from wedsync.platform.culprits import FEWEST_DEATHS, SUSPECTS_AT_ONCE
from wedsync.webhooks.delivering.verdicts import Sending

BLAMED = (
    "(SELECT count(*) FROM owners o WHERE o.id = deliveries.owner AND o.id = ANY(:owners) AND"
    " CASE WHEN o.preparing IS NULL THEN deliveries.deaths = 0"
    " ELSE o.preparing @> to_jsonb(CAST(deliveries.id AS text)) END)"
)
"""Of a delivery in flight: 1 when the death of its owner, one of `:owners`, counts against it."""

_NOTED = text("SELECT preparing IS NOT NULL FROM owners WHERE id = :owner")
_NOTE = text("UPDATE owners SET preparing = CAST(:ids AS jsonb) WHERE id = :owner")
_CLEAR = text(
    "UPDATE owners SET preparing = (SELECT jsonb_agg(kept.id) FROM"
    " jsonb_array_elements_text(preparing) AS kept(id) WHERE kept.id <> ALL(:ids))"
    " WHERE id = :owner AND preparing IS NOT NULL"
)
LATER_S = 0.2
_PUT_BACK = text(
    "UPDATE deliveries SET state = 'due', owner = NULL, lease_until = NULL,"
    " attempts = attempts - 1,"
    f" next_attempt_at = clock_timestamp() + interval '{LATER_S} seconds'"
    " WHERE id = ANY(:ids)"
)


def sorted_out(
    connection: Connection, owner: UUID, rows: Sequence[Row[Any]], deaths_before_giving_up: int
) -> tuple[Sequence[Row[Any]], set[UUID]]:
    """Which of the rows just claimed to take up now, and the ids of those among them to give up;
    what is for later is due again."""
    suspects = [row for row in rows if row.deaths]
    if not suspects:
        return rows, set()
    most = max(deaths_before_giving_up, FEWEST_DEATHS)
    hopeless = {row.id for row in suspects if row.deaths >= most}
    taken = _taken(connection, owner, [row for row in suspects if row.id not in hopeless])
    later = {row.id for row in suspects} - hopeless - taken
    if taken:
        _note(connection, owner, taken)
    if later:
        connection.execute(_PUT_BACK, {"ids": sorted(later)})
    return [row for row in rows if row.id not in later], hopeless


def survived(connection: Connection, owner: UUID, sendings: Sequence[Sending]) -> None:
    """They came home: nobody died of them."""
    suspects = [str(sending.id) for sending in sendings if sending.is_suspect]
    if suspects:
        connection.execute(_CLEAR, {"owner": owner, "ids": suspects})


def _taken(connection: Connection, owner: UUID, suspects: Sequence[Row[Any]]) -> set[UUID]:
    if not suspects or connection.execute(_NOTED, {"owner": owner}).scalar():
        return set()
    worst = max(suspects, key=lambda row: int(row.deaths))
    return {worst.id} if worst.deaths > 1 else {row.id for row in suspects[:SUSPECTS_AT_ONCE]}


def _note(connection: Connection, owner: UUID, suspects: set[UUID]) -> None:
    noted = orjson.dumps([str(each) for each in sorted(suspects)]).decode()
    connection.execute(_NOTE, {"owner": owner, "ids": noted})

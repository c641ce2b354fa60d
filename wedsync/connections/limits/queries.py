"""How much of a connection's budget is left, and when the work that waits for it goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from wedsync.connections.limits import arithmetic, budgets
from wedsync.connections.limits.budgets import State
from wedsync.platform.db import db

_RATES = text(
    "SELECT b.calls, b.seconds, b.said_limit FROM connections c"
    " JOIN rate_buckets b ON b.key = ANY(ARRAY[c.id, c.listing_id])"
    " WHERE c.organization_id = :organization_id AND c.id = :id ORDER BY b.key <> c.id"
)


@dataclass(frozen=True, slots=True)
class Budget:
    """A connection's budget now. `limit` calls may be made within `seconds`, as its manifest says,
    or until `resets_at`, as the far end said; of them `remaining` now. `held_until`: it asked for
    nothing before. So many actions are `waiting`; the next one `goes_on_at`, the last one about
    `done_at`. What nobody knows is None.
    """

    limit: int | None
    seconds: int | None
    remaining: int | None
    resets_at: datetime | None
    held_until: datetime | None
    waiting: int
    goes_on_at: datetime | None
    done_at: datetime | None


def budget_of(organization_id: UUID, connection_id: UUID) -> Budget | None:
    """The budget of a connection; None where nothing limits it, as far as anybody knows."""
    given = {"organization_id": organization_id, "id": connection_id}
    rates = db.session.execute(_RATES, given).all()
    states = budgets.states(db.session.connection(), [connection_id]).get(connection_id, [])
    if not rates or not states:
        return None
    own, now = states[0], states[0].now
    said = own.bucket.left_until is not None and own.bucket.left_until > now
    rate = _rate(rates, said=said)
    return Budget(
        limit=rate[0],
        seconds=rate[1],
        remaining=_remaining(states, said=said, is_known=rate[0] is not None),
        resets_at=own.bucket.left_until if said else None,
        held_until=own.bucket.held_until if _is_held(own) else None,
        waiting=own.waiting,
        goes_on_at=goes_on_at(states, 0) if own.waiting else None,
        done_at=goes_on_at(states, own.waiting - 1) if own.waiting else None,
    )


def turn_at(organization_id: UUID, connection_id: UUID, before: int) -> datetime | None:
    """About when it is the turn of who has so many before it in a connection's line."""
    budget = budget_of(organization_id, connection_id)
    if budget is None:
        return None
    states = budgets.states(db.session.connection(), [connection_id])[connection_id]
    return goes_on_at(states, before)


def goes_on_at(states: list[State], before: int) -> datetime:
    """When both buckets have a call for who has so many before it."""
    moments = (arithmetic.goes_at(each.bucket, before + each.others, each.now) for each in states)
    return max(moments)


def _rate(rates: Sequence[Row[Any]], *, said: bool) -> tuple[int | None, int | None]:
    """What is allowed: as the far end says, or else the manifest of one connection, or of all."""
    if said and rates[0].said_limit is not None:
        return rates[0].said_limit, None
    known = next((row for row in rates if row.calls is not None), None)
    return (None, None) if known is None else (known.calls, known.seconds)


def _remaining(states: list[State], *, said: bool, is_known: bool) -> int | None:
    if _is_held(states[0]):
        return 0
    if said:
        return states[0].bucket.left
    return min(arithmetic.free(each.bucket, each.now) for each in states) if is_known else None


def _is_held(state: State) -> bool:
    return state.bucket.held_until is not None and state.bucket.held_until > state.now

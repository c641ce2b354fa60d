"""Replays: sending one endpoint once more what happened since a moment.

`begin` leaves a row; a drain goes through the events (`replaying.py`). The caller commits and rings
`replays`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select

from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Invalid, NotFound
from wedsync.events import types
from wedsync.platform import clock, ids
from wedsync.platform.db import db, one_of
from wedsync.platform.identity import Identity
from wedsync.webhooks import queries
from wedsync.webhooks.models import Delivery, Endpoint
from wedsync.webhooks.replays import events as replay_events
from wedsync.webhooks.replays.events import Asked, Numbers, Which
from wedsync.webhooks.replays.models import Replay
from wedsync.webhooks.schemes import naming

THE_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Before it nothing happened. What is kept lies between it and now: an instant at the end of the
calendar leaves it when it is written in another zone, and could never be read again."""
MOST_KINDS = 100
MOST_OPEN = 10
"""How many replays of one endpoint may be going on or paused."""
MOST_LOOKED_AT = 10_000
"""How many events a preview looks at; more is said as “more than”."""

_OPEN = ("running", "paused")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be sent again: from `since` to before `until` (None: now), of these stored types
    (none: all the endpoint wants), whatever became of it, or what did not arrive, or gave up."""

    since: datetime
    until: datetime | None = None
    event_types: tuple[str, ...] = ()
    which: Which = "not_delivered"


@dataclass(frozen=True, slots=True)
class Preview:
    """How many events there were since then, and how many of them would be sent. With `is_more`
    there are more than the `happened` that were looked at."""

    happened: int
    wanted: int
    is_more: bool


def begin(
    organization_id: UUID, endpoint_id: UUID, wish: Wish, *, by: Identity | None = None
) -> Replay:
    """Begin to send again what happened until now; what happens from now on is sent anyway.

    A moment before `THE_BEGINNING` means that, and one still to come means now. Raises NotFound,
    Invalid, and Conflict when the endpoint is off or has `MOST_OPEN` already.
    """
    endpoint = queries.get_endpoint(organization_id, endpoint_id, for_update=True)
    check(endpoint, wish)
    if endpoint.state != "on":
        raise Conflict("This endpoint is off. Turn it on first.", code="endpoint_off")
    if _open_ones(endpoint) >= MOST_OPEN:
        words = f"There are {MOST_OPEN} replays of this endpoint already. Wait for one, or stop it."
        raise Conflict(words, code="too_many_replays")
    replay = _replay_of(endpoint, wish)
    db.session.add(replay)
    db.session.flush()
    _record("begun", replay, by)
    return replay


def _replay_of(endpoint: Endpoint, wish: Wish) -> Replay:
    since, now = max(wish.since, THE_BEGINNING), clock.now()
    return Replay(
        organization_id=endpoint.organization_id,
        endpoint_id=endpoint.id,
        since=since,
        until=min(wish.until or now, now),
        ends_before=_end(wish),
        after=ids.first_at(since),
        event_types=list(wish.event_types),
        which=wish.which,
    )


def _open_ones(endpoint: Endpoint) -> int:
    mine = (Replay.organization_id == endpoint.organization_id, Replay.endpoint_id == endpoint.id)
    found = select(func.count()).select_from(Replay).where(*mine, Replay.state.in_(_OPEN))
    return int(db.session.scalar(found) or 0)


def preview(endpoint: Endpoint, wish: Wish) -> Preview:
    """What `begin` would come to; looks at no more than `MOST_LOOKED_AT` events. Raises Invalid."""
    check(endpoint, wish)
    asked = Asked(
        endpoint.organization_id,
        endpoint.id,
        ids.first_at(wish.since),
        _end(wish),
        wish.which,
        kinds_of(endpoint.event_types, wish.event_types),
    )
    found: Numbers = replay_events.numbers(db.session, asked, MOST_LOOKED_AT + 1)
    return Preview(
        min(found.happened, MOST_LOOKED_AT), found.wanted, found.happened > MOST_LOOKED_AT
    )


def kinds_of(told_about: Sequence[str], chosen: Sequence[str]) -> tuple[str, ...] | None:
    """The stored types that are sent: those chosen of what the endpoint wants; None all."""
    if not told_about:
        return tuple(chosen) or None
    return tuple(each for each in told_about if not chosen or each in chosen)


def check(endpoint: Endpoint, wish: Wish) -> None:
    """Raises Invalid, with everything that is wrong at once."""
    problems = {"/since": _since_problem(wish), "/event_types": _kinds_problem(endpoint, wish)}
    errors = [
        FieldError(pointer, pointer[1:], problem)
        for pointer, problem in problems.items()
        if problem
    ]
    if errors:
        raise Invalid(errors[0].message, errors=errors)


def _since_problem(wish: Wish) -> str | None:
    if wish.since >= clock.now():
        return "That is still to come. Name a moment that has passed."
    if wish.until is not None and wish.until <= wish.since:
        return "It would end before it begins."
    return None


def _kinds_problem(endpoint: Endpoint, wish: Wish) -> str | None:
    if len(wish.event_types) > MOST_KINDS:
        return f"Name at most {MOST_KINDS} kinds of event, or none for all."
    for kind in wish.event_types:
        if endpoint.event_types and kind not in endpoint.event_types:
            return f"This endpoint is not told about “{kind[:60]}”."
        if not naming.is_usable(kind.removeprefix(types.EXTERNAL)) and types.problem_with(kind):
            return "This cannot be the name of an event."
    return None


def _end(wish: Wish) -> UUID:
    """The first id behind what is wanted; what was made from now on has later ones."""
    now = ids.new_id()
    return min(now, ids.first_at(wish.until)) if wish.until is not None else now


def pause(organization_id: UUID, replay_id: UUID, *, by: Identity | None = None) -> Replay:
    """Send no more of it for now; what is in line goes out. Raises NotFound, Conflict."""
    replay = get(organization_id, replay_id, lock=True)
    if replay.state != "running":
        raise Conflict("This is not going on.", code="replay_not_running")
    replay.state = "paused"
    return _changed("paused", replay, by)


def resume(organization_id: UUID, replay_id: UUID, *, by: Identity | None = None) -> Replay:
    """Go on where it was paused. Raises NotFound, Conflict."""
    replay = get(organization_id, replay_id, lock=True)
    if replay.state != "paused":
        raise Conflict("This is not paused.", code="replay_not_paused")
    replay.state = "running"
    replay.reason = None
    return _changed("resumed", replay, by)


def cancel(organization_id: UUID, replay_id: UUID, *, by: Identity | None = None) -> Replay:
    """Send no more of it; what is in line goes out. Raises NotFound, Conflict."""
    replay = get(organization_id, replay_id, lock=True)
    if replay.state not in _OPEN:
        raise Conflict("This is over already.", code="replay_over")
    replay.state = "cancelled"
    replay.finished_at = func.clock_timestamp()
    return _changed("cancelled", replay, by)


def get(organization_id: UUID, replay_id: UUID, *, lock: bool = False) -> Replay:
    """One replay, its row locked for a change when asked. Raises NotFound."""
    missing = "There is no such replay."
    replay = one_of(Replay, organization_id, replay_id, lock=lock, missing=missing)
    if replay.endpoint_id in queries.leaving(organization_id):
        raise NotFound(missing)
    return replay


def latest(
    organization_id: UUID, endpoint_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> list[Replay]:
    """An endpoint's replays, newest first, older than `before`. Raises NotFound."""
    endpoint = queries.get_endpoint(organization_id, endpoint_id)
    query = select(Replay).where(
        Replay.organization_id == organization_id, Replay.endpoint_id == endpoint.id
    )
    if before is not None:
        query = query.where(Replay.id < before)
    return list(db.session.scalars(query.order_by(Replay.id.desc()).limit(limit)))


def in_line(replay: Replay, most: int) -> int:
    """How many deliveries of a replay have not come to their end yet; at most `most`."""
    still_open = (
        select(Delivery.id)
        .where(Delivery.replay_id == replay.id, Delivery.state.in_(("due", "in_flight")))
        .limit(most)
    )
    return int(db.session.scalar(select(func.count()).select_from(still_open.subquery())) or 0)


def has_given_up(endpoint: Endpoint) -> bool:
    """Whether any delivery to it was given up and not sent again since."""
    one = select(Delivery.id).where(
        Delivery.organization_id == endpoint.organization_id,
        Delivery.endpoint_id == endpoint.id,
        Delivery.state == "exhausted",
    )
    return db.session.scalar(one.limit(1)) is not None


def _changed(what: str, replay: Replay, by: Identity | None) -> Replay:
    """Whoever is at it finds that it is not theirs any more."""
    replay.fence += 1
    replay.tries = 0
    replay.lease_until = None
    db.session.flush()
    _record(what, replay, by)
    return replay


def _record(action: str, replay: Replay, by: Identity | None) -> None:
    audit.record(
        f"replay.{action}",
        "replay",
        replay.id,
        organization_id=replay.organization_id,
        by=by,
        facts={
            "endpoint_id": str(replay.endpoint_id),
            "since": replay.since.isoformat(),
            "until": replay.until.isoformat(),
            "event_types": list(replay.event_types),
            "which": replay.which,
            "seen": replay.seen or 0,
            "queued": replay.queued or 0,
        },
    )

"""What keeps people of a wedding from too many messages, and from any at the wrong hour (promise
11 of the engine's contract).

A message takes one of the few slots of its wedding's day in the transaction that commits its
intent. It is held back in the quiet hours and on the wedding day, both by the clocks at the
wedding, and when the day's slots are taken: its run waits, says for what, and goes on by itself.
After a cancellation it is left out. Another try of the same message uses the slot it has, and what
one step of a loop sends to many people is one message: each of them gets one.

A wedding is held as it is so that no message leaves once a cancellation is committed, and its
slots are locked so that two workers count one after the other. Neither is waited for: what another
holds is tried again in a moment. Runs that are about no wedding, and actions that write to nobody,
cost nothing here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.connectors.contract import Failed
from wedsync.platform import batch
from wedsync.platform.batch import recordset
from wedsync.workflows.engine.times import moment_words
from wedsync.workflows.engine.zones import instant_of, wall_time, zone_named
from wedsync.workflows.running.live_run import Advance
from wedsync.workflows.running.reach import Reached

MESSAGES_A_DAY, QUIET_HOURS, WEDDING_DAY = "messages_a_day", "quiet_hours", "wedding_day"
WEDDING = "wedding"
"""What a held-back message waits for, the `id` of its `limit`; `wedding` is in use just now."""

_OVER: Mapping[str, str] = {
    "cancelled": "Not sent: this wedding is cancelled.",
    "archived": "Not sent: this wedding was put away.",
}
_HELD: Mapping[str, str] = {
    QUIET_HOURS: "Not sent: it is quiet at the wedding",
    WEDDING_DAY: "Not sent: nobody is written to on the wedding day,",
}
_NO_SLOT = "Not sent: these people got as many messages today as you allow in a day."
_MOMENT = timedelta(seconds=1)
_MIDNIGHT = time(0, 0)

_WEDDINGS = text(
    "SELECT w.id, w.status, w.date, w.zone,"
    " pg_try_advisory_xact_lock(hashtextextended('messages ' || w.id::text, 0)) AS may_count,"
    " coalesce(r.messages_a_day, 3) AS messages_a_day,"
    " coalesce(r.quiet_from, '21:00') AS quiet_from,"
    " coalesce(r.quiet_until, '08:00') AS quiet_until,"
    " coalesce(r.on_the_day, false) AS on_the_day"
    " FROM weddings w LEFT JOIN message_rules r ON r.organization_id = w.organization_id"
    " WHERE w.id = ANY(:ids) ORDER BY w.id FOR SHARE OF w SKIP LOCKED"
)
_TAKE = text(
    "WITH wanted AS (SELECT * FROM "
    + recordset(
        "wedding_id uuid, local_date date, organization_id uuid, run_id uuid, step_id text,"
        " at_most int"
    )
    + "), already AS (SELECT w.run_id, w.step_id FROM wanted w JOIN message_slots s"
    "  USING (wedding_id, local_date, run_id, step_id)),"
    " numbered AS (SELECT w.*,"
    "  row_number() OVER (PARTITION BY w.wedding_id ORDER BY w.run_id, w.step_id)"
    "  + coalesce((SELECT max(s.number) FROM message_slots s"
    "   WHERE s.wedding_id = w.wedding_id AND s.local_date = w.local_date), 0) AS number"
    "  FROM wanted w WHERE (w.run_id, w.step_id) NOT IN (SELECT run_id, step_id FROM already)),"
    " taken AS (INSERT INTO message_slots"
    "  (wedding_id, local_date, number, organization_id, run_id, step_id)"
    "  SELECT wedding_id, local_date, number, organization_id, run_id, step_id FROM numbered"
    "  WHERE number <= at_most ON CONFLICT DO NOTHING RETURNING run_id, step_id)"
    " SELECT run_id, step_id FROM taken UNION ALL SELECT run_id, step_id FROM already"
)

_TAKE_ONE = text(
    "INSERT INTO message_slots (wedding_id, local_date, number, organization_id, step_id)"
    " SELECT :wedding_id, CAST(:local_date AS date), coalesce(max(number), 0) + 1,"
    "  :organization_id, :step_id FROM message_slots"
    " WHERE wedding_id = :wedding_id AND local_date = CAST(:local_date AS date)"
    " HAVING coalesce(max(number), 0) < :at_most ON CONFLICT DO NOTHING RETURNING number"
)

Place = tuple[UUID, str]
"""The run people see, and the step: what has a slot."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When people of one wedding may be written to; `day` is the wedding's, if it has one."""

    zone: str
    day: date | None
    quiet_from: time = time(21, 0)
    quiet_until: time = time(8, 0)
    on_the_day: bool = False


def unwanted(one: Advance, found: Reached) -> Failed | None:
    """Why a message is left out altogether."""
    return of_over(one.wedding["status"]) if found.is_message and one.wedding else None


def of_over(status: Any) -> Failed | None:
    """Why nobody is written to about a wedding where this stands."""
    why = _OVER.get(status) if isinstance(status, str) else None
    return Failed("unwanted", "wedding_over", why) if why else None


def hold_back(connection: Connection, advances: Sequence[Advance], now: datetime) -> None:
    """Turn messages that may not leave now into waits; take a slot for those that may."""
    messages = [one for one in advances if _is_message(one)]
    if not messages:
        return
    ids = sorted({one.run.wedding_id for one in messages if one.run.wedding_id})
    weddings = {row.id: row for row in connection.execute(_WEDDINGS, {"ids": ids})}
    leaving = [one for one in messages if not _is_held(one, weddings, now)]
    slotted = _take_slots(connection, leaving, weddings, now)
    for one in leaving:
        if _place(one) not in slotted:
            rules = _rules(weddings[_wedding_id(one)])
            _hold(one, MESSAGES_A_DAY, free_moment(rules, tomorrow(rules, now))[0])


def take_now(
    connection: Connection, organization_id: UUID, wedding_id: UUID, step_id: str, now: datetime
) -> Failed | None:
    """A slot for a message that belongs to no run and leaves at once or not at all. Why it may
    not; `not_sent` where another has the wedding just now."""
    row = connection.execute(_WEDDINGS, {"ids": [wedding_id]}).one_or_none()
    if row is None or not row.may_count:
        return Failed("not_sent", WEDDING, "Somebody else is busy with this wedding just now.")
    if over := of_over(row.status):
        return over
    rules = _rules(row)
    until, why = free_moment(rules, now)
    if why is not None:
        return Failed("unwanted", why, f"{_HELD[why]} until {moment_words(until, row.zone)}.")
    wanted = {
        "wedding_id": wedding_id,
        "local_date": wall_time(now, zone_named(row.zone) or UTC).date(),
        "organization_id": organization_id,
        "step_id": step_id,
        "at_most": row.messages_a_day,
    }
    if connection.execute(_TAKE_ONE, wanted).first() is None:
        return Failed("unwanted", MESSAGES_A_DAY, _NO_SLOT)
    return None


def free_moment(rules: Rules, at: datetime) -> tuple[datetime, str | None]:
    """The first instant from `at` on at which people may be written to, and what stands before it:
    None, the quiet hours or, whatever else, the wedding day."""
    why: str | None = None
    zone = zone_named(rules.zone) or UTC
    wall = wall_time(at, zone)
    while held := _held_until(rules, wall):
        wall = held[0]
        why = WEDDING_DAY if WEDDING_DAY in (why, held[1]) else held[1]
    return (instant_of(wall, zone) if why else at), why


def tomorrow(rules: Rules, at: datetime) -> datetime:
    """When the next day begins at the wedding."""
    zone = zone_named(rules.zone) or UTC
    next_day = wall_time(at, zone).date() + timedelta(days=1)
    return instant_of(datetime.combine(next_day, _MIDNIGHT), zone)


def _held_until(rules: Rules, wall: datetime) -> tuple[datetime, str] | None:
    """Why nobody is written to at this time of theirs, and when to look again."""
    if wall.date() == rules.day and not rules.on_the_day:
        return datetime.combine(wall.date() + timedelta(days=1), _MIDNIGHT), WEDDING_DAY
    clock, begins, ends = wall.time(), rules.quiet_from, rules.quiet_until
    if begins <= clock < ends or (begins > ends and clock < ends):
        return datetime.combine(wall.date(), ends), QUIET_HOURS
    if begins > ends and clock >= begins:
        return datetime.combine(wall.date() + timedelta(days=1), ends), QUIET_HOURS
    return None


def _is_message(one: Advance) -> bool:
    is_message = one.performing is not None and one.performing.is_message
    return is_message and one.leaving is not None and one.run.wedding_id is not None


def _is_held(one: Advance, weddings: Mapping[UUID, Row[Any]], now: datetime) -> bool:
    """Hold one back that may not leave at this hour, or whose wedding is not what it was."""
    row = weddings.get(_wedding_id(one))
    if row is None or not row.may_count:
        return _hold(one, WEDDING, now + _MOMENT)
    if row.status in _OVER:
        # Cancelled since it was taken up: taken up again at once, it is left out.
        return _hold(one, WEDDING, now)
    until, why = free_moment(_rules(row), now)
    return _hold(one, why, until) if why else False


def _take_slots(
    connection: Connection,
    messages: Sequence[Advance],
    weddings: Mapping[UUID, Row[Any]],
    now: datetime,
) -> set[Place]:
    wanted = {_place(one): _wanted(one, weddings[_wedding_id(one)], now) for one in messages}
    if not wanted:
        return set()
    found = connection.execute(_TAKE, batch.rows(list(wanted.values())))
    return {(row.run_id, row.step_id) for row in found}


def _wanted(one: Advance, row: Row[Any], now: datetime) -> dict[str, Any]:
    run_id, step = _place(one)
    return {
        "wedding_id": row.id,
        "local_date": wall_time(now, zone_named(row.zone) or UTC).date(),
        "organization_id": one.run.organization_id,
        "run_id": run_id,
        "step_id": step,
        "at_most": row.messages_a_day,
    }


def _place(one: Advance) -> Place:
    if one.performing is None:
        raise ValueError(f"run {one.run.id} sends no message")
    return one.run.root_id, one.performing.perform.step


def _rules(row: Row[Any]) -> Rules:
    return Rules(row.zone, row.date, row.quiet_from, row.quiet_until, row.on_the_day)


def _wedding_id(one: Advance) -> UUID:
    if one.run.wedding_id is None:
        raise ValueError(f"run {one.run.id} is about no wedding")
    return one.run.wedding_id


def _hold(one: Advance, limit: str, until: datetime) -> bool:
    one.stand_by({"kind": "limit", "id": limit, "until": until.isoformat()}, attempts=1)
    one.move.due_at = until
    return True

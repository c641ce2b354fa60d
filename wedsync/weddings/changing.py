"""Changing a wedding, for whoever does it: a person, a script, or a step of a workflow.

One statement reads and locks the row, one writes it; what changed is announced and noted in the
same transaction. What follows from it (moved dates, stopped runs) follows from the announcement.

| announced | when | data beside `wedding_id` |
|---|---|---|
| `wedding.created` | it was added | `status`, `date` |
| `wedding.updated` | something but its dates changed | `changed` |
| `wedding.date_changed` | a date or the zone changed | `changed`, `postponed` |
| `wedding.postponed` | it became postponed | `changed` |
| `wedding.cancelled` | it became cancelled | `changed` |

`changed` is `{field: {"from", "to"}}`; of names only that they changed, `{}`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, Table, select, update
from sqlalchemy.orm import Session, scoped_session

from wedsync.audit import service as audit
from wedsync.errors import Conflict, NotFound, Stale
from wedsync.platform.identity import Identity
from wedsync.weddings import policy
from wedsync.weddings.fields import DATES, FIELDS, checked
from wedsync.weddings.models import Wedding

Executor = Connection | Session | scoped_session[Any]
Announce = Callable[[str, Mapping[str, Any], UUID | None], object]
"""Store a fact of ours with the change: its type, its data, the wedding it is about."""

_PLANNING = (*DATES, "zone")
_NAMES = ("title", "partners")
_TABLE = cast(Table, Wedding.__table__)
_MOVES = {"postponed": "wedding.postponed", "cancelled": "wedding.cancelled"}


class Busy(Conflict):
    """Somebody else is changing it this very moment, and who asked does not wait."""

    code = "wedding_busy"


@dataclass(frozen=True, slots=True)
class Changed:
    """The wedding as it is now, and what changed: `{field: {"from", "to"}}`, dates in ISO."""

    wedding: Row[Any]
    changed: Mapping[str, Mapping[str, Any]]


def change(
    executor: Executor,
    announce: Announce,
    organization_id: UUID,
    wedding_id: UUID,
    given: Mapping[str, Any],
    *,
    now: datetime,
    by: Identity | None = None,
    expected_revision: int | None = None,
    waits: bool = True,
) -> Changed:
    """Change what `given` names; what is as it was changes nothing. Of a wedding that is postponed
    the dates that are not named are not known any more.

    Raises NotFound, Invalid, Conflict `wedding_status`, Stale when it is not at
    `expected_revision`, and Busy when somebody else holds it and `waits` is false.
    """
    before = _locked(executor, organization_id, wedding_id, waits=waits)
    if expected_revision is not None and before.revision != expected_revision:
        raise Stale("Somebody changed this wedding since you looked.", extra=_current(before))
    differing = _differing(before, checked(given))
    if not differing:
        return Changed(before, {})
    _check(before, differing, now)
    after = _write(executor, before, differing, now)
    changed = {name: _pair(name, before, after) for name in FIELDS if name in differing}
    _tell(announce, wedding_id, changed)
    audit.record(
        _noted(changed),
        "wedding",
        wedding_id,
        organization_id=organization_id,
        by=by,
        facts={"fields": sorted(changed)},
        executor=executor,
    )
    return Changed(after, changed)


def today_at(zone: str, now: datetime) -> date:
    """The day it is where the wedding is."""
    return now.astimezone(ZoneInfo(zone)).date()


def _locked(
    executor: Executor, organization_id: UUID, wedding_id: UUID, *, waits: bool
) -> Row[Any]:
    query: Select[Any] = select(_TABLE).where(
        _TABLE.c.organization_id == organization_id, _TABLE.c.id == wedding_id
    )
    # Not a lock that keeps others from naming it: a run about it may begin meanwhile.
    locking = query.with_for_update(key_share=True, skip_locked=not waits)
    found: Row[Any] | None = executor.execute(locking).one_or_none()
    if found is not None:
        return found
    if not waits and executor.execute(query).one_or_none() is not None:
        raise Busy("Somebody else is changing this wedding right now.")
    raise NotFound("There is no such wedding.")


def _differing(before: Row[Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    postponed = wanted.get("status") == "postponed"
    if postponed and before.status != "postponed":
        wanted = {**dict.fromkeys(DATES), **wanted}
    differing = {name: value for name, value in wanted.items() if getattr(before, name) != value}
    if postponed and set(differing) & set(DATES):
        differing["status"] = "postponed"
    return differing


def _check(before: Row[Any], differing: Mapping[str, Any], now: datetime) -> None:
    after = differing.get("status")
    if after is not None:
        day = differing.get("date", before.date)
        zone = differing.get("zone", before.zone)
        policy.check_step(before.status, after, day, today_at(zone, now))
    elif before.status == "archived":
        raise Conflict(
            "This wedding was put away. Take it out again to change it.", code="wedding_status"
        )


def _write(
    executor: Executor, before: Row[Any], differing: Mapping[str, Any], now: datetime
) -> Row[Any]:
    generation = before.date_generation + (differing.get("status") == "postponed")
    values = {
        **differing,
        "date_generation": generation,
        "revision": before.revision + 1,
        "updated_at": now,
    }
    one = (_TABLE.c.organization_id == before.organization_id) & (_TABLE.c.id == before.id)
    written = executor.execute(update(_TABLE).where(one).values(values).returning(_TABLE))
    return written.one()


def _pair(name: str, before: Row[Any], after: Row[Any]) -> dict[str, Any]:
    return {"from": _said(getattr(before, name)), "to": _said(getattr(after, name))}


def _said(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _tell(announce: Announce, wedding_id: UUID, changed: Mapping[str, Mapping[str, Any]]) -> None:
    about = {"wedding_id": str(wedding_id)}
    public = {name: {} if name in _NAMES else dict(pair) for name, pair in changed.items()}
    moved = {name: pair for name, pair in public.items() if name in _PLANNING}
    rest = {name: pair for name, pair in public.items() if name not in _PLANNING}
    status = str(changed.get("status", {}).get("to", ""))
    if status in _MOVES:
        announce(_MOVES[status], {**about, "changed": public}, wedding_id)
    if moved:
        data = {**about, "changed": moved, "postponed": status == "postponed"}
        announce("wedding.date_changed", data, wedding_id)
    if rest:
        announce("wedding.updated", {**about, "changed": rest}, wedding_id)


def _noted(changed: Mapping[str, Mapping[str, Any]]) -> str:
    """What the audit log calls it."""
    status = str(changed.get("status", {}).get("to", ""))
    if status in ("postponed", "cancelled", "archived"):
        return f"wedding.{status}"
    return "wedding.date_changed" if set(changed) & set(_PLANNING) else "wedding.changed"


def _current(row: Row[Any]) -> dict[str, object]:
    """How it is now, for who came too late."""
    shown = {name: _said(getattr(row, name)) for name in FIELDS}
    return {"current": {"id": str(row.id), **shown, "revision": row.revision}}

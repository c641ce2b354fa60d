"""`wedding.update`: change the wedding's own record, in the transaction of the step.

What a step leaves empty is not touched: a value that was not there when it was worked out says
nothing, and must not take a date away.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from wedsync.connectors.contract import (
    Access,
    Begun,
    Change,
    Effect,
    Failed,
    LocalContext,
    Succeeded,
)
from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.platform.outbound import Outcome
from wedsync.weddings import changing

_BUSY_S = 1.0
_EMPTY: tuple[object, ...] = (None, "")
_FIELDS = frozenset(
    {
        "status", "date", "rsvp_deadline", "final_count_due", "delivery_date", "final_count",
        "title", "venue", "zone", "currency",
    }
)  # fmt: skip


class UpdateWedding:
    def effect(self, given: Mapping[str, Any]) -> Effect:
        return "local"

    def begin(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Begun:
        wanted = given.get("wedding")
        wedding_id = _id_of(wanted)
        if wanted not in _EMPTY and wedding_id is None:
            return Failed("permanent", "wedding_not_found", "There is no such wedding.")
        fields = {
            name: value for name, value in given.items() if name in _FIELDS and value not in _EMPTY
        }
        return Change(partial(_apply, wedding_id, fields))

    def finish(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed:
        raise AssertionError("a local action has no outcome to read")


def _id_of(wanted: Any) -> UUID | None:
    try:
        return UUID(wanted) if isinstance(wanted, str) else None
    except ValueError:
        return None


def _apply(
    wanted: UUID | None, fields: Mapping[str, Any], connection: Connection, context: LocalContext
) -> Succeeded | Failed:
    wedding_id = wanted or context.wedding_id
    if wedding_id is None:
        return Failed(
            "permanent",
            "wedding_missing",
            "This is about no wedding. Say in the step which one to change.",
        )
    try:
        changed = changing.change(
            connection,
            context.announce,
            context.organization_id,
            wedding_id,
            fields,
            now=context.now,
            waits=False,
        )
    except changing.Busy as busy:
        return Failed("not_sent", "wedding_busy", busy.detail, retry_after_s=_BUSY_S)
    except NotFound as gone:
        return Failed("permanent", "wedding_not_found", gone.detail)
    except (Invalid, Conflict) as refused:
        return Failed("permanent", "wedding_refused", _sentence(refused))
    return Succeeded({"wedding_id": str(wedding_id), "changed": dict(changed.changed)})


def _sentence(refused: Invalid | Conflict) -> str:
    """What cannot be kept, with the field it is about."""
    said = [
        f"{each.pointer.strip('/').replace('_', ' ')}: {each.message}" for each in refused.errors
    ]
    return " ".join(f"{each[:1].upper()}{each[1:]}" for each in said) or refused.detail


ACTIONS = {"update": UpdateWedding()}

"""Rosewood's season: what happens around each wedding's day, and an order that is asked about.

Nothing of it reaches anybody on the day the demo is planted: the first waits for the wedding, the
second for three weeks before it, and the third has gone through its list and asks an owner.
"""

from typing import Any
from uuid import UUID

from wedsync.platform.identity import Identity
from wedsync.workflows.editing import service
from wedsync.workflows.running import runs

THANK_COUPLES = "Thank each couple afterwards"
ASK_FOR_COUNT = "Ask for the final count"
ORDER_FLOWERS = "Order the flowers"

_Step = dict[str, Any]
_COUPLE = {"var": "wedding.title"}
_FLOWERS = (("White roses", 120), ("Olive branches", 40), ("Sweet peas", 60))


def plan(by: Identity, couple: str) -> None:
    """Make the three workflows, publish them, and begin the order for a couple."""
    _publish(by, THANK_COUPLES, thank_couples())
    _publish(by, ASK_FOR_COUNT, ask_for_count())
    ordering = _publish(by, ORDER_FLOWERS, order_flowers())
    runs.start_manual_run(by.organization_id, ordering, {"couple": couple}, by=by)


def _publish(by: Identity, name: str, definition: dict[str, Any]) -> UUID:
    made = service.create(by.organization_id, name, definition, by=by)
    service.publish(by.organization_id, made.workflow.id, by=by)
    return made.workflow.id


def thank_couples() -> dict[str, Any]:
    """Each wedding that is added waits for the week after it, wherever its day moves."""
    trigger = {"kind": "event", "event_type": "wedding.created", "source": "ours"}
    a_week_later = {
        "id": "a_week_later",
        "kind": "wait",
        "label": "A week after the wedding",
        "anchor": "wedding.date",
        "offset_days": 7,
        "at": "10:00",
        "late": "skip",
    }
    return _of(trigger, a_week_later, _tell("thank", "couple.thanked", couple=_COUPLE))


def ask_for_count() -> dict[str, Any]:
    """Three weeks before each wedding the kitchen's question goes out."""
    trigger = {
        "kind": "wedding_date",
        "anchor": "wedding.date",
        "offset_days": -21,
        "at": "09:00",
        "late": "ask",
    }
    return _of(trigger, _tell("ask", "final_count.wanted", couple=_COUPLE))


def order_flowers() -> dict[str, Any]:
    """Each kind of flower is asked for by itself; the order is placed once an owner says yes."""
    wanted = [{"name": name, "stems": stems} for name, stems in _FLOWERS]
    the_list = {
        "id": "list",
        "kind": "set",
        "label": "Write the list",
        "values": {"flowers": wanted},
    }
    each = {
        "id": "each",
        "kind": "for_each",
        "label": "Ask for each kind",
        "items": {"var": "steps.list.flowers"},
        "steps": [
            _tell(
                "reserve",
                "flowers.reserved",
                name={"var": "item.name"},
                stems={"var": "item.stems"},
            )
        ],
    }
    sure = {
        "id": "sure",
        "kind": "approval",
        "label": "Ask an owner",
        "ask": "Shall we order these flowers?",
        "who": {"role": "owner"},
        "remind_after_s": 24 * 3600,
        "expires_after_s": 7 * 24 * 3600,
        "on_expiry": "stop",
    }
    said_yes = {
        "id": "said_yes",
        "kind": "filter",
        "label": "Only after a yes",
        "when": {"==": [{"var": "steps.sure.approved"}, True]},
    }
    order = _tell("order", "flowers.ordered", flowers={"var": "steps.list.flowers"})
    return _of({"kind": "manual", "input": None}, the_list, each, sure, said_yes, order)


def _of(trigger: dict[str, Any], *steps: _Step) -> dict[str, Any]:
    return {"format": 1, "trigger": trigger, "steps": list(steps)}


def _tell(step_id: str, event_type: str, **data: Any) -> _Step:
    return {
        "id": step_id,
        "kind": "action",
        "use": "webhook.send",
        "input": {"event_type": event_type, "data": data},
    }

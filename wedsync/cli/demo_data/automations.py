"""Rosewood's workflows: what happens by itself when a guest answers and when a couple pays."""

from typing import Any
from uuid import UUID

from wedsync.cli.demo_data.webhooks import (
    DEPOSIT_RECEIVED,
    SEATING_ADDED,
    SEATING_DECLINED,
    Connected,
)
from wedsync.platform.identity import Identity
from wedsync.workflows.editing import service

SEAT_GUESTS = "Seat guests who accept"
THANK_FOR_PAYMENTS = "Thank for a payment"

_Step = dict[str, Any]
_STATUS = {"var": "trigger.data.status"}
_GUEST = {"var": "trigger.data.guest.name"}


def automate(by: Identity, connected: Connected) -> None:
    """Make both workflows and publish them."""
    for name, definition in (
        (SEAT_GUESTS, seat_guests(connected.petal.id)),
        (THANK_FOR_PAYMENTS, thank_for_payments(connected.stripe.id)),
    ):
        draft = service.create(by.organization_id, name, definition, by=by)
        service.publish(by.organization_id, draft.workflow.id, by=by)


def seat_guests(hook_id: UUID) -> dict[str, Any]:
    """A guest's answer goes to whoever plans the tables; “maybe” goes to nobody."""
    coming = {
        "id": "coming",
        "kind": "choose",
        "label": "Is the guest coming?",
        "branches": [
            {
                "label": "Yes",
                "when": {"==": [_STATUS, "accepted"]},
                "steps": [
                    _set("seat", guest=_GUEST, seats={"var": "trigger.data.party_size"}),
                    _tell("add", SEATING_ADDED, "seat", "guest", "seats"),
                ],
            },
            {
                "label": "No",
                "when": {"==": [_STATUS, "declined"]},
                "steps": [
                    _set("regret", guest=_GUEST),
                    _tell("free", SEATING_DECLINED, "regret", "guest"),
                ],
            },
        ],
        "otherwise": [],
    }
    return _on_hook(hook_id, coming)


def thank_for_payments(hook_id: UUID) -> dict[str, Any]:
    """A payment that went through is told on, with its amount in minor units.

    Stripe says `charge.succeeded` of the same payment too; one of the two is enough.
    """
    went_through: _Step = {
        "id": "went_through",
        "kind": "filter",
        "label": "Only payments that went through",
        "when": {"==": [{"var": "trigger.type"}, "payment_intent.succeeded"]},
    }
    payment = _set(
        "payment",
        amount={"var": "trigger.data.object.amount"},
        currency={"var": "trigger.data.object.currency"},
        reference={"var": "trigger.data.object.id"},
    )
    thank = _tell("thank", DEPOSIT_RECEIVED, "payment", "amount", "currency", "reference")
    return _on_hook(hook_id, went_through, payment, thank)


def _on_hook(hook_id: UUID, *steps: _Step) -> dict[str, Any]:
    return {
        "format": 1,
        "trigger": {"kind": "webhook", "hook": str(hook_id)},
        "steps": list(steps),
    }


def _set(step_id: str, **values: Any) -> _Step:
    return {"id": step_id, "kind": "set", "values": values}


def _tell(step_id: str, event_type: str, source: str, *fields: str) -> _Step:
    """Publish an event whose data are these values of the step `source`."""
    data = {field: {"var": f"steps.{source}.{field}"} for field in fields}
    return {
        "id": step_id,
        "kind": "action",
        "use": "webhook.send",
        "input": {"event_type": event_type, "data": data},
    }

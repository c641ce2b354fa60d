"""What Rosewood has connected: who may tell it things, and whom it tells."""

from dataclasses import dataclass

from wedsync.platform.identity import Identity
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.models import Endpoint, Hook

PETAL_HOOK = "Petal RSVP"
STRIPE_HOOK = "Stripe payments"
ENQUIRIES_HOOK = "Enquiry form"

SEATING_ADDED = "seating.guest_added"
SEATING_DECLINED = "seating.guest_declined"
DEPOSIT_RECEIVED = "deposit.received"


@dataclass(frozen=True, slots=True)
class Connected:
    """The hooks that workflows listen to."""

    petal: Hook
    stripe: Hook


def connect(by: Identity) -> Connected:
    """Make Rosewood's hooks. Stripe's secret is Stripe's to make, so that hook waits for it."""
    petal = _hook(by, {"name": PETAL_HOOK, "scheme": "standard_webhooks"})
    stripe = _hook(by, {"name": STRIPE_HOOK, "scheme": "stripe"})
    enquiries: hooks.HookFields = {
        "name": ENQUIRIES_HOOK,
        "scheme": "hmac",
        "event_type": "enquiry.received",
        "options": {
            "header": "X-Enquiry-Signature",
            "algorithm": "sha256",
            "encoding": "hex",
            "id_header": "X-Enquiry-Id",
        },
    }
    _hook(by, enquiries)
    return Connected(petal, stripe)


def tell_the_kitchen(by: Identity) -> Endpoint:
    """An address that wants the guest count; off, because nobody answers under that name."""
    fields: endpoints.EndpointFields = {
        "url": "https://kitchen.olive-and-thyme.example/webhooks",
        "description": "Olive & Thyme kitchen",
        "event_types": [SEATING_ADDED, SEATING_DECLINED],
        "state": "off",
    }
    made, _secret = endpoints.create(by.organization_id, fields, by=by)
    return made


def _hook(by: Identity, fields: hooks.HookFields) -> Hook:
    made, _secret = hooks.create(by.organization_id, fields, by=by)
    return made

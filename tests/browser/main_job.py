"""The far side of the main job: a partner that signs, a workflow that calls a shaky kitchen."""

import json
import secrets
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from standardwebhooks import Webhook

from tests.live_site import LiveSite
from wedsync.platform.embedded import process

_PATIENCE_S = 15


@dataclass(frozen=True)
class Petal:
    """A partner whose library signs what it sends to its hook."""

    url: str
    secret: str

    def answer(self, guest: str, status: str, seats: int = 2) -> str:
        """A guest answers; returns the id of the event that was accepted."""
        data = {"guest": {"name": guest}, "status": status, "party_size": seats}
        body = json.dumps({"type": "rsvp.received", "timestamp": _now().isoformat(), "data": data})
        message_id, moment = f"msg_{secrets.token_hex(8)}", _now()
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message_id, moment, body),
        }
        request = urllib.request.Request(self.url, body.encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as accepted:
            assert accepted.status == 202
            return str(orjson.loads(accepted.read())["event_id"])


def new_petal(site: LiveSite) -> tuple[Petal, str]:
    """A partner with a hook of its own, and the hook's id."""
    hook = site.api("POST", "/hooks", {"name": "Petal RSVP", "scheme": "standard_webhooks"})
    return Petal(hook["url"], hook["secret"]), hook["id"]


def tell_the_kitchen(hook_id: str, kitchen: str, *, tries: int) -> dict[str, Any]:
    """Yes: note the seats, ask the kitchen (again after 8 s, `tries` times), tell subscribers."""
    yes = {"==": [{"var": "trigger.data.status"}, "accepted"]}
    shape = {
        "guest": {"var": "trigger.data.guest.name"},
        "seats": {"var": "trigger.data.party_size"},
    }
    seats = {"guest": {"var": "steps.shape.guest"}, "seats": {"var": "steps.shape.seats"}}
    ask = {
        "id": "kitchen",
        "kind": "action",
        "use": "http.request",
        "input": {
            "method": "POST",
            "url": kitchen,
            "json": seats,
            "key_header": "Idempotency-Key",
        },
        "on_error": {"retry": {"attempts": tries, "first_delay_s": 8, "factor": 1}, "then": "stop"},
    }
    tell = {
        "id": "tell",
        "kind": "action",
        "use": "webhook.send",
        "input": {"event_type": "kitchen.guest_added", "data": seats},
    }
    steps = [{"id": "shape", "kind": "set", "values": shape}, ask, tell]
    coming = {
        "id": "coming",
        "kind": "choose",
        "label": "Is the guest coming?",
        "branches": [{"label": "Yes", "when": yes, "steps": steps}],
        "otherwise": [],
    }
    trigger = {"kind": "webhook", "hook": hook_id}
    return {"format": 1, "trigger": trigger, "steps": [coming]}


def publish(site: LiveSite, name: str, definition: dict[str, Any]) -> str:
    """A live workflow; returns its id."""
    made = site.api("POST", "/workflows", {"name": name, "definition": definition})
    assert made["problems"] == [], made["problems"]
    site.api("POST", f"/workflows/{made['id']}/publish", {})
    return str(made["id"])


def run_of(site: LiveSite, event_id: str, workflow_id: str) -> str:
    """The run an event started, as soon as there is one."""
    path = f"/runs?event={event_id}&workflow={workflow_id}"
    assert process.wait_until(lambda: bool(site.api("GET", path)["data"]), _PATIENCE_S)
    return str(site.api("GET", path)["data"][0]["id"])


def _now() -> datetime:
    return datetime.now(UTC)

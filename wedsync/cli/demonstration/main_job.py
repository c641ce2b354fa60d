"""From a partner's signed webhook to a signed delivery, hop by hop."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from standardwebhooks import Webhook

from wedsync.cli.demo_data.automations import SEAT_GUESTS
from wedsync.cli.demo_data.webhooks import SEATING_ADDED
from wedsync.cli.demonstration.hops import Hops, require
from wedsync.cli.demonstration.receiver import Receiver
from wedsync.cli.demonstration.script import Answer, Script
from wedsync.platform import clock

GUEST = {"name": "Nora Ashdown"}
SEATS = 2
_OVER = frozenset({"succeeded", "failed", "stopped", "filtered", "needs_attention"})
_OTHER_SECRET = "whsec_" + "A" * 32


@dataclass(frozen=True, slots=True)
class Partner:
    """Petal: knows the hook's address on this machine and its secret."""

    path: str
    secret: str

    def message(self) -> "Message":
        """A guest's answer, ready to be sent as often as one likes."""
        body = {
            "type": "rsvp.received",
            "timestamp": _text(clock.now()),
            "data": {"guest": GUEST, "status": "accepted", "party_size": SEATS},
        }
        return Message(f"msg_{secrets.token_hex(12)}", clock.now(), json.dumps(body))


@dataclass(frozen=True, slots=True)
class Message:
    """What is signed: an id, a moment, a body."""

    id: str
    at: datetime
    body: str

    def signed(self, secret: str) -> dict[str, str]:
        """The headers that go with it, made by the foreign library."""
        return {
            "content-type": "application/json",
            "webhook-id": self.id,
            "webhook-timestamp": str(int(self.at.timestamp())),
            "webhook-signature": Webhook(secret).sign(self.id, self.at, self.body),
        }


def show(hops: Hops, api: Script, partner: Partner, receiver: Receiver) -> None:
    """Take the main job from end to end; raises MissingHop where it breaks off."""
    message = partner.message()
    hops.start_clock()
    event_id = _accepted(hops, api, partner, message)
    _fanned_out(hops, api, event_id)
    published = _ran(hops, api, event_id)
    _delivered(hops, api, receiver, published)
    _repeated(hops, api, partner, message, event_id)
    _refused(hops, api, partner)


def _accepted(hops: Hops, api: Script, partner: Partner, message: Message) -> str:
    answer = _post(api, partner, message, partner.secret)
    require(
        answer.status == HTTPStatus.ACCEPTED,
        f"The signed webhook was not accepted: {answer.status} {answer.body}",
    )
    hops.seen("webhook accepted, signed by standardwebhooks")
    return str(answer.body["event_id"])


def _fanned_out(hops: Hops, api: Script, event_id: str) -> None:
    def look() -> Any:
        event = api.get(f"/events/{event_id}")
        return event if event["state"] == "fanned_out" else None

    event = hops.wait_for("The event was fanned out", look)
    hops.seen(f"event {event['type']} fanned out")


def _ran(hops: Hops, api: Script, event_id: str) -> str:
    """Follow the run; returns the id of the event it published."""

    def started() -> Any:
        return next(iter(api.get(f"/runs?event={event_id}")["data"]), None)

    def over() -> Any:
        run = api.get(f"/runs/{started_run['id']}")
        return run if run["state"] in _OVER else None

    started_run = hops.wait_for(f"A run of “{SEAT_GUESTS}” was started", started)
    hops.seen(f"run of “{SEAT_GUESTS}” started")
    run = hops.wait_for("The run came to its end", over)
    require(run["state"] == "succeeded", f"The run ended as {run['state']}: {run['reason']}")
    return _told(hops, {step["id"]: step for step in run["steps"]})


def _told(hops: Hops, steps: Mapping[str, Any]) -> str:
    """Say what the steps recorded; returns the id of the published event."""
    branch = _output(steps, "coming").get("branch")
    require(branch == "Yes", f"The condition should take “Yes”, and took “{branch}”.")
    hops.seen("condition took “Yes”")
    shaped = _output(steps, "seat")
    require(
        shaped == {"guest": GUEST["name"], "seats": SEATS},
        f"The data was not reshaped as it should: {shaped}",
    )
    hops.seen(f"data reshaped: {shaped['guest']}, {shaped['seats']} seats")
    published = _output(steps, "add").get("event_id")
    require(published is not None, "The run published no event.")
    hops.seen(f"event {SEATING_ADDED} published")
    return str(published)


def _output(steps: Mapping[str, Any], step_id: str) -> dict[str, Any]:
    return (steps.get(step_id) or {}).get("output") or {}


def _delivered(hops: Hops, api: Script, receiver: Receiver, published: str) -> None:
    document = hops.wait_for(
        "A delivery that standardwebhooks verifies", lambda: receiver.taken.get(published)
    )
    require(
        document["data"] == {"guest": GUEST["name"], "seats": SEATS},
        f"Something else was delivered: {document}",
    )
    hops.seen("delivery received and verified by standardwebhooks")

    def recorded() -> Any:
        deliveries = api.get(f"/deliveries?event={published}&state=delivered")["data"]
        return next(iter(deliveries), None)

    delivery = hops.wait_for("The delivery was recorded as delivered", recorded)
    hops.seen(f"delivery recorded, {_tries(len(delivery['attempts']))}")


def _repeated(hops: Hops, api: Script, partner: Partner, message: Message, first: str) -> None:
    answer = _post(api, partner, message, partner.secret)
    same = answer.status == HTTPStatus.ACCEPTED and answer.body["event_id"] == first
    require(same, f"The repeat was not recognised: {answer.status} {answer.body}")
    hops.seen("sent again: accepted again, same event")


def _refused(hops: Hops, api: Script, partner: Partner) -> None:
    answer = _post(api, partner, partner.message(), _OTHER_SECRET)
    code = answer.body.get("code") if isinstance(answer.body, dict) else None
    require(
        (answer.status, code) == (HTTPStatus.UNAUTHORIZED, "signature_invalid"),
        f"A wrong signature was not refused: {answer.status} {answer.body}",
    )
    hops.seen("wrong signature: refused with 401")


def _post(api: Script, partner: Partner, message: Message, secret: str) -> Answer:
    return api.send("POST", partner.path, message.body.encode(), message.signed(secret))


def _tries(number: int) -> str:
    return "at the first try" if number == 1 else f"after {number} tries"


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

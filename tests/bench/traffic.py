"""What is sent: a guest's answer, signed as Standard Webhooks asks, with our own HMAC."""

import base64
import hmac
import json
import time
import uuid
from typing import Any

QUIET = "newsletter.opened"
RSVP = "rsvp.received"
SONG = "song.requested"
PHOTOS = "photos.ready"


def body(event_type: str, number: int) -> bytes:
    """The request body of one event, about 400 bytes."""
    return sent(event_type, answer(number))


def sent(event_type: str, data: dict[str, Any]) -> bytes:
    """The request body of an event that says this."""
    document = {"type": event_type, "timestamp": "2026-05-30T12:00:00Z", "data": data}
    return json.dumps(document).encode()


def answer(number: int) -> dict[str, Any]:
    """What a guest said; everybody comes."""
    return {
        "status": "accepted",
        "party_size": 1 + number % 4,
        "guest": {"name": f"Guest {number}", "email": f"guest-{number}@example.com"},
        "table": {"wish": "near the garden", "with": ["Imogen Hart", "Marek Novak"]},
        "diet": ["vegetarian", "no nuts"],
        "message": "We are so looking forward to it, and to seeing you both again at last.",
    }


def request(path: str, secret: str, content: bytes) -> bytes:
    """A whole POST with an id of its own, signed at this moment (`secret`: `whsec_<base64>`)."""
    sent_as, at = uuid.uuid4().hex.encode(), b"%d" % time.time()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(key, b"%b.%b.%b" % (sent_as, at, content), "sha256")
    head = (
        b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench\r\n"
        b"content-type: application/json\r\nwebhook-id: %b\r\nwebhook-timestamp: %b\r\n"
        b"webhook-signature: v1,%b\r\ncontent-length: %d\r\n\r\n"
    )
    encoded = base64.b64encode(signature)
    return head % (path.encode(), sent_as, at, encoded, len(content)) + content

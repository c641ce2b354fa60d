"""Subscriptions, and the thread that sends signed webhooks to them.

Signed as Standard Webhooks says, with its own library. 2xx ends a delivery; anything else is tried
again with the same id; 410 ends the subscription.
"""

import base64
import heapq
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from wedsync.sandbox.faults import Switches
from wedsync.sandbox.refusals import unknown, wrong
from wedsync.sandbox.store import Store

TYPES = (
    "rsvp.received",
    "rsvp.changed",
    "allergy.reported",
    "count.changed",
    "enquiry.received",
    "favourites.submitted",
)
_PAUSES_S = (1.0, 3.0, 9.0)
_OVERTAKEN_S = 2.0
_TIMEOUT_S = 5.0
_REMEMBERED = 1_000


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    delivery: "Delivery" = field(compare=False)


@dataclass(slots=True)
class Delivery:
    """One event on its way to one subscription."""

    id: str
    type: str
    subscription: str
    url: str
    secret: str = field(repr=False)
    body: str = field(repr=False)
    attempts: int = 0
    status: int | None = None


class Subscriptions:
    """Who wants to be told, by account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, account_id: str, family_id: str, url: Any, events: Sequence[str] | None
    ) -> dict[str, Any]:
        """The subscription with its secret, which is shown this once.

        It takes the place of the one this account had for the same address.
        """
        made = {
            "id": f"sub_{secrets.token_hex(8)}",
            "url": _checked_url(url),
            "events": _checked_events(events),
            "secret": new_secret(),
        }
        self._store.write(
            "DELETE FROM subscriptions WHERE account_id = ? AND url = ?", account_id, made["url"]
        )
        self._store.add(
            "subscriptions",
            account_id=account_id,
            family_id=family_id,
            **{**made, "events": json.dumps(made["events"])},
        )
        return made

    def all(self, account_id: str) -> list[dict[str, Any]]:
        rows = self._store.rows(
            "SELECT id, url, events FROM subscriptions WHERE account_id = ? ORDER BY rowid",
            account_id,
        )
        return [{**row, "events": json.loads(row["events"])} for row in rows]

    def remove(self, account_id: str, subscription_id: str) -> None:
        query = "DELETE FROM subscriptions WHERE account_id = ? AND id = ?"
        if not self._store.write(query, account_id, subscription_id):
            raise unknown("webhook")

    def remove_those_of(self, family_id: str) -> None:
        self._store.write("DELETE FROM subscriptions WHERE family_id = ?", family_id)

    def gone(self, subscription_id: str) -> None:
        self._store.write("DELETE FROM subscriptions WHERE id = ?", subscription_id)

    def wanting(self, account_id: str, event_type: str) -> list[dict[str, Any]]:
        rows = self._store.rows("SELECT * FROM subscriptions WHERE account_id = ?", account_id)
        return [row for row in rows if event_type in json.loads(row["events"])]


class Sender:
    """Sends what is announced, in order, one at a time."""

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store = store
        self._subscriptions = Subscriptions(store)
        self._switches = switches
        self._changed = threading.Condition()
        self._queue: list[_Due] = []
        self._numbers = count()
        self._known: deque[Delivery] = deque(maxlen=_REMEMBERED)
        self._opener = urllib.request.build_opener(_NoRedirect)

    def start(self) -> None:
        threading.Thread(target=self._work, name="webhooks", daemon=True).start()

    def announce(self, account_id: str, event_type: str, data: Mapping[str, Any]) -> None:
        """Tell everyone who subscribed, once what is being done has been kept."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = json.dumps({"type": event_type, "timestamp": moment, "data": data})
        for row in self._subscriptions.wanting(account_id, event_type):
            delivery = Delivery(
                f"msg_{secrets.token_hex(12)}", event_type, row["id"], row["url"], row["secret"],
                body,
            )  # fmt: skip
            self._store.after(partial(self._accept, delivery))

    def seen(self) -> list[dict[str, Any]]:
        """What was sent and how it went, without the secrets; the oldest first."""
        with self._changed:
            known = [asdict(delivery) for delivery in self._known]
        hidden = {"secret", "body", "url"}
        return [{key: one[key] for key in one if key not in hidden} for one in known]

    def forget(self) -> None:
        with self._changed:
            self._queue.clear()
            self._known.clear()

    # --- parts

    def _accept(self, delivery: Delivery) -> None:
        now = time.monotonic()
        faults = self._switches.now
        with self._changed:
            self._known.append(delivery)
            overtaken = self._hurry(delivery.subscription, now)
            waits = faults.hook_out_of_order and not overtaken
            for _ in range(faults.hook_copies):
                self._push(delivery, now + (_OVERTAKEN_S if waits else 0.0))
            for late in overtaken:
                self._push(late, now)
            self._changed.notify()

    def _hurry(self, subscription: str, now: float) -> list[Delivery]:
        """Take out what waits to be overtaken; it follows right behind."""
        if not self._switches.now.hook_out_of_order:
            return []
        held = [
            due
            for due in self._queue
            if due.delivery.subscription == subscription
            and not due.delivery.attempts
            and due.at > now
        ]
        self._queue = [due for due in self._queue if due not in held]
        heapq.heapify(self._queue)
        return [due.delivery for due in held]

    def _push(self, delivery: Delivery, at: float) -> None:
        heapq.heappush(self._queue, _Due(at, next(self._numbers), delivery))

    def _work(self) -> None:
        while True:
            self._send(self._next())

    def _next(self) -> Delivery:
        with self._changed:
            while not self._queue or self._queue[0].at > time.monotonic():
                pause = self._queue[0].at - time.monotonic() if self._queue else None
                self._changed.wait(pause)
            return heapq.heappop(self._queue).delivery

    def _send(self, delivery: Delivery) -> None:
        status = self._post(delivery)
        with self._changed:
            delivery.attempts += 1
            delivery.status = status
            if status is not None and status // 100 == HTTPStatus.OK // 100:
                return
            if status != HTTPStatus.GONE and delivery.attempts <= len(_PAUSES_S):
                self._push(delivery, time.monotonic() + _PAUSES_S[delivery.attempts - 1])
        if status == HTTPStatus.GONE:
            self._subscriptions.gone(delivery.subscription)

    def _post(self, delivery: Delivery) -> int | None:
        """The answer's status; None when there was none."""
        request = urllib.request.Request(  # noqa: S310 - http and https only, see `_checked_url`
            delivery.url, data=delivery.body.encode(), headers=self._headers(delivery)
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except (OSError, HTTPException, ValueError):
            return None

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        now = datetime.now(UTC)
        wrong_one = self._switches.now.hook_wrong_signature
        signer = Webhook(new_secret() if wrong_one else delivery.secret)
        return {
            "Content-Type": "application/json",
            "User-Agent": "Petal-Practice",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(delivery.id, now, delivery.body),
        }


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is no answer to a webhook."""

    def redirect_request(self, *_: Any) -> None:
        return None


def new_secret() -> str:
    """24 random bytes as Standard Webhooks writes a secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _checked_url(url: Any) -> str:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise wrong("url should be an http or https address.")
    return str(url)


def _checked_events(events: Any) -> list[str]:
    if events is None:
        return list(TYPES)
    if not isinstance(events, list) or not events or any(one not in TYPES for one in events):
        raise wrong(f"events should be some of {', '.join(TYPES)}.")
    return events

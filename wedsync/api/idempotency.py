"""`Idempotency-Key`: a repeated POST gets the first one's answer and does nothing again.

The row is inserted in the transaction of the effect. A twin running beside it waits on the unique
key and then reads the answer. Refusals are not remembered: they changed nothing.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Response, request
from sqlalchemy import text

from wedsync.api.reading import raw_body
from wedsync.errors import Conflict, Malformed
from wedsync.platform import crypto, documents, identity
from wedsync.platform.db import db

HEADER = "Idempotency-Key"
KEPT_HOURS = 24
MAX_CHARACTERS = 255
_KEPT_HEADERS = ("ETag", "Location")

_CLAIM = text(
    "INSERT INTO remembered_answers AS kept"
    " (key_hash, organization_id, body_hash, status, answer)"
    " VALUES (:key_hash, :organization_id, :body_hash, 0, '')"
    " ON CONFLICT (key_hash) DO UPDATE SET body_hash = excluded.body_hash, status = 0,"
    " answer = '', created_at = clock_timestamp()"
    " WHERE kept.created_at < clock_timestamp() - make_interval(hours => :hours)"
    " RETURNING key_hash"
)
_FILL = text(
    "UPDATE remembered_answers SET status = :status, answer = :answer WHERE key_hash = :key_hash"
)
_READ = text("SELECT body_hash, status, answer FROM remembered_answers WHERE key_hash = :key_hash")


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where one key of one credential keeps its answer, and what opens it."""

    key_hash: bytes
    body_hash: bytes
    secret: bytes

    @property
    def key_id(self) -> UUID:
        return UUID(bytes=self.key_hash[:16])


def once(act: Callable[[], Response]) -> Response:
    """Answer with `act()`, or with what the same key was answered within the last 24 hours.

    Raises Conflict `idempotency_key_reused` when the key came with another body. The caller
    commits: effect and memory become true together.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return act()
    slot = _slot(key)
    if not _claimed(slot):
        return _remembered(slot)
    response = act()
    _fill(slot, response)
    return response


def _slot(key: str) -> _Slot:
    if not (0 < len(key) <= MAX_CHARACTERS and key.isascii() and key.isprintable()):
        raise Malformed(
            f"An {HEADER} has 1 to {MAX_CHARACTERS} printable ASCII characters.",
            code="idempotency_key_invalid",
        )
    caller = identity.current().credential_id
    named = "\0".join((str(caller), request.method, request.path, key))
    credential = request.headers.get("Authorization", "").partition(" ")[2].strip()
    secret = f"{key}\0{credential}"
    return _Slot(
        key_hash=hashlib.sha256(named.encode()).digest(),
        body_hash=hashlib.sha256(raw_body()).digest(),
        secret=crypto.derive(secret.encode(), "remembered answer"),
    )


def _claimed(slot: _Slot) -> bool:
    claimed = db.session.execute(
        _CLAIM,
        {
            "key_hash": slot.key_hash,
            "organization_id": identity.organization_id(),
            "body_hash": slot.body_hash,
            "hours": KEPT_HOURS,
        },
    )
    return claimed.first() is not None


def _fill(slot: _Slot, response: Response) -> None:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    plain = documents.write({"headers": headers, "body": response.get_data(as_text=True)})
    sealed = crypto.seal(slot.key_id, slot.secret, plain, slot.key_hash)
    db.session.execute(
        _FILL, {"status": response.status_code, "answer": sealed, "key_hash": slot.key_hash}
    )


def _remembered(slot: _Slot) -> Response:
    row = db.session.execute(_READ, {"key_hash": slot.key_hash}).one()
    if bytes(row.body_hash) != slot.body_hash:
        raise Conflict(
            f"This {HEADER} was used with another body within the last {KEPT_HOURS} hours.",
            code="idempotency_key_reused",
        )
    kept = documents.read(crypto.unseal(slot.secret, bytes(row.answer), slot.key_hash))
    response = Response(kept["body"], row.status, mimetype="application/json")
    response.headers.update(kept["headers"])
    response.headers["Idempotency-Replayed"] = "true"
    return response

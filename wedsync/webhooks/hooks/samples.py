"""Trying a hook: a request as its sender would make it, and what becomes of it.

It is signed with the hook's own secret and judged as the front judges. What it makes is kept as an
event that is passed on to nobody, so that it can be looked at and no workflow begins.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func

from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.events.models import Event
from wedsync.events.types import stored_event_type
from wedsync.platform import clock, documents, ids, leaves
from wedsync.platform.db import db
from wedsync.platform.documents import BadDocument
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import vault
from wedsync.platform.vault import MASK, place
from wedsync.webhooks import queries, schemes, secrets
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.hooks.incoming import RAW_BODY
from wedsync.webhooks.hooks.shown_headers import shown
from wedsync.webhooks.models import Hook
from wedsync.webhooks.schemes import (
    Handshake,
    Headers,
    Incoming,
    Rejected,
    Request,
    Sample,
    handshakes,
)

LARGEST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request of ours, what it was answered, and what it became; secrets are masked.

    `command` sends the same to the address itself; the words YOUR-SECRET in it stand for one.
    """

    url: str
    headers: Mapping[str, str]
    body: str
    status: int
    answer: str
    command: str
    event: Event | None = None


def example(hook: Hook) -> str:
    """A body as this hook's sender writes it."""
    return schemes.named(hook.scheme).example(hook.event_type, clock.now())


def send(by: Identity, hook_id: UUID, body: str | None = None) -> Arrived:
    """Sign `body`, or an example, as the sender would, and let it arrive.

    Raises NotFound; Conflict where we have nothing to sign with; Invalid for a body that is none.
    """
    hook = queries.get_hook(by.organization_id, hook_id)
    secret = _secret(hook)
    sample = _signed(hook, secret, example(hook) if body is None else body)
    request = Request(_wire(sample.headers), sample.body, sample.url)
    status, answer, event = _judged(hook, secret, request, sample)
    if event is not None:
        db.session.add(event)
        db.session.flush()
    audit.record("hook.tested", "hook", hook.id, organization_id=by.organization_id, by=by)
    return Arrived(
        url=sample.url,
        headers={name: _masked(value, sample) for name, value in sample.headers.items()},
        body=_masked(sample.body.decode(), sample),
        status=status,
        answer=answer,
        command=_command(sample),
        event=event,
    )


def _secret(hook: Hook) -> str:
    if hook.state == "off":
        raise Conflict("This hook is off. Switch it on first.", code="hook_off")
    if hook.secret is None:
        raise Conflict("Enter the secret first; a sample is signed with it.", code="no_sample")
    return secrets.opened(hook, hook.secret)


def _signed(hook: Hook, secret: str, body: str) -> Sample:
    if len(body.encode()) > LARGEST_BYTES:
        raise _unusable(f"A sample has up to {LARGEST_BYTES // 1024} kB.")
    scheme, url = schemes.named(hook.scheme), hooks.url_of(hook)
    try:
        sample = scheme.sample(secret, hook.options, body.encode(), url, clock.now())
    except BadDocument as error:
        raise _unusable(str(error)) from error
    if sample is None:
        raise Conflict(
            "We only have the public key, which cannot sign. Let the sender send one.",
            code="no_sample",
        )
    return sample


def _unusable(message: str) -> Invalid:
    return Invalid(message, errors=[FieldError("/body", "body", message)])


def _judged(
    hook: Hook, secret: str, request: Request, sample: Sample
) -> tuple[int, str, Event | None]:
    """Status, answer and event, as the front would have it."""
    now, scheme = clock.now(), schemes.named(hook.scheme)
    verdict = scheme.verify([secret], hook.options, request, now)
    if isinstance(verdict, Rejected):
        status = 400 if verdict.code == "body_invalid" else 401
        return status, _problem(verdict.code, verdict.message), None
    if isinstance(verdict, Handshake):
        return *_echoed(hook, verdict, now), None
    try:
        document = scheme.parse(request.body)
        incoming = scheme.read(document, hook.event_type, verdict, now)
    except BadDocument as error:
        return 400, _problem("body_invalid", str(error)), None
    event = _event(hook, incoming, request.body, sample)
    answer = "" if scheme.ANSWERED_BARE else documents.write({"event_id": str(event.id)}).decode()
    return scheme.SUCCESS_STATUS, answer, event


def _echoed(hook: Hook, wanted: Handshake, now: datetime) -> tuple[int, str]:
    if wanted.echo and not handshakes.is_awaited(hook.handshake_until, now):
        return 400, _problem("handshake_unexpected", handshakes.NOT_AWAITED)
    return 200, wanted.echo.decode()


def _problem(code: str, detail: str) -> str:
    return documents.write({"code": code, "detail": detail}).decode()


def _event(hook: Hook, incoming: Incoming, body: bytes, sample: Sample) -> Event:
    event_id, source = ids.new_id(), f"hook:{hook.id}"
    masked = schemes.named(hook.scheme).SIGNED_HEADERS | {str(hook.options.get("header")).lower()}
    headers = shown(_pairs(sample.headers), masked)
    where = place("events", event_id, RAW_BODY)
    return Event(
        id=event_id,
        organization_id=hook.organization_id,
        type=stored_event_type(incoming.type, source),
        source=source,
        occurred_at=incoming.occurred_at,
        sender_event_id=incoming.sender_event_id,
        data=_kept(hook, incoming.data),
        raw_body=vault().seal(db.session, hook.organization_id, where, body),
        headers={"scheme": hook.scheme, "verdict": "sample", "headers": headers},
        causation={"root": str(event_id), "depth": 0, "chain": []},
        fanned_out_at=func.clock_timestamp(),
    )


def _kept(hook: Hook, data: Any) -> Any:
    """The data with the leaves sealed that nobody is to see."""
    sensitive = hook.options.get("sensitive")
    if not sensitive:
        return data
    key = vault().data_key(db.session, hook.organization_id)
    return leaves.seal_at(data, sensitive, hook.organization_id, key)


def _wire(headers: Mapping[str, str]) -> Headers:
    return Headers(_pairs(headers))


def _pairs(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _masked(text: str, sample: Sample) -> str:
    for secret in sample.concealed:
        text = text.replace(secret, MASK)
    return text


def _command(sample: Sample) -> str:
    """The request as a line for a shell."""
    parts = [f"curl {_quoted(sample.url, sample)}"]
    parts += [f"-H {_quoted(f'{name}: {value}', sample)}" for name, value in sample.headers.items()]
    parts.append(f"--data-binary {_quoted(sample.body.decode(), sample)}")
    return " \\\n  ".join(parts)


def _quoted(text: str, sample: Sample) -> str:
    """For a shell; secrets leave before what quotes would make of them."""
    for secret, stand_in in sample.concealed.items():
        text = text.replace(secret, stand_in)
    return shlex.quote(text)

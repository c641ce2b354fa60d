"""Every kind of sender through the web process: taken, repeated, refused, as it wants to hear."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.front.conftest import Answer, Sender, SenderMaker
from tests.webhooks import senders
from tests.webhooks.hostile import BODIES, HEADERS, ODD, QUERIES
from wedsync.events.models import Event
from wedsync.platform.db import db
from wedsync.platform.vault import place
from wedsync.webhooks import schemes
from wedsync.webhooks.hooks import incoming

TEXT = "a-shared-secret-of-theirs"
OPTIONS: Mapping[str, dict[str, Any]] = {
    "hmac": {
        "header": "X-Sign",
        "algorithm": "sha256",
        "encoding": "hex",
        "id_header": "X-Id",
        "timestamp_header": "X-At",
    },
    "basic": {"id_header": "X-Id"},
    "bearer": {"header": "X-Token", "id_header": "X-Id"},
}
SECRETS = {
    "standard_webhooks": senders.SECRET,
    "standard_webhooks_v1a": senders.PUBLIC,
    "stripe": "whsec_1234567890abcdef",
    "basic": "petal:a-shared-secret",
}
TYPES = {
    "standard_webhooks": "form.sent",
    "standard_webhooks_v1a": "form.sent",
    "stripe": "payment_intent.succeeded",
    "github": "issues.opened",
    "shopify": "orders.create",
    "slack": "external.message",
    "tripleseat": "create_lead",
    "xero": "external.invoice.update",
    "meta": "instagram",
}


@dataclass(frozen=True)
class Told:
    """A request as one kind of sender makes it."""

    scheme: str
    sender: Sender
    headers: dict[str, str]
    body: bytes

    def send(self, body: bytes | None = None, **headers: str) -> Answer:
        sent = {**self.headers, **headers}
        path = self.sender.path
        return self.sender.front.request("POST", path, body=body or self.body, headers=sent)


def told(make_sender: SenderMaker, scheme: str, body: bytes | None = None) -> Told:
    options = OPTIONS.get(scheme, {})
    secret = SECRETS.get(scheme, TEXT)
    sender = make_sender(scheme=scheme, secret=secret, options=options, event_type="form.sent")
    named, now = schemes.named(scheme), datetime.now(UTC)
    body = body or named.example("form.sent", now).encode()
    if scheme == "standard_webhooks_v1a":
        headers = senders.by_cryptography(body.decode(), now)
        return Told(scheme, sender, headers, body)
    url = f"http://localhost:{sender.front.port}{sender.path}"
    sample = named.sample(secret, options, body, url, now)
    assert sample is not None
    return Told(scheme, sender, dict(sample.headers), sample.body)


def event_of(answer: Answer, scheme: str) -> UUID:
    named = schemes.named(scheme)
    assert answer.status == named.SUCCESS_STATUS, answer.data
    if named.ANSWERED_BARE:
        assert answer.data == b""
        return UUID(answer.headers["wedsync-event"])
    return UUID(answer.json()["event_id"])


def code_of(answer: Answer, scheme: str) -> str:
    """The code of a refusal; of one without a body only its status is to be seen."""
    if schemes.named(scheme).ANSWERED_BARE:
        assert answer.data == b""
        return str(answer.status)
    return str(answer.json()["code"])


def stored(app: APIFlask, event: Event, scheme: str) -> Any:
    """The data as the fan-out writes it."""
    where = place("events", event.id, incoming.RAW_BODY)
    with app.app_context():
        vault = app.extensions["wedsync"].vault
        raw = vault.open(db.session, event.organization_id, where, event.raw_body)
        return incoming.data_of_raw(scheme, bytes(raw))


@pytest.fixture
def of_every_kind(make_sender: SenderMaker) -> dict[str, Sender]:
    """A sender of each kind."""
    return {scheme: told(make_sender, scheme).sender for scheme in schemes.SCHEMES}


EVERY = pytest.mark.parametrize("scheme", schemes.SCHEMES)


@EVERY
def test_what_a_sender_tells_is_kept_and_answered_as_it_wants(
    app: APIFlask, database: Session, make_sender: SenderMaker, scheme: str
) -> None:
    request = told(make_sender, scheme)
    event = database.get_one(Event, event_of(request.send(), scheme))
    assert event.source == f"hook:{request.sender.hook_id}"
    assert event.type == TYPES.get(scheme, "form.sent")
    data = stored(app, event, scheme)
    assert isinstance(data, dict)
    assert data
    secret = SECRETS.get(scheme, TEXT)
    kept = json.dumps([event.headers, data])
    assert secret not in kept
    signatures = [request.headers[name] for name in request.headers if "igna" in name]
    assert not any(signature in kept for signature in signatures)


@EVERY
def test_a_repeat_is_one_event_where_the_sender_names_it(
    make_sender: SenderMaker, scheme: str
) -> None:
    request = told(make_sender, scheme)
    found = {event_of(request.send(), scheme) for _ in range(3)}
    names_them = schemes.named(scheme).names_events(OPTIONS.get(scheme, {}))
    # Neither of these libraries' requests carries Twilio's token or Slack's event id by itself.
    assert len(found) == (1 if names_them else 3)


@EVERY
def test_without_proof_or_with_a_wrong_one_nothing_is_kept(
    database: Session, make_sender: SenderMaker, scheme: str
) -> None:
    request = told(make_sender, scheme)
    bare = schemes.named(scheme).ANSWERED_BARE
    unsigned = request.sender.front.request("POST", request.sender.path, body=b'{"value":[]}')
    assert (unsigned.status, code_of(unsigned, scheme)) == (
        401, "401" if bare else "signature_missing",
    )  # fmt: skip
    other = told(make_sender, scheme)
    for name, value in request.headers.items():
        changed = value[:-3] + ("AAA" if value[-3:] != "AAA" else "BBB")
        if "sign" in name.lower() or "token" in name.lower() or name.lower() == "authorization":
            if name in ("I-Twilio-Idempotency-Token",):
                continue
            answer = other.send(**{name: changed})
            assert (answer.status, code_of(answer, scheme)) == (
                401, "401" if bare else "signature_invalid",
            )  # fmt: skip
    for sender in (request.sender, other.sender):
        source = f"hook:{sender.hook_id}"
        assert database.scalar(select(func.count()).where(Event.source == source)) == 0


@EVERY
def test_signed_and_unreadable_is_400(make_sender: SenderMaker, scheme: str) -> None:
    if scheme in ("graph", "twilio"):  # they prove nothing of a body that cannot be read
        return
    request = told(make_sender, scheme, b'{"a":"\\u0000"}')
    answer = request.send()
    assert (answer.status, code_of(answer, scheme)) == (
        400, "400" if scheme == "xero" else "body_invalid",
    )  # fmt: skip


def test_a_graph_notification_keeps_nothing_of_the_words_agreed_on(
    app: APIFlask, database: Session, make_sender: SenderMaker
) -> None:
    request = told(make_sender, "graph")
    assert TEXT.encode() in request.body
    event = database.get_one(Event, event_of(request.send(), "graph"))
    assert stored(app, event, "graph")["value"][0]["changeType"] == "created"
    wrong = request.send(request.body.replace(TEXT.encode(), b"another-secret"))
    assert wrong.json()["code"] == "signature_invalid"


def test_the_same_id_with_another_body_keeps_the_first_and_answers_alike(
    app: APIFlask, database: Session, make_sender: SenderMaker
) -> None:
    request = told(make_sender, "bearer")
    first = event_of(request.send(), "bearer")
    assert event_of(request.send(b'{"other":1}'), "bearer") == first
    assert "guest" in stored(app, database.get_one(Event, first), "bearer")


@pytest.mark.parametrize("body", ["payload=%7B%22a%22%3A1%7D", "command=%2Fwedding&text=next"])
def test_a_form_of_slacks_becomes_data(
    app: APIFlask, database: Session, make_sender: SenderMaker, body: str
) -> None:
    request = told(make_sender, "slack", body.encode())
    event = database.get_one(Event, event_of(request.send(), "slack"))
    wanted = {"a": 1} if "payload" in body else {"command": "/wedding", "text": "next"}
    assert stored(app, event, "slack") == wanted
    assert event.type == ("form.sent" if "payload" in body else "slash_command")


def test_xeros_intent_to_receive_is_answered_and_never_kept(
    database: Session, make_sender: SenderMaker
) -> None:
    intent = b'{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3"}'
    request = told(make_sender, "xero", intent)
    rightly = request.send()
    assert (rightly.status, rightly.data) == (200, b"")
    assert "wedsync-event" not in rightly.headers
    assert "set-cookie" not in rightly.headers
    wrongly = request.send(**{"x-xero-signature": "AAAA"})
    assert (wrongly.status, wrongly.data) == (401, b"")
    source = f"hook:{request.sender.hook_id}"
    assert database.scalar(select(func.count()).where(Event.source == source)) == 0


@rules(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    scheme=st.sampled_from(sorted(schemes.SCHEMES)),
    headers=st.dictionaries(
        st.sampled_from([name.decode() for name in HEADERS]),
        st.one_of(
            st.sampled_from([value.decode("latin-1") for value in ODD if value.isascii()]),
            st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")),
            st.integers().map(str),
        ),
        max_size=8,
    ),
    body=st.one_of(st.sampled_from(BODIES), st.binary(max_size=200)),
    query=st.sampled_from([query for query in QUERIES if query.isascii()]),
    method=st.sampled_from(["POST", "POST", "GET", "PUT"]),
)
def test_nothing_a_stranger_sends_to_any_hook_gets_through_or_breaks_it(
    database: Session,
    of_every_kind: dict[str, Sender],
    scheme: str,
    headers: dict[str, str],
    body: bytes,
    query: str,
    method: str,
) -> None:
    sender = of_every_kind[scheme]
    headers = {name: value for name, value in headers.items() if _can_be_sent(value)}
    path = f"{sender.path}?{query}" if query else sender.path
    answer = sender.front.request(method, path, body=body, headers=headers)
    assert 400 <= answer.status < 500, answer.data
    kept = select(func.count()).where(Event.source == f"hook:{sender.hook_id}")
    assert database.scalar(kept) == 0
    bare = schemes.named(scheme).ANSWERED_BARE and answer.status != 405
    if not bare:
        assert answer.json()["code"] in {
            "signature_missing", "signature_invalid", "signature_stale", "body_invalid",
            "method_not_allowed",
        }  # fmt: skip


def _can_be_sent(value: str) -> bool:
    """Whether a client would write it into a header at all."""
    return not any(ord(character) < 32 for character in value) and len(value) < 8000

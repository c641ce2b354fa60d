"""Senders that want an echo first get it while a person awaits it, and at no other time."""

import json
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from apiflask import APIFlask
from sqlalchemy.orm import Session

from tests.front.conftest import Answer, Sender, SenderMaker
from tests.webhooks import senders
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.webhooks import queries
from wedsync.webhooks.models import Hook
from wedsync.webhooks.schemes import meta

SECRET = "a-shared-secret-of-theirs"
_LOOKS_EVERY_S = 1.1  # the front looks at a hook once a second


def ask_slack(sender: Sender, challenge: str) -> Answer:
    body = json.dumps({"type": "url_verification", "challenge": challenge, "token": "x"})
    headers = senders.by_slack(body, datetime.now(UTC), sender.secret)
    return sender.front.request("POST", sender.path, body=body, headers=headers)


def ask_meta(sender: Sender, challenge: str, token: str | None = None) -> Answer:
    address = f"http://localhost:{sender.front.port}{sender.path}"
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": meta.verify_token(address) if token is None else token,
    }
    return sender.front.request("GET", f"{sender.path}?{urlencode(query)}")


def ask_graph(sender: Sender, challenge: str) -> Answer:
    return sender.front.request(
        "POST", f"{sender.path}?{urlencode({'validationToken': challenge})}"
    )


ASKING = {"slack": ask_slack, "meta": ask_meta, "graph": ask_graph}
EVERY = pytest.mark.parametrize("scheme", sorted(ASKING))


def stop_awaiting(app: APIFlask, sender: Sender) -> None:
    with app.app_context():
        hook = queries.get_hook(sender.organization_id, sender.hook_id)
        hook.handshake_until = clock.now() - timedelta(seconds=1)
        db.session.commit()
    time.sleep(_LOOKS_EVERY_S)


@EVERY
def test_an_awaited_echo_is_plain_text_and_noted(
    database: Session, make_sender: SenderMaker, scheme: str
) -> None:
    sender = make_sender(scheme=scheme, secret=SECRET)
    answer = ASKING[scheme](sender, "Zoë & 3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.data.decode().startswith("Zoë & 3eZ")
    deadline = time.monotonic() + 30
    hook = database.get_one(Hook, sender.hook_id)
    while hook.shaken_at is None:
        assert time.monotonic() < deadline, "it was not noted"
        time.sleep(0.1)
        database.refresh(hook)


@EVERY
def test_an_echo_nobody_awaits_is_refused_and_counted(
    app: APIFlask, make_sender: SenderMaker, scheme: str
) -> None:
    sender = make_sender(scheme=scheme, secret=SECRET)
    stop_awaiting(app, sender)
    answer = ASKING[scheme](sender, "challenge")
    assert (answer.status, answer.json()["code"]) == (400, "handshake_unexpected")
    assert b"challenge" not in answer.data


@EVERY
@pytest.mark.parametrize("challenge", ["x" * 257, "é" * 129, "", "a\nb", "a\u2028b", "a\x00b"])
def test_what_is_long_or_no_plain_text_is_not_echoed(
    make_sender: SenderMaker, scheme: str, challenge: str
) -> None:
    answer = ASKING[scheme](make_sender(scheme=scheme, secret=SECRET), challenge)
    assert 400 <= answer.status < 500
    assert answer.headers["content-type"] == "application/problem+json"


def test_slack_has_to_sign_its_handshake(make_sender: SenderMaker) -> None:
    sender = make_sender(scheme="slack", secret=SECRET)
    body = json.dumps({"type": "url_verification", "challenge": "abc"})
    headers = senders.by_slack(body, datetime.now(UTC), "another-secret")
    answer = sender.front.request("POST", sender.path, body=body, headers=headers)
    assert (answer.status, answer.json()["code"]) == (401, "signature_invalid")


@pytest.mark.parametrize("token", ["", "guess", "0" * 32])
def test_meta_has_to_know_the_words_agreed_on(make_sender: SenderMaker, token: str) -> None:
    answer = ask_meta(make_sender(scheme="meta", secret=SECRET), "1158201444", token)
    assert (answer.status, answer.json()["code"]) == (401, "signature_invalid")


@pytest.mark.parametrize("query", ["x=1", "hub.mode=subscribe", "hub.challenge=1"])
def test_another_question_to_a_hook_of_metas_is_no_handshake(
    make_sender: SenderMaker, query: str
) -> None:
    sender = make_sender(scheme="meta", secret=SECRET)
    answer = sender.front.request("GET", f"{sender.path}?{query}")
    assert (answer.status, answer.json()["code"]) == (401, "signature_missing")


@pytest.mark.parametrize("scheme", ["slack", "graph", "github", "standard_webhooks"])
def test_other_senders_never_use_get(make_sender: SenderMaker, scheme: str) -> None:
    secret = senders.SECRET if scheme == "standard_webhooks" else SECRET
    sender = make_sender(scheme=scheme, secret=secret)
    answer = sender.front.request("GET", f"{sender.path}?hub.mode=subscribe&hub.challenge=1")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_question_at_an_address_nobody_has_is_404(sender: Sender) -> None:
    answer = sender.front.request("GET", f"/hooks/{'a' * 43}?hub.mode=subscribe&hub.challenge=1")
    assert (answer.status, answer.json()["code"]) == (404, "hook_unknown")


def test_a_partner_may_try_the_address_while_it_is_being_told(
    app: APIFlask, make_sender: SenderMaker
) -> None:
    sender = make_sender(scheme="graph", secret=SECRET)
    with app.app_context():
        hook = queries.get_hook(sender.organization_id, sender.hook_id)
        hook.subscription, hook.handshake_until = "wanted", None
        db.session.commit()
    time.sleep(_LOOKS_EVERY_S)
    assert ask_graph(sender, "challenge").data == b"challenge"
    with app.app_context():
        queries.get_hook(sender.organization_id, sender.hook_id).subscription = "on"
        db.session.commit()
    time.sleep(_LOOKS_EVERY_S)
    assert ask_graph(sender, "challenge").json()["code"] == "handshake_unexpected"

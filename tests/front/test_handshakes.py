"""Senders that want an echo first get it while a person awaits it, and at no other time."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.front.conftest import Answer, FrontServer, Sender, SenderMaker
from tests.webhooks import senders
from tests.workers.scene import wait_until
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.webhooks import queries
from wedsync.webhooks.models import Hook, HookRejection
from wedsync.webhooks.schemes import meta

SECRET = "a-shared-secret-of-theirs"


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


def ask_until_refused(scheme: str, sender: Sender) -> list[Answer]:
    """Ask again and again until the front has seen what changed; the answers, in order."""
    answers: list[Answer] = []

    def is_refused() -> bool:
        answers.append(ASKING[scheme](sender, "challenge"))
        return answers[-1].status != 200

    wait_until(is_refused)
    return answers


@EVERY
def test_an_awaited_echo_is_plain_text_and_noted(
    database: Session, make_sender: SenderMaker, scheme: str
) -> None:
    sender = make_sender(scheme=scheme, secret=SECRET)
    answer = ASKING[scheme](sender, "Zoë & 3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.data.decode().startswith("Zoë & 3eZ")
    noted = select(Hook.shaken_at).where(Hook.id == sender.hook_id)
    wait_until(lambda: database.scalar(noted) is not None, seconds=30)


@EVERY
def test_an_echo_nobody_awaits_is_refused_and_counted(
    app: APIFlask,
    database: Session,
    hurried_front: FrontServer,
    make_sender: SenderMaker,
    scheme: str,
) -> None:
    sender = make_sender(hurried_front, scheme=scheme, secret=SECRET)
    stop_awaiting(app, sender)
    refused = [each for each in ask_until_refused(scheme, sender) if each.status != 200]
    refused.append(ASKING[scheme](sender, "challenge"))
    for answer in refused:
        assert (answer.status, answer.json()["code"]) == (400, "handshake_unexpected")
        assert b"challenge" not in answer.data
    counted = select(HookRejection.count).where(
        HookRejection.hook_id == sender.hook_id, HookRejection.code == "handshake_unexpected"
    )
    wait_until(lambda: database.scalar(counted) == len(refused), seconds=30)


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


def test_meta_is_told_that_it_may_use_both(make_sender: SenderMaker) -> None:
    sender = make_sender(scheme="meta", secret=SECRET)
    answer = sender.front.request("PUT", sender.path, body=b"{}")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    asked_nothing = sender.front.request("GET", sender.path)
    assert (asked_nothing.status, asked_nothing.json()["code"]) == (401, "signature_missing")


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
    wait_until(lambda: ask_graph(sender, "challenge").data == b"challenge")
    with app.app_context():
        queries.get_hook(sender.organization_id, sender.hook_id).subscription = "on"
        db.session.commit()
    assert ask_until_refused("graph", sender)[-1].json()["code"] == "handshake_unexpected"

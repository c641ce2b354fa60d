"""A script repeats a POST with its Idempotency-Key: it is done once and answered alike."""

import threading
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.personas import Persona, Script
from wedsync.accounts import api_keys
from wedsync.api.models import RememberedAnswer
from wedsync.events.models import Event
from wedsync.platform.db import db

BODY = {"type": "seating.guest_added", "data": {"guest": "Ana Lee"}}


@pytest.fixture
def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def events_of(database: Session, organization_id: UUID) -> int:
    query = select(func.count()).where(Event.organization_id == organization_id)
    return database.scalar(query) or 0


def test_a_repeated_request_is_answered_alike_and_done_once(
    owner: Persona, database: Session, key: dict[str, str]
) -> None:
    first = owner.api.post("/events", json=BODY, headers=key)
    again = owner.api.post("/events", json=BODY, headers=key)
    assert (again.status_code, again.data) == (202, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert events_of(database, owner.organization_id) == 1


def test_a_secret_is_shown_again_to_who_repeats_and_to_nobody_else(
    owner: Persona, database: Session, key: dict[str, str]
) -> None:
    body = {"name": "h", "scheme": "standard_webhooks"}
    first = owner.api.post("/hooks", json=body, headers=key)
    assert owner.api.post("/hooks", json=body, headers=key).json == first.json
    secret = first.json["secret"].encode()
    kept = database.scalars(select(RememberedAnswer.answer)).all()
    assert kept
    assert not any(secret in bytes(answer) for answer in kept)


def test_headers_are_remembered_too(owner: Persona, key: dict[str, str]) -> None:
    body = {"name": "x", "definition": {}}
    owner.api.post("/workflows", json=body, headers=key)
    assert owner.api.post("/workflows", json=body, headers=key).headers["ETag"] == '"1"'


def test_the_same_key_with_another_body_is_refused(
    owner: Persona, database: Session, key: dict[str, str]
) -> None:
    owner.api.post("/events", json=BODY, headers=key)
    refused = owner.api.post("/events", json=BODY | {"data": 2}, headers=key)
    assert (refused.status_code, refused.json["code"]) == (409, "idempotency_key_reused")
    assert events_of(database, owner.organization_id) == 1


def test_a_key_belongs_to_one_address_and_one_credential(
    app: APIFlask, owner: Persona, editor: Persona, key: dict[str, str]
) -> None:
    first = owner.api.post("/events", json=BODY, headers=key).json
    assert editor.api.post("/events", json=BODY, headers=key).json["id"] != first["id"]
    assert owner.api.post("/workflows", json=BODY, headers=key).status_code == 422


def test_a_refusal_is_not_remembered(owner: Persona, key: dict[str, str]) -> None:
    assert owner.api.post("/events", json={"type": "A", "data": 1}, headers=key).status_code == 422
    assert owner.api.post("/events", json=BODY, headers=key).status_code == 202


def test_twins_at_the_same_moment_become_one(
    owner: Persona, database: Session, key: dict[str, str]
) -> None:
    answers: list[bytes] = []

    def send() -> None:
        answers.append(owner.api.post("/events", json=BODY, headers=key).data)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert events_of(database, owner.organization_id) == 1


def test_a_key_is_free_again_after_a_day(
    app: APIFlask, owner: Persona, database: Session, key: dict[str, str]
) -> None:
    first = owner.api.post("/events", json=BODY, headers=key).json
    database.execute(
        text(
            "UPDATE remembered_answers SET created_at = now() - interval '25 hours'"
            " WHERE organization_id = :id"
        ),
        {"id": owner.organization_id},
    )
    again = owner.api.post("/events", json=BODY | {"data": 2}, headers=key)
    assert again.status_code == 202
    assert again.json["id"] != first["id"]
    assert owner.api.post("/events", json=BODY | {"data": 2}, headers=key).json == again.json


@pytest.mark.parametrize("value", ["", "x" * 256, "caf\xe9"])
def test_a_key_that_is_no_key_is_refused(owner: Persona, value: str) -> None:
    refused = owner.api.post("/events", json=BODY, headers={"Idempotency-Key": value})
    assert (refused.status_code, refused.json["code"]) == (400, "idempotency_key_invalid")


def test_a_huge_body_is_refused_before_it_is_remembered(
    owner: Persona, key: dict[str, str]
) -> None:
    refused = owner.api.post("/events", data=b" " * (1024 * 1024 + 1), headers=key)
    assert refused.status_code == 413


def test_a_key_does_not_open_what_its_scopes_do_not(
    app: APIFlask, owner: Persona, key: dict[str, str]
) -> None:
    with app.app_context():
        _made, raw = api_keys.create(owner.organization_id, "reader", ["events:read"])
        db.session.commit()
    owner.api.post("/events", json=BODY, headers=key)
    refused = Script(app, raw).post("/events", json=BODY, headers=key)
    assert (refused.status_code, refused.json["code"]) == (403, "scope_missing")

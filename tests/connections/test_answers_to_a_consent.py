"""An answer of a provider counts once, for whoever asked, in time, and survives a busy database."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import (
    begin,
    come_back,
    engine_of,
    events_of,
    only,
    wait_until_not_kept_yet,
)
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona, signed_in_browser
from tests.workers.scene import beside, wait_until
from wedsync.accounts import sessions
from wedsync.accounts.models import Organization, User
from wedsync.platform.db import db


def latest_outcome(app: APIFlask, persona: Persona) -> str | None:
    """How the latest attempt of this organization stands."""
    query = text(
        "SELECT outcome FROM authorizations WHERE organization_id = :id ORDER BY id DESC LIMIT 1"
    )
    with engine_of(app).connect() as database:
        outcome: str | None = database.scalar(query, {"id": persona.organization_id})
    return outcome


def changed(location: str, **parameters: str | None) -> str:
    """An address with other parameters."""
    parts = urlsplit(location)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    query.update({name: value for name, value in parameters.items() if value is not None})
    for name, value in parameters.items():
        if value is None:
            query.pop(name, None)
    return parts._replace(query=urlencode(query)).geturl()


def refusals(app: APIFlask, persona: Persona) -> list[str]:
    query = text(
        "SELECT facts ->> 'code' FROM audit_entries WHERE organization_id = :id"
        " AND action = 'connection.answer_refused' ORDER BY id"
    )
    with engine_of(app).connect() as database:
        return list(database.scalars(query, {"id": persona.organization_id}))


def test_an_answer_counts_once(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    come_back(editor, location)
    generation = only(app, editor).generation
    again = come_back(editor, location)
    assert again.status_code == 422
    assert "used before" in words_of(again)
    assert refusals(app, editor) == ["state_used"]
    assert only(app, editor).generation == generation
    assert practice_partner.seen()["families"][0]["revoked"] is None


def test_an_answer_nobody_asked_for_is_refused_and_remembered(
    app: APIFlask, editor: Persona
) -> None:
    answer = editor.browser.get("/oauth/callback/sandbox?state=made-up&code=x")
    assert answer.status_code == 422
    assert refusals(app, editor) == ["state_unknown"]


def test_an_answer_is_bound_to_the_sign_in_that_began_it(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    with app.app_context():
        user = db.session.get_one(User, editor.user_id)
        organization = db.session.get_one(Organization, editor.organization_id)
        other = sessions.begin(user, organization, device="Safari", address="192.0.2.9")
        db.session.commit()
        browser = signed_in_browser(app, other.id)
    parts = urlsplit(location)
    answer = browser.get(f"{parts.path}?{parts.query}")
    assert answer.status_code == 422
    assert refusals(app, editor) == ["state_foreign"]
    # It reached other hands, so it is good for nothing any more.
    assert come_back(editor, location).status_code == 422
    assert only(app, editor).state == "pending"


def test_an_answer_is_bound_to_the_organization_that_began_it(
    app: APIFlask, editor: Persona, stranger: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    assert come_back(stranger, location).status_code == 422
    assert refusals(app, stranger) == ["state_unknown"]
    assert come_back(editor, location).status_code == 303
    assert only(app, editor).state == "active"


def test_an_answer_is_bound_to_its_connector(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    answer = come_back(editor, location.replace("/callback/sandbox", "/callback/rest-oauth"))
    assert answer.status_code == 422
    assert only(app, editor).state == "pending"


def test_an_answer_is_too_late_after_ten_minutes(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    with engine_of(app).begin() as database:
        database.execute(
            text(
                "UPDATE authorizations SET expires_at = now() - interval '1 second'"
                " WHERE organization_id = :id"
            ),
            {"id": editor.organization_id},
        )
    assert come_back(editor, location).status_code == 422
    assert refusals(app, editor) == ["state_expired"]


@pytest.mark.parametrize("issuer", ["https://elsewhere.example", None])
def test_an_answer_of_another_issuer_is_not_used(
    app: APIFlask,
    editor: Persona,
    practice_partner: PracticePartner,
    issuer: str | None,
) -> None:
    location = practice_partner.allow(begin(editor))
    come_back(editor, changed(location, iss=issuer))
    assert only(app, editor).reason["code"] == "issuer_mismatch"
    assert practice_partner.seen()["families"] == []


def test_an_answer_that_comes_twice_at_once_counts_once(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    parts = urlsplit(location)
    browsers = [signed_in_browser(app, editor.sign_in_id) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        statuses = list(
            pool.map(lambda one: one.get(f"{parts.path}?{parts.query}").status_code, browsers)
        )
    assert sorted(statuses) == [303, 422, 422, 422]
    assert only(app, editor).state == "active"
    assert practice_partner.seen()["families"][0]["revoked"] is None


def test_what_a_code_gained_is_not_lost_where_nobody_can_write_it_down_at_once(
    app: APIFlask,
    editor: Persona,
    practice_partner: PracticePartner,
    caplog: pytest.LogCaptureFixture,
) -> None:
    location = practice_partner.allow(begin(editor))
    practice_partner.faults(token_slow_s=2.0)
    with beside(lambda: come_back(editor, location)) as going:
        wait_until(lambda: latest_outcome(app, editor) == "exchanging")
        with engine_of(app).begin() as other:
            lock = text("SELECT 1 FROM connections WHERE id = :id FOR UPDATE")
            other.execute(lock, {"id": only(app, editor).id})
            wait_until_not_kept_yet(caplog)
        assert going.result().status_code == 303
    assert only(app, editor).state == "active"
    assert latest_outcome(app, editor) == "connected"
    assert events_of(app, editor) == ["connection.connected"]


def test_what_was_settled_meanwhile_is_not_settled_again(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    practice_partner.faults(token_slow_s=2.0)
    with beside(lambda: come_back(editor, location)) as going:
        wait_until(lambda: latest_outcome(app, editor) == "exchanging")
        with engine_of(app).begin() as other:
            other.execute(text("UPDATE authorizations SET outcome = 'connected'"))
        going.result()
    assert only(app, editor).state == "pending"
    assert events_of(app, editor) == []

"""V10.1: tokens go where they are needed, and only what we began is taken from a provider."""

from urllib.parse import parse_qs

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.lone_provider import CLIENT_SECRET, CODE, Listed
from tests.connections.renewing import opened, refresh
from tests.connections.ways import begin, engine_of, only
from tests.far_ends.rest_service import Asked
from tests.personas import Persona, signed_in_browser
from wedsync.accounts import sessions
from wedsync.accounts.models import Organization, User
from wedsync.connectors.contract import Access
from wedsync.platform.db import db


def said(asked: Asked) -> str:
    return f"{asked.target} {asked.headers} {asked.body.decode()}"


def test_v10_1_1_a_refresh_token_goes_to_the_token_endpoint_and_an_access_token_to_the_account(
    app: APIFlask, editor: Persona, connector: Listed
) -> None:
    connection_id = connector.connect(editor)
    assert refresh(app, connection_id)
    provider = connector.provider
    assert [asked.path for asked in provider.asked].count("/token") == 2
    with_refresh = [asked for asked in provider.asked if "refresh-" in said(asked)]
    assert [asked.path for asked in with_refresh] == ["/token"]
    assert parse_qs(with_refresh[0].body.decode())["refresh_token"] == ["refresh-1-canary"]
    with_access = [asked for asked in provider.asked if "access-" in said(asked)]
    assert {asked.path for asked in with_access} == {"/me"}
    for asked in with_access:
        assert asked.headers["authorization"] == "Bearer access-1-canary"
        assert "access-" not in asked.target
    assert all(
        "canary-client" not in said(asked) for asked in provider.asked if asked.path == "/me"
    )


def test_v10_1_1_no_token_reaches_a_browser_or_a_script(
    app: APIFlask, editor: Persona, connector: Listed
) -> None:
    connection_id = connector.connect(editor)
    page = f"/connections/{connection_id}"
    paths = ("/connections", page, f"{page}/reconnect", f"{page}/disconnect", "/")
    answers = [editor.browser.get(path) for path in paths]
    answers += [editor.browser.get(page, fragment=True), editor.api.get("/events")]
    for answer in answers:
        assert answer.status_code == 200
        shown = f"{answer.headers} {answer.text}"
        for secret in ("access-1", "refresh-1", CLIENT_SECRET, CODE):
            assert secret not in shown, answer.request.path
    access = opened(app, connection_id)
    assert isinstance(access, Access)
    assert access.credentials["access_token"] == "access-1-canary"


def test_v10_1_2_state_and_challenge_are_of_one_visit(editor: Persona, connector: Listed) -> None:
    visits = [connector.leave(editor) for _ in range(3)]
    for name in ("state", "code_challenge"):
        assert len({visit[name] for visit in visits}) == 3
    assert {visit["code_challenge_method"] for visit in visits} == {"S256"}


def test_v10_1_2_state_and_verifier_are_kept_so_that_nobody_reads_them(
    app: APIFlask, editor: Persona, connector: Listed
) -> None:
    asked = connector.leave(editor)
    query = text("SELECT t::text FROM authorizations t WHERE organization_id = :id")
    with engine_of(app).connect() as database:
        row = database.scalar(query, {"id": editor.organization_id})
    assert asked["state"] not in str(row)
    with editor.browser.session_transaction() as session:
        assert asked["state"] not in str(dict(session))


@pytest.mark.parametrize("who", ["signed in again", "a teammate", "a stranger"])
def test_v10_1_2_a_code_is_taken_from_whoever_left_for_it_alone(
    app: APIFlask, editor: Persona, viewer: Persona, stranger: Persona, connector: Listed, who: str
) -> None:
    state = connector.leave(editor)["state"]
    with app.app_context():
        user = {"a teammate": viewer, "a stranger": stranger}.get(who, editor)
        sign_in = sessions.begin(
            db.session.get_one(User, user.user_id),
            db.session.get_one(Organization, user.organization_id),
            device="Safari",
            address="192.0.2.9",
        )
        db.session.commit()
        browser = signed_in_browser(app, sign_in.id)
    answer = browser.get(
        f"/oauth/callback/{connector.slug}", query_string={"state": state, "code": CODE}
    )
    assert answer.status_code in (403, 422)
    assert connector.provider.tokens_asked() == []


def test_v10_1_2_nobody_who_is_not_signed_in_brings_a_code(
    editor: Persona, connector: Listed
) -> None:
    state = connector.leave(editor)["state"]
    editor.browser.post("/sign-out")
    answer = connector.back(editor, state=state, code=CODE)
    assert answer.location.startswith("/sign-in")
    assert connector.provider.tokens_asked() == []


def test_v10_1_2_an_answer_is_of_the_latest_visit_alone(
    app: APIFlask, editor: Persona, connector: Listed
) -> None:
    """Of one connection: in two tabs the one that left last comes back."""
    first = connector.leave(editor)["state"]
    row = only(app, editor)
    begin(editor, f"/connections/{row.id}/reconnect", client_id="fern", client_secret=CLIENT_SECRET)
    assert connector.back(editor, state=first, code=CODE).status_code == 422
    assert connector.provider.tokens_asked() == []

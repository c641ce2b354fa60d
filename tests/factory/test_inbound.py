"""The inbound check: who reaches a view, and how everybody else is told."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from flask import request

from tests.personas import Browser, Persona, browser_of
from wedsync import api
from wedsync.accounts import api_keys
from wedsync.factory import create_app, inbound
from wedsync.platform.db import db
from wedsync.settings import Settings

Browse = Callable[[Persona], Browser]
Call = Callable[..., Any]


# --- works


def test_reading_needs_a_viewer_and_changing_an_editor(
    browse: Browse, owner: Persona, editor: Persona, viewer: Persona
) -> None:
    for persona, changes in ((owner, 200), (editor, 200), (viewer, 403)):
        browser = browse(persona)
        assert browser.get("/trouble/read").status_code == 200
        assert browser.post("/trouble/change").status_code == changes


def test_a_view_may_ask_for_an_owner_or_for_anybody(
    browse: Browse, owner: Persona, editor: Persona, viewer: Persona
) -> None:
    assert browse(owner).post("/trouble/own").status_code == 200
    assert browse(editor).post("/trouble/own").status_code == 403
    assert browse(viewer).post("/trouble/anybody").status_code == 200


def test_a_key_opens_what_its_scope_says(call: Call, owner: Persona) -> None:
    good = {"name": "Rosa", "age": 61}
    assert call(owner, "/guests", "POST", json=good).json == {"name": "Rosa"}


def test_a_live_page_takes_a_person_or_a_key_that_may_read_its_resource(
    browse: Browse, troubled: APIFlask, owner: Persona, viewer: Persona
) -> None:
    path = "/live/runs/trouble"
    assert browse(viewer).get(path).status_code == 204
    with troubled.app_context():
        keys = [
            api_keys.create(owner.organization_id, "Live", [scope])[1]
            for scope in ("runs:read", "events:read")
        ]
        db.session.commit()
    answers = [
        browser_of(troubled).get(path, headers={"Authorization": f"Bearer {key}"}) for key in keys
    ]
    assert [answer.status_code for answer in answers] == [204, 403]
    assert answers[1].json["code"] == "scope_missing"
    assert browser_of(troubled).get(path).content_type == "application/problem+json"


def test_an_answer_carries_a_strict_policy_with_a_nonce_of_its_own(client: Browser) -> None:
    first, second = (client.get("/sign-in").headers for _ in range(2))
    assert first["Content-Security-Policy"] != second["Content-Security-Policy"]
    assert "default-src 'none'" in first["Content-Security-Policy"]
    assert "unsafe" not in first["Content-Security-Policy"]
    assert first["X-Content-Type-Options"] == "nosniff"
    assert first["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in first


def test_the_nonce_of_the_policy_is_the_one_on_the_pages_scripts(client: Browser) -> None:
    answer = client.get("/sign-in")
    nonce = answer.headers["Content-Security-Policy"].split("'nonce-")[1].partition("'")[0]
    scripts = answer.text.split("<script")[1:]
    assert scripts
    assert all(f'nonce="{nonce}"' in script.partition(">")[0] for script in scripts)


# --- refused


def test_a_page_leads_a_visitor_to_the_door(troubled: APIFlask) -> None:
    answer = browser_of(troubled).get("/trouble/read?a=b")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/trouble/read%3Fa%3Db"


def test_a_visitors_post_does_not_come_back_by_itself(troubled: APIFlask) -> None:
    assert browser_of(troubled).post("/trouble/change").headers["Location"] == "/sign-in"


def test_htmx_is_told_to_leave_the_page(troubled: APIFlask) -> None:
    headers = {"HX-Current-URL": "http://localhost:8000/runs/7?tab=1"}
    answer = browser_of(troubled).get("/trouble/read", fragment=True, headers=headers)
    assert (answer.status_code, answer.data) == (401, b"")
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/runs/7%3Ftab%3D1"


def test_a_page_that_no_browser_shows_is_not_come_back_to(troubled: APIFlask) -> None:
    headers = {"HX-Current-URL": "https://[::1"}
    answer = browser_of(troubled).get("/trouble/read", fragment=True, headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_the_api_answers_a_visitor_with_a_problem(troubled: APIFlask) -> None:
    answer = browser_of(troubled).get(f"{api.BASE_PATH}/workflows/trouble/conflict")
    assert (answer.status_code, answer.json["code"]) == (401, "api_key_missing")
    assert answer.content_type == "application/problem+json"


def test_a_signed_in_browser_cannot_use_the_api_by_its_cookie(
    browse: Browse, owner: Persona
) -> None:
    path = f"{api.BASE_PATH}/workflows/trouble/guests"
    assert browse(owner).post(path, json={"name": "Rosa", "age": 61}).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"X-CSRFToken": "made-up"}, {"X-CSRFToken": ""}])
def test_a_change_without_its_token_is_a_400_page(
    browse: Browse, owner: Persona, headers: dict[str, str]
) -> None:
    answer = browse(owner).post("/trouble/change", csrf=False, headers=headers)
    assert answer.status_code == 400
    assert "nothing was changed" in answer.text


def test_a_token_of_another_browser_does_not_fit(
    browse: Browse, owner: Persona, stranger: Persona
) -> None:
    theirs = browse(stranger)
    with theirs.session_transaction() as session:
        session["csrf_token"] = "f" * 40
    token = {"X-CSRFToken": theirs._csrf_token()}
    mine = browse(owner)
    mine.post("/trouble/anybody")
    assert mine.post("/trouble/change", csrf=False, headers=token).status_code == 400


def test_the_role_is_named_to_who_lacks_it(browse: Browse, viewer: Persona) -> None:
    answer = browse(viewer).post("/trouble/own")
    assert answer.status_code == 403
    assert "This is for owners." in answer.text


def test_a_cookie_of_another_installation_opens_nothing(
    settings: Settings, owner: Persona, troubled: APIFlask
) -> None:
    other = create_app(dataclasses.replace(settings, master_keys=(bytes(32),)), pool_size=1)
    forged = other.session_interface.get_signing_serializer(other)
    assert forged is not None
    browser = browser_of(troubled)
    browser.set_cookie("session", str(forged.dumps({"_user_id": str(owner.sign_in_id)})))
    assert browser.get("/trouble/read").status_code == 303


@pytest.mark.parametrize("name", ["nonsense", "", "00000000-0000-0000-0000-000000000000"])
def test_a_cookie_that_names_no_sign_in_opens_nothing(troubled: APIFlask, name: str) -> None:
    browser = browser_of(troubled)
    with browser.session_transaction() as session:
        session["_user_id"] = name
    assert browser.get("/trouble/read").status_code == 303


def test_every_public_route_exists_or_is_not_built_yet(app: APIFlask) -> None:
    assert {name for name in inbound.PUBLIC if name not in app.view_functions} <= {
        "health.healthz",
        "health.readyz",
    }


# --- behind https and proxies


@pytest.fixture
def public_app(settings: Settings) -> Any:
    """The app as it stands behind one proxy that speaks https."""
    behind = dataclasses.replace(settings, public_url="https://wedsync.example", proxy_hops=1)
    app = create_app(behind, pool_size=1)
    yield app
    with app.app_context():
        db.engine.dispose()


def test_behind_https_the_cookie_is_bound_to_the_host_and_the_answer_says_so(
    public_app: APIFlask,
) -> None:
    answer = public_app.test_client().get("/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_only_the_hop_that_is_ours_is_believed(public_app: APIFlask) -> None:
    seen = {}

    @public_app.before_request
    def note() -> None:
        seen["address"], seen["secure"] = request.remote_addr, request.is_secure

    forwarded = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"}
    public_app.test_client().get("/sign-in", headers=forwarded)
    assert seen == {"address": "198.51.100.7", "secure": True}


def test_without_a_proxy_nobody_chooses_their_own_address(client: Browser, app: APIFlask) -> None:
    answer = client.get("/sign-in", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in answer.text

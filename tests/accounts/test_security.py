"""One's own sign-ins and password."""

from datetime import UTC, datetime, timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.accounts.ways import audited, sign_in
from tests.letters import letter_to
from tests.personas import Browser, Persona, browser_of
from wedsync.accounts import devices
from wedsync.accounts.models import SignIn, SignInFailure
from wedsync.platform import clock

NEW = "an orchard after the rain"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def phone(owner: Persona) -> Browser:
    """The owner's second device."""
    browser = browser_of(owner.browser.application)
    browser.post(
        "/sign-in",
        data={"email": owner.email, "password": owner.password},
        headers={"User-Agent": IPHONE},
    )
    return browser


def _phone_sign_in(database: Session, owner: Persona) -> SignIn:
    others = select(SignIn).where(SignIn.user_id == owner.user_id, SignIn.id != owner.sign_in_id)
    return database.scalars(others).one()


def _change_password(by: Browser, current: str, new: str = NEW) -> int:
    form = {"current": current, "new": new}
    return by.post("/settings/security/password", data=form).status_code


# --- works


def test_both_devices_are_listed_in_words_and_this_one_is_marked(
    owner: Persona, phone: Browser
) -> None:
    page = owner.browser.get("/settings/security").text
    assert "You are signed in on 2 devices." in page
    assert "Safari on iPhone" in page
    assert page.count("This one") == 1


def test_signing_out_the_phone_ends_it_at_once(
    owner: Persona, phone: Browser, database: Session
) -> None:
    assert phone.get("/settings").status_code == 200
    ended = _phone_sign_in(database, owner)
    answer = owner.browser.post(f"/settings/sign-ins/{ended.id}/revoke")
    assert answer.headers["Location"] == "/settings/security"
    assert phone.get("/settings").headers["Location"].startswith("/sign-in")
    assert audited(database, owner.organization_id, ended.id) == [
        "sign_in.started",
        "sign_in.ended",
    ]


def test_everywhere_else_is_signed_out_and_this_one_stays(owner: Persona, phone: Browser) -> None:
    owner.browser.post("/settings/sign-ins/revoke-others")
    assert phone.get("/settings").status_code == 303
    assert owner.browser.get("/settings").status_code == 200


def test_ending_ones_own_sign_in_leads_to_the_door(owner: Persona) -> None:
    answer = owner.browser.post(f"/settings/sign-ins/{owner.sign_in_id}/revoke")
    assert answer.headers["Location"] == "/sign-in"
    assert owner.browser.get("/settings").status_code == 303


def test_a_new_password_replaces_the_old_and_signs_other_devices_out(
    owner: Persona, phone: Browser, client: Browser, database: Session
) -> None:
    assert _change_password(owner.browser, owner.password) == 303
    assert phone.get("/settings").status_code == 303
    assert owner.browser.get("/settings").status_code == 200
    assert sign_in(client, owner.email, owner.password).status_code == 422
    assert sign_in(client, owner.email, NEW).status_code == 303
    assert audited(database, owner.organization_id, owner.user_id) == ["user.password_changed"]


def test_a_viewer_looks_after_their_own_password(viewer: Persona) -> None:
    assert _change_password(viewer.browser, viewer.password) == 303


def test_being_seen_is_noted_once_a_minute(
    owner: Persona, database: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = database.get_one(SignIn, owner.sign_in_id).last_seen_at
    owner.browser.get("/settings")
    database.expire_all()
    assert database.get_one(SignIn, owner.sign_in_id).last_seen_at == first
    later = datetime.now(UTC) + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    owner.browser.get("/settings")
    database.expire_all()
    assert database.get_one(SignIn, owner.sign_in_id).last_seen_at == later


@pytest.mark.parametrize(
    ("idle_days", "answer"), [(13, 200), (15, 303)], ids=["two weeks less a day", "a day more"]
)
def test_a_sign_in_nobody_uses_for_two_weeks_ends(
    owner: Persona, monkeypatch: pytest.MonkeyPatch, idle_days: int, answer: int
) -> None:
    later = datetime.now(UTC) + timedelta(days=idle_days)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert owner.browser.get("/settings").status_code == answer


def test_a_sign_in_ends_after_thirty_days_however_much_it_is_used(
    owner: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for days in (10, 20, 29, 31):
        later = datetime.now(UTC) + timedelta(days=days)
        monkeypatch.setattr(clock, "now", lambda later=later: later)
        answers.append(owner.browser.get("/settings").status_code)
    assert answers == [200, 200, 200, 303]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (IPHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/156.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0", "Edge on Windows"),
        ("Mozilla/5.0 (Android 16; Mobile; rv:140.0) Firefox/140.0", "Firefox on Android"),
        ("curl/8.5", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_device_is_named_as_people_know_it(header: str, words: str) -> None:
    assert devices.described(header) == words


# --- refused


def test_the_old_password_must_be_right_and_the_new_one_good(
    owner: Persona, client: Browser
) -> None:
    assert _change_password(owner.browser, "not the one I have") == 422
    assert _change_password(owner.browser, owner.password, "short") == 422
    assert _change_password(owner.browser, owner.password, "") == 422
    assert sign_in(client, owner.email, owner.password).status_code == 303


def test_guessing_the_password_one_has_is_counted_as_at_the_door(
    owner: Persona, client: Browser, database: Session
) -> None:
    answers = [_change_password(owner.browser, "guess after guess") for _ in range(8)]
    assert answers == [422] * 8
    assert _change_password(owner.browser, owner.password) == 429
    assert sign_in(client, owner.email).status_code == 429
    failures = select(func.count()).where(SignInFailure.email == owner.email)
    assert database.scalar(failures) == 8


def test_a_changed_password_is_told_by_e_mail(app: APIFlask, owner: Persona) -> None:
    _change_password(owner.browser, owner.password)
    told = letter_to(app, owner.email, "password_changed")
    assert told.link == "/forgotten"
    assert NEW not in told.text


def test_nobody_ends_a_sign_in_of_somebody_else(
    owner: Persona, editor: Persona, stranger: Persona
) -> None:
    for other in (editor, stranger):
        path = f"/settings/sign-ins/{owner.sign_in_id}/revoke"
        assert other.browser.post(path).status_code == 404
    assert owner.browser.get("/settings").status_code == 200

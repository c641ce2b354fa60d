"""Signing in with a password."""

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.accounts.ways import at_once, audited, sign_in
from tests.personas import PASSWORD, Browser, Persona, browser_of
from wedsync.accounts.models import Membership, SignIn, SignInFailure
from wedsync.platform import clock


def _failures(database: Session, email: str) -> int:
    failures = select(func.count()).where(SignInFailure.email == email)
    return database.scalar(failures) or 0


# --- works


def test_signing_in_leads_home_with_a_sign_in_that_is_listed(
    client: Browser, owner: Persona, database: Session
) -> None:
    answer = sign_in(client, owner.email)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    started = database.scalars(
        select(SignIn).where(SignIn.user_id == owner.user_id, SignIn.id != owner.sign_in_id)
    ).one()
    assert started.organization_id == owner.organization_id
    assert audited(database, owner.organization_id, started.id) == ["sign_in.started"]
    assert client.get("/settings").status_code == 200


def test_the_email_is_known_in_any_case_and_with_spaces_around_it(
    client: Browser, owner: Persona
) -> None:
    assert sign_in(client, f"  {owner.email.upper()} ").status_code == 303


def test_one_goes_on_where_one_was_going(client: Browser, owner: Persona) -> None:
    asked = client.get("/settings/security")
    assert (asked.status_code, asked.headers["Location"]) == (
        303,
        "/sign-in?next=/settings/security",
    )
    assert sign_in(client, owner.email, to="/settings/security").headers["Location"] == (
        "/settings/security"
    )


def test_what_was_asked_for_keeps_its_own_question_marks(client: Browser) -> None:
    asked = client.get("/settings?a=1&b=2")
    assert asked.headers["Location"] == "/sign-in?next=/settings%3Fa%3D1%26b%3D2"


def test_somebody_signed_in_already_is_sent_on(owner: Persona) -> None:
    for door in ("/sign-in", "/sign-up"):
        assert owner.browser.get(f"{door}?next=/settings").headers["Location"] == "/settings"


def test_the_cookie_is_a_fresh_one_and_keeps_nothing_of_the_visitor_before(
    client: Browser, owner: Persona
) -> None:
    with client.session_transaction() as before:
        before["left_over"] = "planted"
    sign_in(client, owner.email)
    with client.session_transaction() as after:
        assert "left_over" not in after
        assert "csrf_token" not in after
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_signing_out_ends_the_sign_in_and_not_the_cookie_only(
    client: Browser, owner: Persona
) -> None:
    sign_in(client, owner.email)
    kept = client.get_cookie("session")
    assert client.post("/sign-out").headers["Location"] == "/sign-in"
    assert kept is not None
    client.set_cookie("session", kept.value)
    assert client.get("/settings").status_code == 303


# --- refused


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example/x",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/%09/evil.example",
        "evil.example",
        "",
    ],
)
def test_nobody_is_sent_to_another_site(client: Browser, owner: Persona, elsewhere: str) -> None:
    assert sign_in(client, owner.email, to=elsewhere).headers["Location"] == "/"


def test_a_wrong_password_is_refused_in_the_words_of_an_unknown_email_and_remembered(
    client: Browser, owner: Persona, database: Session
) -> None:
    wrong = sign_in(client, owner.email, "not this one at all")
    unknown = sign_in(client, "nobody-at-all@example.com", "not this one at all")
    words = "This e-mail and password do not go together."
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert words in wrong.text
    assert words in unknown.text
    assert _failures(database, owner.email) == 1
    assert client.get("/settings").status_code == 303


def test_an_unknown_email_takes_as_long_as_a_known_one(
    client: Browser, owner: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    real = PasswordHasher.verify

    def verify(hasher: PasswordHasher, password_hash: str, password: str) -> bool:
        checked.append(password_hash.rsplit("$", 2)[0])  # kind and cost, without salt and hash
        return bool(real(hasher, password_hash, password))

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    sign_in(client, owner.email, "not this one at all")
    sign_in(client, "nobody-here@example.com", "not this one at all")
    assert checked == ["$argon2id$v=19$m=47104,t=1,p=1"] * 2


def test_an_empty_form_says_what_is_missing(client: Browser) -> None:
    answer = client.post("/sign-in", data={})
    assert answer.status_code == 422
    assert "Which e-mail do you sign in with?" in answer.text
    assert "Type your password." in answer.text


def test_the_ninth_guess_waits_even_with_the_right_password(
    client: Browser, owner: Persona, database: Session
) -> None:
    for _ in range(8):
        assert sign_in(client, owner.email, "guess after guess").status_code == 422
    ninth = sign_in(client, owner.email)
    assert (ninth.status_code, ninth.headers["Retry-After"]) == (429, "900")
    assert "Wait a quarter of an hour" in ninth.text
    assert _failures(database, owner.email) == 8


def test_after_a_quarter_of_an_hour_the_right_password_works_again(
    client: Browser, owner: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(8):
        sign_in(client, owner.email, "guess after guess")
    later = datetime.now(UTC) + timedelta(minutes=15, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert sign_in(client, owner.email).status_code == 303


def test_one_address_cannot_go_through_many_emails(
    client: Browser, owner: Persona, database: Session
) -> None:
    spoofed = {"REMOTE_ADDR": "203.0.113.77"}
    database.add_all(
        SignInFailure(email=f"victim-{number}@example.com", address="203.0.113.77")
        for number in range(30)
    )
    database.commit()
    form = {"email": owner.email, "password": PASSWORD}
    assert client.post("/sign-in", data=form, environ_base=spoofed).status_code == 429
    assert client.post("/sign-in", data=form).status_code == 303


def test_a_success_forgets_the_failures_of_its_email(
    client: Browser, owner: Persona, database: Session
) -> None:
    sign_in(client, owner.email, "not this one at all")
    sign_in(client, owner.email)
    assert _failures(database, owner.email) == 0


def test_a_form_without_its_token_is_a_400_page_and_signs_nobody_in(
    client: Browser, owner: Persona
) -> None:
    form = {"email": owner.email, "password": PASSWORD}
    answer = client.post("/sign-in", data=form, csrf=False)
    assert answer.status_code == 400
    assert "Reload it and try again" in answer.text
    assert client.get("/settings").status_code == 303


def test_a_nul_in_the_form_is_a_refusal_and_not_a_failure_of_ours(client: Browser) -> None:
    assert sign_in(client, "a\x00b@example.com", "x\x00y").status_code == 422


def test_somebody_without_a_team_cannot_come_in(
    client: Browser, owner: Persona, editor: Persona, database: Session
) -> None:
    member = select(Membership.id).where(Membership.user_id == editor.user_id)
    owner.browser.post(f"/settings/members/{database.scalar(member)}/remove")
    answer = sign_in(client, editor.email)
    assert answer.status_code == 422
    assert "not in a team any more" in answer.text


# --- at the same time


def test_many_guesses_at_once_are_counted_as_many(owner: Persona, database: Session) -> None:
    app = owner.browser.application

    def guess() -> int:
        """On a full machine one may wait too long for its turn, and is told to try again."""
        for _ in range(20):
            status = sign_in(browser_of(app), owner.email, "guess after guess").status_code
            if status != 503:
                break
        return status

    statuses = at_once(*[guess] * 12)
    assert statuses.count(422) == 8
    assert statuses.count(429) == 4
    assert _failures(database, owner.email) == 8

"""An e-mail is its person's own once they opened the link we sent there."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.accounts.ways import at_once, audited, invite, sign_up
from tests.letters import letter_to, letters_to
from tests.personas import Browser, Persona, browser_of, signed_in_browser
from wedsync.accounts.models import Membership, User
from wedsync.platform import clock

BANNER = "your e-mail?"


@pytest.fixture
def newcomer(app: APIFlask, client: Browser, request: pytest.FixtureRequest) -> str:
    """The e-mail of somebody who has just begun; `client` is their browser."""
    email = f"new-{abs(hash(request.node.name)):x}@example.com"
    assert sign_up(client, email).status_code == 303
    return email


def confirmed(database: Session, email: str) -> bool:
    database.expire_all()
    return (
        database.scalars(select(User).where(User.email == email)).one().email_confirmed_at
        is not None
    )


# --- works


def test_who_begins_is_sent_a_link_and_the_link_confirms_their_e_mail(
    app: APIFlask, client: Browser, newcomer: str, database: Session
) -> None:
    (letter,) = letters_to(app, newcomer)
    assert (letter.kind, letter.subject) == ("confirm_email", "Is this your e-mail?")
    assert "Hello Imogen Hart," in letter.text
    page = client.get(letter.link)
    assert newcomer in page.text
    assert page.headers["Cache-Control"] == "no-store"
    answer = client.post(letter.link)
    assert (answer.status_code, answer.location) == (303, "/")
    assert confirmed(database, newcomer)
    user = database.scalars(select(User).where(User.email == newcomer)).one()
    team = database.scalars(select(Membership).where(Membership.user_id == user.id)).one()
    assert audited(database, team.organization_id, user.id) == ["user.email_confirmed"]


def test_the_link_works_in_a_browser_nobody_is_signed_in_with(
    app: APIFlask, newcomer: str, database: Session
) -> None:
    elsewhere = browser_of(app)
    answer = elsewhere.post(letter_to(app, newcomer, "confirm_email").link)
    assert answer.location == "/sign-in"
    assert f"{newcomer} is confirmed" in elsewhere.get("/sign-in").text
    assert confirmed(database, newcomer)


def test_a_scanner_that_follows_the_link_confirms_nothing(
    app: APIFlask, newcomer: str, database: Session
) -> None:
    link = letter_to(app, newcomer, "confirm_email").link
    for _ in range(3):
        assert browser_of(app).get(link).status_code == 200
        assert browser_of(app).head(link).status_code == 200
    assert not confirmed(database, newcomer)
    assert browser_of(app).post(link).status_code == 303


def test_pages_ask_until_the_e_mail_is_confirmed(
    mailing_app: APIFlask, owner: Persona, database: Session
) -> None:
    browser = signed_in_browser(mailing_app, owner.sign_in_id)
    places = ("/", "/settings", "/settings/security", "/settings/api-keys")
    assert not any(BANNER in browser.get(place).text for place in places)
    _unconfirm(database, owner)
    for place in places:
        page = browser.get(place).text
        assert f"Is {owner.email} your e-mail?" in page, place
        assert 'action="/settings/confirm-email"' in page, place
    answer = browser.post("/settings/confirm-email")
    assert answer.location == "/settings/security"
    browser.post(letter_to(mailing_app, owner.email, "confirm_email").link)
    assert not any(BANNER in browser.get(place).text for place in places)


def test_without_a_mail_server_nobody_is_asked_for_what_they_cannot_do(
    owner: Persona, client: Browser, database: Session
) -> None:
    _unconfirm(database, owner)
    assert BANNER not in owner.browser.get("/settings").text
    assert "has no mail server yet" in client.get("/forgotten").text


def test_somebody_new_in_a_team_is_asked_too(
    app: APIFlask, owner: Persona, client: Browser
) -> None:
    link = invite(owner, "joins-and-confirms@example.com")
    client.post(link, data={"name": "Priya Nair", "password": "a lantern in the garden"})
    kinds = [letter.kind for letter in letters_to(app, "joins-and-confirms@example.com")]
    assert kinds == ["invitation", "confirm_email"]


def test_a_viewer_confirms_their_own(app: APIFlask, viewer: Persona, database: Session) -> None:
    _unconfirm(database, viewer)
    assert viewer.browser.post("/settings/confirm-email").status_code == 303
    assert letter_to(app, viewer.email, "confirm_email").kind == "confirm_email"


@pytest.mark.parametrize(
    ("asked_from", "goes_to"),
    [("/", "/"), ("/settings/team", "/settings/team"), ("https://elsewhere.example/", "/")],
)
def test_asking_again_comes_back_to_where_it_was_asked(
    viewer: Persona, database: Session, asked_from: str, goes_to: str
) -> None:
    _unconfirm(database, viewer)
    answer = viewer.browser.post("/settings/confirm-email", data={"next": asked_from})
    assert answer.location == goes_to


def test_a_confirmed_e_mail_is_not_written_to_again(app: APIFlask, owner: Persona) -> None:
    assert owner.browser.post("/settings/confirm-email").status_code == 303
    assert letters_to(app, owner.email) == []


def test_who_confirms_is_told_who_was_let_in_before(
    app: APIFlask, client: Browser, newcomer: str, database: Session
) -> None:
    let_in = "people or keys were let into your team"
    form = {"email": f"let-in-{newcomer}", "role": "owner"}
    page = client.post("/settings/invitations", data=form).text
    found = re.search(r"/invitations/wsi_\w+", page)
    assert found
    other = browser_of(app)
    other.post(found.group(), data={"name": "Mallory", "password": "a lantern in the garden"})
    other.post(letter_to(app, f"let-in-{newcomer}", "confirm_email").link)
    assert let_in not in other.get("/settings").text  # it is not the team they began
    client.post(letter_to(app, newcomer, "confirm_email").link)
    page = client.get("/settings").text
    assert let_in in page
    assert '<a href="/settings/api-keys">your API keys</a>' in page


# --- refused


def test_a_used_link_is_gone(app: APIFlask, client: Browser, newcomer: str) -> None:
    link = letter_to(app, newcomer, "confirm_email").link
    client.post(link)
    for answer in (client.get(link), client.post(link)):
        assert answer.status_code == 410
        assert "used already" in answer.text


def test_a_link_is_gone_after_a_day(
    app: APIFlask,
    client: Browser,
    newcomer: str,
    database: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link = letter_to(app, newcomer, "confirm_email").link
    later = datetime.now(UTC) + timedelta(hours=24, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.post(link).status_code == 410
    assert not confirmed(database, newcomer)


def test_a_link_to_an_e_mail_they_left_confirms_nothing(
    app: APIFlask, client: Browser, newcomer: str, database: Session
) -> None:
    link = letter_to(app, newcomer, "confirm_email").link
    database.execute(
        text("UPDATE users SET email = 'moved-' || email WHERE email = :email"),
        {"email": newcomer},
    )
    assert client.post(link).status_code == 410
    assert not confirmed(database, f"moved-{newcomer}")


def test_a_link_of_one_person_confirms_nobody_else(
    app: APIFlask, newcomer: str, stranger: Persona, database: Session
) -> None:
    _unconfirm(database, stranger)
    stranger.browser.post(letter_to(app, newcomer, "confirm_email").link)
    assert confirmed(database, newcomer)
    assert not confirmed(database, stranger.email)


@pytest.mark.parametrize("token", ["wse_short", "nonsense", "wse_" + "A" * 46])
def test_a_made_up_link_is_not_found(client: Browser, token: str) -> None:
    assert client.get(f"/confirm-email/{token}").status_code == 404
    assert client.post(f"/confirm-email/{token}").status_code == 404


def test_asking_again_and_again_is_too_often(
    app: APIFlask, editor: Persona, database: Session
) -> None:
    _unconfirm(database, editor)
    answers = [editor.browser.post("/settings/confirm-email") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "900"
    assert len(letters_to(app, editor.email)) == 5


# --- at the same time


def test_of_two_who_open_one_link_at_once_one_confirms(app: APIFlask, newcomer: str) -> None:
    link = letter_to(app, newcomer, "confirm_email").link
    answers = at_once(*[lambda: browser_of(app).post(link).status_code for _ in range(3)])
    assert sorted(answers) == [303, 410, 410]


def _unconfirm(database: Session, person: Persona) -> None:
    database.execute(
        text("UPDATE users SET email_confirmed_at = NULL WHERE id = :id"), {"id": person.user_id}
    )

"""Back in without the password: asked for at the door, answered by e-mail, done once."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.accounts.ways import at_once, audited, sign_in
from tests.letters import answer_who_forgot, letter_to, letters_to
from tests.personas import Browser, Persona, browser_of
from tests.statements import statements_asked
from tests.workers.scene import wait_until, worker_of
from wedsync.accounts import api_keys
from wedsync.accounts.models import Knock, PersonLink, User
from wedsync.migrations import tables
from wedsync.platform import clock
from wedsync.platform.db import db
from workers import bells
from workers.drains import start_drains

_EARLIER = text(
    "UPDATE person_links SET created_at = created_at - interval '2 minutes' WHERE user_id = :id"
)
NEW = "an orchard after the rain"


def ask(browser: Browser, email: str, address: str = "127.0.0.1") -> TestResponse:
    return browser.post("/forgotten", data={"email": email}, environ_base={"REMOTE_ADDR": address})


def choose(browser: Browser, link: str, new: str = NEW) -> TestResponse:
    return browser.post(link, data={"new": new})


@pytest.fixture
def new_link(app: APIFlask, owner: Persona) -> Callable[[], str]:
    """Have the owner forget their password; the path of the link they are sent."""

    def forget() -> str:
        """As if the link before had come a while ago."""
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(_EARLIER, {"id": owner.user_id})
        assert ask(browser_of(app), owner.email.upper()).status_code == 200
        answer_who_forgot(app)
        return letter_to(app, owner.email, "password_reset").link

    return forget


@pytest.fixture
def link(new_link: Callable[[], str]) -> str:
    return new_link()


# --- works


def test_who_forgot_sets_a_new_password_by_the_link_in_their_e_mail(
    app: APIFlask, owner: Persona, client: Browser, link: str, database: Session
) -> None:
    page = client.get(link)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert owner.email in page.text
    answer = choose(client, link)
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert "Your new password is set" in client.get("/sign-in").text
    assert sign_in(client, owner.email, owner.password).status_code == 422
    assert sign_in(client, owner.email, NEW).status_code == 303
    assert "user.password_reset" in audited(database, owner.organization_id, owner.user_id)


def test_every_device_is_signed_out_and_the_person_is_told(
    app: APIFlask, owner: Persona, client: Browser, link: str
) -> None:
    assert owner.browser.get("/settings").status_code == 200
    choose(client, link)
    assert owner.browser.get("/settings").location.startswith("/sign-in")
    told = letter_to(app, owner.email, "password_changed")
    assert (told.subject, told.link) == ("Your password was changed", "/forgotten")


def test_a_link_that_came_by_e_mail_shows_that_the_e_mail_is_theirs(
    owner: Persona, client: Browser, link: str, database: Session
) -> None:
    database.execute(
        text("UPDATE users SET email_confirmed_at = NULL WHERE id = :id"), {"id": owner.user_id}
    )
    choose(client, link)
    assert database.get_one(User, owner.user_id).email_confirmed_at is not None


def test_looking_at_the_link_does_not_spend_it(client: Browser, link: str) -> None:
    for _ in range(3):
        assert client.get(link).status_code == 200
    assert choose(client, link).status_code == 303


def test_a_new_password_opens_the_door_that_guessing_had_shut(
    owner: Persona, client: Browser, link: str
) -> None:
    for _ in range(8):
        sign_in(client, owner.email, "guess after guess")
    choose(client, link)
    assert sign_in(client, owner.email, NEW).status_code == 303


LET_IN = "people or keys were let into your team"


def test_who_first_shows_the_e_mail_is_theirs_is_told_who_was_let_in_before(
    app: APIFlask, owner: Persona, client: Browser, new_link: Callable[[], str], database: Session
) -> None:
    unconfirmed = text("UPDATE users SET email_confirmed_at = NULL WHERE id = :id")
    database.execute(unconfirmed, {"id": owner.user_id})
    revoked = text("UPDATE api_keys SET revoked_at = now() WHERE organization_id = :id")
    database.execute(revoked, {"id": owner.organization_id})
    choose(client, new_link())
    assert LET_IN not in client.get("/sign-in").text
    database.execute(unconfirmed, {"id": owner.user_id})
    with app.app_context():
        api_keys.create(owner.organization_id, "Theirs", ["*"])
        db.session.commit()
    choose(client, new_link())
    page = client.get("/sign-in").text
    assert LET_IN in page
    assert 'href="/settings/api-keys"' in page
    choose(client, new_link())
    assert LET_IN not in client.get("/sign-in").text


# --- nobody learns who has an account


def test_the_answer_is_the_same_whether_the_e_mail_has_an_account_or_not(
    app: APIFlask, owner: Persona, client: Browser
) -> None:
    answer_who_forgot(app)  # whoever an earlier test left waiting
    unknown = owner.email.replace("imogen", "nobody")
    known_page, unknown_page = ask(client, owner.email), ask(client, unknown)
    assert known_page.status_code == unknown_page.status_code == 200
    assert _without_nonce(known_page.text.replace(owner.email, "")) == _without_nonce(
        unknown_page.text.replace(unknown, "")
    )
    assert answer_who_forgot(app) == 2
    assert letters_to(app, unknown) == []


def test_the_request_does_the_same_for_both_so_its_time_tells_nothing(
    app: APIFlask, owner: Persona, client: Browser
) -> None:
    said: dict[str, list[str]] = {}
    for email in (owner.email, "nobody-at-all@example.com"):
        with statements_asked(app) as said[email]:
            ask(client, email)
    known, unknown = said.values()
    assert known == unknown
    assert not any("users" in statement for statement in known)


def test_an_answer_waits_for_the_drain_and_is_given_once(
    app: APIFlask, owner: Persona, client: Browser
) -> None:
    answer_who_forgot(app)  # whoever an earlier test left waiting
    ask(client, owner.email)
    assert letters_to(app, owner.email) == []
    rounds = at_once(*[lambda: answer_who_forgot(app)] * 3)
    assert sum(rounds) == 1
    assert len(letters_to(app, owner.email)) == 1


def test_a_worker_answers_within_a_moment(
    app: APIFlask,
    empty_database: None,
    owner: Persona,
    client: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopping = threading.Event()
    monkeypatch.setattr(bells, "_drains", {})
    with worker_of(app) as worker:
        drains = start_drains(app, worker.owner, stopping)
        try:
            ask(client, owner.email)
            wait_until(lambda: len(letters_to(app, owner.email)) == 1, 5)
        finally:
            stopping.set()
            for drain in drains:
                drain.join(5)
            worker.runtime.wake.prefer(lambda _lane: False)
    assert client.get(letter_to(app, owner.email, "password_reset").link).status_code == 200


# --- refused


def test_a_used_link_is_gone_and_says_where_a_new_one_is(client: Browser, link: str) -> None:
    choose(client, link)
    for answer in (client.get(link), choose(client, link, "a second new password")):
        assert answer.status_code == 410
        assert "used already" in answer.text
        assert 'href="/forgotten"' in answer.text


def test_using_one_link_spends_the_others(client: Browser, new_link: Callable[[], str]) -> None:
    first, second = new_link(), new_link()
    assert client.get(first).status_code == client.get(second).status_code == 200
    choose(client, second)
    assert choose(client, first).status_code == 410


def test_a_link_is_gone_after_half_an_hour(
    client: Browser, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime.now(UTC) + timedelta(minutes=30, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "too old" in client.get(link).text
    assert choose(client, link).status_code == 410


def test_a_link_sent_to_an_e_mail_they_left_is_gone(
    owner: Persona, client: Browser, link: str, database: Session
) -> None:
    database.execute(
        text("UPDATE users SET email = 'moved-' || email WHERE id = :id"), {"id": owner.user_id}
    )
    assert "sent to another e-mail" in client.get(link).text
    assert choose(client, link).status_code == 410
    assert sign_in(client, f"moved-{owner.email}").status_code == 303


def test_a_weak_password_does_not_spend_the_link(client: Browser, link: str) -> None:
    for weak in ("short", "", "password1234"):
        assert choose(client, link, weak).status_code == 422
    assert choose(client, link).status_code == 303


@pytest.mark.parametrize("token", ["wsr_short", "nonsense", "wsr_" + "A" * 46])
def test_a_made_up_link_is_not_found(client: Browser, token: str) -> None:
    assert client.get(f"/new-password/{token}").status_code == 404
    assert choose(client, f"/new-password/{token}").status_code == 404


def test_a_link_for_one_thing_does_nothing_else(client: Browser, link: str) -> None:
    token = link.rpartition("/")[2]
    assert client.post(f"/confirm-email/{token}").status_code == 404
    assert client.post(f"/invitations/{token}").status_code == 404


def test_a_form_without_its_token_changes_nothing(client: Browser, link: str) -> None:
    assert client.post(link, data={"new": NEW}, csrf=False).status_code == 400
    assert client.get(link).status_code == 200


@pytest.mark.parametrize("email", ["", "imogen", "a\x00b@example.com", f"{'x' * 250}@example.com"])
def test_an_e_mail_that_cannot_be_one_is_refused(client: Browser, email: str) -> None:
    assert ask(client, email).status_code == 422


def test_the_sixth_time_in_an_hour_is_too_often_for_anybody(
    app: APIFlask, owner: Persona, client: Browser
) -> None:
    for email in (owner.email, "nobody-often@example.com"):
        answers = [ask(client, email, "203.0.113.81") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[-1].headers["Retry-After"] == "3600"
    answer_who_forgot(app)
    assert len(letters_to(app, owner.email)) == 1


def test_the_eleventh_time_in_a_day_is_too_often_for_anybody(
    client: Browser, owner: Persona, database: Session
) -> None:
    for email in (owner.email, "nobody-daily@example.com"):
        database.execute(
            text(
                "INSERT INTO knocks (kind, email, address, created_at)"
                " SELECT 'forgotten', :email, '203.0.113.86', now() - interval '2 hours'"
                " FROM generate_series(1, 9)"
            ),
            {"email": email},
        )
        database.commit()
        answers = [ask(client, email, "203.0.113.87") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert answers[-1].headers["Retry-After"] == "86400"


def test_who_asks_again_within_two_minutes_gets_no_second_letter(
    app: APIFlask, owner: Persona, client: Browser, new_link: Callable[[], str]
) -> None:
    first = new_link()
    again = ask(client, owner.email)
    assert again.status_code == 200
    assert "several links" not in again.text
    assert answer_who_forgot(app) == 1
    assert len(letters_to(app, owner.email)) == 1
    choose(client, first)
    ask(client, owner.email)
    answer_who_forgot(app)
    assert letter_to(app, owner.email, "password_reset").link != first


def test_one_address_cannot_ask_for_many(client: Browser, owner: Persona, app: APIFlask) -> None:
    answers = [ask(client, f"many-{n}@example.com", "203.0.113.82") for n in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert ask(client, owner.email, "203.0.113.83").status_code == 200


def test_many_at_once_are_counted_as_many(app: APIFlask, database: Session) -> None:
    asked = [
        lambda: ask(browser_of(app), "at-once@example.com", "203.0.113.84").status_code
        for _ in range(9)
    ]
    statuses = at_once(*asked)
    assert statuses.count(200) <= 5
    knocks = select(func.count()).where(Knock.email == "at-once@example.com")
    assert database.scalar(knocks) == 9


# --- at the same time


def test_of_two_who_spend_one_link_at_once_one_sets_the_password(
    app: APIFlask, owner: Persona, link: str
) -> None:
    news = ["the first of two roads", "the second of two roads"]
    answers = at_once(
        *[lambda new=new: choose(browser_of(app), link, new).status_code for new in news]
    )
    assert sorted(answers) == [303, 410]
    won = news[answers.index(303)]
    assert sign_in(browser_of(app), owner.email, won).status_code == 303


def test_two_links_of_one_person_spent_at_once_do_not_wait_for_each_other_for_ever(
    app: APIFlask, new_link: Callable[[], str]
) -> None:
    links = [new_link(), new_link()]
    answers = at_once(
        *[lambda link=link: choose(browser_of(app), link).status_code for link in links]
    )
    assert sorted(answers) == [303, 410]


# --- the token stays in the e-mail


def test_the_token_is_in_no_row_and_no_log(
    app: APIFlask, owner: Persona, client: Browser, link: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = link.rpartition("/")[2]
    with caplog.at_level("DEBUG"):
        client.get(link)
        choose(client, link)
        client.get(link)
    assert token not in caplog.text
    with app.app_context(), db.engine.connect() as connection:
        for table in tables().sorted_tables:
            for row in connection.exec_driver_sql(f'SELECT t::text FROM "{table.name}" t'):
                assert token not in row[0], table.name
                assert token.encode().hex() not in row[0], table.name


def test_links_and_letters_do_not_show_their_secret_when_printed(
    app: APIFlask, owner: Persona, link: str, database: Session
) -> None:
    kept = database.scalars(select(PersonLink).where(PersonLink.user_id == owner.user_id)).one()
    token = link.rpartition("/")[2]
    assert token.encode() not in kept.token_hash
    assert token.encode() not in letter_to(app, owner.email, "password_reset").sealed


def _without_nonce(page: str) -> list[str]:
    return [line for line in page.splitlines() if "nonce" not in line and "csrf" not in line]

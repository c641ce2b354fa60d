"""The outbox is carried out: each message until the server takes it, and nothing is lost."""

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.far_ends.post_office import PASSWORD, USER, PostOffice, post_office
from wedsync.platform import crypto
from wedsync.platform.db import db
from wedsync.platform.mail import outbox, sending
from wedsync.platform.mail.dressing import html_of
from wedsync.platform.mail.sending import RETRY_AFTER_S, MailSender
from wedsync.platform.runtime import Runtime
from wedsync.platform.vault import Keyring, Vault
from wedsync.settings import Settings
from workers import schedule

pytestmark = pytest.mark.usefixtures("empty_database")

NEVER = threading.Event()


@pytest.fixture
def vault(app: APIFlask) -> Vault:
    runtime: Runtime = app.extensions["wedsync"]
    return runtime.vault


@pytest.fixture
def sender(app: APIFlask, settings: Settings, vault: Vault) -> Callable[..., MailSender]:
    """Makes senders to a URL; each as a worker process of its own has one."""

    def made(
        mail_url: str | None, vault: Vault = vault, mail_from: str = "hello@wedsync.example"
    ) -> MailSender:
        told = dataclasses.replace(settings, mail_url=mail_url, mail_from=mail_from)
        with app.app_context():
            return MailSender(db.engine, vault, told)

    return made


def to(office: PostOffice) -> str:
    return f"smtp://127.0.0.1:{office.port}"


def post(session: Session, vault: Vault, **changes: Any) -> UUID:
    message = {"kind": "notice", "to": "imogen@rosewood.example", "subject": "Hello", "text": "Hi."}
    posted = outbox.post(session, vault, **{**message, **changes})
    assert posted is not None
    return posted


def kept(database: Session, message_id: UUID) -> Any:
    query = text("SELECT *, due_at - clock_timestamp() AS due_in FROM mail_messages WHERE id = :id")
    return database.execute(query, {"id": message_id}).one()


def let_time_pass(database: Session) -> None:
    database.execute(text("UPDATE mail_messages SET due_at = clock_timestamp()"))


# --- it arrives


def test_a_message_arrives_and_is_emptied(
    database: Session,
    vault: Vault,
    sender: Callable[..., MailSender],
    office: PostOffice,
    only_through_the_door: None,
) -> None:
    link = "http://localhost:8000/reset/canary"
    posted = post(database, vault, subject="Grüße", text=f"Hello Imogen,\n\n{link}\n")
    sender(to(office)).work(NEVER)
    [letter] = office.letters
    assert (letter.sender, letter.recipients) == (
        "hello@wedsync.example",
        ["imogen@rosewood.example"],
    )
    message = letter.message
    assert message["Subject"] == "Grüße"
    assert message["From"] == "WedSync <hello@wedsync.example>"
    assert message["Message-ID"] == f"<{posted}@wedsync.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert link in letter.text
    html = message.get_body(("html",))
    assert html is not None
    assert f'href="{link}"' in html.get_content()
    row = kept(database, posted)
    assert (row.state, row.content, row.attempts, row.last_error) == ("sent", None, 1, None)
    assert row.sent_at is not None


def test_a_server_with_a_login_gets_it(
    database: Session, vault: Vault, sender: Callable[..., MailSender]
) -> None:
    with post_office(signed_in=True) as office:
        user, password = USER.replace("@", "%40"), PASSWORD.replace("ä", "%C3%A4")
        post(database, vault)
        sender(f"smtp://{user}:{password}@127.0.0.1:{office.port}").work(NEVER)
        assert len(office.letters) == 1


def test_many_senders_send_each_message_once(
    database: Session, vault: Vault, sender: Callable[..., MailSender], office: PostOffice
) -> None:
    posted = {str(post(database, vault)) for _ in range(40)}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sender(to(office)).work(NEVER), range(4)))
    seen = [str(letter.message["Message-ID"]) for letter in office.letters]
    assert sorted(seen) == sorted(f"<{each}@wedsync.example>" for each in posted)


# --- it waits


def test_without_a_server_messages_wait_and_leave_once_there_is_one(
    database: Session, vault: Vault, sender: Callable[..., MailSender], office: PostOffice
) -> None:
    posted = post(database, vault)
    database.execute(text("UPDATE mail_messages SET created_at = now() - interval '30 days'"))
    sender(None).work(NEVER)
    assert (kept(database, posted).state, kept(database, posted).attempts) == ("due", 0)
    sender(to(office)).work(NEVER)
    assert kept(database, posted).state == "sent"


def test_without_an_address_of_ours_messages_wait(
    database: Session, vault: Vault, sender: Callable[..., MailSender], office: PostOffice
) -> None:
    posted = post(database, vault)
    sender(to(office), mail_from="wedsync@::1").work(NEVER)
    assert kept(database, posted).attempts == 0
    sender(to(office), mail_from="wedsync@localhost").work(NEVER)
    assert office.letters[0].message["Message-ID"] == f"<{posted}@localhost>"


def test_while_the_server_is_down_messages_wait_and_it_is_left_alone(
    database: Session,
    vault: Vault,
    sender: Callable[..., MailSender],
    office: PostOffice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = post(database, vault), post(database, vault)
    down = sender("smtp://127.0.0.1:1")
    down.work(NEVER)
    down.work(NEVER)
    row = kept(database, first)
    assert (row.state, row.attempts) == ("due", 1)
    assert row.last_error == {
        "code": "connect_failed",
        "message": "Nothing is listening at this address.",
    }
    assert 10 < row.due_in.total_seconds() <= RETRY_AFTER_S[0]
    assert kept(database, second).attempts == 0
    monkeypatch.setattr(sending, "PAUSE_S", 0.0)
    let_time_pass(database)
    sender(to(office)).work(NEVER)
    assert len(office.letters) == 2


@pytest.mark.parametrize(("command", "answer"), [("RCPT", "450 4.2.1 greylisted"),
                                                 ("MAIL", "553 5.1.8 not from here")])  # fmt: skip
def test_what_may_be_put_right_is_tried_again(
    database: Session,
    vault: Vault,
    sender: Callable[..., MailSender],
    office: PostOffice,
    command: str,
    answer: str,
) -> None:
    office.refuses[command] = answer
    posted = post(database, vault)
    sender(to(office)).work(NEVER)
    row = kept(database, posted)
    assert row.state == "due"
    assert answer in row.last_error["message"]
    office.refuses.clear()
    let_time_pass(database)
    sender(to(office)).work(NEVER)
    assert len(office.letters) == 1


def test_what_may_have_left_leaves_again_under_the_same_id(
    database: Session, vault: Vault, sender: Callable[..., MailSender], office: PostOffice
) -> None:
    office.hangs_up_after_the_dot = True
    posted = post(database, vault)
    sender(to(office)).work(NEVER)
    assert kept(database, posted).last_error["code"] == "reset"
    office.hangs_up_after_the_dot = False
    let_time_pass(database)
    sender(to(office)).work(NEVER)
    assert kept(database, posted).state == "sent"
    assert len({letter.message["Message-ID"] for letter in office.letters}) == 1
    assert len(office.letters) == 2


def test_what_a_killed_sender_held_is_taken_up_after_its_lease(
    database: Session, vault: Vault, sender: Callable[..., MailSender], office: PostOffice
) -> None:
    posted = post(database, vault)
    killed = sender(to(office))
    assert killed._claim() is not None
    other = sender(to(office))
    other.work(NEVER)
    assert office.letters == []
    let_time_pass(database)
    other.work(NEVER)
    assert kept(database, posted).state == "sent"


def test_who_lost_a_message_says_nothing_about_it_but_that_it_was_sent(
    database: Session, vault: Vault, sender: Callable[..., MailSender], office: PostOffice
) -> None:
    post(database, vault)
    slow, quick = sender(to(office)), sender(to(office))
    held = slow._claim()
    assert held is not None
    let_time_pass(database)
    assert quick._claim() is not None
    slow._record(held, sending.Failure("not_sent", "reset", "It ended too early."))
    assert kept(database, held.id).state == "sending"
    slow._record(held, sending.Sent("<id>", "250 ok"))
    assert kept(database, held.id).state == "sent"


def test_a_message_of_another_master_key_waits_for_it(
    database: Session, vault: Vault, sender: Callable[..., MailSender], office: PostOffice
) -> None:
    posted = post(database, vault)
    sender(to(office), Vault(Keyring([crypto.new_key()]))).work(NEVER)
    row = kept(database, posted)
    assert (row.state, row.last_error["code"]) == ("due", "unsealable")
    assert row.content is not None


def test_a_round_ends_when_the_worker_does(
    database: Session, vault: Vault, sender: Callable[..., MailSender], office: PostOffice
) -> None:
    stopping = threading.Event()
    stopping.set()
    posted = post(database, vault)
    sender(to(office)).work(stopping)
    assert kept(database, posted).attempts == 0


# --- it is given up


@pytest.mark.parametrize(
    ("command", "code"), [("RCPT", "recipient_refused"), ("DATA", "message_refused")]
)
def test_a_refusal_for_good_ends_it_and_the_rest_goes_on(
    database: Session,
    vault: Vault,
    sender: Callable[..., MailSender],
    office: PostOffice,
    command: str,
    code: str,
) -> None:
    office.refuses[command] = "550 5.1.1 no such person"
    first, second = post(database, vault), post(database, vault)
    sender(to(office)).work(NEVER)
    for posted in (first, second):
        row = kept(database, posted)
        assert (row.state, row.content, row.last_error["code"]) == ("given_up", None, code)


def test_an_address_that_is_none_ends_it(
    database: Session, vault: Vault, sender: Callable[..., MailSender], office: PostOffice
) -> None:
    posted = post(database, vault, to="imogen@rosewood.example\r\nBcc: a@b.example")
    sender(to(office)).work(NEVER)
    assert kept(database, posted).state == "given_up"
    assert office.letters == []


def test_it_is_given_up_after_two_days_of_tries(
    database: Session,
    vault: Vault,
    sender: Callable[..., MailSender],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert 47 < sum(RETRY_AFTER_S) / 3_600 < 52
    monkeypatch.setattr(sending, "PAUSE_S", -1.0)
    posted = post(database, vault)
    down = sender("smtp://127.0.0.1:1")
    waits = []
    for _ in RETRY_AFTER_S:
        down.work(NEVER)
        waits.append(kept(database, posted).due_in.total_seconds())
        let_time_pass(database)
    for wait, told in zip(waits, RETRY_AFTER_S, strict=True):
        assert told - 5 < wait <= told
    down.work(NEVER)
    row = kept(database, posted)
    assert (row.state, row.content) == ("given_up", None)


# --- what is kept


def test_what_was_sent_is_forgotten_after_ninety_days_and_what_waits_is_not(
    app: APIFlask, database: Session, vault: Vault
) -> None:
    ids = {state: post(database, vault) for state in ("due", "sending", "sent", "given_up")}
    recent = post(database, vault)
    for state, each in ids.items():
        database.execute(
            text(
                "UPDATE mail_messages SET state = :state,"
                " created_at = now() - interval '91 days' WHERE id = :id"
            ),
            {"state": state, "id": each},
        )
    database.execute(text("UPDATE mail_messages SET state = 'sent' WHERE id = :id"), {"id": recent})
    with app.app_context(), db.engine.begin() as connection:
        schedule.prune(connection)
    left = set(database.execute(text("SELECT id FROM mail_messages")).scalars())
    assert left == {ids["due"], ids["sending"], recent}


def test_what_is_due_is_found_by_its_index_among_much_that_was_sent(database: Session) -> None:
    database.execute(
        text(
            "INSERT INTO mail_messages (kind, to_address, state)"
            " SELECT 'notice', '', CASE WHEN n % 1000 = 0 THEN 'due' ELSE 'sent' END"
            " FROM generate_series(1, 20000) n"
        )
    )
    database.execute(text("ANALYZE mail_messages"))
    plan = database.execute(
        text(f"EXPLAIN {sending._CLAIM.text}"), {"lease": timedelta(seconds=1)}
    ).scalars()
    read = "\n".join(plan)
    assert "ix_mail_messages_due" in read
    assert "Index Cond: (due_at <= " in read  # what waits for another try is not even looked at


# --- how it looks


def test_text_is_shown_as_paragraphs_with_links() -> None:
    html = html_of(
        "A & B",
        "Hello <Imogen>,\nhow are you?\n\nhttps://a.example/x?a=1&b=2\n\nGood bye.",
        "https://a.example",
    )
    assert "<title>A &amp; B</title>" in html
    assert "Hello &lt;Imogen&gt;,<br>\nhow are you?" in html
    assert html.count('href="https://a.example/x?a=1&amp;b=2"') == 1


@pytest.mark.parametrize(
    "typed",
    [
        "https://b.example/y",
        "See https://a.example/y",
        "https://a.example.evil.example/y",
        "https://a.example@evil.example/",
        "https://a.example",
    ],
)
def test_only_what_we_wrote_as_a_link_of_ours_is_one(typed: str) -> None:
    html = html_of("Hello", f"{typed}\n\nhttps://a.example/ours", "https://a.example")
    assert html.count("href=") == 1
    assert 'href="https://a.example/ours"' in html


@pytest.mark.parametrize("hostile", ['"><script>x</script>', "https://a.example/\"onload='x'"])
def test_what_somebody_typed_stays_text(hostile: str) -> None:
    attributes: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag != "script"
            attributes.update(name for name, _ in attrs)

    Reader().feed(html_of(hostile, f"{hostile}\n\nand {hostile}", "https://a.example"))
    assert attributes <= {"lang", "charset", "name", "content", "style", "href"}

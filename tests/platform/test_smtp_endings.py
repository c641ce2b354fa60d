"""Servers that say no, hang up or fall silent, and what is known afterwards."""

import time
from collections.abc import Callable

import pytest

from tests.far_ends.post_office import PostOffice, post_office
from tests.platform.calls import Start
from tests.platform.conftest import Connection
from tests.platform.mailing import DIALOGUE, failed, here, refused, scripted, send
from wedsync.platform import smtp
from wedsync.platform.outbound import Failure
from wedsync.platform.smtp import Refusal

pytestmark = pytest.mark.usefixtures("loopback")

# --- servers that say no


@pytest.mark.parametrize(
    ("command", "answer", "code"),
    [
        ("MAIL", "553 5.1.8 not from here", "sender_refused"),
        ("MAIL", "552 5.3.4 too large", "message_refused"),
        ("RCPT", "550 5.1.1 no such person", "recipient_refused"),
        ("DATA", "554 5.7.1 looks like advertising", "message_refused"),
    ],
)
def test_a_refusal_for_good_is_told_with_the_servers_words(
    office: PostOffice, command: str, answer: str, code: str
) -> None:
    office.refuses[command] = answer
    outcome = send(here(office.port))
    assert refused(outcome) == code
    assert isinstance(outcome, Refusal)
    assert outcome.message.endswith(answer)
    assert office.letters == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_for_now_may_be_tried_again(office: PostOffice, command: str) -> None:
    office.refuses[command] = "451 4.3.0 mailbox busy"
    outcome = send(here(office.port))
    assert failed(outcome) == ("not_sent", "try_later")
    assert isinstance(outcome, Failure)
    assert "451 4.3.0 mailbox busy" in outcome.message


def test_one_refused_recipient_means_nobody_gets_it(office: PostOffice) -> None:
    office.refuses["marek@lumen.example"] = "550 5.1.1 no such person"
    outcome = send(here(office.port), to=["ana@florist.example", "marek@lumen.example"])
    assert refused(outcome) == "recipient_refused"
    assert isinstance(outcome, Refusal)
    assert "marek@lumen.example" in outcome.message
    assert office.letters == []


def test_an_address_the_server_cannot_carry_is_refused_in_words() -> None:
    with post_office(smtputf8=False) as office:
        outcome = send(here(office.port), to=["zoë@florist.example"])
        assert refused(outcome) == "address_unsupported"
        assert office.letters == []


# --- connections that end


def breaking_off_with(answer: bytes) -> Callable[[Connection], None]:
    def behave(connection: Connection) -> None:
        lines = connection.socket.makefile("rb")
        for reply in (b"220 x\r\n", b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            connection.send(reply)
            lines.readline()
        while lines.readline() != b".\r\n":
            pass
        connection.send(answer)

    return behave


BEFORE_THE_DOT = [b"", b"ehlo", b"mail", b"rcpt", b"DATA"]


@pytest.mark.parametrize("rudely", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("at", BEFORE_THE_DOT)
def test_a_connection_lost_before_the_dot_sent_nothing(
    far_end: Start, at: bytes, rudely: bool
) -> None:
    there = far_end(scripted({**DIALOGUE, at: None}, rudely=rudely))
    kind, code = failed(send(here(there.port)))
    # What is reset before it says a word may look as if nobody had taken the connection.
    assert (kind, code in ("reset", "connect_failed")) == ("not_sent", True)


@pytest.mark.parametrize("rudely", [True, False], ids=["reset", "closed"])
def test_a_connection_lost_after_the_dot_may_have_sent_it(far_end: Start, rudely: bool) -> None:
    there = far_end(scripted({**DIALOGUE, b".": None}, rudely=rudely))
    assert failed(send(here(there.port))) == ("maybe", "reset")


def test_a_real_server_that_took_it_and_hung_up_may_have_sent_it(office: PostOffice) -> None:
    office.hangs_up_after_the_dot = True
    assert failed(send(here(office.port))) == ("maybe", "reset")
    assert len(office.letters) == 1


@pytest.mark.parametrize("answer", [b"250", b"250 tak", b"250-taken\r\n"])
def test_half_an_answer_after_the_dot_may_have_sent_it(far_end: Start, answer: bytes) -> None:
    there = far_end(breaking_off_with(answer))
    assert failed(send(here(there.port))) == ("maybe", "reset")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"451 4.3.0 try again\r\n", ("not_sent", "try_later")),
        (b"421 4.3.2 closing\r\n", ("not_sent", "try_later")),
        (b"354 what\r\n", ("maybe", "answer_invalid")),
        (b"hello\r\n", ("maybe", "answer_invalid")),
    ],
)
def test_the_answer_to_the_dot_decides(
    far_end: Start, answer: bytes, outcome: tuple[str, str]
) -> None:
    there = far_end(scripted({**DIALOGUE, b".": answer}))
    assert failed(send(here(there.port))) == outcome


@pytest.mark.parametrize("at", [*BEFORE_THE_DOT, b"."])
def test_a_server_that_falls_silent_is_left_in_time(far_end: Start, at: bytes) -> None:
    there = far_end(scripted({**DIALOGUE, at: b""}))
    began = time.monotonic()
    kind = "maybe" if at == b"." else "not_sent"
    assert failed(send(here(there.port), timeout_s=0.4)) == (kind, "timeout")
    assert time.monotonic() - began < 10


def test_a_server_that_drips_is_left_in_time(far_end: Start) -> None:
    def drips(connection: Connection) -> None:
        while not connection.far_end.stopping.wait(0.02):
            connection.send(b"2")

    began = time.monotonic()
    outcome = send(here(far_end(drips).port), timeout_s=0.4)
    assert failed(outcome) == ("not_sent", "timeout")
    assert time.monotonic() - began < 10


def test_a_server_that_never_stops_talking_is_not_listened_to_for_ever(far_end: Start) -> None:
    def talks(connection: Connection) -> None:
        while not connection.far_end.stopping.is_set():
            connection.send(b"220-and another thing\r\n" * 1_000)

    began = time.monotonic()
    assert failed(send(here(far_end(talks).port), timeout_s=20)) == ("not_sent", "reset")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 400 Bad\r\n"])
def test_what_is_no_mail_server_is_said_so(far_end: Start, greeting: bytes) -> None:
    there = far_end(scripted({**DIALOGUE, b"": greeting}))
    assert failed(send(here(there.port))) == ("not_sent", "answer_invalid")


def test_a_server_that_is_not_there() -> None:
    assert failed(send(here(1))) == ("not_sent", "connect_failed")
    assert failed(smtp.check(here(1), timeout_s=5)) == ("not_sent", "connect_failed")


def test_a_private_network_is_not_for_strangers_servers(no_loopback: None) -> None:
    assert failed(send(here(25))) == ("not_sent", "address_refused")

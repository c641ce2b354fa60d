"""Passwords travel under verified TLS, to servers that are meant."""

from typing import Any

import pytest

from tests.authority import DAY, NOW, Authority
from tests.far_ends.post_office import PASSWORD, USER, PostOffice, post_office
from tests.platform.calls import Start
from tests.platform.conftest import Connection
from tests.platform.mailing import DIALOGUE, failed, here, scripted, send
from wedsync.platform import smtp
from wedsync.platform.smtp import Sent, Server

pytestmark = pytest.mark.usefixtures("loopback")

# --- TLS and logins


def test_a_password_travels_under_starttls(authority: Authority) -> None:
    authority.trust()
    with post_office(starttls=authority.server(), signed_in=True) as office:
        server = here(office.port, security="starttls", user=USER, password=PASSWORD)
        assert isinstance(send(server), Sent)
        assert office.letters[0].private


def test_a_password_travels_under_tls_from_the_first_byte(trusted: Authority) -> None:
    with post_office(tls=trusted.server(), signed_in=True) as office:
        server = here(office.port, security="implicit", user=USER, password=PASSWORD)
        assert isinstance(send(server), Sent)
        assert smtp.check(server, timeout_s=5) is None
        assert len(office.letters) == 1


def test_a_wrong_password_is_said_once(trusted: Authority) -> None:
    with post_office(tls=trusted.server(), signed_in=True) as office:
        server = here(office.port, security="implicit", user=USER, password="wrong")
        assert failed(send(server)) == ("not_sent", "auth_refused")
        assert failed(smtp.check(server, timeout_s=5)) == ("not_sent", "auth_refused")
        assert office.letters == []


def test_a_server_that_wants_a_login_and_gets_none(trusted: Authority) -> None:
    with post_office(tls=trusted.server(), signed_in=True) as office:
        outcome = send(here(office.port, security="implicit"))
        assert failed(outcome) == ("not_sent", "auth_refused")


@pytest.mark.parametrize(("certified", "until"), [("127.0.0.2", NOW + DAY), ("127.0.0.1", NOW)])
@pytest.mark.parametrize("security", ["starttls", "implicit"])
def test_a_certificate_that_does_not_fit_ends_it_before_the_password(
    trusted: Authority, security: str, certified: str, until: Any
) -> None:
    context = trusted.server(certified, until)
    offer = {"tls": context} if security == "implicit" else {"starttls": context}
    with post_office(signed_in=True, **offer) as office:
        server = here(office.port, security=security, user=USER, password=PASSWORD)
        assert failed(send(server)) == ("not_sent", "tls_failed")
        assert office.letters == []


def test_starttls_is_required_where_it_is_asked_for(office: PostOffice) -> None:
    outcome = send(here(office.port, security="starttls"))
    assert failed(outcome) == ("not_sent", "tls_not_offered")
    assert office.letters == []


def test_what_is_injected_before_tls_is_not_believed(far_end: Start, trusted: Authority) -> None:
    """RFC 3207, 4.2: an answer smuggled in before the handshake says nothing afterwards."""
    context = trusted.server()

    def injects(connection: Connection) -> None:
        plain = connection.socket
        plain.sendall(b"220 hi\r\n")
        plain.recv(1000)
        plain.sendall(b"250-post.example\r\n250 STARTTLS\r\n")
        plain.recv(1000)
        plain.sendall(b"220 go on\r\n250-post.example\r\n250 AUTH PLAIN\r\n235 welcome\r\n")
        secured = context.wrap_socket(plain, server_side=True)
        secured.recv(1000)
        secured.sendall(b"250-post.example\r\n250 SIZE 1000\r\n")
        secured.recv(1000)

    there = far_end(injects)
    server = here(there.port, security="starttls", user=USER, password=PASSWORD)
    outcome = send(server)
    assert failed(outcome)[0] == "not_sent"


def test_no_password_crosses_a_network_in_plain_text(
    far_end: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is reached stands on another machine, as far as the conversation can tell.
    monkeypatch.setattr("wedsync.platform.smtp.conversation.is_loopback", lambda _ip: False)
    seen: list[bytes] = []
    there = far_end(
        scripted({**DIALOGUE, b"ehlo": b"250-x\r\n250 AUTH PLAIN LOGIN\r\n"}, seen=seen)
    )
    for security in ("none", "offered"):
        server = here(there.port, security=security, user=USER, password=PASSWORD)
        assert failed(send(server)) == ("not_sent", "plain_text_refused")
    assert not any(line.upper().startswith(b"AUTH") for line in seen)


def test_login_is_spoken_where_plain_is_not(far_end: Start) -> None:
    seen: list[bytes] = []
    answers = {**DIALOGUE, b"ehlo": b"250-x\r\n250 AUTH LOGIN XOAUTH2\r\n"}
    answers |= {b"AUTH": b"334 VXNlcm5hbWU6\r\n", b"aW1v": b"334 UGFzc3dvcmQ6\r\n"}
    answers |= {b"cMOk": b"235 welcome\r\n"}
    there = far_end(scripted(answers, seen=seen))
    assert isinstance(send(here(there.port, user=USER, password=PASSWORD)), Sent)
    assert seen[1] == b"AUTH LOGIN"


# --- naming a server


def test_a_server_is_named_by_a_url() -> None:
    assert Server.from_url("smtp://mail.example") == Server(
        "mail.example", 587, "offered", ours=True
    )
    named = Server.from_url("smtps://me%40x.example:p%3Ass@mail.example:4650")
    assert named == Server("mail.example", 4650, "implicit", "me@x.example", "p:ss", ours=True)


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "mail.example:25"])
def test_anything_else_names_none(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        Server.from_url(url)


def test_the_operators_server_may_stand_on_this_machine(
    office: PostOffice, no_loopback: None
) -> None:
    assert isinstance(send(Server.from_url(f"smtp://127.0.0.1:{office.port}")), Sent)


def test_no_password_shows() -> None:
    assert "canary" not in repr(Server.from_url("smtp://me:canary@mail.example"))

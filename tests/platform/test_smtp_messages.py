"""A message arrives as it was meant, or is not written at all."""

from typing import Any

import pytest

from tests.far_ends.post_office import PostOffice
from tests.platform.calls import Start, connections_to
from tests.platform.mailing import DIALOGUE, US, here, letter, scripted, send
from wedsync.platform import smtp
from wedsync.platform.smtp import Sent

pytestmark = pytest.mark.usefixtures("loopback")

# --- what arrives


def test_a_message_arrives_whole_with_its_headers(office: PostOffice) -> None:
    outcome = send(here(office.port), text="First line.\n.a dot leads\n\n.\nZoë sends ♥\n")
    assert outcome == Sent("<run.7@rosewood.example>", "250 Taken as letter 7")
    [taken] = office.letters
    assert (taken.sender, taken.recipients) == ("hello@rosewood.example", ["ana@florist.example"])
    assert taken.text == "First line.\n.a dot leads\n\n.\nZoë sends ♥\n"
    headers = taken.message
    assert headers["From"] == "Rosewood Weddings <hello@rosewood.example>"
    assert headers["To"] == "ana@florist.example"
    assert headers["Message-ID"] == "<run.7@rosewood.example>"
    assert headers["Date"].datetime is not None
    assert taken.content.isascii()


def test_names_and_subjects_in_any_script_arrive(office: PostOffice) -> None:
    sender = smtp.address_of("hello@rosewood.example", "Zoë & Ångström, “Blüten”")
    subject = "Größe 婚礼 " * 20 + "end"
    assert isinstance(send(here(office.port), sender=sender, subject=subject), Sent)
    message = office.letters[0].message
    assert message["Subject"] == subject
    assert message["From"].addresses[0].display_name == "Zoë & Ångström, “Blüten”"


def test_a_long_line_arrives_as_it_was(office: PostOffice) -> None:
    text = "x" * 5_000 + "\n"
    assert isinstance(send(here(office.port), text=text), Sent)
    assert office.letters[0].text == text


def test_the_other_way_to_show_it_and_the_way_to_answer_arrive(office: PostOffice) -> None:
    changes = {"html": "<p>Hi <b>Ana</b>.</p>", "reply_to": "beth@rosewood.example"}
    assert isinstance(send(here(office.port), **changes), Sent)
    message = office.letters[0].message
    assert message["Reply-To"] == "beth@rosewood.example"
    html = message.get_body(("html",))
    assert html is not None
    assert "<b>Ana</b>" in html.get_content()


def test_several_recipients_get_it(office: PostOffice) -> None:
    both = ["ana@florist.example", "marek@lumen.example"]
    assert isinstance(send(here(office.port), to=both), Sent)
    assert office.letters[0].recipients == both


def test_a_domain_in_any_script_is_spelt_for_the_server(office: PostOffice) -> None:
    assert isinstance(send(here(office.port), to=["ana@blüten.example"]), Sent)
    assert office.letters[0].recipients == ["ana@xn--blten-lva.example"]
    assert office.letters[0].message["To"] == "ana@xn--blten-lva.example"


def test_an_address_in_any_script_arrives_where_the_server_can_carry_it(
    office: PostOffice,
) -> None:
    assert isinstance(send(here(office.port), to=["zoë@florist.example"]), Sent)
    assert office.letters[0].recipients == ["zoë@florist.example"]
    assert "zoë@florist.example".encode() in office.letters[0].content


def test_a_server_is_greeted_by_address_and_left_politely(far_end: Start) -> None:
    seen: list[bytes] = []
    there = far_end(scripted(DIALOGUE, seen=seen))
    assert isinstance(send(here(there.port)), Sent)
    assert seen[0] == b"ehlo [127.0.0.1]"
    assert seen[-1] == b"QUIT"
    assert connections_to(there.port) == 0


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("ana@localhost", "ana@localhost"),
        (" Ana.B+tag'x@Florist.EXAMPLE ", "Ana.B+tag'x@florist.example"),
        ("ana@florist.test", "ana@florist.test"),
        ("zoe\u0308@florist.example", "zoë@florist.example"),
    ],
)
def test_an_address_is_written_as_servers_expect_it(typed: str, written: str) -> None:
    assert smtp.address_of(typed).spec == written


# --- what is not written


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hello\r\nBcc: everyone@rosewood.example"},
        {"subject": "Hello\nX-Evil: 1"},
        {"subject": "Hello\x00"},
        {"subject": "Hello\u2028there"},
        {"subject": "\ud800"},
        {"to": ["ana@florist.example\r\nBcc: everyone@rosewood.example"]},
        {"to": ["ana@florist.example, marek@lumen.example"]},
        {"to": ["<ana@florist.example>"]},
        {"to": ["Ana <ana@florist.example>"]},
        {"to": ["ana@florist.example> SIZE=1"]},
        {"to": ["ana"]},
        {"to": [""]},
        {"to": ["@florist.example"]},
        {"to": [".ana@florist.example"]},
        {"to": ["ana..b@florist.example"]},
        {"to": ['"ana b"@florist.example']},
        {"to": ["ana@florist..example"]},
        {"to": ["ana@[127.0.0.1]"]},
        {"to": ["ana@::1"]},
        {"to": ["ana\u2028@florist.example"]},
        {"to": ["\ud800@florist.example"]},
        {"to": ["a" * 65 + "@florist.example"]},
        {"to": ["ana@" + "florist." * 32 + "example"]},
        {"to": []},
        {"reply_to": "ana@florist.example\nX-Evil: 1"},
        {"text": "\ud800"},
        {"text": "a\x00b"},
    ],
)
def test_what_could_break_out_of_its_place_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(smtp.NotWritable) as caught:
        letter(**changes)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "=?utf-8?q?a=0ABcc:_x@y.example?="},
        {"subject": "=?utf-8?q?a=0D=0ABcc:_x@y.example=0D=0A=0D=0AText?="},
        {"sender": smtp.address_of(US.spec, "=?utf-8?q?a=0ABcc:_x@y.example?=")},
        {"to": ["=?utf-8?q?a=0ABcc=3A_x?=@y.example"]},
        {"reply_to": "=?utf-8?q?a=0ABcc=3A_x?=@y.example"},
    ],
)
def test_a_line_break_in_disguise_stays_in_disguise(
    office: PostOffice, changes: dict[str, Any]
) -> None:
    """Some libraries decode such words while they write them (CVE-2024-6923)."""
    assert isinstance(send(here(office.port), **changes), Sent)
    head = office.letters[0].content.partition(b"\r\n\r\n")[0]
    names = {line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"}
    expected = {b"From", b"To", b"Subject", b"Date", b"Message-ID", b"MIME-Version"}
    more = {b"Reply-To"} if "reply_to" in changes else set()
    assert names - {b"Content-Type", b"Content-Transfer-Encoding", b"X-Peer"} == expected | more


def test_what_looks_like_an_encoded_word_is_shown_as_it_was_typed(office: PostOffice) -> None:
    assert isinstance(send(here(office.port), subject="=?utf-8?q?Hello?="), Sent)
    assert b"=?utf-8?q?Hello?=" not in office.letters[0].content


def test_a_name_is_one_line_too() -> None:
    with pytest.raises(smtp.NotWritable, match="one line"):
        smtp.address_of("hello@rosewood.example", "Rosewood\r\nBcc: everyone@rosewood.example")

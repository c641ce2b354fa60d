"""E-mail through the vendor's own server, against aiosmtpd."""

from collections.abc import Iterator

import pytest

from tests.authority import Authority
from tests.connectors.carrying import KEY, Carried, carrying
from tests.far_ends.post_office import PASSWORD, USER, PostOffice, post_office
from wedsync import connectors
from wedsync.connectors.contract import Failed, Succeeded, Task
from wedsync.platform import outbound

LETTER = {
    "to": "ana@florist.example",
    "subject": "Größe & Gäste: one meal less",
    "body": "Good day,\n\nplease take one meal off the list.\n",
}
MESSAGE_ID = "<0198c0de-0000-7000-8000-000000000001.step.0.0@rosewood.example>"


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as opened:
        yield opened


@pytest.fixture
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.trust()
    yield made
    outbound.trust(None)


def account(at: int, **changes: str) -> Carried:
    typed = {
        "host": "127.0.0.1",
        "port": str(at),
        "security": "None",
        "from_address": "hello@rosewood.example",
        "from_name": "Zoë’s Rosewood Weddings",
    }
    secrets = {"password": changes.pop("password")} if "password" in changes else {}
    return carrying("smtp", {**typed, **changes}, secrets)


def failed(outcome: Succeeded | Failed) -> tuple[str, str]:
    assert isinstance(outcome, Failed), outcome
    assert outcome.message
    return outcome.kind, outcome.code


# --- it is sent


def test_an_e_mail_arrives_with_the_right_headers(
    office: PostOffice, only_through_the_door: None
) -> None:
    outcome = account(office.port).out("send", {**LETTER, "reply_to": "beth@rosewood.example"})
    assert outcome == Succeeded({"message_id": MESSAGE_ID, "to": "ana@florist.example"})
    [letter] = office.letters
    assert (letter.sender, letter.recipients) == ("hello@rosewood.example", ["ana@florist.example"])
    message = letter.message
    assert message["Subject"] == LETTER["subject"]
    assert message["From"].addresses[0].display_name == "Zoë’s Rosewood Weddings"
    assert message["Reply-To"] == "beth@rosewood.example"
    assert message["Message-ID"] == MESSAGE_ID
    assert letter.text == LETTER["body"]


def test_a_text_in_parts_is_put_together(office: PostOffice) -> None:
    """A value that is sealed until the letter leaves stands in a part of its own."""
    parts = ["An allergy:\n", "Sesame, not even oil", None, "\nThank you.\n"]
    outcome = account(office.port).out("send", {**LETTER, "body": parts})
    assert isinstance(outcome, Succeeded)
    assert office.letters[0].text == "An allergy:\nSesame, not even oil\nThank you.\n"


def test_every_attempt_of_one_effect_has_one_id(office: PostOffice) -> None:
    for key in (KEY, KEY, KEY.replace(":0:0", ":0:1")):
        assert isinstance(account(office.port).out("send", LETTER, key), Succeeded)
    seen = [letter.message["Message-ID"] for letter in office.letters]
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize("security", ["STARTTLS", "TLS"])
def test_a_login_travels_over_tls(
    authority: Authority, security: str, only_through_the_door: None
) -> None:
    context = authority.server()
    offer = {"tls": context} if security == "TLS" else {"starttls": context}
    with post_office(signed_in=True, **offer) as office:
        connected = account(office.port, security=security, username=USER, password=PASSWORD)
        assert connected.account() == (f"127.0.0.1/{USER}", "hello@rosewood.example")
        assert office.letters == []
        assert isinstance(connected.out("send", LETTER), Succeeded)
        assert office.letters[0].private


def test_it_leaves_once(office: PostOffice) -> None:
    assert account(office.port).effect("send", LETTER) == "once"


# --- what is not sent


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hello\r\nBcc: everyone@rosewood.example"},
        {"to": "ana@florist.example\nBcc: everyone@rosewood.example"},
        {"to": "ana@florist.example, marek@lumen.example"},
        {"to": "Ana"},
        {"reply_to": "ana@florist.example\r\nX-Evil: 1"},
        {"body": "a\x00b"},
        {"subject": ""},
        {"cc": "marek@lumen.example"},
    ],
)
def test_what_could_break_out_of_its_place_is_refused(
    office: PostOffice, changes: dict[str, str]
) -> None:
    outcome = account(office.port).out("send", {**LETTER, **changes})
    assert failed(outcome) == ("permanent", "input_invalid")
    assert office.conversations == 0


@pytest.mark.parametrize(
    "settings", [{"from_address": "nobody"}, {"port": "door"}, {"security": "perhaps"}]
)
def test_an_account_that_is_none_is_said_so(office: PostOffice, settings: dict[str, str]) -> None:
    connected = account(office.port, **settings)
    assert failed(connected.out("send", LETTER)) == ("permanent", "input_invalid")
    assert failed(connected.checked()) == ("permanent", "input_invalid")


# --- what goes wrong


def test_a_server_that_is_down_was_not_sent_anything() -> None:
    connected = account(1)
    assert failed(connected.out("send", LETTER)) == ("not_sent", "connect_failed")
    assert failed(connected.checked()) == ("not_sent", "connect_failed")


def test_a_connection_lost_after_the_final_dot_may_have_sent_it(office: PostOffice) -> None:
    office.hangs_up_after_the_dot = True
    assert failed(account(office.port).out("send", LETTER)) == ("maybe", "reset")
    assert len(office.letters) == 1


def test_a_refused_password_is_the_vendors_to_mend(authority: Authority) -> None:
    with post_office(tls=authority.server(), signed_in=True) as office:
        connected = account(office.port, security="TLS", username=USER, password="canary-wrong")
        for outcome in (connected.out("send", LETTER), connected.checked()):
            assert failed(outcome) == ("auth", "auth_refused")
            assert "canary" not in repr(outcome)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("550 5.1.1 no such person", ("permanent", "recipient_refused")),
        ("451 4.2.1 mailbox busy", ("not_sent", "try_later")),
    ],
)
def test_a_refused_recipient_is_told_in_the_servers_words(
    office: PostOffice, answer: str, expected: tuple[str, str]
) -> None:
    office.refuses["RCPT"] = answer
    outcome = account(office.port).out("send", LETTER)
    assert failed(outcome) == expected
    assert isinstance(outcome, Failed)
    assert answer in outcome.message


def test_a_server_without_the_secure_connection_that_was_chosen(office: PostOffice) -> None:
    outcome = account(office.port, security="STARTTLS").out("send", LETTER)
    assert failed(outcome) == ("not_sent", "tls_not_offered")


def test_a_server_in_a_private_network_is_never_called(office: PostOffice) -> None:
    connected = account(office.port)
    outbound.allow_loopback(False)
    assert failed(connected.out("send", LETTER)) == ("not_sent", "address_refused")
    assert office.conversations == 0


# --- secrets


def test_no_password_shows_in_what_waits_for_a_thread(office: PostOffice) -> None:
    connected = account(office.port, username=USER, password="canary")
    send = connectors.actions(connected.manifest)["send"]
    begun = send.begin(LETTER, connected.access, key=KEY, timeout_s=5)
    assert isinstance(begun, Task)
    assert "canary" not in repr(begun)
    assert "canary" not in repr(connected.access)

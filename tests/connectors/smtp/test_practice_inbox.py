"""E-mail into the practice inbox, which can be told to be busy, to refuse and to hang up."""

import pytest

from tests.connectors.carrying import Carried, carrying
from tests.far_ends.practice_partner import PracticePartner
from wedsync.connectors.contract import Failed, Succeeded

LETTER = {"to": "practice-smtp@florist.example", "subject": "Hello", "body": "Good day."}


def account(partner: PracticePartner, password: str = "practice") -> Carried:
    typed = {
        "host": "127.0.0.1",
        "port": str(partner.smtp_port),
        "security": "None",
        "username": "rosewood",
        "from_address": "hello@rosewood.example",
    }
    return carrying("smtp", typed, {"password": password})


def test_an_e_mail_is_found_in_the_inbox(practice_partner: PracticePartner) -> None:
    connected = account(practice_partner)
    assert connected.account() == ("127.0.0.1/rosewood", "hello@rosewood.example")
    assert isinstance(connected.out("send", LETTER), Succeeded)
    [mail] = practice_partner.inbox(to=LETTER["to"])
    assert (mail["subject"], mail["user"]) == ("Hello", "rosewood")


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("busy", "not_sent", "try_later"),
        ("refuse", "permanent", "recipient_refused"),
        ("drop", "maybe", "reset"),
        ("auth", "auth", "auth_refused"),
    ],
)
def test_each_fault_is_told_apart(
    practice_partner: PracticePartner, fault: str, kind: str, code: str
) -> None:
    practice_partner.faults(smtp_answers=fault)
    outcome = account(practice_partner).out("send", LETTER)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.code) == (kind, code)

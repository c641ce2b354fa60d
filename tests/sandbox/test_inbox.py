"""Every mail stops at the practice partner, and its mail server can have a bad day."""

import smtplib
from email.message import EmailMessage

import pytest
import requests

from tests.far_ends.practice_partner import PracticePartner


def mail(to: str = "ben@example.com") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Rosewood <hello@rosewood.example>"
    message["To"] = to
    message["Subject"] = "Your seat is kept – Zoë"
    message.set_content("See you on Saturday (https://rosewood.example/day?x=1).\n")
    message.add_alternative("<p>See you</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="day.pdf")
    return message


def send(partner: PracticePartner, message: EmailMessage, password: str = "") -> None:
    with smtplib.SMTP("127.0.0.1", partner.smtp_port, timeout=10) as server:
        if password:
            server.login("rosewood", password)
        server.send_message(message)


def test_a_mail_is_caught_and_can_be_read(practice_partner: PracticePartner) -> None:
    send(practice_partner, mail(), "practice")
    send(practice_partner, mail("maya@example.com"))
    newest, first = practice_partner.inbox()
    assert newest["to"] == ["maya@example.com"]
    assert first["subject"] == "Your seat is kept – Zoë"
    assert (first["from"], first["user"]) == ("hello@rosewood.example", "rosewood")
    assert first["text"].startswith("See you on")
    assert first["html"] == "<p>See you</p>\n"
    assert first["attachments"] == [{"name": "day.pdf", "type": "application/pdf", "size": 4}]
    assert practice_partner.inbox("ben@example.com") == [first]
    address = f"{practice_partner.url}/inbox"
    assert "maya@example.com" in requests.get(address, timeout=10).text
    page = requests.get(f"{address}/{first['id']}", timeout=10).text
    assert '<a href="https://rosewood.example/day?x=1">' in page
    raw = requests.get(f"{address}/messages/{first['id']}/raw", timeout=10)
    assert b"Subject:" in raw.content
    assert requests.get(f"{address}/none", timeout=10).status_code == 404
    practice_partner.call("DELETE", "/inbox/messages")
    assert practice_partner.inbox() == []


def test_a_mail_cannot_write_into_the_page(practice_partner: PracticePartner) -> None:
    message = mail()
    message.replace_header("Subject", "<b>bold</b>")
    send(practice_partner, message)
    page = requests.get(f"{practice_partner.url}/inbox", timeout=10).text
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


@pytest.mark.parametrize(("answers", "code"), [("busy", 451), ("refuse", 550)])
def test_an_address_can_be_refused(
    practice_partner: PracticePartner, answers: str, code: int
) -> None:
    practice_partner.faults(smtp_answers=answers, smtp_times=1)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(practice_partner, mail())
    assert refused.value.recipients["ben@example.com"][0] == code
    assert practice_partner.inbox() == []
    send(practice_partner, mail())
    assert len(practice_partner.inbox()) == 1


def test_it_can_hang_up_after_the_final_dot(practice_partner: PracticePartner) -> None:
    practice_partner.faults(smtp_answers="drop", smtp_times=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(practice_partner, mail())
    assert len(practice_partner.inbox()) == 1
    send(practice_partner, mail())
    assert len(practice_partner.inbox()) == 2


def test_a_password_can_be_refused(practice_partner: PracticePartner) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(practice_partner, mail(), "guessed")
    practice_partner.faults(smtp_answers="auth")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        send(practice_partner, mail(), "practice")
    assert refused.value.smtp_code == 535

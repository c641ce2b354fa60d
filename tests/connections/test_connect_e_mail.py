"""Connecting an e-mail account: a login without a message, and words for what is wrong."""

from collections.abc import Iterator

import pytest
from apiflask import APIFlask

from tests.authority import Authority
from tests.connections.ways import keeper_of, only
from tests.far_ends.post_office import PASSWORD, USER, PostOffice, post_office
from tests.page_words import words_of
from tests.personas import Persona
from wedsync.platform import outbound
from wedsync.platform.vault import MASK

CONNECT = "/connect/smtp"


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOffice]:
    """A mail server that wants a name and a password, over STARTTLS."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    authority.trust()
    with post_office(starttls=authority.server(), signed_in=True) as opened:
        yield opened
    outbound.trust(None)


def typed(office: PostOffice, **more: str) -> dict[str, str]:
    return {
        "host": "127.0.0.1",
        "port": str(office.port),
        "security": "STARTTLS",
        "username": USER,
        "password": PASSWORD,
        "from_address": "hello@rosewood.example",
        "from_name": "Rosewood Weddings",
        **more,
    }


def test_an_account_that_lets_us_in_is_connected(
    app: APIFlask, editor: Persona, office: PostOffice
) -> None:
    sent = editor.browser.post(CONNECT, data=typed(office))
    assert sent.status_code == 303, words_of(sent)
    row = only(app, editor)
    assert (row.state, row.account_name) == ("active", "hello@rosewood.example")
    assert "password" not in row.settings
    assert office.letters == []
    page = editor.browser.get(f"/connections/{row.id}")
    assert "hello@rosewood.example" in page.text
    assert PASSWORD not in page.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"password": "canary-wrong"}, "refused this name and password"),
        ({"port": "1"}, "Nothing is listening"),
        ({"security": "TLS"}, "A secure connection to this address could not be made"),
        ({"host": "localhost"}, "is for another name"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    app: APIFlask, editor: Persona, office: PostOffice, wrong: dict[str, str], words: str
) -> None:
    sent = editor.browser.post(CONNECT, data=typed(office, **wrong))
    keeper_of(app).work()  # what did not answer at once is asked again
    page = editor.browser.get(sent.location)
    assert words in words_of(page)
    assert "canary" not in page.text


def test_a_slip_costs_none_of_what_was_typed(
    app: APIFlask, editor: Persona, office: PostOffice
) -> None:
    way = "/workflows/gallery/allergy"
    sent = editor.browser.post(f"{CONNECT}?next={way}", data=typed(office, port="1"))
    keeper_of(app).work()
    page = editor.browser.get(sent.location)
    assert f"/reconnect?next={way}" in page.text
    form = editor.browser.get(f"/connections/{only(app, editor).id}/reconnect?next={way}")
    assert 'value="hello@rosewood.example"' in form.text
    assert PASSWORD not in form.text
    assert "Connect E-mail (SMTP) again" not in form.text
    sent = editor.browser.post(form.request.path + f"?next={way}", data=typed(office))
    assert sent.location.endswith(way)


@pytest.mark.parametrize("address", ["nobody", "a@b, c@d.example", "a@b.example\nBcc: c@d.example"])
def test_an_address_that_is_none_is_refused(
    app: APIFlask, editor: Persona, office: PostOffice, address: str
) -> None:
    sent = editor.browser.post(CONNECT, data=typed(office, from_address=address))
    assert sent.status_code == 422
    assert "e-mail address" in words_of(sent)
    assert office.conversations == 0


def test_a_password_that_is_kept_is_never_told_to_another_server(
    app: APIFlask, editor: Persona, office: PostOffice
) -> None:
    editor.browser.post(CONNECT, data=typed(office))
    again = f"/connections/{only(app, editor).id}/reconnect"
    for elsewhere in ({"host": "mail.example"}, {"port": "2525"}, {"security": "None"}):
        sent = editor.browser.post(again, data=typed(office, password=MASK, **elsewhere))
        assert sent.status_code == 422
        assert "Fill this in again" in words_of(sent)
    sent = editor.browser.post(again, data=typed(office, password=MASK, from_address="x@y.example"))
    assert sent.status_code == 303
    assert only(app, editor).account_name == "x@y.example"

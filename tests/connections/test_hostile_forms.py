"""What nobody should type into a connection's form is refused with a sentence, and kept nowhere."""

from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import engine_of
from tests.page_words import words_of
from tests.personas import Persona

pytestmark = pytest.mark.usefixtures("built_in_listings")

REST = {
    "address": "https://api.example.com/v1",
    "api_key": "key-7f31-c94d",
    "header": "Authorization",
    "word": "Bearer",
    "check_path": "/me",
}
OAUTH = {
    "address": "https://api.example.com/v1",
    "authorize_url": "https://example.com/authorize",
    "token_url": "https://example.com/token",
    "client_id": "rosewood",
    "client_secret": "secret-7f31",
    "scope": "",
    "check_path": "/me",
}
SMTP = {
    "host": "smtp.example.com",
    "port": "587",
    "security": "STARTTLS",
    "username": "rosewood",
    "password": "practice",
    "from_address": "hello@rosewood.example",
    "from_name": "Rosewood",
}
MEGABYTE = "x" * 1_000_000


def refused(persona: Persona, slug: str, typed: dict[str, str], name: str, value: str) -> str:
    """What the page says to a form with one field like this."""
    answer = persona.browser.post(f"/connect/{slug}", data={**typed, name: value})
    assert 400 <= answer.status_code < 500, words_of(answer)
    said = words_of(answer)
    assert "Traceback" not in said
    return said


def kept(app: APIFlask, persona: Persona) -> int:
    query = text("SELECT count(*) FROM connections WHERE organization_id = :id")
    with engine_of(app).connect() as database:
        return int(database.execute(query, {"id": persona.organization_id}).scalar_one())


@pytest.mark.parametrize(
    ("slug", "typed", "name"),
    [("rest-api", REST, "address"), ("rest-oauth", OAUTH, "token_url")],
)
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://10.0.0.7/",
        "https://user:secret@example.com/",
        "https://example.com\r\nX-Injected: 1",
        "https://exa\x00mple.com/",
        "//example.com",
        "https://",
        "no address",
        f"https://example.com/{MEGABYTE}",
    ],
    ids=lambda address: address[:40],
)
def test_an_address_that_must_not_be_called_is_refused_in_words(
    app: APIFlask, editor: Persona, slug: str, typed: dict[str, str], name: str, address: str
) -> None:
    said = refused(editor, slug, typed, name, address)
    assert "address" in said.lower()
    assert kept(app, editor) == 0


@pytest.mark.parametrize(
    ("slug", "typed", "name", "value"),
    [
        ("rest-api", REST, "api_key", MEGABYTE),
        ("rest-api", REST, "api_key", "key\x00with a NUL"),
        ("rest-api", REST, "header", "X-Key\r\nX-Injected"),
        ("rest-api", REST, "word", "Bearer\r\nX-Injected: 1"),
        ("rest-oauth", OAUTH, "client_id", MEGABYTE),
        ("rest-oauth", OAUTH, "client_secret", "a\x00b-7f31-c94d"),
        ("smtp", SMTP, "host", MEGABYTE),
        ("smtp", SMTP, "host", "smtp.example.com\x00"),
        ("smtp", SMTP, "port", "-1"),
        ("smtp", SMTP, "port", "587; drop"),
        ("smtp", SMTP, "port", "9" * 400),
        ("smtp", SMTP, "security", "whatever"),
        ("smtp", SMTP, "from_address", "hello@rosewood.example\r\nBcc: all@example.com"),
        ("smtp", SMTP, "from_address", f"{'x' * 400}@example.com"),
        ("smtp", SMTP, "from_name", "Rosewood\x00"),
    ],
    ids=lambda given: given[:30] if isinstance(given, str) else None,
)
def test_what_cannot_be_used_is_refused_in_words(
    app: APIFlask, editor: Persona, slug: str, typed: dict[str, Any], name: str, value: str
) -> None:
    said = refused(editor, slug, typed, name, value)
    assert MEGABYTE[:5_000] not in said
    assert kept(app, editor) == 0


def test_a_header_that_cannot_be_one_is_never_sent_and_the_page_says_so(
    app: APIFlask, editor: Persona
) -> None:
    said = refused(editor, "rest-api", REST, "header", "two words: and a colon")
    assert "The name of a header has letters, digits and hyphens only." in said
    assert kept(app, editor) == 0


@pytest.mark.parametrize(
    ("slug", "status"),
    [("../rest-api", 404), ("rest-api%00", 422), ("x" * 5_000, 404), ("<script>", 404)],
)
def test_a_connector_that_is_none_is_no_page(editor: Persona, slug: str, status: int) -> None:
    assert editor.browser.get(f"/connect/{slug}").status_code == status


@pytest.mark.parametrize(
    "query",
    [
        "state=\x00&code=a",
        "state=%00&code=%00",
        f"state={'s' * 5_000}&code=a",
        "state=<script>&error=<script>alert(1)</script>",
        "state=%ff%fe&code=%ff",
        "",
    ],
    ids=lambda query: query[:20] or "nothing",
)
def test_a_way_back_that_nobody_gave_is_refused(editor: Persona, query: str) -> None:
    answer = editor.browser.get(f"/oauth/callback/sandbox?{query}")
    assert 400 <= answer.status_code < 500
    assert "<script>alert" not in answer.get_data(as_text=True)

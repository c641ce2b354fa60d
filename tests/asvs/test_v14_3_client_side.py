"""V14.3: nothing sensitive stays with the browser."""

import json
import re
from base64 import urlsafe_b64decode
from zlib import decompress

import pytest
from apiflask import APIFlask

from tests.connections.lone_provider import CLIENT_SECRET, CODE, Listed
from tests.contracts.crossing import address, api_operations, filled, page_rules
from tests.contracts.objects import Objects
from tests.personas import Browser, Persona
from wedsync.settings import CHECKOUT

pytestmark = pytest.mark.usefixtures("built_in_listings")

_KEPT_IN_COOKIE = {"_fresh", "_user_id", "_permanent", "_flashes", "csrf_token"}
_STORES = re.compile(r"\b(localStorage|sessionStorage|indexedDB|caches|document\.cookie)\b")
_MAY_STORE = {"folds.js": "document.cookie", "theme.js": "document.cookie"}
"""Which steps somebody folded up, and light or dark: nothing about anybody."""

OPEN_PICTURES = {"catalog.logo"}
"""The picture of a listing, the same for everybody."""


def test_v14_3_1_signing_out_clears_what_the_browser_kept(owner: Persona) -> None:
    answer = owner.browser.post("/sign-out")
    cleared = answer.headers["Clear-Site-Data"]
    assert '"cache"' in cleared
    assert '"storage"' in cleared
    cookie = owner.browser.get_cookie("session")
    assert cookie is None or "_user_id" not in contents(cookie.value)
    assert owner.browser.get("/connections").status_code == 303


def test_v14_3_2_nothing_that_is_shown_may_be_kept(app: APIFlask, owner: Persona) -> None:
    objects = Objects(app, owner)
    for rule, method in page_rules(app):
        if method == "GET" and not rule.rule.startswith("/live/"):
            if rule.endpoint in OPEN_PICTURES:
                continue
            answer = owner.browser.get(address(app, rule, objects))
            assert answer.headers["Cache-Control"] == "no-store", rule.rule
    for operation in api_operations(app):
        if operation.method == "GET":
            answer = operation.send(owner.api, filled(operation.path, objects))
            assert answer.headers["Cache-Control"] == "no-store", operation.name


def test_v14_3_2_a_refusal_may_not_be_kept_either(client: Browser, stranger: Persona) -> None:
    for answer in (client.get("/connections"), stranger.browser.get("/nowhere")):
        assert answer.headers["Cache-Control"] == "no-store"
    sent = client.post("/sign-in", data={"email": "nobody@example.com", "password": "x"})
    assert (sent.status_code, sent.headers["Cache-Control"]) == (422, "no-store")


def test_v14_3_3_the_cookie_holds_nothing_of_a_connection(
    editor: Persona, connector: Listed
) -> None:
    connector.connect(editor)
    cookie = editor.browser.get_cookie("session")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    kept = contents(cookie.value)
    assert set(kept) <= _KEPT_IN_COOKIE
    for secret in ("access-", "refresh-", CLIENT_SECRET, CODE):
        assert secret not in str(kept)


def test_v14_3_3_scripts_keep_no_more_than_is_known() -> None:
    for path in sorted((CHECKOUT / "static" / "js").glob("*.js")):
        used = set(_STORES.findall(path.read_text(encoding="utf-8")))
        allowed = {"sessionStorage"} if path.name == "unsaved.js" else {_MAY_STORE.get(path.name)}
        assert used <= allowed, path.name


def contents(value: str) -> dict[str, object]:
    """What a session's cookie says; it is signed, not sealed."""
    packed = value.startswith(".")
    payload = value.removeprefix(".").split(".")[0]
    written = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    found: dict[str, object] = json.loads(decompress(written) if packed else written)
    return found

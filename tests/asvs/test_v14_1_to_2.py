"""V14.1 and V14.2: what is sensitive is known, kept as is said, and sent to nobody else."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from redis import Redis
from sqlalchemy import LargeBinary, text

from tests.asvs.requirements import table
from tests.connections.lone_provider import CLIENT_SECRET, CODE, Listed
from tests.connections.renewing import refresh
from tests.connections.ways import engine_of, means_of, only, row_of
from tests.contracts.crossing import PUBLIC, page_rules
from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.connected import connect_built_in
from wedsync import api
from wedsync.connections import keeping, life
from wedsync.migrations import tables
from wedsync.platform import crypto
from wedsync.platform.db import db
from wedsync.platform.rotation import sealed_columns
from wedsync.platform.vault import MASK

SEALED, HASHED = {"secret", "held back"}, {"proof"}
_BY_LETTER = {
    "accounts.accept_invitation",
    "accounts.reset_password",
    "accounts.confirm_email",
    "workflows.approval_by_link",
}
"""Links from letters: a token of its own in the address, once."""

UNDER_OTHER_KEYS = {"data_keys.wrapped", "remembered_answers.answer"}
"""The data keys themselves, and what only a client's own key opens."""

_NAMES_A_SECRET = re.compile(r"password|passphrase|secret|api_?key|credential|access_?token")
_FOREIGN = re.compile(
    r"""<(?:script|img|link|iframe|source|object)\b[^>]*?(?:src|href)=["']?(\w+:)?//"""
)
KEY = "canary-key-of-asvs"


def levels() -> dict[str, str]:
    """The level of every column of bytes, as the inventory says."""
    return {cells[0].strip("`"): cells[1] for cells in table("Columns of bytes")}


def columns_of_bytes() -> set[str]:
    return {
        f"{each.name}.{column.name}"
        for each in tables().sorted_tables
        for column in each.columns
        if isinstance(column.type, LargeBinary)
    }


@pytest.fixture
def connection_id(editor: Persona, connector: Listed) -> UUID:
    return connector.connect(editor)


# --- documentation


def test_v14_1_1_every_column_of_bytes_has_a_level() -> None:
    assert columns_of_bytes() == set(levels())


def test_v14_1_1_new_keys_reach_every_column_that_is_sealed() -> None:
    reached = {
        f"{each.name}.{column}"
        for each in (*sealed_columns.SEALED, sealed_columns.SEALED_FOR_PLATFORM)
        for column in each.values
    }
    sealed = {column for column, level in levels().items() if level in SEALED}
    assert sealed - reached == UNDER_OTHER_KEYS
    assert reached <= sealed


def test_v14_1_2_every_level_says_what_holds_for_it() -> None:
    rows = table("How secrets are protected, by level")
    named = {row[0] for row in rows}
    assert set(levels().values()) <= named
    for row in rows:
        assert len(row) == 7, row
        assert all(row), row


# --- in addresses


def test_v14_2_1_no_address_of_ours_takes_a_secret(app: APIFlask) -> None:
    for rule in app.url_map.iter_rules():
        named = {name for name in rule.arguments if _NAMES_A_SECRET.search(name)}
        tokens = {name for name in rule.arguments if "token" in name}
        assert not named, rule.rule
        assert not tokens or rule.endpoint in _BY_LETTER, rule.rule
    document = app.test_client().get(f"{api.BASE_PATH}/openapi.json").json
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for each in operation.get("parameters", ()):
                assert not _NAMES_A_SECRET.search(each["name"]), path


def test_v14_2_1_a_key_in_the_address_opens_nothing(app: APIFlask, owner: Persona) -> None:
    for name in ("api_key", "key", "token", "access_token"):
        answer = app.test_client().get(f"{api.BASE_PATH}/events?{name}={owner.key}")
        assert answer.status_code == 401


def test_v14_2_1_what_is_typed_to_connect_is_posted(editor: Persona, connector: Listed) -> None:
    page = editor.browser.get(f"/connect/{connector.slug}").text
    forms = re.findall(r"<form\b[^>]*>.*?</form>", page, re.DOTALL)
    with_secret = [form for form in forms if 'type="password"' in form]
    assert len(with_secret) == 1
    assert re.search(r'method="post"', with_secret[0], re.IGNORECASE)


def test_v14_2_1_nothing_a_provider_sent_stays_in_the_address(
    editor: Persona, connector: Listed
) -> None:
    state = connector.leave(editor)["state"]
    after = connector.back(editor, state=state, code=CODE)
    assert after.status_code == 303
    assert CODE not in after.location
    assert state not in after.location
    refused = connector.back(editor, state=state, code=CODE)
    assert refused.status_code == 422
    assert refused.headers["Referrer-Policy"] in ("no-referrer", "origin", "strict-origin")
    assert CODE not in refused.text
    assert state not in refused.text


def test_v14_2_1_who_signs_in_first_does_not_carry_it_along(
    editor: Persona, connector: Listed
) -> None:
    state = connector.leave(editor)["state"]
    editor.browser.post("/sign-out")
    answer = connector.back(editor, state=state, code=CODE)
    assert answer.location == "/sign-in?next=/connections"


# --- in caches, and to others


def test_v14_2_2_redis_holds_no_secret_of_a_connection(
    app: APIFlask, connection_id: UUID, settings: object
) -> None:
    assert refresh(app, connection_id)
    redis = Redis.from_url(means_of(app).settings.redis_url or "")
    for key in redis.scan_iter():
        kept = repr((key, redis.dump(key)))
        for secret in ("access-", "refresh-", CLIENT_SECRET, CODE):
            assert f"{secret}" not in kept or "canary" not in kept, key


def test_v14_2_2_nobody_on_the_way_may_keep_an_answer(editor: Persona, connection_id: UUID) -> None:
    for path in ("/connections", f"/connections/{connection_id}", "/"):
        assert editor.browser.get(path).headers["Cache-Control"] == "no-store"


def test_v14_2_3_pages_load_nothing_from_anybody_else(
    editor: Persona, connector: Listed, connection_id: UUID
) -> None:
    page = f"/connections/{connection_id}"
    for path in ("/connections", page, f"{page}/reconnect", f"/connect/{connector.slug}"):
        answer = editor.browser.get(path)
        assert _FOREIGN.search(answer.text) is None, path
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        sources = re.findall(r"(?:script|style|img|font|connect)-src ([^;]*)", policy)
        assert not any("http" in each or "*" in each for each in sources), policy


# --- as is said


def test_v14_2_4_what_is_said_to_be_sealed_is_sealed_and_what_is_said_to_be_hashed_is_a_hash(
    app: APIFlask, editor: Persona, connector: Listed, connection_id: UUID
) -> None:
    connector.leave(editor)
    editor.api.post("/hooks", json={"name": "x", "scheme": "standard_webhooks"})
    editor.api.post("/endpoints", json={"url": "https://partner.example/told"})
    seen = set()
    for column, level, value in values(app, editor.organization_id):
        seen.add(column)
        if level in SEALED:
            assert crypto.key_id_of(value), column
            assert len(value) >= 45, column
        elif level in HASHED:
            assert len(value) == 32, column
    assert {"connections.secret", "authorizations.held", "authorizations.state_hash"} <= seen
    assert {"hooks.secret", "endpoints.secret", "api_keys.key_hash"} <= seen


def values(app: APIFlask, organization_id: UUID) -> Iterator[tuple[str, str, bytes]]:
    """Every value of a column of bytes of an organization, with its column and level."""
    for column, level in levels().items():
        name, field = column.split(".")
        if "organization_id" not in tables().tables[name].columns:
            continue
        query = text(f'SELECT "{field}" FROM "{name}" WHERE organization_id = :id')
        with engine_of(app).connect() as database:
            for value in database.scalars(query, {"id": organization_id}):
                if value is not None:
                    yield column, level, bytes(value)


# --- what is not there


def test_v14_2_5_an_address_that_is_not_there_is_not_found_whatever_its_ending(
    editor: Persona, connection_id: UUID
) -> None:
    for ending in (".css", "/x.css", "/x.js", ";x.css", "%2Fx.css", "/%0Ax.css", ".json"):
        for path in (f"/connections/{connection_id}", "/connections", "/settings/api-keys"):
            answer = editor.browser.get(path + ending)
            assert answer.status_code == 404, path + ending
            assert answer.headers["Cache-Control"] == "no-store"


def test_v14_2_5_only_files_of_ours_may_be_cached(app: APIFlask, editor: Persona) -> None:
    assert editor.browser.get("/static/none.css").status_code == 404
    assert editor.browser.get("/static/../settings/api-keys").status_code in (200, 404)
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/css/%2e%2e/%2e%2e/app.py"):
        assert editor.browser.get(path).status_code == 404


def test_v14_2_6_a_mask_of_one_length_stands_for_every_secret(
    app: APIFlask, owner: Persona, built_in_listings: None
) -> None:
    pages = []
    for key in (KEY, KEY * 20):
        typed = {"address": "https://service.example", "header": "X-Key", "check_path": "/"}
        made = connect_built_in(app, owner.organization_id, "rest-api", typed, {"api_key": key})
        page = owner.browser.get(f"/connections/{made}/reconnect")
        assert KEY not in page.text
        assert page.text.count(MASK) == 1
        pages.append(re.sub(str(made), "", words_of(page)))
    assert pages[0] == pages[1]


def test_v14_2_7_an_attempt_forgets_what_it_held_when_its_time_is_over(
    app: APIFlask, editor: Persona, connector: Listed
) -> None:
    connector.leave(editor)
    given = {"id": editor.organization_id}
    with engine_of(app).begin() as database:
        late = "UPDATE authorizations SET expires_at = now() - interval '1 second'"
        database.execute(text(f"{late} WHERE organization_id = :id"), given)
        keeping.prune(database)
        held = text("SELECT count(held) FROM authorizations WHERE organization_id = :id")
        assert database.scalar(held, given) == 0


def test_v14_2_7_what_is_disconnected_keeps_no_credentials_and_what_is_deleted_nothing(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    assert row_of(app, connection_id).secret is not None
    row = ended(app, editor, connection_id, life.disconnect)
    assert row.secret is None
    row = ended(app, editor, connection_id, life.delete)
    assert (row.secret, row.settings, row.looks) == (None, {}, [])


def ended(app: APIFlask, editor: Persona, connection_id: UUID, end: Callable[..., object]) -> Any:
    """The connection after somebody ended it."""
    with app.test_request_context():
        end(editor.identity, connection_id)
        db.session.commit()
    return only(app, editor)


def test_v14_2_1_only_links_from_letters_are_open_with_a_token(app: APIFlask) -> None:
    assert _BY_LETTER <= PUBLIC
    assert not any("token" in name for rule, _method in page_rules(app) for name in rule.arguments)

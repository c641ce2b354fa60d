"""What is wrong with a manifest, in sentences; and that hostile ones never raise."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wedsync.connectors.checks import RESERVED, Problem, problems
from wedsync.platform import outbound

Document = dict[str, Any]

GOOD: Document = {
    "slug": "petal-flowers",
    "name": "Petal Flowers",
    "summary": "Orders flowers.",
    "icon": "flower",
    "base_url": "https://api.petal.example/v1",
    "shelf": {
        "categories": ["send"],
        "description": "Orders what the couple chose.",
        "permissions": ["Place orders"],
        "tried_against": "Not yet tried against the live service.",
    },
    "auth": {
        "kind": "oauth2_code",
        "fields": [{"name": "shop", "title": "Shop"}],
        "oauth": {
            "authorize_url": "https://petal.example/authorize",
            "token_url": "https://petal.example/token",
            "client_from": "listing",
            "scopes": [{"name": "orders", "words": "Place orders"}],
        },
    },
    "account": {"request": {"method": "GET", "path": "/me"}, "id_path": "id", "name_path": "name"},
    "hooks": {
        "scheme": "standard_webhooks",
        "setup": "automatic",
        "subscribe": {"method": "POST", "path": "/hooks", "json": {"url": "{hook.url}"}},
        "unsubscribe": {"method": "DELETE", "path": "/hooks/{subscription.id}"},
    },
    "triggers": [
        {
            "key": "order_sent",
            "label": "An order left",
            "sentence": "When an order leaves",
            "event_type": "order.sent",
        }
    ],
    "actions": [
        {
            "key": "order",
            "label": "Order flowers",
            "sentence": "Order {flowers}",
            "done": "Ordered {flowers}",
            "group": "Guests",
            "effect": "idempotent",
            "scopes": ["orders"],
            "input": {
                "type": "object",
                "required": ["flowers"],
                "properties": {"flowers": {"type": "string", "title": "Flowers"}},
            },
            "request": {
                "method": "POST",
                "path": "/shops/{settings.shop}/orders",
                "json": {"what": "{input.flowers}"},
                "key_header": "Idempotency-Key",
            },
            "choose_from": {"flowers": "flowers"},
        }
    ],
    "choices": [
        {
            "key": "flowers",
            "label": "Flowers",
            "request": {
                "method": "GET",
                "path": "/shops/{settings.shop}/flowers",
                "query": {"page": "{cursor.page}"},
            },
            "records": "flowers",
            "next_path": "next",
            "scopes": ["orders"],
        }
    ],
}


LOOKUP: Document = {"method": "GET", "path": "/orders", "query": {"ref": "{attempt.key}"}}


@pytest.fixture(autouse=True)
def closed_door() -> None:
    """As in production: this machine is no place to connect to."""
    outbound.allow_loopback(False)


def changed(path: str, value: Any) -> Document:
    """The good manifest with one thing put elsewhere."""
    document = copy.deepcopy(GOOD)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    here: Any = document
    for part in parents:
        here = here[part]
    here[last] = value
    return document


def found(document: Any, *, built_in: bool = False) -> list[Problem]:
    return problems(document, built_in=built_in)


def test_a_good_manifest_has_nothing_to_mend() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value", "where", "said"),
    [
        # its form
        ("slug", "Petal", "slug", "small letters, digits and hyphens"),
        ("name", "", "name", "This is empty."),
        ("name", "x" * 301, "name", "at most 300 characters"),
        ("colour", "red", "colour", "nothing of this name"),
        ("auth.kind", "magic", "auth.kind", "should be one of"),
        ("actions", {}, "actions", "should be a list"),
        ("actions.0", 7, "actions.0", "should be a table"),
        ("shelf.categories", [], "shelf.categories", "This is empty."),
        # what belongs together
        ("actions", [GOOD["actions"][0]] * 2, "actions", "“order” is there twice"),
        ("actions", [GOOD["actions"][0]] * 61, "actions", "at most 60"),
        ("triggers", [GOOD["triggers"][0]] * 2, "triggers", "“order.sent”"),
        ("hooks", None, "hooks", "how they tell us"),
        ("hooks.subscribe", None, "hooks.subscribe", "subscribes our address"),
        ("hooks.setup", "by_hand", "hooks.instructions", "a step per line"),
        ("auth.oauth", None, "auth.oauth", "ask for consent"),
        ("auth.kind", "api_key", "auth.oauth", "only for ways of connecting that use OAuth2"),
        ("auth.oauth.client_from", "fields", "auth.fields", "add the field “client_id”"),
        ("auth.fields.0.kind", "choice", "auth.fields.0.choices", "Choices belong"),
        ("actions.0.scopes", ["all"], "actions.0.scopes", "“all” is not among those asked"),
        ("actions.0.effect", "local", "actions.0.effect", "none, idempotent, lookup"),
        ("actions.0.effect", "none", "actions.0.effect", "only GET does not"),
        ("actions.0.request.key_header", None, "actions.0.request.key_header", "or say once"),
        ("actions.0.request.form", {"a": "b"}, "actions.0.request", "not both"),
        ("actions.0.effect", "lookup", "actions.0.lookup", "looks up what was done"),
        ("actions.0.lookup", LOOKUP, "actions.0.lookup", "only that does"),
        ("actions.0.lookup", {**LOOKUP, "method": "POST"}, "actions.0.lookup.method", "a GET"),
        ("actions.0.lookup", {**LOOKUP, "query": {}}, "actions.0.lookup", "write {attempt.key}"),
        ("actions.0.lookup", {**LOOKUP, "path": "/a/../b"}, "actions.0.lookup.path", "downwards"),
        (
            "actions.0.lookup",
            {**LOOKUP, "query": {"a": "{secret.x}{attempt.key}"}},
            "actions.0.lookup.query",
            "A secret may only stand",
        ),
        # what can be chosen at the account
        ("choices", [GOOD["choices"][0]] * 2, "choices", "“flowers” is there twice"),
        ("choices.0.request.method", "POST", "choices.0.request.method", "a GET"),
        ("choices.0.request.path", "/a/../b", "choices.0.request.path", "downwards"),
        ("choices.0.request.output", "data", "choices.0.request.output", "where the list is"),
        ("choices.0.request.query", {}, "choices.0.request", "write {cursor.page}"),
        ("choices.0.next_path", "", "choices.0.next_path", "names the next page"),
        ("choices.0.request.path", "/{input.flowers}", "choices.0.request.path", "not known"),
        (
            "choices.0.request.query",
            {"page": "{cursor.page}", "key": "{secret.access_token}"},
            "choices.0.request.query",
            "A secret may only stand",
        ),
        ("choices.0.value", "", "choices.0.value", "such as id"),
        ("choices.0.name", "a b", "choices.0.name", "such as id"),
        ("choices.0.note", "a..b", "choices.0.note", "such as email"),
        ("choices.0.records", ".", "choices.0.records", "such as data.items"),
        ("choices.0.scopes", ["all"], "choices.0.scopes", "“all” is not among those asked"),
        ("choices", [], "actions.0.choose_from.flowers", "no list “flowers”"),
        (
            "actions.0.choose_from",
            {"roses": "flowers"},
            "actions.0.choose_from.roses",
            "not a field of the input",
        ),
        (
            "actions.0.input.properties.flowers.enum",
            ["rose"],
            "actions.0.choose_from.flowers",
            "without choices of its own",
        ),
        (
            "actions.0.input.properties.flowers.type",
            "array",
            "actions.0.choose_from.flowers",
            "a text or a whole number",
        ),
        # inputs and words
        ("actions.0.input.type", "array", "actions.0.input.type", "is an object"),
        ("actions.0.input.$ref", "https://x.example", "actions.0.input.$ref", "keyword"),
        (
            "actions.0.input.properties.flowers.recipient",
            True,
            "actions.0.input.properties.flowers.recipient",
            "sends a message",
        ),
        (
            "actions.0.input.properties.flowers.recipient",
            "yes",
            "actions.0.input.properties.flowers.recipient",
            "Write true here",
        ),
        (
            "actions.0.input.properties.flowers.pattern",
            "(a+)+$",
            "actions.0.input.properties.flowers.pattern",
            "keyword",
        ),
        ("actions.0.input.required", ["roses"], "actions.0.input.required", "“roses”"),
        (
            "actions.0.input.properties.flowers.title",
            " ",
            "actions.0.input.properties.flowers",
            "title people read",
        ),
        (
            "actions.0.input.properties.flowers.type",
            "flower",
            "actions.0.input.properties.flowers.type",
            "JSON Schema",
        ),
        ("actions.0.sentence", "Order {roses}", "actions.0.sentence", "“{roses}”"),
        ("triggers.0.sentence", "When {x}", "triggers.0.sentence", "no gaps"),
        # placeholders
        (
            "actions.0.request.json",
            {"a": "{input.roses}"},
            "actions.0.request.json",
            "names nothing",
        ),
        ("actions.0.request.path", "/{settings.town}", "actions.0.request.path", "names nothing"),
        (
            "actions.0.request.json",
            {"a": "{ input.flowers }"},
            "actions.0.request.json",
            "filled in",
        ),
        ("actions.0.request.json", {"a": "{hook.url}"}, "actions.0.request.json", "not known here"),
        (
            "actions.0.request.query",
            {"key": "{secret.access_token}"},
            "actions.0.request.query",
            "may only stand in what authorises",
        ),
        (
            "actions.0.request.path",
            "/{secret.access_token}",
            "actions.0.request.path",
            "may only stand in what authorises",
        ),
        ("base_url", "https://{secret.access_token}.x.example", "base_url", "may only stand in"),
        ("auth.headers", {"X": "{secret.password}"}, "auth.headers", "names nothing"),
        # addresses
        ("base_url", "", "base_url", "where the service answers"),
        ("base_url", "ftp://petal.example", "base_url", "starts with https://"),
        ("base_url", "http://petal.example", "base_url", "begin with https://"),
        ("base_url", "https://127.0.0.1/api", "base_url", "never called"),
        ("base_url", "https://169.254.169.254/latest", "base_url", "never called"),
        ("base_url", "https://petal.example/api?x=1", "base_url", "no “?”"),
        ("auth.oauth.token_url", "https://10.0.0.1/token", "auth.oauth.token_url", "never called"),
        ("shelf.support_url", "javascript:alert(1)", "shelf.support_url", "starts with https://"),
        ("actions.0.request.path", "orders", "actions.0.request.path", "begins with one “/”"),
        ("actions.0.request.path", "//x.example", "actions.0.request.path", "begins with one “/”"),
        ("actions.0.request.path", "/a/../b", "actions.0.request.path", "goes downwards"),
        ("actions.0.request.path", "/a?b=c", "actions.0.request.path", "goes into query"),
        (
            "actions.0.request.headers",
            {"Authorization": "Basic x"},
            "actions.0.request.headers",
            "set by WedSync.",
        ),
        (
            "actions.0.request.headers",
            {"X Y": "1"},
            "actions.0.request.headers",
            "name of a header",
        ),
        ("auth.headers", {"Host": "x.example"}, "auth.headers", "set by WedSync"),
        ("auth.headers", {"X\r\nY": "1"}, "auth.headers", "name of a header"),
        # what an authorization server is told
        (
            "auth.oauth.authorize_parameters",
            {"code_challenge_method": "plain"},
            "auth.oauth.authorize_parameters",
            "“code_challenge_method” is said by WedSync",
        ),
        ("auth.oauth.token_parameters", {"auth": "x"}, "auth.oauth.token_parameters", "“auth”"),
        ("auth.oauth.token_url", "{settings.shop}", "auth.oauth.token_url", "host of their own"),
        (
            "auth.oauth.token_url",
            "https://{settings.shop}/token",
            "auth.oauth.token_url",
            "host of their own",
        ),
        (
            "auth.oauth.revoke_url",
            "https://api.{settings.shop}.example/revoke",
            "auth.oauth.revoke_url",
            "host of their own",
        ),
        # partners only
        ("slug", "stripe", "slug", "is taken"),
        ("shelf", None, "shelf", "marketplace"),
        ("actions.0.request", None, "actions.0.request", "which request this action sends"),
        ("auth.oauth.client_from", "installation", "auth.oauth.client_from", "from the listing"),
    ],
)
def test_each_mistake_is_found_where_it_is_and_said(
    path: str, value: Any, where: str, said: str
) -> None:
    listed = found(changed(path, value))
    assert any(each.path == where and said in each.sentence for each in listed), listed
    assert all(each.sentence.endswith(".") for each in listed)


@pytest.mark.parametrize("slug", sorted(RESERVED))
def test_reserved_names_are_ours(slug: str) -> None:
    assert [each.path for each in found(changed("slug", slug))] == ["slug"]
    assert found(changed("slug", slug), built_in=True) == []


def test_a_development_set_up_may_connect_to_this_machine() -> None:
    local = changed("base_url", "http://127.0.0.1:8001/api")
    assert found(local) != []
    outbound.allow_loopback(True)
    assert found(local) == []


def test_what_the_vendor_types_is_judged_when_it_is_typed() -> None:
    assert found(changed("base_url", "{settings.shop}")) == []
    assert found(changed("base_url", "{sandbox}/api/v1")) == []
    assert found(changed("auth.oauth.token_url", "{sandbox}/oauth/token")) == []
    assert found(changed("auth.oauth.token_url", "https://{settings.shop}.petal.example/t")) == []


# --- hostile documents


def deep(levels: int) -> Any:
    document: Any = {}
    for _ in range(levels):
        document = {"input": document}
    return document


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "manifest",
        7,
        {},
        {"slug": None},
        deep(100_000),
        {"actions": [{}] * 30_000},
        {"name": "x" * 1_000_000},
        {"name": "\ud800"},
        {"name": "a\x00b"},
        {"name": "\u202eepirtS"},
        {"name": float("nan")},
        {"name": 2**200},
        {"name": b"bytes"},
        {7: "seven"},
    ],
    ids=lambda document: type(document).__name__,
)
def test_what_is_no_manifest_is_refused(document: Any) -> None:
    assert found(document)
    assert found(document, built_in=True)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "required", "items", "enum", "x", "json"])
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def places(document: Any, here: tuple[str, ...] = ()) -> list[str]:
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    listed = []
    for name, value in inner:
        path = (*here, str(name))
        listed.append(".".join(path))
        if isinstance(value, dict | list):
            listed += places(value, path)
    return listed


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(places(GOOD)), _ANYTHING)
def test_anything_anywhere_is_judged_without_an_error(path: str, value: Any) -> None:
    document = changed(path, value)
    for built_in in (True, False):
        judged = found(document, built_in=built_in)
        assert all(each.sentence for each in judged)

"""Nobody reaches what is not theirs: every route and operation, crossed with everybody else.

The routes come from the app and the operations from its OpenAPI document, so a new one is covered
without anybody remembering it; one that names a new kind of object fails here until the tests
know how to make one.

| who | what they get |
|---|---|
| a stranger | 404 for an object in a path; nothing of it in a list, a filter or a body's answer |
| a viewer, a key that may only read | 403 for every change |
| nobody in particular | 401 from the API, the sign-in page from pages |
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import TestResponse

from tests.contracts.objects import DEFINITION, NOUNS, Objects
from tests.personas import Persona, Script, browser_of, make_organization, make_persona
from wedsync import api
from wedsync.accounts import api_keys
from wedsync.api.document import operations
from wedsync.factory import inbound
from wedsync.migrations import tables
from wedsync.platform.db import db

pytestmark = pytest.mark.usefixtures("built_in_listings")

SPEC = f"{api.BASE_PATH}/openapi.json"
PUBLIC = {
    "static",
    "openapi.spec",
    "accounts.sign_in",
    "accounts.sign_up",
    "accounts.accept_invitation",
    "accounts.forgotten",
    "accounts.reset_password",
    "accounts.confirm_email",
    "workflows.approval_by_link",
    "health.healthz",
    "health.readyz",
}
"""What anybody may reach. A route added here is open to the world: think twice."""

OPEN_TO_VIEWERS = {
    "workflows.answer_approval",
    "accounts.sign_out",
    "accounts.switch_organization",
    "accounts.change_password",
    "accounts.send_confirmation",
    "accounts.revoke_sign_in",
    "accounts.revoke_other_sign_ins",
    "workflows.ready_made_preview",
}
"""What a viewer may post: their own coming and going, and a look at what is not kept."""

FORMS: dict[str, dict[str, str]] = {
    "accounts.change_role": {"role": "viewer"},
    "workflows.decide_run": {"choice": "skip"},
}
"""What a page's form needs before it looks for its object."""

SHARED = {"slug", "recipe_key"}
"""What names something everybody sees: a published integration, a ready-made workflow."""

DEFINITIONS = {"definition"}
WEDDINGS = {"wedding_id"}
SETTINGS = {"get_message_rules", "get_books"}
"""What everybody has one of, so there is no list of it."""


@dataclass(frozen=True)
class Operation:
    """One operation of the API with a path to somebody's objects and a body that would do."""

    name: str
    method: str
    path: str
    query: frozenset[str]
    body: dict[str, Any] | None

    @property
    def names_an_object(self) -> bool:
        return "{" in self.path

    def send(self, script: Script, path: str, **kwargs: Any) -> TestResponse:
        if self.body is not None:
            kwargs.setdefault("json", self.body)
        headers = {"If-Match": "*"} if self.method in ("PUT", "PATCH") else {}
        below = path.removeprefix(api.BASE_PATH)
        return script.request(self.method, below, headers=headers, **kwargs)


def api_operations(app: APIFlask) -> list[Operation]:
    document = app.test_client().get(SPEC).json
    schemas = document["components"]["schemas"]
    return [
        Operation(
            operation["operationId"],
            method.upper(),
            path + needed_query(operation),
            frozenset(each["name"] for each in operation["parameters"] if each["in"] == "query"),
            body_of(operation, schemas),
        )
        for path, method, operation in operations(document)
    ]


def needed_query(operation: Any) -> str:
    """What a query has to name, as part of the path: `?event={event}`."""
    needed = (
        each["name"]
        for each in operation["parameters"]
        if each["in"] == "query" and each.get("required")
    )
    query = "&".join(f"{name}={{{name}}}" for name in needed)
    return f"?{query}" if query else ""


def body_of(operation: Any, schemas: Any) -> dict[str, Any] | None:
    """A body with an example for every property."""
    if "requestBody" not in operation:
        return None
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    properties = schemas[reference.rpartition("/")[2]]["properties"]
    return {
        name: (described.get("examples") or described.get("enum"))[0]
        for name, described in properties.items()
        if described.get("examples") or described.get("enum")
    } | {name: None for name in properties if name in WEDDINGS}


def filled(path: str, objects: Objects) -> str:
    return re.sub(r"\{(\w+)\}", lambda part: str(objects.named(part[1])), path)


def page_rules(app: APIFlask) -> Iterator[tuple[Rule, str]]:
    """Every route that is not the API's and not public, by method."""
    for rule in app.url_map.iter_rules():
        if not api.is_below_base_path(rule.rule) and rule.endpoint not in PUBLIC:
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield rule, method


def address(app: APIFlask, rule: Rule, objects: Objects) -> str:
    values = {
        name: min(converter.items) if isinstance(converter, AnyConverter) else objects.named(name)
        for name, converter in rule._converters.items()
    }
    return str(app.url_map.bind("localhost").build(rule.endpoint, values, method=None))


def everything_of(app: APIFlask, organization_id: Any) -> dict[str, str]:
    """A fingerprint of every row of an organization, table by table."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: fingerprint(connection, table.name, organization_id)
            for table in tables().sorted_tables
            if "organization_id" in table.columns
        }


def fingerprint(connection: Connection, table: str, organization_id: Any) -> str:
    query = text(
        f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
        f' FROM "{table}" t WHERE organization_id = :id'
    )
    found: str = connection.execute(query, {"id": organization_id}).scalar_one()
    return found


@pytest.fixture
def objects(app: APIFlask, owner: Persona) -> Objects:
    made = Objects(app, owner)
    made.make_all()
    return made


@pytest.fixture
def reader(app: APIFlask, owner: Persona) -> Script:
    """A key of the owner's organization that may read everything and change nothing."""
    scopes = [f"{resource}:read" for resource in api_keys.RESOURCES]
    with app.app_context():
        _key, raw = api_keys.create(owner.organization_id, "Reads only", scopes)
        db.session.commit()
    return Script(app, raw)


# --- a stranger and the API


def test_an_operation_that_names_an_object_does_not_find_somebody_elses(
    app: APIFlask, owner: Persona, stranger: Persona, objects: Objects
) -> None:
    before = everything_of(app, owner.organization_id)
    wrong = []
    for operation in api_operations(app):
        if operation.names_an_object:
            answer = operation.send(stranger.api, filled(operation.path, objects))
            if (answer.status_code, answer.json.get("code")) != (404, "not_found"):
                wrong.append((operation.name, answer.status_code, answer.json))
    assert not wrong
    assert everything_of(app, owner.organization_id) == before


def test_somebody_elses_object_is_refused_in_the_words_of_one_that_is_not_there(
    app: APIFlask, stranger: Persona, objects: Objects
) -> None:
    for operation in api_operations(app):
        if not operation.names_an_object:
            continue
        theirs = filled(operation.path, objects)
        nowhere = theirs
        for noun in NOUNS:
            nowhere = nowhere.replace(str(getattr(objects, noun)), str(uuid4()))
        answers = [operation.send(stranger.api, path).json for path in (theirs, nowhere)]
        assert answers[0] | {"request_id": None} == answers[1] | {"request_id": None}


def test_the_owner_reaches_each_of_them(app: APIFlask, owner: Persona) -> None:
    """Otherwise a 404 above would prove nothing."""
    for operation in api_operations(app):
        if operation.names_an_object:
            objects = Objects(app, owner)
            answer = operation.send(owner.api, filled(operation.path, objects))
            assert answer.status_code not in (401, 403, 404, 405), (operation, answer.json)


def test_no_list_shows_anything_of_somebody_else(
    app: APIFlask, stranger: Persona, objects: Objects
) -> None:
    ids = {str(getattr(objects, noun)) for noun in NOUNS}
    lists = [
        operation
        for operation in api_operations(app)
        if operation.method == "GET" and not operation.names_an_object
    ]
    assert lists
    for operation in lists:
        shown = operation.send(stranger.api, operation.path)
        if operation.name not in SETTINGS:
            assert (shown.status_code, shown.json["data"]) == (200, []), operation.name
        assert objects.mark not in shown.text
        assert not any(each in shown.text for each in ids)


def test_a_filter_that_names_somebody_elses_object_finds_nothing(
    app: APIFlask, owner: Persona, stranger: Persona, objects: Objects
) -> None:
    plain = {
        "limit",
        "cursor",
        "state",
        "status",
        "type",
        "source",
        "from",
        "to",
        "waiting_for",
        "step",
        "date",
        "rsvp_deadline",
        "delivery_date",
        "final_count_due",
        "postponed",
        "with",
    }
    tried = 0
    for operation in api_operations(app):
        for name in sorted(operation.query - plain):
            query = {name: str(objects.named(name))}
            tried += 1
            if operation.names_an_object:
                continue
            shown = operation.send(stranger.api, operation.path, query_string=query)
            assert (shown.status_code, shown.json["data"]) == (200, []), (operation.name, name)
            ours = operation.send(owner.api, operation.path, query_string=query)
            assert ours.status_code == 200
    assert tried >= 4


def test_a_body_that_names_somebody_elses_object_is_of_no_use(
    app: APIFlask, owner: Persona, stranger: Persona, objects: Objects
) -> None:
    """A new property that names an object needs a line in `refuses` below."""
    before = everything_of(app, owner.organization_id)
    tried = 0
    own = Objects(app, stranger)
    for operation in api_operations(app):
        for name in sorted(operation.body or {}):
            if name in DEFINITIONS or name.endswith("_id") or name in NOUNS:
                refuses(operation, name, stranger, objects, own)
                tried += 1
    assert tried >= 4
    assert everything_of(app, owner.organization_id) == before


def refuses(
    operation: Operation, name: str, stranger: Persona, objects: Objects, own: Objects
) -> None:
    path = filled(operation.path, own)
    body = operation.body or {}
    if name in WEDDINGS:
        body = body | {name: str(objects.wedding)}
        answer = operation.send(stranger.api, path, json=body)
        assert answer.json[name] is None, operation.name
    elif name in DEFINITIONS:
        for definition, field in definitions_naming(objects):
            answer = operation.send(stranger.api, path, json=body | {name: definition})
            told = {problem["field"] for problem in answer.json["problems"]}
            assert field in told, (operation.name, field, answer.json)
    else:
        pytest.fail(
            f"“{name}” in the body of {operation.name} names an object. Say in `refuses` "
            "(tests/contracts/test_strangers.py) how it is kept from strangers."
        )


def definitions_naming(objects: Objects) -> Iterator[tuple[dict[str, Any], str]]:
    """Every place of a definition that names an object, with somebody else's in it."""
    event = {"kind": "event", "event_type": "seating.changed"}
    yield DEFINITION | {"trigger": {"kind": "webhook", "hook": str(objects.hook)}}, "trigger.hook"
    for noun in ("hook", "workflow"):
        source = f"{noun}:{getattr(objects, noun)}"
        yield DEFINITION | {"trigger": event | {"source": source}}, "trigger.source"
    send = {"id": "tell", "kind": "action", "use": "webhook.send"}
    given = {"event_type": "seating.changed", "endpoint": str(objects.endpoint)}
    yield DEFINITION | {"steps": [send | {"input": given}]}, "input.endpoint"


def test_a_definition_finds_its_own_hook(app: APIFlask, owner: Persona, objects: Objects) -> None:
    definition = DEFINITION | {"trigger": {"kind": "webhook", "hook": str(objects.hook)}}
    made = owner.api.post("/workflows", json={"name": "x", "definition": definition})
    assert made.json["problems"] == []


# --- a stranger and the pages


def test_a_page_that_names_an_object_does_not_find_somebody_elses(
    app: APIFlask, owner: Persona, objects: Objects
) -> None:
    before = everything_of(app, owner.organization_id)
    wrong = []
    for rule, method in page_rules(app):
        if rule.arguments - SHARED:
            stranger = somebody(app)
            answer = stranger.browser.open(
                address(app, rule, objects), method=method, data=FORMS.get(rule.endpoint)
            )
            if answer.status_code != 404 or objects.mark in answer.text:
                wrong.append((method, rule.rule, answer.status_code))
    assert not wrong, "A form that is read before its object is found needs a line in FORMS."
    assert everything_of(app, owner.organization_id) == before


def test_the_owner_reaches_each_of_those_pages(app: APIFlask) -> None:
    """Otherwise a 404 above would prove nothing. They are an admin too, for the admins' pages."""
    for rule, method in page_rules(app):
        if rule.arguments:
            owner = somebody(app, "Rosewood Weddings", is_admin=True)
            answer = owner.browser.open(
                address(app, rule, Objects(app, owner)),
                method=method,
                data=FORMS.get(rule.endpoint),
            )
            assert answer.status_code < 400 or answer.status_code in (409, 422), rule.rule


def test_no_page_shows_anything_of_somebody_else(
    app: APIFlask, owner: Persona, objects: Objects
) -> None:
    """Whatever is asked for in the address, and whatever a form names."""
    before = everything_of(app, owner.organization_id)
    asked = {f"{noun}{end}": getattr(objects, noun) for noun in NOUNS for end in ("", "_id")}
    asked["before"] = objects.run
    for rule, method in page_rules(app):
        if rule.arguments - SHARED:
            continue
        stranger = somebody(app)
        where = {"query_string": asked} if method == "GET" else {"data": asked}
        answer = stranger.browser.open(address(app, rule, objects), method=method, **where)
        assert answer.status_code < 500, rule.rule
        assert objects.mark not in answer.text, rule.rule
    assert everything_of(app, owner.organization_id) == before


def somebody(
    app: APIFlask, business: str = "Lumen Photography", *, is_admin: bool = False
) -> Persona:
    """A new person each time, because a page may sign them out."""
    return make_persona(app, make_organization(app, business), name="Marek", is_admin=is_admin)


# --- a viewer


def test_a_viewer_changes_nothing(app: APIFlask, objects: Objects, viewer: Persona) -> None:
    before = everything_of(app, viewer.organization_id)
    wrong = []
    for rule, method in page_rules(app):
        if method == "GET" or rule.endpoint in OPEN_TO_VIEWERS:
            continue
        answer = viewer.browser.open(address(app, rule, objects), method=method)
        if answer.status_code != 403:
            wrong.append((method, rule.rule, answer.status_code))
    assert not wrong
    after = everything_of(app, viewer.organization_id)
    assert {name for name in after if after[name] != before[name]} <= {"sign_ins"}


def test_a_key_that_only_reads_changes_nothing(
    app: APIFlask, owner: Persona, objects: Objects, reader: Script
) -> None:
    before = everything_of(app, owner.organization_id)
    for operation in api_operations(app):
        answer = operation.send(reader, filled(operation.path, objects))
        if operation.method == "GET":
            assert answer.status_code == 200, operation.name
        else:
            wanted = (403, "scope_missing")
            assert (answer.status_code, answer.json["code"]) == wanted, operation.name
    after = everything_of(app, owner.organization_id)
    assert {name for name in after if after[name] != before[name]} <= {"api_keys"}


# --- nobody in particular


def test_only_what_is_listed_is_open_to_the_world() -> None:
    assert set(inbound.PUBLIC) == PUBLIC


def test_nobody_reaches_a_page_without_signing_in(app: APIFlask, objects: Objects) -> None:
    for rule, method in page_rules(app):
        answer = browser_of(app).open(address(app, rule, objects), method=method)
        if rule.rule.startswith("/live/"):
            assert answer.status_code == 401, rule.rule
        else:
            assert answer.status_code == 303, (rule.rule, method, answer.status_code)
            assert answer.location.startswith("/sign-in"), rule.rule


def test_nobody_reaches_the_api_without_a_key(
    app: APIFlask, objects: Objects, database: Session
) -> None:
    nobody = Script(app, "")
    for operation in api_operations(app):
        answer = operation.send(nobody, filled(operation.path, objects))
        assert (answer.status_code, answer.json["code"]) == (401, "api_key_missing")

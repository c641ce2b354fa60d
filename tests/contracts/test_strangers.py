"""Nobody reaches through the API what is not theirs: every operation, crossed with a stranger.

They get 404 for an object in a path, and nothing of it in a list, a filter or a body's answer.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from apiflask import APIFlask

from tests.contracts.crossing import WEDDINGS, Operation, api_operations, everything_of, filled
from tests.contracts.objects import DEFINITION, NOUNS, Objects
from tests.personas import Persona

pytestmark = pytest.mark.usefixtures("built_in_listings")

DEFINITIONS = {"definition"}
WORKFLOWS = {"workflow_id"}
NO_LISTS = {"get_message_rules", "get_books", "get_health"}
"""What everybody has one of, so there is no list of it."""


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
        if operation.name not in NO_LISTS:
            assert (shown.status_code, shown.json["data"]) == (200, []), operation.name
        assert objects.mark not in shown.text
        assert not any(each in shown.text for each in ids)


def test_a_filter_that_names_somebody_elses_object_finds_nothing(
    app: APIFlask, owner: Persona, stranger: Persona, objects: Objects
) -> None:
    plain = {
        "limit",
        "cursor",
        "iterator",
        "state",
        "status",
        "type",
        "source",
        "from",
        "to",
        "waiting_for",
        "error",
        "search",
        "step",
        "date",
        "rsvp_deadline",
        "delivery_date",
        "final_count_due",
        "postponed",
        "with",
        "connector",
        "bucket",
        "format",
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
    elif name in WORKFLOWS:
        body = body | {name: str(objects.workflow)}
        answer = operation.send(stranger.api, path, json=body)
        assert answer.status_code == 422, operation.name
        assert [each["pointer"] for each in answer.json["errors"]] == [f"/{name}"]
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

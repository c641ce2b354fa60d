"""A workflow goes from one organization to another and back, word for word, with nothing in it
that is somebody's own."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.personas import Persona
from tests.workflows.definitions import make_workflow, manual
from wedsync.workflows.editing import patches
from wedsync.workflows.editing.references import references, replaced

SEND: dict[str, Any] = {
    "id": "tell",
    "kind": "action",
    "use": "webhook.send",
    "input": {"event_type": "seating.guest_added", "data": {"max": [1, 9]}},
}


def hook_of(persona: Persona, name: str = "Petal's answers") -> str:
    body = {"name": name, "scheme": "standard_webhooks"}
    return str(persona.api.post("/hooks", json=body).json["id"])


def listening(hook: str, *steps: Any) -> Any:
    return manual(*steps) | {"trigger": {"kind": "webhook", "hook": hook}}


def made(persona: Persona, definition: Any, name: str = "Tell the kitchen") -> str:
    body = {"name": name, "definition": definition}
    return str(persona.api.post("/workflows", json=body).json["id"])


def exported(persona: Persona, workflow_id: str) -> Any:
    answer = persona.api.get(f"/workflows/{workflow_id}/export")
    assert answer.status_code == 200
    return answer.json


def imported(persona: Persona, document: Any, **more: Any) -> Any:
    return persona.api.post("/workflows/import", json=document | more)


def draft_of(persona: Persona, workflow_id: str) -> Any:
    return persona.api.get(f"/workflows/{workflow_id}/draft").json


def test_what_is_ones_own_is_replaced_by_placeholders(owner: Persona) -> None:
    hook = hook_of(owner)
    called = made(owner, manual() | {"trigger": {"kind": "workflow"}}, "Greet")
    call = {"id": "call", "kind": "call", "workflow": called, "input": {}, "wait": False}
    document = exported(owner, made(owner, listening(hook, SEND, call)))
    assert document["wedsync"] == {"format": 1, "kind": "workflow"}
    assert document["definition"]["trigger"]["hook"] == "hook-1"
    assert document["definition"]["steps"][1]["workflow"] == "workflow-1"
    told = [(each["placeholder"], each["kind"], each["name"]) for each in document["needs"]]
    assert told == [
        ("hook-1", "hook", "Petal's answers"),
        ("workflow-1", "workflow", "Greet"),
    ]
    assert hook not in str(document)
    assert called not in str(document)


def test_a_version_is_exported_as_it_was(app: APIFlask, owner: Persona, organization: UUID) -> None:
    path = f"/workflows/{make_workflow(app, organization)}"
    owner.api.put(f"{path}/draft", json={"definition": {}}, headers={"If-Match": "*"})
    assert owner.api.get(f"{path}/export?version=1").json["definition"] == manual()
    assert owner.api.get(f"{path}/export").json["definition"] == {}
    assert owner.api.get(f"{path}/export?version=2").status_code == 404


def test_it_comes_back_word_for_word(owner: Persona) -> None:
    definition = listening(hook_of(owner), SEND)
    document = exported(owner, made(owner, definition))
    again = imported(owner, document, mapping={"hook-1": definition["trigger"]["hook"]})
    assert (again.status_code, again.json["state"], again.json["problems"]) == (201, "off", [])
    assert draft_of(owner, again.json["id"])["definition"] == definition


def test_what_is_turned_off_stays_off_and_names_what_it_needs(owner: Persona) -> None:
    called = made(owner, manual() | {"trigger": {"kind": "workflow"}}, "Greet")
    call = {"id": "call", "kind": "call", "workflow": called, "input": {}, "off": True}
    document = exported(owner, made(owner, manual(SEND, call)))
    assert [each["placeholder"] for each in document["needs"]] == ["workflow-1"]
    there = imported(owner, document)
    steps = draft_of(owner, there.json["id"])["definition"]["steps"]
    assert steps == [SEND, call]


def test_what_is_called_the_same_elsewhere_is_meant(owner: Persona, stranger: Persona) -> None:
    document = exported(owner, made(owner, listening(hook_of(owner), SEND)))
    theirs = hook_of(stranger)
    there = imported(stranger, document)
    assert there.json["problems"] == []
    assert draft_of(stranger, there.json["id"])["definition"]["trigger"]["hook"] == theirs


def test_what_two_things_are_called_is_left_to_be_chosen(owner: Persona, stranger: Persona) -> None:
    document = exported(owner, made(owner, listening(hook_of(owner), SEND)))
    hook_of(stranger)
    hook_of(stranger)
    problems = imported(stranger, document).json["problems"]
    assert [each["field"] for each in problems] == ["trigger.hook"]


def test_what_nobody_mapped_is_a_problem_of_the_draft(owner: Persona) -> None:
    document = exported(owner, made(owner, listening(hook_of(owner), SEND)))
    left = imported(owner, document, mapping={})
    assert left.status_code == 201
    assert [each["field"] for each in left.json["problems"]] == ["trigger.hook"]
    assert draft_of(owner, left.json["id"])["definition"]["trigger"]["hook"] == "hook-1"


def test_somebody_elses_hook_is_of_no_use(owner: Persona, stranger: Persona) -> None:
    hook = hook_of(owner)
    document = exported(owner, made(owner, listening(hook, SEND)))
    theirs = imported(stranger, document, mapping={"hook-1": hook}).json["problems"]
    none = imported(stranger, document, mapping={"hook-1": str(uuid4())}).json["problems"]
    assert theirs == none != []


def test_a_set_of_one_value_that_is_called_like_a_function_means_itself(owner: Persona) -> None:
    document = {
        "wedsync": {"format": 1, "kind": "workflow"},
        "name": "Tables",
        "definition": manual({"id": "size", "kind": "set", "values": {"max": 9}}),
    }
    taken_in = imported(owner, document).json
    assert taken_in["problems"] == []
    definition = draft_of(owner, taken_in["id"])["definition"]
    assert definition["steps"][0]["values"] == {"$max": 9}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"wedsync": {"format": 2, "kind": "workflow"}}, "/wedsync"),
        ({"wedsync": {"format": "1", "kind": "workflow"}}, "/wedsync"),
        ({"wedsync": {"format": 1, "kind": "wedding"}}, "/wedsync"),
        ({"wedsync": {}}, "/wedsync"),
        ({"definition": {"steps": ["x" * 70_000]}}, "/definition"),
        ({"definition": {"steps": [1] * 60_000}}, "/definition"),
        ({"definition": {"steps": [{"kind": "stop"}] * 501}}, "/definition"),
        ({"needs": [{"placeholder": "a", "kind": "hook"}] * 501}, "/needs"),
        ({"needs": [{"placeholder": 1, "kind": "hook"}]}, "/needs/0/placeholder"),
        ({"mapping": {"hook-1": 7}}, "/mapping/hook-1"),
    ],
)
def test_what_cannot_be_taken_in_is_refused(owner: Persona, change: Any, field: str) -> None:
    document = {
        "wedsync": {"format": 1, "kind": "workflow"},
        "name": "x",
        "definition": manual(),
    }
    refused = imported(owner, document | change)
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == field


def test_nothing_too_deep_or_too_large_is_read(owner: Persona) -> None:
    deep: Any = []
    for _ in range(80):
        deep = [deep]
    document = {"wedsync": {"format": 1, "kind": "workflow"}, "name": "x"}
    assert imported(owner, document, definition={"steps": deep}).status_code == 400
    assert imported(owner, document, definition={"x": "y" * 1_100_000}).status_code == 413


ids = st.sampled_from(["0198a000-0000-7000-8000-000000000001", "hook-1", "workflow-1", "odd"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
a_step = st.one_of(
    st.fixed_dictionaries(
        {"id": st.text(max_size=3), "kind": st.just("action"), "use": st.just("x.y")},
        optional={
            "connection": ids | values,
            "input": st.dictionaries(st.sampled_from(["hook", "endpoint", "a"]), ids | values),
        },
    ),
    st.fixed_dictionaries(
        {"id": st.text(max_size=3), "kind": st.just("call")}, optional={"workflow": ids}
    ),
    st.fixed_dictionaries(
        {"id": st.text(max_size=3), "kind": st.just("approval")},
        optional={"who": st.fixed_dictionaries({}, optional={"user": ids | values})},
    ),
)
triggers = st.one_of(
    st.fixed_dictionaries({"kind": st.just("webhook"), "hook": ids | values}),
    st.fixed_dictionaries(
        {"kind": st.just("event"), "source": ids.map(lambda each: f"hook:{each}") | values}
    ),
    values,
)
definitions = st.fixed_dictionaries(
    {"trigger": triggers, "steps": st.lists(a_step | values, max_size=4)},
    optional={"other": values},
)


@settings(max_examples=300, deadline=None)
@given(definitions)
def test_whatever_it_says_replacing_and_replacing_back_changes_nothing(definition: Any) -> None:
    named: dict[tuple[str, str], str] = {}
    for number, each in enumerate(references(definition)):
        named.setdefault((each.kind, each.id), f"placeholder {number}")
    back = {(kind, placeholder): own for (kind, own), placeholder in named.items()}
    away = replaced(definition, lambda each: named[each.kind, each.id])
    home = replaced(away, lambda each: back[each.kind, each.id])
    assert patches.same(home, definition)

"""The panel of a step, of a branch, of the start: fields, conditions as rows, the data picker."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.building import act, choose, note, var, workflow
from tests.engine.test_hostile_definitions import anything
from tests.engine.test_hostile_definitions import steps as odd_steps
from tests.personas import Persona, make_persona
from tests.workflows.building.boards import Looking, looking
from tests.workflows.definitions import make_workflow
from wedsync.errors import FieldError, Invalid
from wedsync.workflows.building.board.panel_parts import (
    ConditionPanel,
    DataPanel,
    Opened,
    Panel,
    ShownGroup,
    ShownRow,
)
from wedsync.workflows.building.gestures.contradictions import fingerprint

GUESTS = var("wedding.guests_expected")
SEATS = {">": [var("trigger.data.seats"), 4]}
INPUT = {"type": "object", "properties": {"seats": {"type": "integer", "examples": [12]}}}
START = {"kind": "manual", "input": INPUT}
CHOICE = choose(
    "which",
    ("Many", SEATS, [act("first")]),
    ("Some", {"and": [SEATS, {"or": [SEATS, {"<": [var("trigger.data.seats"), 2]}]}]}, []),
)
DRAFT = workflow(
    note("shape", couple=var("wedding.title"), words={"cat": ["Dear ", var("wedding.title")]}),
    CHOICE,
    act("tell", input={"method": "POST", "url": {"cat": ["https://x.example/", var("now")]}}),
    trigger=START,
)


@pytest.fixture
def looked(app: APIFlask, owner: Persona) -> Looking:
    return looking(app, owner, DRAFT)


def opened(looked: Looking, step: str | None, *args: str, **given: Any) -> Panel:
    found = looked.panel(step, *args, **given)
    assert found is not None
    return found


def rows(group: ShownGroup) -> list[ShownRow]:
    """The rows of a condition, in order, also those of groups inside."""
    found: list[ShownRow] = []
    for part in group.parts:
        found += [part] if isinstance(part, ShownRow) else rows(part)
    return found


def condition(panel: Panel) -> ConditionPanel:
    assert panel.condition is not None
    return panel.condition


def picker(panel: Panel) -> DataPanel:
    assert panel.picker is not None
    return panel.picker


# --- what it shows


def test_a_step_shows_its_fields_and_what_they_give_for_the_example(looked: Looking) -> None:
    panel = opened(looked, "tell", "input.url")
    fields = {each.field.name: each for each in panel.fields}
    url = fields["input.url"]
    assert url.field.typed.startswith("https://x.example/[")
    assert url.preview is not None
    assert url.preview.is_known
    assert url.preview.words.startswith("https://x.example/")
    assert fields["input.method"].preview is None
    assert panel.place == "Step 3"
    assert panel.title == "Contact x.example"
    assert panel.seen == fingerprint(DRAFT, "tell")
    assert panel.condition is None
    assert panel.picker is None


def test_the_start_has_a_panel_as_well(looked: Looking) -> None:
    panel = opened(looked, None)
    assert (panel.step, panel.place, panel.title) == (None, "The start", "What starts it")
    assert panel.seen == fingerprint(DRAFT, None)
    assert [each.field.name for each in panel.fields] == ["input"]


@pytest.mark.parametrize(
    ("field", "title", "place", "branch"),
    [
        ("", "Many", "Step 2, first branch", 0),
        ("branches", "Many", "Step 2, first branch", 0),
        ("label", "Many", "Step 2, first branch", 0),
        ("branches.1.when", "Some", "Step 2, second branch", 1),
        ("branches.1.label", "Some", "Step 2, second branch", 1),
        ("branches.7.when", "Otherwise", "Step 2, last branch", None),
        ("otherwise", "Otherwise", "Step 2, last branch", None),
    ],
)
def test_of_a_choice_one_branch_is_shown(
    looked: Looking, field: str, title: str, place: str, branch: int | None
) -> None:
    panel = opened(looked, "which", field)
    assert (panel.title, panel.place, panel.branch) == (title, place, branch)
    assert [tab.words for tab in panel.tabs] == ["Many", "Some", "Otherwise"]
    assert [tab.words for tab in panel.tabs if tab.is_here] == [title]
    assert panel.is_otherwise == (branch is None)
    own = {each.field.name for each in panel.fields if each.field.name.startswith("branches.")}
    assert own == (set() if branch is None else {f"branches.{branch}.label"})
    assert (panel.condition is None) == (branch is None)


def test_a_condition_is_shown_as_rows_with_what_each_gives(looked: Looking) -> None:
    shown = condition(opened(looked, "which", "branches.1.when"))
    assert shown.title == "Take this branch when"
    assert shown.tree.joined == "all"
    inner = shown.tree.parts[1]
    assert isinstance(inner, ShownGroup)
    assert (inner.place, inner.joined) == ("1", "any")
    assert [row.place for row in rows(shown.tree)] == ["0", "1.0", "1.1"]
    first = rows(shown.tree)[0]
    assert first.subject is not None
    assert first.subject.words == "Seats"
    assert first.verb == "number.more"
    assert first.verbs_title == "How to compare a number"
    assert [each.typed for each in first.inputs] == ["4"]
    assert first.gives is not None
    assert first.gives.said == "Yes, it is 12"


def test_the_result_says_what_becomes_of_the_branch(looked: Looking) -> None:
    name = "Ada & Ben"
    first = condition(opened(looked, "which", "branches.0.when"))
    assert first.gives.answer == "yes"
    assert first.result == f"For {name} this branch is taken."
    second = condition(opened(looked, "which", "branches.1.when"))
    assert second.result == f"For {name} this would fit, but “Many” comes first and is taken."


def test_a_filter_and_a_start_say_whether_it_goes_on(app: APIFlask, owner: Persona) -> None:
    trigger = {"kind": "event", "event_type": "external.rsvp.received", "source": "any"}
    definition = workflow(
        {"id": "only", "kind": "filter", "when": {"==": [1, 2]}},
        trigger={**trigger, "filter": {"==": [1, 2]}},
    )
    looked = looking(app, owner, definition)
    assert condition(opened(looked, "only")).result.endswith(" it ends here.")
    start = condition(opened(looked, None))
    assert start.result.endswith(" it does not start.")
    assert start.title == "Start only if"
    assert start.can_be_removed


def test_the_verbs_of_any_value_are_told_apart(app: APIFlask, owner: Persona) -> None:
    definition = workflow(choose("c", ("A", {"anything.filled": [{}]}, [])))
    (row,) = rows(condition(opened(looking(app, owner, definition), "c")).tree)
    words = [each.words for each in row.verbs]
    assert len(set(words)) == len(words)


def test_what_rows_cannot_say_is_told_in_words(app: APIFlask, owner: Persona) -> None:
    odd = {"==": [{"+": [1, var("trigger.data.x")]}, {"*": [2, 3]}]}
    definition = workflow(choose("c", ("A", {"if": [odd, True, False]}, [])))
    (row,) = rows(condition(opened(looking(app, owner, definition), "c")).tree)
    assert row.is_opaque
    assert row.words


# --- the data picker


def test_the_picker_lists_what_the_step_can_read_with_samples(looked: Looking) -> None:
    found = picker(opened(looked, "tell", "input.url", "field"))
    titles = [group.title for group in found.groups]
    assert titles[0] == "The wedding"
    labels = [item.label for group in found.groups for item in group.items]
    assert "Seats" in labels
    assert found.for_whom == "Example couple: Ada & Ben"
    assert [len(each) for each in found.names] == [len(group.items) for group in found.groups]
    assert found.title
    assert found.chosen == ""


def test_the_picker_of_a_row_shows_what_is_chosen_and_what_can_be_made_of_it(
    looked: Looking,
) -> None:
    found = picker(opened(looked, "which", "branches.0.when", "subject:0"))
    assert found.present is not None
    assert found.present.words == "Seats"
    assert found.chosen == "Seats"
    assert any(group.choices for group in found.functions)
    assert picker(opened(looked, "which", "branches.0.when", "other:0:0")).chosen == ""


def test_searching_narrows_the_picker_and_a_slash_asks_for_functions(looked: Looking) -> None:
    about = ("which", "branches.0.when", "subject:0")
    narrowed = picker(opened(looked, *about, "seats"))
    assert [item.label for group in narrowed.groups for item in group.items][:1] == ["Seats"]
    assert narrowed.functions == ()
    asked = picker(opened(looked, *about, "/round"))
    assert asked.asks_functions
    assert asked.groups == ()
    assert asked.functions


def test_a_function_that_must_be_told_more_asks_for_it(looked: Looking) -> None:
    about = ("which", "branches.0.when", "subject:0")
    every = [each for group in picker(opened(looked, *about)).functions for each in group.choices]
    wanting = next(each for each in every if each.inputs)
    found = picker(opened(looked, *about, "", wanting.name))
    assert found.asked == wanting
    assert picker(opened(looked, *about, "", "no.such")).asked is None


@pytest.mark.parametrize(
    ("field", "pick"),
    [
        ("branches.0.when", "subject:9"),
        ("branches.0.when", "subject:"),
        ("branches.0.when", "other:0:7"),
        ("branches.0.when", "other:0:x"),
        ("branches.0.when", "other:0:99999999999"),
        ("branches.9.when", "subject:0"),
        ("label", "subject:0"),
        ("label", "field"),
        ("nothing", "field"),
        ("branches.0.when", "wat"),
    ],
)
def test_a_picker_for_what_is_not_there_stays_closed(
    looked: Looking, field: str, pick: str
) -> None:
    assert opened(looked, "which", field, pick).picker is None


# --- what was typed and not taken


def test_what_was_typed_stays_with_the_reason_beside_it(looked: Looking) -> None:
    refused = Invalid(
        "No.", errors=[FieldError("/input.url", "wrong_value", "This is no address.")]
    )
    form = {"input.url": "htp:/", "input.method": "GET"}
    panel = opened(looked, "tell", "input.url", form=form, refused=refused)
    fields = {each.field.name: each.field for each in panel.fields}
    assert (fields["input.url"].typed, fields["input.url"].error) == (
        "htp:/",
        "This is no address.",
    )
    assert fields["input.method"].typed == "GET"


def test_what_was_typed_in_a_row_stays_with_the_reason(looked: Looking) -> None:
    refused = Invalid("No.", errors=[FieldError("/others/0", "wrong_value", "Write a number.")])
    form = {"field": "branches.1.when", "place": "1.1", "others.0": "many"}
    panel = opened(looked, "which", "branches.1.when", form=form, refused=refused)
    last = rows(condition(panel).tree)[2]
    assert (last.inputs[0].typed, last.inputs[0].error) == ("many", "Write a number.")
    assert [each.inputs[0].error for each in rows(condition(panel).tree)[:2]] == ["", ""]


def test_a_problem_is_said_above(looked: Looking) -> None:
    told = "Ana changed this step 10 s ago."
    assert opened(looked, "tell", problem=told).error == told


def test_what_is_wrong_with_the_branch_is_beside_it(app: APIFlask, owner: Persona) -> None:
    definition = workflow(choose("c", ("A", None, []), ("B", SEATS, [])), trigger=START)
    looked = looking(app, owner, definition)
    assert [each.field for each in opened(looked, "c").problems] == ["branches.0.when"]
    assert opened(looked, "c", "branches.1.when").problems == ()


def test_a_problem_stands_at_the_field_that_is_shown(app: APIFlask, owner: Persona) -> None:
    looked = looking(app, owner, workflow(note("n", seats=var("steps.gone.x"))))
    panel = opened(looked, "n")
    assert [each.field for each in panel.problems] == ["values"]
    assert [each.values for each in panel.problems[0].repairs[:1]] == [
        {"step": "n", "field": "values.seats"}
    ]


def test_an_unfinished_step_is_called_by_what_it_does(app: APIFlask, owner: Persona) -> None:
    definition = workflow({"id": "w", "kind": "action", "use": "http.request", "input": {}})
    assert opened(looking(app, owner, definition), "w").title == "Send a web request"


# --- what is not there


def test_a_step_that_is_gone_has_no_panel(looked: Looking) -> None:
    assert looked.panel("gone") is None


def test_a_start_that_is_not_chosen_has_no_panel(app: APIFlask, owner: Persona) -> None:
    empty: dict[str, Any] = {"format": 1, "trigger": None, "steps": []}
    assert looking(app, owner, empty).panel(None) is None


def test_who_may_only_look_sees_it_without_a_picker(app: APIFlask, looked: Looking) -> None:
    organization = looked.somebody.organization_id
    viewer = make_persona(app, organization, "viewer", name="Vera")
    panel = opened(Looking(app, viewer, looked.flow), "tell", "input.url", "field")
    assert not panel.may_edit
    assert panel.picker is None
    assert panel.repairs == ()


@pytest.mark.parametrize(
    ("named", "step"),
    [("start", None), ("-start", None), ("tell", "tell"), ("gone", "gone")],
)
def test_an_address_says_what_is_open(named: str, step: str | None) -> None:
    found = Opened.of(DRAFT, {"step": named, "field": "input.url", "q": "x"})
    assert found == Opened(step, "input.url", "", "x")
    assert Opened.of(DRAFT, {}) is None


def test_a_step_called_start_can_be_opened() -> None:
    assert Opened.of(workflow(act("start")), {"step": "start"}) == Opened("start")
    assert Opened.of(workflow(act("start")), {"step": "-start"}) == Opened(None)


@pytest.fixture
def flow(app: APIFlask, owner: Persona) -> UUID:
    return make_workflow(app, owner.organization_id, DRAFT, publish=False)


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(odd_steps, max_size=3),
    anything,
    st.sampled_from(["", "branches.0.when", "when", "input.to", "otherwise", "values"]),
    st.sampled_from(["", "field", "subject:0", "other:0:0"]),
)
def test_no_step_is_too_odd_for_its_panel(
    app: APIFlask, owner: Persona, flow: UUID, steps: list[Any], trigger: Any, field: str, pick: str
) -> None:
    looked = Looking(app, owner, flow, {"format": 1, "trigger": trigger, "steps": steps})
    looked.panel(None, field, pick)
    for step in steps:
        own = step.get("id") if isinstance(step, dict) else None
        if isinstance(own, str):
            looked.panel(own, field, pick)

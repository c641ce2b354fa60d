"""What the buttons beside problems do: what is gone is taken out, and nothing that is there."""

from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import given, settings

from tests.engine.building import act, choose, loop, note, var, workflow
from tests.engine.definitions import definitions
from tests.personas import Persona
from tests.workflows.building.boards import looking
from wedsync.errors import Conflict
from wedsync.platform.db import db
from wedsync.workflows.building.board import mending
from wedsync.workflows.building.board.lede import lede_of
from wedsync.workflows.building.gestures import doing
from wedsync.workflows.building.gestures.of_steps import Gesture
from wedsync.workflows.building.known.reach import reaches
from wedsync.workflows.catalogue import entries, infos_of
from wedsync.workflows.editing.draft_operations import apply, located
from wedsync.workflows.engine import steps_in_order, summary, validate
from wedsync.workflows.words.step_lines import pieces, plain

GONE = var("steps.gone.seats")
KNOWN = var("trigger.data.seats")
ASKS_GONE, ASKS_KNOWN = {">": [GONE, 4]}, {">": [KNOWN, 4]}


def done(definition: Any, gesture: Gesture) -> Any:
    assert gesture.operations, gesture.told
    return apply(definition, gesture.operations)


def left(step: dict[str, Any], field: str) -> Any:
    """The step after what is gone was taken out of its field."""
    definition = workflow(step)
    return done(definition, mending.take_out(definition, step["id"], field))["steps"][0]


def text(value: Any) -> dict[str, Any]:
    return act("x", input={"method": "POST", "url": value})


@pytest.mark.parametrize(
    ("value", "stays"),
    [
        ({"cat": ["Dear ", GONE, ", hello"]}, "Dear , hello"),
        ({"cat": ["Dear ", GONE, KNOWN]}, {"cat": ["Dear ", KNOWN]}),
        ({"cat": [GONE, KNOWN]}, KNOWN),
        ({"text.body": "Dear {{ steps.gone.seats }} and {{ trigger.data.seats }}"},
         {"text.body": "Dear  and {{ trigger.data.seats }}"}),
    ],
)  # fmt: skip
def test_of_a_text_only_what_is_gone_is_taken_out(value: Any, stays: Any) -> None:
    assert left(text(value), "input.url")["input"] == {"method": "POST", "url": stays}


@pytest.mark.parametrize(
    "value",
    [
        GONE,
        {"val": ["steps", "gone"]},
        {"cat": [GONE]},
        {"number.round": [GONE, 10]},
        {"text.body": "{{ steps.gone.seats }}"},
    ],
)
def test_a_field_that_is_nothing_but_what_is_gone_is_cleared(value: Any) -> None:
    assert left(text(value), "input.url")["input"] == {"method": "POST"}


def test_values_inside_a_record_go_one_by_one() -> None:
    step = left(act("x", input={"data": {"a": GONE, "b": [GONE, 1], "c": KNOWN}}), "input.data")
    assert step["input"] == {"data": {"b": [1], "c": KNOWN}}


@pytest.mark.parametrize(
    ("when", "stays"),
    [
        ({"and": [ASKS_GONE, ASKS_KNOWN]}, ASKS_KNOWN),
        ({"and": [ASKS_KNOWN, {"or": [ASKS_GONE, {"<": [GONE, 1]}]}]}, ASKS_KNOWN),
        (ASKS_GONE, None),
        ({">": [KNOWN, GONE]}, None),
    ],
)
def test_of_a_condition_the_rows_that_look_at_what_is_gone_go(when: Any, stays: Any) -> None:
    step = left(choose("x", ("A", when, [])), "branches.0.when")
    assert step["branches"][0]["when"] == stays


def test_the_condition_of_a_start_goes_whole_with_its_last_row() -> None:
    trigger = {"kind": "event", "event_type": "a.b", "source": "any", "filter": ASKS_GONE}
    definition = workflow(trigger=trigger)
    mended = done(definition, mending.take_out(definition, None, "filter"))
    assert mended["trigger"] == {"kind": "event", "event_type": "a.b", "source": "any"}


def test_the_item_of_a_loop_is_gone_outside_of_loops() -> None:
    assert left(note("x", v=var("item.name"), w=1), "values.v")["values"] == {"w": 1}
    inside = workflow(loop("each", KNOWN, note("x", v=var("item.name"))))
    assert not mending.take_out(inside, "x", "values.v").operations


@pytest.mark.parametrize(
    "value",
    [
        KNOWN,
        "https://x.example/",
        {"text.body": "{% for guest in steps.gone.guests %}{{ guest }}{% endfor %}"},
    ],
)
def test_what_cannot_be_taken_out_stays_and_is_said(value: Any) -> None:
    gesture = mending.take_out(workflow(text(value)), "x", "input.url")
    assert gesture.operations == ()
    assert gesture.told


def test_a_step_that_is_gone_itself_is_said() -> None:
    with pytest.raises(Conflict):
        mending.take_out(workflow(), "x", "input.url")


def test_it_undoes_by_the_name_of_the_step() -> None:
    gesture = mending.take_out(workflow(text(GONE) | {"label": "Tell them"}), "x", "input.url")
    assert (gesture.words, gesture.focus) == ("took what is gone out of “Tell them”", "x")


# --- what has no id, what is no step, what is no workflow


def test_steps_are_given_ids_of_their_own() -> None:
    unnamed = {"kind": "stop", "outcome": "done"}
    inside = choose("a", ("Yes", True, [act("b"), {**unnamed, "id": 7}]))
    definition = workflow(act("a"), unnamed, inside, {**unnamed, "id": "no good"})
    mended = done(definition, mending.name_steps(definition))
    names = [each.step["id"] for each in located(mended)]
    assert names == ["a", "stop", "a-2", "b", "stop-2", "stop-3"]
    assert not any(each.field == "id" for each in validate(mended))
    assert not mending.name_steps(mended).operations


def test_what_is_no_step_is_taken_away_wherever_it_stands() -> None:
    inside = choose("c", ("Yes", True, [1, act("b"), None]), otherwise=["x"])
    definition = workflow("no", inside, 5, act("a"))  # type: ignore[arg-type]
    mended = done(definition, mending.tidy_steps(definition))
    assert [each.step["id"] for each in located(mended)] == ["c", "b", "a"]
    assert mended["steps"][0]["otherwise"] == []
    assert not mending.tidy_steps(mended).operations


@pytest.mark.parametrize("definition", [None, [], "x", {"steps": 4}])
def test_a_draft_that_is_no_workflow_is_begun_anew(definition: Any) -> None:
    mended = done(definition, mending.start_anew(definition))
    assert mended == {"format": 1, "trigger": None, "steps": []}
    assert mending.name_steps(definition).operations == ()
    assert mending.tidy_steps(definition).operations == ()


def test_mending_is_done_and_undone_like_any_gesture(app: APIFlask, owner: Persona) -> None:
    looked = looking(app, owner, workflow({"kind": "stop", "outcome": "done"}, text(GONE)))
    for mend in (mending.name_steps, lambda draft: mending.take_out(draft, "x", "input.url")):
        with app.app_context():
            doing.do(owner.identity, looked.flow, mend)
            db.session.commit()
    board = looked.board()
    assert [step.id for step in board.steps] == ["stop", "x"]
    assert [each.field for each in board.problems if each.is_error] == ["input.url"]
    assert board.bar.undo is not None
    assert board.bar.undo.words.startswith("took what is gone out of ")


@settings(deadline=None, max_examples=25)
@given(definitions)
def test_nothing_that_is_there_is_ever_gone(definition: dict[str, Any]) -> None:
    placed = reaches(definition)
    for each in steps_in_order(definition):
        gone = mending.gone_in(placed, each.step["id"])
        own = {k: v for k, v in each.step.items() if k not in ("branches", "otherwise", "steps")}
        reads_item = "item" in str(own) or "index" in str(own)
        assert reads_item or not gone(own)


@settings(deadline=None, max_examples=25)
@given(definitions)
def test_the_paragraph_in_parts_is_the_paragraph(definition: dict[str, Any]) -> None:
    told = lede_of(definition, entries(), {})
    said = "".join(each.text for each in told)
    whole = summary(definition, infos_of(entries()))
    assert said.removesuffix(".") == plain(pieces(whole))


def test_what_follows_a_question_happens_only_after_a_yes() -> None:
    ask = {"id": "ask", "kind": "approval", "ask": "May we?", "who": {"role": "owner"}}
    definition = workflow(ask, note("later"))
    gesture = mending.only_after_yes(definition, "ask")
    assert gesture.words.startswith("let it go on only after a yes to “Ask an owner")
    _, goes_on, last = done(definition, gesture)["steps"]
    assert (goes_on["kind"], goes_on["id"], last["id"]) == ("filter", gesture.focus, "later")
    assert goes_on["when"] == {"yes_no.is_yes": [var("steps.ask.approved")]}

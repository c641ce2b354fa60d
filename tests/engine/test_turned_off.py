"""A step that is turned off is passed over, with everything inside it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.engine.building import (
    ACTIONS,
    Journal,
    act,
    ask,
    before_the_wedding,
    call,
    choose,
    loop,
    note,
    problems,
    records,
    var,
    wait,
    workflow,
)
from tests.engine.definitions import definitions
from tests.engine.simulator import World
from tests.engine.test_properties import by_its_key
from wedsync.workflows.engine import (
    DefinitionInvalid,
    compile_definition,
    sentence,
    steps_in_order,
    summary,
    validate,
)
from wedsync.workflows.engine.outline import turned_off

STOP = {"id": "end", "kind": "stop", "outcome": "done"}
SAID_NO = {"id": "only", "kind": "filter", "when": False}


def off(step: dict[str, Any]) -> dict[str, Any]:
    return {**step, "off": True}


def begun(*steps: dict[str, Any], data: Any = None) -> Journal:
    journal = Journal(compile_definition(workflow(*steps)), data)
    journal.tell("start")
    return journal


def errors(*steps: Any) -> list[str]:
    return [each.message for each in problems(workflow(*steps)) if each.severity == "error"]


def warnings(*steps: Any) -> list[tuple[str | None, str]]:
    found = problems(workflow(*steps))
    return [(each.step, each.message) for each in found if each.severity == "warning"]


# --- what happens


@pytest.mark.parametrize(
    "step",
    [
        act("x"),
        ask("x"),
        call("x"),
        call("x", wait=True),
        SAID_NO,
        STOP,
        before_the_wedding("x"),
        wait("x", seconds=60),
        wait("x", event={"event_type": "a.b", "timeout_s": 60, "otherwise": [note("late")]}),
        choose("x", ("Yes", True, [note("yes")]), otherwise=[note("no")]),
        loop("x", [1, 2], note("each")),
        note("x"),
    ],
    ids=lambda step: step["kind"],
)
def test_every_kind_of_step_is_passed_over_with_what_is_inside_it(step: dict[str, Any]) -> None:
    journal = begun(note("before"), off(step), note("after"))
    assert journal.last is not None
    assert records(journal.last) == [("before", "succeeded"), ("after", "succeeded")]
    assert journal.state == {"state_format": 2, "outcome": "succeeded", "positions": []}


def test_a_step_that_is_said_to_be_on_is_done() -> None:
    journal = begun({**note("a"), "off": False}, {**note("b"), "off": None})
    assert list(journal.outputs) == ["a", "b"]


def test_a_later_step_reads_nothing_of_a_step_that_is_off() -> None:
    journal = begun(off(note("a", seats=3)), note("b", seats=var("steps.a.seats")))
    assert journal.outputs == {"b": {"seats": None}}


def test_the_last_step_of_a_branch_may_be_off() -> None:
    journal = begun(
        choose("which", ("Yes", True, [note("yes"), off(act("tell"))])), off(STOP), note("after")
    )
    assert list(journal.outputs) == ["which", "yes", "after"]


def test_a_branch_whose_steps_are_all_off_does_nothing() -> None:
    journal = begun(choose("which", ("Yes", True, [off(act())])), note("after"))
    assert list(journal.outputs) == ["which", "after"]


def test_after_an_error_whose_steps_are_all_off_it_goes_on() -> None:
    no_retry = {"attempts": 1, "first_delay_s": 0, "factor": 1, "max_delay_s": 0}
    on_error = {"retry": no_retry, "then": "steps", "steps": [off(act("sorry"))]}
    journal = begun(act("tell", on_error=on_error), note("after"))
    journal.result(error={"class": "permanent", "message": "No."}, effect="once")
    assert journal.outputs["after"] == {"done": True}
    end = journal.ended()
    assert end is not None
    assert end.outcome == "succeeded"


def test_a_loop_begins_with_its_first_step_that_is_on() -> None:
    program = compile_definition(workflow(loop("each", [1], off(act("a")), note("b"))))
    assert program.steps["each"].first == "b"  # type: ignore[attr-defined]
    assert program.loops == {"b": ("each",)}


def test_a_loop_whose_steps_are_all_off_is_over_at_once() -> None:
    journal = begun(loop("each", [1, 2, 3], off(act("a"))), note("after"))
    assert journal.outputs["each"] == {"total": 3, "succeeded": 3, "failed": 0}
    assert "after" in journal.outputs


def test_what_is_off_is_not_in_the_program() -> None:
    inner = choose("which", ("Yes", True, [act("tell", input={"on": var("wedding.date")})]))
    program = compile_definition(workflow(note("a"), off(inner)))
    assert list(program.steps) == ["a"]
    assert program.reads == {}


def test_a_workflow_whose_steps_are_all_off_ends_at_once() -> None:
    journal = begun(off(act()), off(note()))
    assert journal.last is not None
    assert records(journal.last) == []
    assert journal.state["outcome"] == "succeeded"


# --- what is found


def test_what_is_wrong_with_a_step_that_is_off_blocks_nothing() -> None:
    wrong = [
        act("a", use="nobody.knows"),
        act("b", input={"method": {"try": []}, "url": ""}),
        {"id": "c", "kind": "magic"},
        {"id": "d", "kind": "wait"},
        choose("e", ("Yes", None, [act("f", use="nobody.knows")])),
        {"id": "g", "kind": "for_each", "items": [1], "steps": []},
        note("h", seats=var("steps.nobody.seats")),
        {**note("i"), "label": 5},
    ]
    on = {each.step for each in problems(workflow(*wrong)) if each.severity == "error"}
    assert on == set("abcdefghi")
    passed_over = workflow(note("first"), *map(off, wrong))
    found = problems(passed_over)
    assert {each.severity for each in found} == {"warning"}
    assert {each.step for each in found} == set("abcdefghi")
    assert list(compile_definition(passed_over).steps) == ["first"]


@pytest.mark.parametrize("steps", [[off(act("a")), act("a")], [act("a"), off(act("a"))]])
def test_two_steps_of_one_id_are_an_error_even_when_one_is_off(steps: list[Any]) -> None:
    assert errors(*steps) == ["Another step is called “a” too."]


@pytest.mark.parametrize("said", ["true", 1, 0, [], {}])
def test_whether_a_step_is_off_is_said_with_true_or_false(said: Any) -> None:
    step = {**note("a"), "off": said}
    (found,) = problems(workflow(step))
    assert (found.step, found.field, found.severity) == ("a", "off", "error")
    assert (found.message, found.fix) == (
        "It does not say whether this step is turned off.",
        "Say true or false.",
    )
    assert turned_off(workflow(step)) == frozenset()


@pytest.mark.parametrize("said", [True, False, None])
def test_turning_a_step_off_or_on_is_no_problem(said: Any) -> None:
    assert problems(workflow(note("first"), {**act("a"), "off": said})) == []


def test_who_reads_a_step_that_is_off_is_warned_with_the_way_out() -> None:
    read = note("b", seats=var("steps.a.seats"))
    (found,) = problems(workflow(off(note("a", seats=3)), read))
    assert (found.step, found.field, found.severity) == ("b", "values.seats", "warning")
    assert found.message == "It reads step “a”, which is turned off and gives nothing."
    assert found.fix == "Turn that step on, or read another one."
    assert problems(workflow(note("first"), off(note("a", seats=3)), off(read))) == []


@pytest.mark.parametrize(
    "around",
    [
        choose("x", ("Yes", True, [note("a")])),
        loop("x", [1], note("a")),
        act("x", on_error={"then": "steps", "steps": [note("a")]}),
    ],
    ids=lambda step: step["kind"],
)
def test_who_reads_a_step_inside_one_that_is_off_is_warned(around: dict[str, Any]) -> None:
    message = "It reads step “a”, which is turned off and gives nothing."
    assert warnings(off(around), note("b", seats=var("steps.a.seats"))) == [("b", message)]


def test_a_step_that_is_off_and_comes_later_is_not_read_either() -> None:
    read = note("b", seats=var("steps.a.seats"))
    assert errors(read, off(note("a"))) == [
        "It reads step “a”, which comes later or on another way."
    ]


def test_all_steps_off_is_told() -> None:
    message = "Every step is turned off, so nothing happens."
    assert warnings(off(note("a"))) == [(None, message)]
    assert warnings(off(note("a")), off(note("b"))) == [(None, message)]
    assert warnings(off(note("a")), note("b")) == []


def test_all_steps_off_in_a_loop_or_after_an_error_is_told_where_it_stands() -> None:
    each = loop("each", [1], off(note("a")))
    on_error = act("tell", on_error={"then": "steps", "steps": [off(note("a"))]})
    told = "Every step in this loop is turned off, so nothing is done for each."
    assert warnings(each) == [("each", told)]
    told = "Every step for after an error is turned off, so it goes on as if all were well."
    assert warnings(on_error) == [("tell", told)]
    assert warnings(note("first"), off(each)) == []


def test_what_follows_an_end_that_is_off_is_reached() -> None:
    assert warnings(off(STOP), note("after")) == []
    assert warnings(STOP, off(note("a")), note("b")) == [("b", "This step is never reached.")]


def test_an_off_that_is_no_step_is_still_an_error() -> None:
    assert errors(off(choose("x", ("Yes", True, []))), "off") == ["This is not a step."]


# --- in words


def test_the_paragraph_leaves_out_what_is_off_and_the_sentence_does_not_change() -> None:
    send = act("tell")
    choice = choose("which", ("Yes", True, [off(send)]), otherwise=[send])
    told = summary(workflow(note("a"), off(send), choice), ACTIONS)
    assert told == (
        "When somebody starts it: note done, then if always, nothing; otherwise call far.example."
    )
    assert summary(workflow(off(choice)), ACTIONS).endswith(": nothing happens yet.")
    assert sentence(off(send), ACTIONS) == sentence(send, ACTIONS)


def test_the_outline_says_of_each_step_whether_it_is_passed_over() -> None:
    definition = workflow(note("a"), off(choose("b", ("Yes", True, [note("c")]))), note("d"))
    assert [each.off for each in steps_in_order(definition)] == [False, True, True, False]
    assert turned_off(definition) == {"b", "c"}
    for hostile in (None, [], {"steps": 5}, workflow(off({"id": 5}), off({}))):
        assert turned_off(hostile) == frozenset()


# --- whatever the workflow


@given(definitions)
@settings(deadline=None, max_examples=80)
def test_a_run_goes_as_if_what_is_off_were_not_there(definition: dict[str, Any]) -> None:
    bare = {**definition, "steps": list(without(definition["steps"]))}
    try:
        expected = World(compile_definition(bare), by_its_key).play()
    except DefinitionInvalid:
        assume(False)  # a loop may not be empty, though all in it may be off
    world = World(compile_definition(definition), by_its_key).play()
    assert world.journal == expected.journal
    assert world.far_end == expected.far_end
    assert [run.outcome for run in world.runs] == [run.outcome for run in expected.runs]


def without(steps: list[Any]) -> Iterator[Any]:
    """The steps that are on, and of them those parts that are."""
    for step in steps:
        if not step.get("off"):
            yield {name: _on(value) for name, value in step.items()}


def _on(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _on(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_on(part) for part in value if not (isinstance(part, dict) and part.get("off"))]
    return value


@given(definitions, st.integers(0, 99))
@settings(deadline=None, max_examples=80)
def test_turning_a_step_off_never_makes_a_definition_invalid(
    definition: dict[str, Any], which: int
) -> None:
    placed = list(steps_in_order(definition))
    placed[which % len(placed)].step["off"] = True  # type: ignore[index]
    assert [each for each in validate(definition) if each.severity == "error"] == []
    compile_definition(definition)

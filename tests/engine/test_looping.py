"""`for_each`: the steps of each item are a run of its own; the loop goes on when all are over."""

from typing import Any

import pytest

from tests.engine.building import (
    Journal,
    act,
    choose,
    event,
    loop,
    note,
    records,
    scope,
    the,
    var,
    wait,
    workflow,
)
from wedsync.workflows.engine import (
    Finish,
    Loop,
    Perform,
    Program,
    Record,
    WaitUntil,
    advance,
    compile_definition,
)

GUESTS = [{"name": "Ada"}, {"name": "Ben"}, {"name": "Cy"}]
OVER = {"total": 3, "succeeded": 2, "failed": 1}


def begun(*steps: dict[str, Any], data: Any = None) -> Journal:
    journal = Journal(compile_definition(workflow(*steps)), data or {"guests": GUESTS})
    journal.tell("start")
    return journal


def looping(journal: Journal) -> Loop:
    assert journal.last is not None
    found: Loop = the(journal.last, Loop)
    return found


def each_guest(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return loop("each", var("trigger.data.guests"), *steps, **fields)


def failure(journal: Journal) -> str:
    end = journal.ended()
    assert end is not None
    assert end.outcome == "failed"
    return end.reason or ""


def test_a_loop_hands_out_its_items_and_goes_on_when_they_are_over() -> None:
    journal = begun(each_guest(act("tell")), note("after", sent=var("steps.tell.2.id")))
    assert looping(journal) == Loop("each", None, "tell", GUESTS, 4)
    assert records(journal.last) == [("each", "waiting")]  # type: ignore[arg-type]
    journal.outputs["tell"] = [{"id": 1}, None, {"id": 3}]
    journal.tell("items_over", step="each", output=OVER)
    assert journal.outputs["each"] == OVER
    assert journal.outputs["after"] == {"sent": 3}
    assert journal.ended() == Finish("succeeded")


def test_batches_are_lists() -> None:
    batches = looping(begun(each_guest(act("tell"), batch_size=2, parallel=1)))
    assert batches.items == [GUESTS[:2], GUESTS[2:]]
    assert batches.parallel == 1


def test_of_what_does_nothing_outside_any_number_may_go_on_at_a_time() -> None:
    inner = choose("which", ("Yes", True, [note("a")]), otherwise=[note("b")])
    assert looping(begun(each_guest(inner, parallel=2))).parallel is None
    assert looping(begun(each_guest(wait("hold", seconds=5)))).parallel == 4
    assert looping(begun(each_guest(loop("in", [1], note())))).parallel == 4


@pytest.mark.parametrize("steps", [[act("tell")], [loop("inner", [1], act("tell"))]])
def test_an_empty_list_goes_on_at_once_and_what_is_inside_is_an_empty_list(steps: Any) -> None:
    journal = begun(each_guest(*steps), note("after", sent=var("steps.tell")), data={"guests": []})
    assert journal.outputs["each"] == {"total": 0, "succeeded": 0, "failed": 0}
    assert journal.outputs["after"] == {"sent": []}


@pytest.mark.parametrize(
    ("guests", "said"),
    [
        (None, "is not a list"),
        ("Ada", "is not a list"),
        ({"a": 1}, "is not a list"),
        ([1] * 10_001, "10,001 items, and 10,000 is the most"),
        (["x" * 1000] * 300, "larger than 256 kB"),
    ],
)
def test_what_cannot_be_gone_through_fails_with_a_sentence(guests: Any, said: str) -> None:
    assert said in failure(begun(each_guest(act("tell")), data={"guests": guests}))


def test_a_list_that_is_only_read_may_be_larger_than_one_that_is_worked_out() -> None:
    guests = ["x" * 1000] * 200
    assert len(looping(begun(each_guest(act("tell")), data={"guests": guests})).items) == 200


def item(program: Program, number: int, step: str, guest: Any, **steps: Any) -> Any:
    seen = {**scope(None, **steps), "item": guest, "index": number}
    return advance(program, None, event("start", seen, item=number, step=step))


def test_an_item_sees_its_own_value_and_ends_with_the_steps_inside() -> None:
    greeting = note("greet", text={"cat": [var("index"), ": ", var("item.name")]})
    program = compile_definition(workflow(each_guest(greeting), act("after")))
    decision = item(program, 1, "greet", GUESTS[1])
    record = the(decision, Record)
    assert (record.step, record.item, record.output) == ("greet", 1, {"text": "1: Ben"})
    assert the(decision, Finish) == Finish("succeeded")


def test_what_an_item_stands_at_bears_its_number() -> None:
    program = compile_definition(workflow(each_guest(act("tell"), wait("hold", seconds=5))))
    started = item(program, 2, "tell", GUESTS[2])
    assert the(started, Perform).item == 2
    answered = advance(
        program, started.state, event("result", step="tell", item=2, attempt=1, output={})
    )
    assert the(answered, WaitUntil).item == 2
    assert advance(program, answered.state, event("resume", step="hold", item=1)).stale


def test_a_failed_item_ends_alone_and_so_does_one_that_is_stopped() -> None:
    body = [{"id": "on", "kind": "filter", "when": {"==": [var("item"), 1]}}]
    program = compile_definition(workflow(loop("each", [1, 2], *body), note("after")))
    assert the(item(program, 0, "on", 2), Finish).outcome == "filtered"
    assert the(item(program, 0, "on", 1), Finish) == Finish("succeeded")


def test_an_item_that_is_to_begin_nowhere_does_not_begin_with_the_whole_workflow() -> None:
    program = compile_definition(workflow(each_guest(note())))
    assert item(program, 0, "gone", 1).stale


def test_a_run_that_is_to_begin_inside_a_loop_begins_with_the_outermost() -> None:
    inner = loop("inner", var("item"), note("deep"))
    program = compile_definition(workflow(note("first"), loop("outer", [[1], [2]], inner)))
    assert program.loops == {"inner": ("outer",), "deep": ("outer", "inner")}
    decision = advance(program, None, event("start", step="deep"))
    assert the(decision, Loop).step == "outer"
    assert records(decision) == [("outer", "waiting")]


def test_a_run_may_begin_after_a_loop_with_the_lists_of_the_first_run() -> None:
    program = compile_definition(
        workflow(each_guest(act("tell")), note("after", ids=var("steps.tell")))
    )
    decision = advance(program, None, event("start", scope(None, tell=[1, None]), step="after"))
    assert the(decision, Record).output == {"ids": [1, None]}


def test_stopped_while_its_items_go_on_the_loop_is_left_out() -> None:
    decision = begun(each_guest(act("tell"))).tell("stop")
    assert records(decision) == [("each", "skipped")]

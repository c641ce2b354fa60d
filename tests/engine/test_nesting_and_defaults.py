"""Every kind of step stands in every list of steps; what is not said is what the manual says."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.building import (
    ACTIONS,
    Journal,
    act,
    ask,
    before_the_wedding,
    call,
    choose,
    error,
    event,
    loop,
    note,
    the,
    wait,
    workflow,
)
from wedsync.workflows.engine import (
    Ask,
    Loop,
    Perform,
    Record,
    StartRun,
    WaitUntil,
    advance,
    compile_definition,
    steps_in_order,
    summary,
    validate,
)
from wedsync.workflows.engine.steps import KINDS

Step = dict[str, Any]
ASKED = {"event_type": "external.signed", "match": {"data.id": 1}, "timeout_s": 60}

INNER: dict[str, Step] = {
    "action": act("inner"),
    "choose": choose("inner", ("Yes", True, [note("deep")])),
    "filter": {"id": "inner", "kind": "filter", "when": True},
    "set": note("inner"),
    "for_each": loop("inner", [1, 2], note("deep")),
    "wait for a time": wait("inner", seconds=60),
    "wait until": wait("inner", until="2027-06-01T09:00"),
    "wait for a date": before_the_wedding("inner"),
    "wait for an event": wait("inner", event={**ASKED, "otherwise": [note("deep")]}),
    "approval": ask("inner"),
    "call": call("inner"),
    "stop": {"id": "inner", "kind": "stop", "outcome": "done"},
}


def _begun(journal: Journal) -> None:
    journal.tell("start")


def _failed(journal: Journal) -> None:
    journal.tell("start")
    journal.result(error=error("permanent"))


def _timed_out(journal: Journal) -> None:
    journal.tell("start")
    journal.tell("timed_out", step="outer")


def _item(journal: Journal) -> None:
    journal.tell("start")
    first = the(journal.last, Loop).first  # type: ignore[arg-type]
    journal.state = None
    journal.tell("start", step=first, item=0)


LISTS: dict[str, tuple[Callable[[Step], Step], Callable[[Journal], None]]] = {
    "a branch": (lambda inner: choose("outer", ("Yes", True, [inner])), _begun),
    "otherwise": (lambda inner: choose("outer", ("No", False, []), otherwise=[inner]), _begun),
    "a loop": (lambda inner: loop("outer", [1], inner), _item),
    "an error branch": (
        lambda inner: act("outer", on_error={"then": "steps", "steps": [inner]}),
        _failed,
    ),
    "a wait that is over": (
        lambda inner: wait("outer", event={**ASKED, "otherwise": [inner]}),
        _timed_out,
    ),
}


def test_no_kind_is_left_out() -> None:
    assert {step["kind"] for step in INNER.values()} == KINDS.keys()


@pytest.mark.parametrize("kind", INNER)
@pytest.mark.parametrize("where", LISTS)
def test_every_kind_stands_in_every_list(where: str, kind: str) -> None:
    around, reach = LISTS[where]
    definition = workflow(around(INNER[kind]))
    assert validate(definition, actions=ACTIONS) == []
    assert "inner" in [placed.step["id"] for placed in steps_in_order(definition)]
    assert summary(definition, ACTIONS).endswith((".", "?"))
    journal = Journal(compile_definition(definition))
    reach(journal)
    assert journal.last is not None
    assert "inner" in [each.step for each in journal.last.actions if isinstance(each, Record)]


@pytest.mark.parametrize("where", LISTS)
def test_after_every_list_the_flow_goes_on_behind_it(where: str) -> None:
    around, reach = LISTS[where]
    journal = Journal(compile_definition(workflow(around(note("inner")), note("after"))))
    reach(journal)
    assert journal.last is not None
    told = [each.step for each in journal.last.actions if isinstance(each, Record)]
    assert told[-2:] == (["inner", "after"] if where != "a loop" else ["inner"])
    assert journal.ended() is not None


def test_loops_stand_in_branches_in_loops_and_see_the_item_of_the_innermost() -> None:
    seen = {"id": "seen", "kind": "set", "values": {"item": {"var": "item"}}}
    inner = loop("c", [[2]], choose("d", ("No", False, []), otherwise=[seen]))
    definition = workflow(loop("a", [1], choose("b", ("Yes", True, [inner]))))
    assert validate(definition) == []
    program = compile_definition(definition)
    assert program.loops["seen"] == ("a", "c")
    begun = event("start", {"item": [2], "index": 0}, step="d", item=0)
    last = advance(program, None, begun).actions[-2]
    assert isinstance(last, Record)
    assert last.output == {"item": [2]}


def _standing(step: Step) -> Any:
    journal = Journal(compile_definition(workflow(step)))
    journal.tell("start")
    assert journal.last is not None
    return journal.last.actions[-1]


def test_an_action_says_nothing_and_means_the_defaults() -> None:
    done = _standing(act())
    assert isinstance(done, Perform)
    assert (done.connection, done.timeout_s, done.on_unsure) == (None, 30, "ask")


def test_an_action_is_tried_six_times_later_each_time_and_then_stops_the_run() -> None:
    journal = Journal(compile_definition(workflow(act())))
    journal.tell("start", random=0)
    delays = []
    for _ in range(5):
        now = journal.now
        journal.result(error=error("not_sent"), random=0)
        later = journal.waiting()
        assert isinstance(later, WaitUntil)
        assert later.due_at is not None
        delays.append((later.due_at - now).total_seconds())
        journal.tell("resume", step="tell")
    assert delays == [5, 15, 45, 135, 405]
    journal.result(error=error("not_sent"))
    ended = journal.ended()
    assert ended is not None
    assert ended.outcome == "failed"


def test_a_question_waits_for_ever_and_reminds_nobody() -> None:
    asked = _standing(ask())
    assert isinstance(asked, Ask)
    assert (asked.remind_after_s, asked.then_ask, asked.until) == (None, None, None)
    assert asked.on_expiry == "stop"


def test_a_loop_takes_one_at_a_time_and_four_side_by_side() -> None:
    looped = _standing(loop("each", [1, 2], act()))
    assert isinstance(looped, Loop)
    assert (looped.items, looped.parallel) == ([1, 2], 4)


def test_a_call_passes_nothing_on_and_does_not_wait() -> None:
    called = _standing(call())
    assert isinstance(called, StartRun)
    assert (called.input, called.waits) == ({}, False)

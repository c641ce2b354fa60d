"""What is wrong with loops, waits, questions, calls and the triggers of the clock, in sentences."""

from typing import Any

import pytest

from tests.engine.building import (
    OTHER,
    act,
    ask,
    before_the_wedding,
    call,
    choose,
    loop,
    note,
    problems,
    var,
    wait,
    workflow,
)
from wedsync.workflows.engine import compile_definition

SIGNED = {"event_type": "contract.fully_signed", "match": {"wedding_id": var("wedding.id")}}
SCHEDULE = {"kind": "schedule", "cron": "0 9 * * 1-5", "zone": "Europe/London", "missed": "skip"}
DATE = {
    "kind": "wedding_date",
    "anchor": "wedding.date",
    "offset_days": -14,
    "at": "09:00",
    "late": "ask",
}
POLL = {"kind": "poll", "connection": OTHER, "stream": "guests", "every_s": 300}


def wait_for(**event: Any) -> dict[str, Any]:
    return wait(event={**SIGNED, **event})


SOUND = [
    workflow(wait(seconds=60), note()),
    workflow(wait(until=var("trigger.data.when")), note()),
    workflow(before_the_wedding(anchor="final_count_due", late="ask"), note()),
    workflow(wait_for(timeout_s=60, otherwise=[note("x")]), note(id=var("steps.hold.data.id"))),
    workflow(
        ask(who={"email": var("trigger.data.email")}, remind_after_s=60, then_ask={"user": "u"})
    ),
    workflow(ask(ask={"cat": ["Hello ", var("trigger.data.name")]})),
    workflow(call(input={"guest": var("trigger.data.guest")}, wait=True)),
    workflow(loop("each", var("trigger.data.guests"), note("in", name=var("item.name")))),
    workflow(loop("each", [1, 2], note("in", at=var("index"))), note(whole=var("steps.in"))),
    workflow(loop("a", [1], loop("b", [1], loop("c", [1], note())))),
    workflow(loop("each", [1], note("one"), note("two", x=var("steps.one.done")))),
    workflow(note(), trigger=SCHEDULE),
    workflow(note(), trigger=DATE),
    workflow(note(), trigger=POLL),
    workflow(note(), trigger={"kind": "workflow", "input": {"type": "object"}}),
]


@pytest.mark.parametrize("definition", SOUND)
def test_what_is_sound_has_no_problems_and_can_be_compiled(definition: Any) -> None:
    assert problems(definition) == []
    compile_definition(definition)


FOUR_DEEP = loop("a", [1], loop("b", [1], loop("c", [1], loop("d", [1], note()))))

ERRORS: list[tuple[Any, str | None, str, str]] = [
    (workflow(wait()), "hold", "seconds", "does not say what to wait for"),
    (workflow(wait(seconds=9, until="2027-06-01")), "hold", "until", "waits for two things"),
    (workflow(wait(seconds=0)), "hold", "seconds", "not a number that can be used"),
    (workflow(wait(seconds=10**9)), "hold", "seconds", "not a number that can be used"),
    (workflow(wait(until=7)), "hold", "until", "not a date or a time"),
    (workflow(wait(until={"foo": 1})), "hold", "until", "not a date or a time"),
    (workflow(before_the_wedding(anchor="date")), "hold", "anchor", "not one of the choices"),
    (workflow(before_the_wedding(offset_days=1.5)), "hold", "offset_days", "not a whole number"),
    (workflow(before_the_wedding(offset_days=None)), "hold", "offset_days", "not a whole number"),
    (workflow(before_the_wedding(at="9 o'clock")), "hold", "at", "not a time of day"),
    (workflow(before_the_wedding(late="never")), "hold", "late", "not one of the choices"),
    (workflow(wait(event="signed")), "hold", "event", "does not say which event"),
    (workflow(wait(event={})), "hold", "event.event_type", "is missing"),
    (workflow(wait_for(event_type="not a name")), "hold", "event.event_type", "name of an event"),
    (workflow(wait_for(match=7)), "hold", "event.match", "which event is meant"),
    (workflow(wait_for(match={"id!": 1})), "hold", "event.match.id!", "not a place in an event"),
    (workflow(wait_for(match={"data": 1})), "hold", "event.match.data", "not a place in an event"),
    (workflow(wait_for(match={"data.a": [1]})), "hold", "event.match.data.a", "not a single value"),
    (workflow(wait_for(match={"data.a": {}})), "hold", "event.match.data.a", "not a single value"),
    (
        workflow(wait_for(match={"data.a": {"id": 1}})),
        "hold",
        "event.match.data.a",
        "not a single value",
    ),
    (
        workflow(wait_for(match={"data.a": var("steps.gone.id")})),
        "hold",
        "event.match.data.a",
        "step “gone”, which does not exist",
    ),
    (
        workflow(wait_for(match={f"data.a{number}": 1 for number in range(11)})),
        "hold",
        "event.match",
        "too many values",
    ),
    (workflow(wait_for(timeout_s=-1)), "hold", "event.timeout_s", "not a number that can be used"),
    (
        workflow(wait_for(timeout_s=9, otherwise=7)),
        "hold",
        "event.otherwise",
        "not a list of steps",
    ),
    (workflow(ask(ask="")), "ask", "ask", "not a text"),
    (workflow(ask(ask={"text": 1})), "ask", "ask", "not a text"),
    (workflow(ask(who={})), "ask", "who", "does not say whom to ask"),
    (workflow(ask(who={"role": "owner", "user": "u"})), "ask", "who", "whom to ask"),
    (workflow(ask(who={"role": "king"})), "ask", "who.role", "not one of the choices"),
    (workflow(ask(who={"email": "petra"})), "ask", "who.email", "not an e-mail address"),
    (workflow(ask(who={"user": 7})), "ask", "who.user", "not a text"),
    (workflow(ask(then_ask="me", remind_after_s=60)), "ask", "then_ask", "whom to ask"),
    (workflow(ask(remind_after_s=5)), "ask", "remind_after_s", "not a number that can be used"),
    (workflow(ask(expires_after_s="x")), "ask", "expires_after_s", "not a number"),
    (workflow(ask(on_expiry="hope")), "ask", "on_expiry", "not one of the choices"),
    (workflow(call(workflow="")), "other", "workflow", "No workflow is chosen"),
    (workflow(call(input=[1])), "other", "input", "not a set of named values"),
    (workflow(call(wait="yes")), "other", "wait", "not a yes or a no"),
    (workflow(loop("each", "guests", note())), "each", "items", "not a list"),
    (workflow(loop("each", {"a": 1}, note())), "each", "items", "not a list"),
    (workflow(loop("each", [0] * 10_001, note())), "each", "items", "too many items"),
    (workflow(loop("each", [1])), "each", "steps", "nothing to do for each"),
    (workflow(loop("each", [1], note(), batch_size=0)), "each", "batch_size", "whole number"),
    (workflow(loop("each", [1], note(), parallel=99)), "each", "parallel", "whole number"),
    (workflow(FOUR_DEEP), "d", "", "Loops are more than 3 deep"),
    (workflow(note(x=var("index"))), "note", "values.x", "“index” is only there inside a loop"),
    (
        workflow(loop("each", [1], note("in")), note("after", x=var("item"))),
        "after",
        "values.x",
        "“item” is only there inside a loop",
    ),
    (
        workflow(loop("each", [1], note("in", x=var("steps.each.total")))),
        "in",
        "values.x",
        "step “each”, which comes later or on another way",
    ),
    (
        workflow(loop("each", var("item"), note("in"))),
        "each",
        "items",
        "“item” is only there inside a loop",
    ),
    (workflow(note(), trigger={**SCHEDULE, "cron": "daily"}), None, "trigger.cron", "comes round"),
    (workflow(note(), trigger={**SCHEDULE, "zone": "Mars"}), None, "trigger.zone", "time zone"),
    (workflow(note(), trigger={**SCHEDULE, "missed": "all"}), None, "trigger.missed", "choices"),
    (workflow(note(), trigger={**DATE, "anchor": "then"}), None, "trigger.anchor", "choices"),
    (workflow(note(), trigger={**DATE, "at": None}), None, "trigger.at", "not a time of day"),
    (workflow(note(), trigger={**POLL, "every_s": 59}), None, "trigger.every_s", "not a number"),
    (workflow(note(), trigger={**POLL, "stream": ""}), None, "trigger.stream", "not a text"),
    (workflow(note(), trigger={"kind": "poll"}), None, "trigger.stream", "is missing"),
]


@pytest.mark.parametrize(("definition", "step", "field", "said"), ERRORS)
def test_each_error_is_named_where_it_lies_and_has_a_way_out(
    definition: Any, step: str | None, field: str, said: str
) -> None:
    found = problems(definition)
    here = [each for each in found if (each.step, each.field) == (step, field)]
    assert any(said in each.message for each in here), found
    assert all(each.fix and each.severity == "error" for each in here)


WARNINGS = [
    (workflow(before_the_wedding(), trigger=SCHEDULE), "anchor", "about no wedding"),
    (workflow(wait(seconds=5, at="09:00")), "at", "only used with a date of the wedding"),
    (workflow(wait(event={"event_type": "a.b"})), "event.match", "whoever that is about"),
    (workflow(wait_for(otherwise=[note()])), "event.otherwise", "waits for ever"),
    (workflow(ask(then_ask={"role": "owner"})), "then_ask", "Nobody else is ever asked"),
    (
        workflow(ask(remind_after_s=3600, expires_after_s=600)),
        "remind_after_s",
        "Nobody is reminded",
    ),
    (
        workflow(loop("each", [1], act()), note("after", x=var("steps.tell.status"))),
        "values.x",
        "so here it is a list",
    ),
]


@pytest.mark.parametrize(("definition", "field", "said"), WARNINGS)
def test_what_only_deserves_a_second_look_is_a_warning(
    definition: Any, field: str, said: str
) -> None:
    (problem,) = problems(definition)
    assert (problem.field, problem.severity) == (field, "warning")
    assert said in problem.message


def test_what_a_loop_leaves_can_be_read_after_it_whole_or_by_place() -> None:
    inside = choose("which", ("Yes", True, [note("in")]))
    after = note("after", whole=var("steps.in"), first=var("steps.in.0.done"))
    assert problems(workflow(loop("each", [1], inside), after)) == []


def test_the_branch_of_a_wait_may_have_happened_afterwards() -> None:
    step = wait_for(timeout_s=60, otherwise=[note("reminded")])
    (problem,) = problems(workflow(step, note("after", x=var("steps.reminded.done"))))
    assert "may not have happened" in problem.message


def test_a_workflow_may_not_call_itself() -> None:
    definition = workflow(choose("c", ("Yes", True, [call()])))
    assert problems(definition) == []
    (problem,) = problems(definition, own_id=OTHER.upper())
    assert (problem.step, problem.field) == ("other", "workflow")
    assert problem.message == "This workflow would start itself, over and over."

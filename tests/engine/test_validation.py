"""What validation says, and where."""

import time
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.building import ACTIONS, HOOK, act, choose, problems, var, workflow
from wedsync.workflows.engine import DefinitionInvalid, compile_definition, validate

EVENT = {"kind": "event", "event_type": "external.rsvp.received", "source": f"hook:{HOOK}"}
SET = {"id": "s", "kind": "set", "values": {"x": 1}}


def test_the_definition_of_the_manual_is_valid() -> None:
    send = act(
        "tell",
        use="webhook.send",
        connection=None,
        input={"event_type": "seating.guest_added", "data": {"seats": var("steps.shape.seats")}},
        timeout_s=30,
        on_unsure="ask",
        on_error={
            "retry": {"attempts": 6, "first_delay_s": 5, "factor": 3, "max_delay_s": 86_400},
            "then": "stop",
        },
    )
    shape = {"id": "shape", "kind": "set", "values": {"seats": var("trigger.data.party_size")}}
    when = {"==": [var("trigger.data.status"), "accepted"]}
    definition = workflow(
        choose("coming", ("Yes", when, [shape, send])), trigger={**EVENT, "filter": None}
    )
    assert problems(definition) == []


FAULTY: list[tuple[Any, str | None, str, str]] = [
    (None, None, "", "This is not a workflow."),
    ([], None, "", "This is not a workflow."),
    ({}, None, "format", "“format” is missing."),
    (
        {"format": 2, "trigger": {"kind": "manual"}, "steps": [SET]},
        None,
        "format",
        "another version",
    ),
    ({**workflow(SET), "format": True}, None, "format", "another version"),
    (workflow(SET, trigger={"kind": "webhook"}), None, "trigger.hook", "“hook” is missing."),
    (workflow(SET, trigger={"kind": "magic"}), None, "trigger.kind", "no kind called “magic”"),
    (workflow(SET, trigger={}), None, "trigger.kind", "does not say what kind"),
    (
        workflow(SET, trigger={**EVENT, "event_type": "not a name"}),
        None,
        "trigger.event_type",
        "not the name of an event",
    ),
    (workflow(SET, trigger={**EVENT, "source": "mars"}), None, "trigger.source", "come from"),
    (
        workflow(SET, trigger={**EVENT, "event_type": "contract.signed"}),
        None,
        "trigger.event_type",
        "only WedSync uses",
    ),
    (
        workflow(SET, trigger={**EVENT, "source": "ours"}),
        None,
        "trigger.event_type",
        "not something WedSync itself says",
    ),
    (
        workflow(SET, trigger={**EVENT, "filter": {"==": [var("wedding.city"), "Lyon"]}}),
        None,
        "trigger.filter",
        "only what came in is known, not “wedding.city”",
    ),
    (workflow({"kind": "set", "values": {}}), None, "id", "no name the others could use"),
    (workflow({**SET, "id": "a.b"}), "a.b", "id", "no name the others could use"),
    (workflow(SET, SET), "s", "id", "Another step is called “s” too."),
    (workflow({"id": "s", "kind": "sett"}), "s", "kind", "no kind called “sett”"),
    (workflow({"id": "s", "kind": "set"}), "s", "values", "“values” is missing."),
    (workflow({"id": "s", "kind": "set", "values": 3}), "s", "values", "not a set of named values"),
    (workflow({"id": "s", "kind": "filter", "when": None}), "s", "when", "no condition yet"),
    (workflow({**SET, "label": "x" * 300}), "s", "label", "too long"),
    (workflow({**SET, "valeus": 1}), "s", "valeus", "means nothing here"),
    (workflow(3), None, "steps.0", "This is not a step."),
    ({**workflow(), "steps": {}}, None, "steps", "not a list of steps"),
    (workflow({"id": "c", "kind": "choose", "branches": []}), "c", "branches", "no branch to take"),
    (
        workflow({"id": "c", "kind": "choose", "branches": [{"label": "A"}]}),
        "c",
        "branches.0.when",
        "“when” is missing.",
    ),
    (
        workflow(choose("c", ("A", True, []), ("A", True, []))),
        "c",
        "branches.1.label",
        "the same name",
    ),
    (
        workflow(choose("c", ("A", {"foo": 1}, []))),
        "c",
        "branches.0.when",
        "no function called “foo”",
    ),
    (workflow(choose("c", ("A", True, [{**SET, "values": 1}]))), "s", "values", "named values"),
    (
        workflow(choose("c", ("A", True, [])), {**SET, "values": {"x": var("steps.nobody.y")}}),
        "s",
        "values.x",
        "step “nobody”, which does not exist",
    ),
    (
        workflow({**SET, "values": {"x": var("steps.later.y")}}, {**SET, "id": "later"}),
        "s",
        "values.x",
        "step “later”, which comes later",
    ),
    (
        workflow(
            choose("c", ("A", True, [{**SET, "id": "inner"}])),
            {**SET, "values": {"x": var("steps.inner.x")}},
        ),
        "s",
        "values.x",
        "step “inner”, which may not have happened",
    ),
    (workflow({**SET, "values": {"x": var("guest.name")}}), "s", "values.x", "“guest.name” here"),
    (
        workflow({**SET, "values": {"x": var("item.name")}}),
        "s",
        "values.x",
        "“item” is only there inside a loop",
    ),
    (workflow({**SET, "values": {"x": {"now": []}}}), "s", "values.x", "present moment"),
    (workflow({"id": "x", "kind": "stop", "outcome": "won"}), "x", "outcome", "one of the choices"),
    (
        workflow({"id": "x", "kind": "stop", "outcome": "done"}, SET),
        "s",
        "",
        "This step is never reached.",
    ),
    (workflow(act(use="")), "tell", "use", "No action is chosen."),
    (workflow(act(use="webhook.sned")), "tell", "use", "no action called “webhook.sned”"),
    (workflow(act(use="webhook.send", input={})), "tell", "input.data", "“data” is missing."),
    (
        workflow(act(use="webhook.send", input={"event_type": "a", "data": {}, "evnt": 1})),
        "tell",
        "input.evnt",
        "not used by this action",
    ),
    (workflow(act(timeout_s=0)), "tell", "timeout_s", "not a number that can be used"),
    (workflow(act(timeout_s=True)), "tell", "timeout_s", "not a number that can be used"),
    (workflow(act(on_unsure="hope")), "tell", "on_unsure", "one of the choices"),
    (workflow(act(on_unsure="retry")), "tell", "on_unsure", "somebody may get it twice"),
    (workflow(act(on_error="stop")), "tell", "on_error", "does not say what an error leads to"),
    (workflow(act(on_error={"then": "explode"})), "tell", "on_error.then", "one of the choices"),
    (workflow(act(on_error={"then": "steps"})), "tell", "on_error.steps", "no steps for after"),
    (
        workflow(act(on_error={"then": "stop", "steps": [SET]})),
        "tell",
        "on_error.steps",
        "never reached",
    ),
    (
        workflow(act(on_error={"retry": {"attempts": 1.5}})),
        "tell",
        "on_error.retry.attempts",
        "not a whole number",
    ),
    (
        workflow(act(on_error={"retry": {"factor": 0}})),
        "tell",
        "on_error.retry.factor",
        "not a number that can be used",
    ),
    (workflow(), None, "steps", "does nothing yet"),
    (workflow(trigger={"kind": "manual", "input": 3}), None, "trigger.input", "describe an input"),
]


@pytest.mark.parametrize(("definition", "step", "field", "said"), FAULTY)
def test_each_fault_is_named_where_it_lies(
    definition: Any, step: str | None, field: str, said: str
) -> None:
    found = [each for each in problems(definition) if (each.step, each.field) == (step, field)]
    assert any(said in each.message for each in found), problems(definition)
    for each in found:
        assert each.message.endswith(".")
        assert each.fix.endswith((".", "?"))


def test_what_only_deserves_a_second_look_does_not_block() -> None:
    for definition in (workflow(), workflow(act(on_unsure="retry"))):
        assert [each.severity for each in problems(definition)] == ["warning"]
        compile_definition(definition)


def test_an_unsure_retry_is_not_pointed_out_where_nothing_can_happen_twice() -> None:
    read = act(on_unsure="retry", input={"method": "GET", "url": "https://far.example/"})
    assert problems(workflow(read)) == []


def test_a_near_miss_is_offered() -> None:
    (problem,) = problems(workflow(act(use="webhook.sned")))
    assert problem.fix == "Did you mean “webhook.send”?"


def test_steps_of_an_error_branch_see_what_happened_before_it() -> None:
    branch = [{**SET, "id": "b", "values": {"x": var("steps.s.x"), "y": var("steps.tell")}}]
    after = {**SET, "id": "z", "values": {"x": var("steps.b.x")}}
    definition = workflow(SET, act(on_error={"then": "steps", "steps": branch}), after)
    (problem,) = problems(definition)
    assert (problem.step, problem.severity) == ("z", "warning")


def test_inside_a_loop_values_are_called_by_the_names_of_the_item() -> None:
    rows = {
        "map": [var("trigger.data.guests"), {"n": var("name"), "city": {"val": [[1], "wedding"]}}]
    }
    assert problems(workflow({**SET, "values": {"rows": rows}})) == []


def test_an_action_may_look_at_its_own_input() -> None:
    picky = replace(
        ACTIONS["webhook.send"],
        check=lambda given: (
            [("event_type", "That name is ours.", "Choose another.")]
            if given["event_type"] == "rsvp.received"
            else []
        ),
    )
    step = act(use="webhook.send", input={"event_type": "rsvp.received", "data": {"x": 1}})
    (problem,) = validate(workflow(step), actions={"webhook.send": picky})
    assert (problem.step, problem.field) == ("tell", "input.event_type")


def test_what_cannot_be_compiled_says_why() -> None:
    with pytest.raises(DefinitionInvalid) as caught:
        compile_definition(workflow({"id": "s", "kind": "set"}))
    assert [each.field for each in caught.value.problems] == ["values"]


def test_a_field_the_trigger_does_not_have_is_pointed_out_and_never_used() -> None:
    trigger = {"kind": "webhook", "hook": HOOK, "filter": "nonsense"}
    (problem,) = problems(workflow(SET, trigger=trigger))
    assert (problem.field, problem.severity) == ("trigger.filter", "warning")
    assert compile_definition(workflow(SET, trigger=trigger)).trigger_filter is None


def test_four_hundred_steps_are_looked_through_in_a_moment() -> None:
    steps = [
        {**SET, "id": f"s{n}", "values": {"x": var(f"steps.s{n - 1}.x") if n else 1}}
        for n in range(400)
    ]
    began = time.thread_time()
    assert problems(workflow(*steps)) == []
    assert time.thread_time() - began < 1


def test_five_hundred_and_one_steps_are_too_many() -> None:
    steps = [{**SET, "id": f"s{n}"} for n in range(501)]
    (problem,) = problems(workflow(*steps))
    assert "more than 500 steps" in problem.message

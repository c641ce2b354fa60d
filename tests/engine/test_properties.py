"""What holds for every definition and every order of events."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.building import Journal, event, scope, var, workflow
from wedsync.workflows.engine import advance, compile_definition, steps_in_order, validate
from wedsync.workflows.engine.protocol import EventKind

DATA = {"status": "accepted", "party_size": 3}
EFFECTS = ["none", "local", "idempotent", "lookup", "once"]
CLASSES = ["not_sent", "maybe", "auth", "rate_limit", "permanent"]
POLICY = {"attempts": 3, "first_delay_s": 1, "factor": 2, "max_delay_s": 60}

whens = st.sampled_from(
    [
        True,
        False,
        {"==": [var("trigger.data.status"), "accepted"]},
        {">": [var("trigger.data.party_size"), 5]},
        {"+": [var("trigger.data.status"), 1]},
    ]
)


def _set(values: Any) -> dict[str, Any]:
    return {"kind": "set", "values": values}


simple = (
    st.builds(_set, st.just({"seats": var("trigger.data.party_size")}))
    | st.builds(lambda when: {"kind": "filter", "when": when}, whens)
    | st.builds(
        lambda outcome: {"kind": "stop", "outcome": outcome}, st.sampled_from(["done", "failed"])
    )
)


def _action(on_unsure: str, then: str, inside: list[Any]) -> dict[str, Any]:
    on_error: dict[str, Any] = {"retry": POLICY, "then": then}
    if then == "steps":
        on_error["steps"] = inside
    step = {"kind": "action", "use": "http.request", "input": {"method": "POST", "url": "x"}}
    return {**step, "on_unsure": on_unsure, "on_error": on_error}


def _choose(when: Any, inside: list[Any], otherwise: list[Any]) -> dict[str, Any]:
    branches = [{"label": "Yes", "when": when, "steps": inside}]
    return {"kind": "choose", "branches": branches, "otherwise": otherwise}


def _nest(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    on_unsure = st.sampled_from(["ask", "retry", "skip"])
    then = st.sampled_from(["stop", "continue", "steps"])
    return st.builds(_choose, whens, several, several) | st.builds(
        _action, on_unsure, then, several
    )


def _numbered(steps: list[Any]) -> list[Any]:
    """The same steps with ids of their own; a step drawn twice is two steps."""
    copied: list[Any] = json.loads(json.dumps(steps))
    for number, placed in enumerate(steps_in_order(workflow(*copied))):
        placed.step["id"] = f"s{number}"  # type: ignore[index]
    return copied


definitions = st.lists(st.recursive(simple, _nest, max_leaves=8), min_size=1, max_size=4).map(
    lambda steps: workflow(*_numbered(steps))
)

outcomes = st.sampled_from(
    [{"output": {"ok": True}}]
    + [
        {"error": {"class": kind, "message": "No."}, "effect": effect}
        for kind in CLASSES
        for effect in EFFECTS
    ]
    + [{"died": effect} for effect in EFFECTS]
)
decisions = st.sampled_from(["send_again", "treat_as_done", "skip"])


def happen(journal: Journal, draw: Any) -> None:
    """Whatever comes next for a run that stands somewhere."""
    if waiting := journal.waiting():
        journal.tell("resume", step=waiting.step)
    elif asked := journal.asked():
        journal.tell("decide", step=asked.step, decision=draw(decisions))
    else:
        outcome = dict(draw(outcomes))
        effect = outcome.pop("died", None)
        if effect:
            journal.died(effect)
        else:
            journal.result(**outcome)


def play(definition: dict[str, Any], draw: Any, most: int = 60) -> Journal:
    journal = Journal(compile_definition(definition), DATA)
    journal.tell("start")
    for _ in range(most):
        if journal.ended():
            break
        happen(journal, draw)
    return journal


@given(definitions, st.data())
@settings(deadline=None, max_examples=150)
def test_told_the_same_again_the_engine_comes_to_the_same_state(
    definition: dict[str, Any], data: st.DataObject
) -> None:
    played = play(definition, data.draw)
    program = compile_definition(definition)
    state = None
    for said in played.told:
        state = advance(program, state, said).state
    assert state == played.state


@given(definitions, st.data())
@settings(deadline=None, max_examples=150)
def test_no_attempt_is_performed_twice_and_no_key_is_reused_after_a_person_decided(
    definition: dict[str, Any], data: st.DataObject
) -> None:
    performed = play(definition, data.draw).performed
    attempts = [(each.step, each.item, each.attempt) for each in performed]
    assert len(set(attempts)) == len(attempts)
    for before, after in pairwise(performed):
        if before.step == after.step:
            assert after.attempt == before.attempt + 1
            assert after.key_generation in (before.key_generation, before.key_generation + 1)


@given(definitions, st.data())
@settings(deadline=None, max_examples=150)
def test_every_event_told_twice_counts_once(
    definition: dict[str, Any], data: st.DataObject
) -> None:
    played = play(definition, data.draw)
    program = compile_definition(definition)
    state = None
    for said in played.told:
        state = advance(program, state, said).state
        again = advance(program, state, said)
        assert again.stale
        assert again.state == state


@given(definitions)
@settings(deadline=None, max_examples=150)
def test_every_valid_definition_ends_or_waits_within_a_bounded_number_of_advances(
    definition: dict[str, Any],
) -> None:
    journal = Journal(compile_definition(definition), DATA)
    journal.tell("start")
    steps = sum(1 for _ in steps_in_order(definition))
    for _ in range(2 * POLICY["attempts"] * steps + 1):
        if journal.ended():
            return
        if waiting := journal.waiting():
            journal.tell("resume", step=waiting.step)
        else:
            journal.result(error={"class": "not_sent", "message": "No."})
    raise AssertionError("the run goes round in circles")


@given(definitions)
@settings(deadline=None, max_examples=100)
def test_generated_definitions_have_no_errors(definition: dict[str, Any]) -> None:
    assert [each for each in validate(definition) if each.severity == "error"] == []


kinds: list[EventKind] = ["start", "result", "resume", "recovered", "decide", "stop"]


@given(
    definitions,
    st.data(),
    st.lists(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(kinds)},
            optional={
                "step": st.sampled_from(["s0", "s1", "s2", "nobody"]) | st.none(),
                "attempt": st.integers(0, 4) | st.none(),
                "item": st.none() | st.integers(-1, 2),
                "error": st.none() | st.dictionaries(st.text(max_size=3), st.text(), max_size=2),
                "effect": st.sampled_from(EFFECTS),
                "decision": st.none() | decisions,
                "output": st.none() | st.floats() | st.text(),
                "random": st.floats(),
            },
        ),
        max_size=12,
    ),
)
@settings(deadline=None, max_examples=200)
def test_no_order_of_events_makes_it_raise_or_leave_a_run_nowhere(
    definition: dict[str, Any], data: st.DataObject, said: list[dict[str, Any]]
) -> None:
    program = compile_definition(definition)
    state = None
    for fields in said:
        decision = advance(program, state, event(fields.pop("kind"), scope(DATA), **fields))
        if decision.stale:
            assert decision.state == state
            assert decision.actions == ()
        else:
            assert decision.state is not None
            over = decision.state["outcome"] is not None
            assert over is (decision.state["positions"] == [])
        state = json.loads(json.dumps(decision.state))

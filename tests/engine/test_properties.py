"""What holds for every definition and every order of events."""

import json
from collections import Counter
from itertools import groupby, pairwise
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.building import (
    act,
    ask,
    before_the_wedding,
    call,
    choose,
    event,
    loop,
    note,
    scope,
    var,
    wait,
    workflow,
)
from tests.engine.definitions import DATA, POLICY, definitions
from tests.engine.simulator import Outcome, Point, Run, World
from wedsync.workflows.engine import (
    Ask,
    Listen,
    NeedsAttention,
    Perform,
    Program,
    StartRun,
    advance,
    compile_definition,
    steps_in_order,
    validate,
)
from wedsync.workflows.engine.protocol import EventKind

EFFECTS = ["none", "local", "idempotent", "lookup", "once"]
CLASSES = ["not_sent", "maybe", "auth", "rate_limit", "permanent", "unwanted"]

ends_of_attempts = st.sampled_from(
    [{"output": {"ok": True}}]
    + [
        {"error": {"class": kind, "message": "No."}, "effect": effect}
        for kind in CLASSES
        for effect in EFFECTS
    ]
)
settled = st.sampled_from(["send_again", "treat_as_done", "skip"])
ends_of_questions = st.sampled_from(
    [{"kind": "timed_out"}]
    + [{"kind": "answered", "output": {"approved": yes, "by": "Petra"}} for yes in (True, False)]
)
ends_of_waits = st.sampled_from(
    [{"kind": "timed_out"}, {"kind": "arrived", "output": {"id": "e2", "data": {"id": 1}}}]
)
ends_of_calls = st.sampled_from(
    [
        {"kind": "returned", "output": {"run_id": "r2"}},
        {"kind": "returned", "error": {"class": "permanent", "message": "It is off."}},
    ]
)


def at_random(draw: Any) -> Any:
    """Whatever may come of what a run stands at."""

    def answer(key: str, at: Any) -> Outcome:
        if isinstance(at, Perform):
            return dict(draw(ends_of_attempts))
        if isinstance(at, NeedsAttention):
            late = at.code == "late"
            choice = draw(st.sampled_from(["go_on", "end"]) if late else settled)
            return {"kind": "decide", "decision": choice}
        ends = {Ask: ends_of_questions, Listen: ends_of_waits, StartRun: ends_of_calls}
        return dict(draw(ends[type(at)]))

    return answer


def by_its_key(key: str, at: Any) -> Outcome:
    """What comes of everything is a matter of its key alone, as at a far end that honours keys."""
    which = sum(key.encode())
    if isinstance(at, Perform):
        failed = {"error": {"class": "permanent", "message": "No."}}
        return failed if which % 7 == 0 else {"output": {"key": key}}
    if isinstance(at, NeedsAttention):
        return {"kind": "decide", "decision": "go_on" if which % 2 else "end"}
    if isinstance(at, Ask):
        answer = {"kind": "answered", "output": {"approved": True, "by": "Petra"}}
        return answer if which % 3 else {"kind": "timed_out"}
    if isinstance(at, Listen):
        came = {"kind": "arrived", "output": {"id": key}}
        return came if which % 2 else {"kind": "timed_out"}
    return {"kind": "returned", "output": {"run_id": key}}


def played(definition: Any, draw: Any) -> World:
    return World(compile_definition(definition), at_random(draw)).play()


@given(definitions, st.data())
@settings(deadline=None, max_examples=60)
def test_told_the_same_again_the_engine_comes_to_the_same_state(
    definition: dict[str, Any], data: st.DataObject
) -> None:
    world = played(definition, data.draw)
    for run in world.runs:
        state = None
        for said in run.told:
            state = told_again(world.program, state, said)
        assert state == run.state


def told_again(program: Program, state: Any, said: Any) -> Any:
    return advance(program, state, said, recoveries_before_parking=10**6).state


@given(definitions, st.data())
@settings(deadline=None, max_examples=60)
def test_every_event_told_twice_counts_once(
    definition: dict[str, Any], data: st.DataObject
) -> None:
    world = played(definition, data.draw)
    for run in world.runs:
        state = None
        for said in run.told:
            state = told_again(world.program, state, said)
            again = advance(world.program, state, said)
            assert again.stale
            assert again.state == state


@given(definitions, st.data())
@settings(deadline=None, max_examples=60)
def test_nothing_is_begun_twice_and_no_key_is_reused_after_a_person_decided(
    definition: dict[str, Any], data: st.DataObject
) -> None:
    world = played(definition, data.draw)
    begun = [each for each in world.committed if each[0] != "NeedsAttention"]
    assert len(set(begun)) == len(begun)
    for _, several in groupby(sorted(attempts(world), key=str), key=lambda each: each[:3]):
        for before, after in pairwise(sorted(several, key=lambda each: each[3])):
            assert after[3] == before[3] + 1
            assert after[4] in (before[4], before[4] + 1)


@given(definitions)
@settings(deadline=None, max_examples=80)
def test_every_valid_definition_ends_or_waits_within_a_bounded_number_of_advances(
    definition: dict[str, Any],
) -> None:
    no = {"error": {"class": "not_sent", "message": "No."}}

    def answer(key: str, at: Any) -> Outcome:
        return no if isinstance(at, Perform) else by_its_key(key, at)

    world = World(compile_definition(definition), answer)
    steps = sum(1 for _ in steps_in_order(definition))
    world.play(most=(2 * POLICY["attempts"] * steps + 1) * (3**3 + 1))
    waits_for_a_date = any(run.at is not None and run.due_at is None for run in world.runs)
    assert world.root.outcome is not None or waits_for_a_date


def ended(world: World) -> Any:
    """What became of everything: instants apart, which depend on when a process died."""

    def timeless(output: Any) -> Any:
        return None if isinstance(output, dict) and output.keys() == {"until"} else output

    journal = {at: (state, timeless(output)) for at, (state, output) in world.journal.items()}
    runs = {run.id: (run.outcome, run.state["positions"] == []) for run in world.runs}
    return journal, runs, world.far_end.keys(), set(world.committed) - attempts(world)


def attempts(world: World) -> set[Any]:
    return {each for each in world.committed if each[0] == "Perform"}


@given(definitions)
@settings(deadline=None, max_examples=60)
def test_a_death_at_any_point_ends_in_the_same_state(definition: dict[str, Any]) -> None:
    program = compile_definition(definition)
    undisturbed = World(program, by_its_key).play()
    for point in range(1, min(len(undisturbed.points), 60) + 1):
        disturbed = World(program, by_its_key, frozenset([point])).play()
        assert ended(disturbed) == ended(undisturbed)


EVERYTHING = workflow(
    act("first"),
    loop(
        "guests",
        var("trigger.data.guests"),
        act("greet", input={"method": "POST", "url": var("item.name")}),
        wait("pause", seconds=60),
        loop("courses", [1, 2, 3], act("serve"), note("served"), batch_size=2),
        parallel=1,
    ),
    before_the_wedding("before"),
    wait(
        "signed", event={"event_type": "contract.signed", "timeout_s": 60, "otherwise": [act("s")]}
    ),
    ask("sure", expires_after_s=60, on_expiry="approve"),
    call("another", wait=True),
    choose("which", ("Yes", True, [act("last")])),
)


@pytest.mark.parametrize("point", get_args(Point))
def test_a_death_at_each_named_point_ends_in_the_same_state(point: str) -> None:
    program = compile_definition(EVERYTHING)
    undisturbed = World(program, all_is_well).play()
    places = [number for number, name in enumerate(undisturbed.points, 1) if name == point]
    assert len(places) >= len(undisturbed.far_end)
    assert undisturbed.root.outcome == "succeeded"
    for place in places:
        disturbed = World(program, all_is_well, frozenset([place])).play()
        assert ended(disturbed) == ended(undisturbed)
        twice = [key for key, count in disturbed.far_end.items() if count > 1]
        assert len(twice) <= (point in ("after effect", "before commit"))


def all_is_well(key: str, at: Any) -> Outcome:
    return {"output": {"key": key}} if isinstance(at, Perform) else by_its_key(key, at)


@given(definitions, st.frozensets(st.integers(1, 200), max_size=60))
@settings(deadline=None, max_examples=80)
def test_many_deaths_end_in_the_same_state_and_the_far_end_did_each_thing_under_one_key(
    definition: dict[str, Any], deaths: frozenset[int]
) -> None:
    program = compile_definition(definition)
    undisturbed = World(program, by_its_key).play()
    disturbed = World(program, by_its_key, deaths).play()
    assert ended(disturbed) == ended(undisturbed)
    starts = Counter(each for each in disturbed.committed if each[0] != "Perform")
    assert all(count == 1 for count in starts.values())


@given(definitions)
@settings(deadline=None, max_examples=60)
def test_what_a_step_read_of_the_wedding_is_recorded_with_its_values(
    definition: dict[str, Any],
) -> None:
    world = World(compile_definition(definition), by_its_key).play()
    for reads in world.reads:
        for path, value in reads.items():
            assert path.startswith("wedding.")
            assert value == world.wedding.get(path.removeprefix("wedding."))


@given(definitions)
@settings(deadline=None, max_examples=60)
def test_generated_definitions_have_no_errors(definition: dict[str, Any]) -> None:
    assert [each for each in validate(definition) if each.severity == "error"] == []


kinds: list[EventKind] = ["start", "result", "resume", "recovered", "decide", "stop"]
kinds += ["arrived", "timed_out", "answered", "returned", "items_over"]


@given(
    definitions,
    st.lists(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(kinds)},
            optional={
                "step": st.sampled_from(["s0", "s1", "s2", "nobody"]) | st.none(),
                "attempt": st.integers(0, 4) | st.none(),
                "item": st.none() | st.integers(-1, 2),
                "error": st.none() | st.dictionaries(st.text(max_size=3), st.text(), max_size=2),
                "effect": st.sampled_from(EFFECTS),
                "decision": st.none() | settled | st.sampled_from(["go_on", "end"]),
                "output": st.none() | st.floats() | st.text() | st.just({"approved": True}),
                "random": st.floats(),
            },
        ),
        max_size=12,
    ),
)
@settings(deadline=None, max_examples=100)
def test_no_order_of_events_makes_it_raise_or_leave_a_run_nowhere(
    definition: dict[str, Any], said: list[dict[str, Any]]
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


def stopped(run: Run, program: Program) -> None:
    decision = advance(program, run.state, event("stop", item=run.item))
    assert decision.stale is (run.outcome is not None)
    if not decision.stale:
        assert decision.state == {"state_format": 2, "outcome": "stopped", "positions": []}


@given(definitions, st.integers(1, 30))
@settings(deadline=None, max_examples=60)
def test_a_run_can_be_stopped_wherever_it_stands(definition: dict[str, Any], most: int) -> None:
    world = World(compile_definition(definition), by_its_key)
    world.begin()
    for _ in range(most):
        for run in world.runs:
            if run.state is not None:
                stopped(run, world.program)
        if not world.step():
            break

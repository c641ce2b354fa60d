"""States on disk: what a release wrote, every later one must read."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine.building import Journal, act, error, event, scope, the, workflow
from wedsync.workflows.engine import STATE_FORMAT, Perform, advance, compile_definition, upcast
from wedsync.workflows.engine.state import PHASES, UPCASTERS, position_of

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))

TOLD: dict[str, dict[str, Any]] = {
    "performing": {"kind": "recovered", "attempt": 2, "effect": "idempotent"},
    "retrying": {"kind": "resume"},
    "asking": {"kind": "decide", "decision": "send_again"},
    "waiting": {"kind": "resume"},
    "listening": {"kind": "arrived", "output": {"id": "e2", "data": {"signed": True}}},
    "approving": {"kind": "answered", "output": {"approved": True, "by": "Petra", "note": None}},
    "calling": {"kind": "returned", "output": {"run_id": "r2"}},
    "looping": {"kind": "items_over", "output": {"total": 2, "succeeded": 2, "failed": 0}},
    "late": {"kind": "decide", "decision": "go_on"},
}
MUCH_LATER = datetime(2029, 5, 1, tzinfo=UTC)


def golden(path: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(path.read_text())
    return kept


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_state_kept_from_a_release_goes_on(path: Path) -> None:
    kept = golden(path)
    program = compile_definition(kept["definition"])
    position = position_of(kept["state"])
    if position is None:
        assert kept["state"]["outcome"] is not None
        assert advance(program, kept["state"], event("start")).stale
        return
    late = position.phase == "asking" and position.plan is not None
    fields = dict(TOLD["late" if late else position.phase])
    seen = {**scope(), "wedding": {"date": "2028-06-12", "zone": "Europe/London"}}
    about = {"step": position.step, "item": position.item, "now": MUCH_LATER}
    told = event(fields.pop("kind"), seen, **about, **fields)
    perform = the(advance(program, kept["state"], told), Perform)
    if position.attempt:
        assert perform.attempt == position.attempt + 1
        assert perform.key_generation == position.generation + (position.phase == "asking")
    else:
        assert perform.step != position.step
        assert perform.item == position.item


def test_the_golden_states_cover_every_phase_and_the_end() -> None:
    states = [golden(path)["state"] for path in GOLDEN]
    phases = {position.phase for state in states if (position := position_of(state))}
    assert phases == set(PHASES)
    assert any(state["outcome"] for state in states)
    assert {state["state_format"] for state in states} == set(range(1, STATE_FORMAT + 1))


def test_there_is_an_upcaster_from_every_past_format() -> None:
    assert set(UPCASTERS) == set(range(1, STATE_FORMAT))


def test_upcasters_are_applied_one_after_the_other() -> None:
    upcasters = {
        1: lambda state: {**state, "state_format": 2, "b": state["a"]},
        2: lambda state: {**state, "state_format": 3, "c": state["b"]},
    }
    assert upcast({"state_format": 1, "a": 7}, upcasters, 3) == {
        "state_format": 3,
        "a": 7,
        "b": 7,
        "c": 7,
    }
    assert upcast({"state_format": 4}, upcasters, 3) is None
    assert upcast({}, upcasters, 3) is None


@pytest.mark.parametrize("positions", [None, 7, "x", [None], [{}], []])
def test_a_state_of_a_past_format_that_is_none_becomes_no_position(positions: Any) -> None:
    assert position_of({"state_format": 1, "outcome": None, "positions": positions}) is None


def test_a_state_holds_positions_and_never_what_a_step_gave() -> None:
    secret = "severe nut allergy"
    journal = Journal(
        compile_definition(
            workflow(act("one", input={"method": "POST", "url": secret}), act("two"))
        )
    )
    journal.tell("start")
    journal.result(output={"told": secret})
    journal.result(error=error("not_sent", message=secret))
    assert secret not in json.dumps(journal.state)
    assert len(json.dumps(journal.state)) < 300


@pytest.mark.parametrize(
    "position",
    [
        None,
        {},
        {"step": "tell"},
        {"step": 3, "item": None, "phase": "asking", "attempt": 1, "tries": 0}
        | {"generation": 0, "recoveries": 0, "plan": None},
        {"step": "tell", "item": None, "phase": "dancing", "attempt": 1, "tries": 0}
        | {"generation": 0, "recoveries": 0, "plan": None},
        {"step": "tell", "item": None, "phase": "asking", "attempt": "1", "tries": 0}
        | {"generation": 0, "recoveries": 0, "plan": None},
        {"step": "tell", "item": None, "phase": "asking", "attempt": 1, "tries": 0}
        | {"generation": 0, "recoveries": 0, "plan": "soon"},
        {"step": "tell", "item": None, "phase": "asking", "attempt": 1, "tries": 0}
        | {"generation": 0, "recoveries": 0},
    ],
)
def test_a_position_we_do_not_understand_is_none(position: Any) -> None:
    state = {"state_format": STATE_FORMAT, "outcome": None, "positions": [position]}
    assert position_of(state) is None

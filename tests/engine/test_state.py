"""States on disk: what a release wrote, every later one must read."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.building import Journal, act, error, event, the, workflow
from wedsync.workflows.engine import STATE_FORMAT, Perform, advance, compile_definition, upcast
from wedsync.workflows.engine.state import PHASES, UPCASTERS, position_of

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))

TOLD = {
    "performing": {"kind": "recovered", "attempt": 2, "effect": "idempotent"},
    "retrying": {"kind": "resume"},
    "asking": {"kind": "decide", "decision": "send_again"},
}


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
    fields = dict(TOLD[position.phase])
    told = event(fields.pop("kind"), step=position.step, item=position.item, **fields)
    perform = the(advance(program, kept["state"], told), Perform)
    assert perform.attempt == position.attempt + 1
    assert perform.key_generation == position.generation + (position.phase == "asking")


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
        | {"generation": 0, "recoveries": 0},
        {"step": "tell", "item": None, "phase": "dancing", "attempt": 1, "tries": 0}
        | {"generation": 0, "recoveries": 0},
        {"step": "tell", "item": None, "phase": "asking", "attempt": "1", "tries": 0}
        | {"generation": 0, "recoveries": 0},
    ],
)
def test_a_position_we_do_not_understand_is_none(position: Any) -> None:
    state = {"state_format": STATE_FORMAT, "outcome": None, "positions": [position]}
    assert position_of(state) is None

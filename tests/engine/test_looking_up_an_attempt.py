"""What became of an attempt is looked up where the partner can be asked."""

from datetime import timedelta
from typing import Any

import pytest

from tests.engine.attempting import (
    ASKED,
    FAILED,
    LOOKED_UP,
    SKIPPED,
    came_of,
    the_position,
    under_way,
)
from tests.engine.building import NOW, Journal, error, records, the
from wedsync.workflows.engine import WaitUntil


def lost(attempts: int = 3, **fields: Any) -> Journal:
    """A step whose first attempt may have happened, and its look on its way."""
    retry = {"attempts": attempts, "first_delay_s": 10, "factor": 1, "max_delay_s": 60}
    journal = under_way(on_error={"retry": retry, "then": "stop"}, **fields)
    decision = journal.result(error=error("maybe"), effect="lookup")
    assert records(decision) == [("tell", "unsure")]
    assert the(decision, WaitUntil).due_at > NOW + timedelta(seconds=9)
    look_again(journal)
    return journal


def look_again(journal: Journal) -> None:
    journal.tell("resume", step="tell", input=journal.performed[0].input)
    assert journal.performed[-1].looks_up


def test_a_look_that_finds_it_is_the_result() -> None:
    journal = lost()
    first, look = journal.performed
    assert (first.looks_up, look.attempt, look.input) == (False, 2, first.input)
    journal.result(output={"id": "p1"}, effect="lookup")
    assert journal.outputs["after"] == {"told": {"id": "p1"}}


def test_what_a_look_does_not_find_is_done_again_under_the_same_key() -> None:
    journal = lost()
    journal.result(error=error("absent"), effect="lookup")
    first, _, again = journal.performed
    assert (again.looks_up, again.attempt, again.input) == (False, 3, first.input)
    assert again.key_generation == first.key_generation
    journal.result(output={"id": "p1"}, effect="lookup")
    assert journal.ended() is not None


def test_what_did_not_happen_is_not_done_more_often_than_it_may_be_tried() -> None:
    journal = lost(attempts=1)
    journal.result(error=error("absent"), effect="lookup")
    assert came_of(journal) == FAILED


@pytest.mark.parametrize("kind", ["not_sent", "maybe", "rate_limit", "unknown class"])
def test_a_look_that_says_nothing_is_taken_again_and_then_a_person_is_asked(kind: str) -> None:
    journal = lost()
    for _ in range(2):
        journal.result(error=error(kind), effect="lookup")
        assert came_of(journal) == LOOKED_UP
        look_again(journal)
    journal.result(error=error(kind), effect="lookup")
    assert came_of(journal) == ASKED
    assert the_position(journal)["plan"] is None


@pytest.mark.parametrize("kind", ["auth", "permanent"])
@pytest.mark.parametrize(("on_unsure", "expected"), [("ask", ASKED), ("skip", SKIPPED)])
def test_a_look_that_is_refused_leaves_it_unsure(kind: str, on_unsure: str, expected: str) -> None:
    journal = lost(on_unsure=on_unsure)
    journal.result(error=error(kind), effect="lookup")
    assert came_of(journal) == expected


def test_a_death_while_looking_looks_again_at_once() -> None:
    journal = lost()
    journal.died("lookup")
    assert journal.performed[-1].looks_up
    assert the_position(journal)["recoveries"] == 1


def test_a_run_that_is_stopped_before_the_look_says_that_it_may_have_happened() -> None:
    journal = under_way()
    journal.result(error=error("maybe"), effect="lookup")
    decision = journal.tell("stop", reason="Somebody stopped it.")
    assert records(decision) == [("tell", "unsure")]


def test_what_a_person_sends_again_is_not_looked_up() -> None:
    journal = lost()
    journal.result(error=error("permanent"), effect="lookup")
    journal.tell("decide", step="tell", decision="send_again", input=journal.performed[0].input)
    again = journal.performed[-1]
    assert (again.looks_up, again.key_generation) == (False, 1)

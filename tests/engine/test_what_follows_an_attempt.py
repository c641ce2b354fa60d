"""The unsure matrix: what follows an attempt, by what happened and what the step does."""

import pytest

from tests.engine.attempting import ASKED, FAILED, LOOKED_UP, REPEATED, SKIPPED, came_of, under_way
from tests.engine.building import error, records, the, var
from wedsync.workflows.engine import NeedsAttention, Record

CALM, KNOWABLE, GRAVE = ("none", "local", "idempotent"), ("lookup",), ("once",)
ALL = CALM + KNOWABLE + GRAVE

# (classes, effects, what follows when on_unsure is ask, retry, skip)
TABLE = [
    (("not_sent", "rate_limit"), ALL, (REPEATED, REPEATED, REPEATED)),
    (("maybe", "unknown class"), CALM, (REPEATED, REPEATED, REPEATED)),
    (("maybe", "unknown class"), KNOWABLE, (LOOKED_UP, LOOKED_UP, LOOKED_UP)),
    (("maybe", "unknown class"), GRAVE, (ASKED, REPEATED, SKIPPED)),
    (("auth", "permanent"), ALL, (FAILED, FAILED, FAILED)),
]
MATRIX = [
    (kind, effect, on_unsure, expected)
    for kinds, effects, followed in TABLE
    for kind in kinds
    for effect in effects
    for on_unsure, expected in zip(("ask", "retry", "skip"), followed, strict=True)
]


@pytest.mark.parametrize(("kind", "effect", "on_unsure", "expected"), MATRIX)
def test_what_follows_an_error(kind: str, effect: str, on_unsure: str, expected: str) -> None:
    journal = under_way(on_unsure=on_unsure)
    journal.result(error=error(kind), effect=effect)
    assert came_of(journal) == expected


@pytest.mark.parametrize(
    ("effect", "on_unsure", "expected"), [row[1:] for row in MATRIX if row[0] == "maybe"]
)
def test_a_death_after_started_is_exactly_a_maybe(
    effect: str, on_unsure: str, expected: str
) -> None:
    journal = under_way(on_unsure=on_unsure)
    journal.died(effect)
    assert came_of(journal) == expected


@pytest.mark.parametrize("effect", ["none", "local", "idempotent"])
def test_a_repeated_attempt_says_the_same_thing_under_the_same_key(effect: str) -> None:
    journal = under_way(input={"method": "POST", "url": "https://far.example/", "at": var("now")})
    first = journal.performed[0]
    journal.result(error=error("maybe"), effect=effect)
    journal.tell("resume", step="tell", input=first.input)
    second = journal.performed[1]
    assert second.input == first.input
    assert (second.attempt, second.key_generation) == (2, first.key_generation)


def test_an_unsure_step_that_asks_says_so_kindly_and_sends_nothing() -> None:
    journal = under_way(label="Send the questionnaire")
    decision = journal.result(error=error("maybe"), effect="once")
    record = the(decision, Record)
    assert record.state == "unsure"
    assert record.error["message"] == "They are closed."
    assert the(decision, NeedsAttention) == NeedsAttention(
        "tell",
        None,
        "“Send the questionnaire” may have happened."
        " We have not tried again, so nobody gets it twice.",
        "unsure",
    )


def test_an_unsure_step_that_is_skipped_gives_nothing_and_the_run_goes_on() -> None:
    journal = under_way(on_unsure="skip")
    decision = journal.result(error=error("maybe"), effect="once")
    assert records(decision) == [("tell", "unsure"), ("after", "succeeded")]
    assert journal.outputs["after"] == {"told": None}


def test_the_effect_is_taken_for_the_worst_when_nobody_says_what_it_is() -> None:
    journal = under_way()
    journal.result(error=error("maybe"))
    assert came_of(journal) == ASKED

"""What a question says will follow from a yes and from a no."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.workflows.waiting import booking
from wedsync.platform.wording import Wording
from wedsync.workflows.questions.approval_words import what_follows

YES = {"var": "steps.may.approved"}
WORDS = Wording("Europe/Lisbon", datetime(2027, 6, 1, 12, tzinfo=UTC))
BOOKS, NOTHING = "“Book the date” comes next.", "nothing more happens here."
GOES_ON = "it is noted, and the work goes on with your answer."
MAY = {"id": "may", "kind": "approval", "ask": "May we?", "who": {"role": "owner"}}


def choose(when: Any, *, otherwise: list[Any] | None = None) -> dict[str, Any]:
    branch = {"label": "Yes", "when": when, "steps": [booking()]}
    return {"id": "then", "kind": "choose", "branches": [branch], "otherwise": otherwise or []}


def filtering(when: Any) -> dict[str, Any]:
    return {"id": "only", "kind": "filter", "when": when}


def follows(*steps: Any) -> tuple[str, str]:
    found = what_follows({"steps": list(steps)}, "may", "stop", None, WORDS)
    return found.yes, found.no


@pytest.mark.parametrize(
    ("after", "yes", "no"),
    [
        ([choose(YES)], BOOKS, NOTHING),
        ([choose({"!": [YES]})], NOTHING, BOOKS),
        ([choose({"==": [YES, True]}, otherwise=[booking()])], BOOKS, BOOKS),
        ([filtering(YES), booking()], BOOKS, NOTHING),
        ([{"id": "n", "kind": "set", "values": {"a": 1}}, booking()], BOOKS, BOOKS),
        ([], NOTHING, NOTHING),
        ([choose({"==": [{"var": "trigger.data.city"}, "Lyon"]})], GOES_ON, GOES_ON),
        ([filtering({"and": [YES, {"var": "trigger.data.paid"}]})], GOES_ON, GOES_ON),
        ([{**booking(), "label": None}], GOES_ON, GOES_ON),
    ],
)
def test_what_follows_is_told_as_far_as_the_answer_alone_decides_it(
    after: list[Any], yes: str, no: str
) -> None:
    assert follows(MAY, *after) == (yes, no)


def test_after_a_question_inside_a_branch_comes_what_follows_the_branching() -> None:
    branch = {"label": "Yes", "when": True, "steps": [MAY]}
    inside = {"id": "c", "kind": "choose", "branches": [branch], "otherwise": []}
    assert follows(inside, filtering(YES), booking()) == (BOOKS, NOTHING)


@pytest.mark.parametrize(
    ("on_expiry", "said"),
    [
        ("approve", "it counts as a yes."),
        ("refuse", "it counts as a no."),
        ("stop", "the work stops there."),
    ],
)
def test_silence_is_told_with_its_time(on_expiry: str, said: str) -> None:
    until = datetime(2027, 6, 12, 13, tzinfo=UTC)
    found = what_follows({"steps": [MAY]}, "may", on_expiry, until, WORDS)
    assert found.expiry == f"There is time until Sat 12 June, 14:00. After that {said}"


def test_outsiders_are_told_the_day_and_whose_clocks() -> None:
    until = datetime(2027, 6, 1, 13, tzinfo=UTC)
    found = what_follows({"steps": [MAY]}, "may", "stop", until, WORDS, for_outsiders=True)
    assert found.expiry.startswith("There is time until Tue 1 June, 14:00 in Lisbon.")


@pytest.mark.parametrize("definition", [None, {}, {"steps": 7}, {"steps": [None, {"id": 3}]}])
def test_whatever_a_definition_holds_words_are_found(definition: Any) -> None:
    found = what_follows(definition, "may", "stop", None, WORDS)
    assert (found.yes, found.no, found.expiry) == (NOTHING, NOTHING, "")

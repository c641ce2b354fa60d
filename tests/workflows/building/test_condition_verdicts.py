"""What each row of a condition gives for an example couple, in words."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.building import NOW, scope, var
from wedsync.workflows.building.conditions.condition_gestures import add_group, add_row
from wedsync.workflows.building.conditions.condition_rows import Group, tree_of
from wedsync.workflows.building.conditions.condition_verdicts import verdicts
from wedsync.workflows.building.known.working_out import fits
from wedsync.workflows.engine.expressions import EvaluationFailed
from wedsync.workflows.engine.limits import SEALED
from wedsync.workflows.engine.view import View

DATA = {
    "waiting": 12,
    "due": {"amount": 431_840, "currency": "GBP"},
    "style": "Plated",
    "signed": True,
    "lock": "2027-05-18",
    "phone": {SEALED: "x"},
    "tags": ["nuts"],
}
VIEW = View(scope(DATA), NOW)
TODAY = {"date.day": [var("now"), var("wedding.zone")]}
WAITING, DUE, STYLE, LOCK = (var(f"trigger.data.{n}") for n in ("waiting", "due", "style", "lock"))
ROUNDED = {"money.times": [DUE, 2]}

ROWS: list[tuple[Any, bool | None, str]] = [
    ({"number.between": [WAITING, 1, 10]}, False, "No, it is 12"),
    ({"date.is_after": [LOCK, TODAY]}, True, "Yes, Tue 18 May 2027 is 7 days away"),
    ({"date.is_on": [var("now"), TODAY]}, True, "Yes, today is Tue 11 May 2027"),
    ({"date.is_date": [STYLE]}, False, "No, it is Plated"),
    (
        {"money.is_at_most": [ROUNDED, {"money.of_minor": [600_000, "GBP"]}]},
        False,
        "No, £4,318.40 becomes £8,636.80",
    ),
    ({"text.is_one_of": [STYLE, ["plated", "buffet"]]}, True, "Yes, it is Plated"),
    ({"yes_no.is_yes": [var("trigger.data.signed")]}, True, "Yes"),
    ({"yes_no.is_no": [var("trigger.data.signed")]}, False, "No, it is yes"),
    ({"text.is": [var("trigger.data.nobody"), "x"]}, False, "No, it is not given"),
    ({"!!": [var("trigger.data.phone")]}, True, "Yes, it is hidden here"),
    ({"<": [0, {"list.count": [var("trigger.data.tags")]}]}, True, "Yes, it is nuts"),
    (
        {"wedding.is_past": [var("wedding"), var("now")]},
        False,
        "No, Sat 12 June 2027 is 32 days away",
    ),
    ({"wedding.is_booked": [var("wedding")]}, False, "No, it is not given"),
    ({"some": [var("trigger.data.tags"), True]}, True, "Yes"),
    ({"number.between": [STYLE, 1, 10]}, None,
     "Not known, “number.between” needs a number for “number”: “Plated” is not a number"),
    ({"text.is": [STYLE, {}]}, None, "Not known, it is not filled in yet"),
    ({"unheard.of": [1]}, None, "Not known, there is no function called “unheard.of”"),
]  # fmt: skip


@pytest.mark.parametrize(("when", "fitted", "words"), ROWS)
def test_a_row_says_what_it_gives_for_the_example(
    when: Any, fitted: bool | None, words: str
) -> None:
    gives = verdicts(tree_of(when), VIEW)["0"]
    assert (gives.fits, gives.words) == (fitted, words)


def test_the_whole_says_whether_the_branch_is_taken_and_why() -> None:
    few = {"number.between": [WAITING, 1, 10]}
    plated = {"or": [{"text.is": [STYLE, "plated"]}, {"text.is": [STYLE, "buffet"]}]}
    found = verdicts(tree_of({"and": [few, plated]}), VIEW)
    assert found[""].fits is False
    assert found[""].because == "waiting was 12, wanted between 1 and 10"
    assert found["1"].words == "Yes, 1 of 2 fits"
    assert list(found) == ["", "0", "1", "1.0", "1.1"]


def test_a_condition_that_is_not_finished_says_what_is_left() -> None:
    tree = add_group(add_row(tree_of({"text.is": [STYLE, "plated"]})))
    found = verdicts(tree, VIEW)
    assert found["0"].fits is True
    assert found[""].words == "Not known, 2 rows are not filled in yet"
    assert found["2"].words == "Not known, a row is not filled in yet"
    assert verdicts(Group("all"), VIEW)[""].words == "Not known, there is no row yet"


ROWS_OF_ALL_KINDS = st.sampled_from([when for when, _, _ in ROWS[:-2]])
GROUPED = st.recursive(
    ROWS_OF_ALL_KINDS,
    lambda inner: st.builds(
        lambda name, parts: {name: parts},
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@given(GROUPED)
@settings(deadline=None, max_examples=200)
def test_a_condition_is_judged_here_as_it_will_be_in_a_run(when: Any) -> None:
    try:
        judged = fits(when, VIEW)
    except EvaluationFailed:
        judged = None
    assert verdicts(tree_of(when), VIEW)[""].fits is judged


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([WAITING, DUE, STYLE, LOCK, TODAY, var("wedding")]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["and", "or", "!", "==", ">", "in", "text.is", "date.is_after",
                         "if", "number.between", "list.count", "money.is", "wedding.is_past",
                         "x", "var"]),
        inner, min_size=1, max_size=1,
    ),
    max_leaves=10,
)  # fmt: skip


@given(anything)
@settings(deadline=None, max_examples=300)
def test_no_condition_breaks_its_verdicts(when: Any) -> None:
    found = verdicts(tree_of(when), VIEW)
    assert all(gives.words for gives in found.values())

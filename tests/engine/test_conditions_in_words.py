"""Why a condition fitted or did not, and what it asks, as a florist would say it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.building import NOW, scope, var
from wedsync.workflows.engine import condition_words
from wedsync.workflows.engine.conditions import Condition
from wedsync.workflows.engine.expressions import EvaluationFailed, examine_condition
from wedsync.workflows.engine.view import View

STATUS, SEATS = var("trigger.data.status"), var("trigger.data.party_size")
DATA = {
    "status": "declined",
    "party_size": 4,
    "guest": {"name": "Rosa Osei"},
    "attending": False,
    "tags": ["family", "vegan"],
    "day": "2027-06-12",
    "guests": [{"diet": "vegan"}, {"diet": None}],
    "empty": "",
    "limit": 3,
}

ROWS: list[tuple[Any, str, bool, str]] = [
    (
        {"text.is": [var("wedding.city"), "Paris"]},
        "city is Paris",
        False,
        "city was Florence, wanted Paris",
    ),
    (
        {"date.is_before": [var("wedding.date"), "2027-05-01"]},
        "wedding date is before Sat 1 May 2027",
        False,
        "wedding date was Sat 12 June 2027, wanted before Sat 1 May 2027",
    ),
    (
        {"!": [{"wedding.is_cancelled": [var("wedding")]}]},
        "wedding status is not cancelled",
        True,
        "wedding status was not given",
    ),
    (
        {"yes_no.is_yes": [STATUS]},
        "status says yes",
        False,
        "status was declined, wanted yes",
    ),
    (
        {"money.is_more": [{"money.of": [SEATS, "EUR"]}, {"money.of": [2000, "EUR"]}]},
        "party size is more than €2,000.00",
        False,
        "party size was €4.00, wanted more than €2,000.00",
    ),
    (
        {">": [{"list.count_where": [var("trigger.data.guests"), "diet", "vegan"]}, 5]},
        "number of guests where diet is vegan is more than 5",
        False,
        "number of guests where diet is vegan was 1, wanted more than 5",
    ),
    (
        {"<": [{"wedding.days_until": [var("wedding"), var("now")]}, 30]},
        "days until the wedding is less than 30",
        False,
        "days until the wedding was 32, wanted less than 30",
    ),
    (
        {"date.is_before": [var("wedding.date"), {"date.add_days": [var("now"), -30]}]},
        "wedding date is before 30 days before today",
        False,
        "wedding date was Sat 12 June 2027, wanted before 30 days before today"
        " (Sun 11 April 2027, 12:40 UTC)",
    ),
    (
        {"date.falls_on": [var("wedding.date"), ["Friday", "Sunday"]]},
        "wedding date falls on a Friday or Sunday",
        False,
        "wedding date was Sat 12 June 2027, wanted a Friday or Sunday",
    ),
    (
        {"text.contains": [var("trigger.data.nobody"), "vegan"]},
        "nobody contains vegan",
        False,
        "nobody was not given, wanted it to contain vegan",
    ),
    (
        {"==": [STATUS, "accepted"]},
        "status is accepted",
        False,
        "status was declined, wanted accepted",
    ),
    ({"==": ["declined", STATUS]}, "status is declined", True, "status was declined"),
    (
        {"!=": [STATUS, "declined"]},
        "status is not declined",
        False,
        "status was declined, wanted anything but declined",
    ),
    (
        {"!": [{"==": [STATUS, "declined"]}]},
        "status is not declined",
        False,
        "status was declined, wanted anything but declined",
    ),
    (
        {">": [SEATS, 10]},
        "party size is more than 10",
        False,
        "party size was 4, wanted more than 10",
    ),
    ({">": [10, SEATS]}, "party size is less than 10", True, "party size was 4"),
    (
        {"<=": [1, SEATS, 3]},
        "party size is between 1 and 3",
        False,
        "party size was 4, wanted between 1 and 3",
    ),
    (
        {"<": [var("trigger.data.day"), "2027-06-01"]},
        "day is before Tue 1 June 2027",
        False,
        "day was Sat 12 June 2027, wanted before Tue 1 June 2027",
    ),
    (
        {"in": [var("wedding.city"), ["Lyon", "Paris"]]},
        "city is one of Lyon or Paris",
        False,
        "city was Florence, wanted one of Lyon or Paris",
    ),
    (
        {"in": ["nuts", var("trigger.data.tags")]},
        "tags contains nuts",
        False,
        "tags was family and vegan, wanted it to contain nuts",
    ),
    (
        {"starts_with": [var("trigger.data.guest.name"), "Rosa"]},
        "guest name begins with Rosa",
        True,
        "guest name was Rosa Osei",
    ),
    (
        var("trigger.data.empty"),
        "empty is filled in",
        False,
        "empty was empty, wanted it filled in",
    ),
    ({"!": var("trigger.data.nobody")}, "nobody is empty", True, "nobody was not given"),
    (
        {"==": [var("trigger.data.attending"), True]},
        "attending is yes",
        False,
        "attending was no, wanted yes",
    ),
    (
        {">": [SEATS, var("trigger.data.limit")]},
        "party size is more than limit",
        True,
        "party size was 4",
    ),
    (
        {"<": [SEATS, var("trigger.data.limit")]},
        "party size is less than limit",
        False,
        "party size was 4, wanted less than limit (3)",
    ),
    (
        {"some": [var("trigger.data.guests"), {"==": [var("diet"), "halal"]}]},
        "guests include one where diet is halal",
        False,
        "guests was 2 records, wanted one where diet is halal",
    ),
    (
        {"and": [{"==": [STATUS, "accepted"]}, {">": [SEATS, 3]}, {"<": [SEATS, 4]}]},
        "status is accepted and party size is more than 3 and party size is less than 4",
        False,
        "status was declined, wanted accepted; party size was 4, wanted less than 4",
    ),
    (
        {"or": [{"==": [STATUS, "accepted"]}, {">": [SEATS, 3]}]},
        "status is accepted or party size is more than 3",
        True,
        "party size was 4",
    ),
    (
        {"!": [{"or": [{"==": [STATUS, "declined"]}, {">": [SEATS, 9]}]}]},
        "status is not declined and party size is at most 9",
        False,
        "status was declined, wanted anything but declined",
    ),
    (
        {"and": [{">": [SEATS, 9]}, {"or": [var("trigger.data.empty"), {"==": [STATUS, "x"]}]}]},
        "party size is more than 9 and either empty is filled in or status is x",
        False,
        "party size was 4, wanted more than 9; empty was empty, wanted it filled in;"
        " status was declined, wanted x",
    ),
    (True, "always", True, "always"),
    (False, "never", False, "wanted: never"),
]


@pytest.mark.parametrize(("when", "asked", "fits", "why"), ROWS)
def test_a_condition_says_what_it_asks_and_why_it_fitted(
    when: Any, asked: str, fits: bool, why: str
) -> None:
    assert condition_words(when) == asked
    verdict = Condition(when).judge(View(scope(DATA), NOW))
    assert (verdict.fits, verdict.why) == (fits, why)


def test_a_clause_that_was_never_reached_cannot_break_the_explanation() -> None:
    when = {"or": [{"==": [STATUS, "declined"]}, {">": [STATUS, 3]}]}
    verdict = Condition(when).judge(View(scope(DATA), NOW))
    assert (verdict.fits, verdict.why) == (True, "status was declined")


def test_a_condition_that_cannot_be_compared_fails_with_a_sentence() -> None:
    with pytest.raises(EvaluationFailed, match="“>” was given something that is not a number"):
        Condition({">": [STATUS, 3]}).judge(View(scope(DATA), NOW))


def test_long_values_and_long_conditions_stay_short_in_words() -> None:
    data = {"status": "x" * 10_000}
    verdict = Condition({"==": [STATUS, "y" * 5000]}).judge(View(scope(data), NOW))
    assert len(verdict.why) < 250
    many = {"or": [{"==": [STATUS, f"word {n}"]} for n in range(300)]}
    assert len(condition_words(many)) <= 600
    assert len(Condition(many).judge(View(scope(data), NOW)).why) <= 620


def test_what_a_step_gave_is_called_by_its_own_name() -> None:
    assert condition_words({">": [var("steps.count.missing"), 0]}) == "missing is more than 0"


parts = st.sampled_from(
    [
        {"==": [STATUS, "declined"]},
        {"==": [STATUS, "accepted"]},
        {">": [SEATS, 3]},
        {"in": ["vegan", var("trigger.data.tags")]},
        var("trigger.data.empty"),
        {"starts_with": [STATUS, "de"]},
        {"<": [1, SEATS, 3]},
        {"all": [var("trigger.data.guests"), {"==": [var("diet"), "vegan"]}]},
        {"text.is": [STATUS, "Declined"]},
        {"list.is_empty": [var("trigger.data.tags")]},
        {"wedding.has_date": [var("wedding")]},
        {"date.is_weekend": [var("wedding.date")]},
    ]
)
conditions = st.recursive(
    parts,
    lambda inner: (
        st.builds(
            lambda joined, several: {joined: several},
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=1, max_size=3),
        )
        | st.builds(lambda one: {"!": [one]}, inner)
    ),
    max_leaves=8,
)


@given(conditions)
@settings(deadline=None, max_examples=200)
def test_the_explanation_always_agrees_with_the_verdict(when: Any) -> None:
    assert examine_condition(when).faults == ()
    condition = Condition(when)
    verdict = condition.judge(View(scope(DATA), NOW))
    assert verdict.why
    assert ("wanted" in verdict.why) is not verdict.fits
    opposite = Condition({"!": [when]}).judge(View(scope(DATA), NOW))
    assert opposite.fits is not verdict.fits

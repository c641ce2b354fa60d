"""A filter as rows: what is filled in is what is kept, says itself, and comes back as rows."""

from typing import Any

import pytest

from wedsync.webhooks.endpoints import filters
from wedsync.webhooks.endpoints.conditions import (
    MOST_ROWS,
    VERBS,
    WITHOUT_VALUE,
    Condition,
    in_words,
    problem,
    rows_of,
    rule_of,
)


def one(verb: str, value: str = "40") -> Any:
    return rule_of([Condition("data.count", verb, value)], "and")


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_makes_a_filter_that_reads_back_as_its_row(verb: str) -> None:
    row = Condition("data.count", verb, "" if verb in WITHOUT_VALUE else "40")
    rule = rule_of([row], "and")
    assert filters.problem(rule) is None
    assert rows_of(rule) == ([row], "and")
    assert in_words(rule) == f"count {VERBS[verb]} {row.value}".strip()


@pytest.mark.parametrize(
    ("verb", "value", "fitting", "other"),
    [
        ("is", "40", 40, 41), ("is", "yes", "yes", "no"), ("is_not", "40", 41, 40),
        ("is_one_of", "rosa, tom", "tom", "ada"), ("contains", "nut", "nuts", "milk"),
        ("contains", "nuts", ["nuts", "milk"], ["milk"]), ("begins", "Flo", "Florence", "Rome"),
        ("more", "40", 41, 40), ("more", "2.5", 2.6, 2.5), ("less", "40", 39, None),
        ("less", "-1", -2, 0), ("there", "", 0, None), ("missing", "", None, "x"),
    ],
)  # fmt: skip
def test_a_row_holds_for_what_it_says(verb: str, value: str, fitting: Any, other: Any) -> None:
    rule = one(verb, value)
    assert filters.matches(rule, {"data": {"count": fitting}})
    assert not filters.matches(rule, {"data": {"count": other}})


@pytest.mark.parametrize("joined", ["and", "or"])
def test_several_rows_are_joined_and_come_back_in_order(joined: str) -> None:
    rows = [
        Condition("data.guest.seats", "less", "4"),
        Condition("type", "is", "seating.guest_added"),
        Condition("data.meal", "is_one_of", "trout, tart"),
    ]
    rule = rule_of(rows, joined)
    assert rows_of(rule) == (rows, joined)
    assert (in_words(rule) or "").endswith(f"{joined} meal is one of trout, tart")


def test_no_rows_are_no_filter() -> None:
    assert rule_of([], "and") is None
    assert rows_of(None) == ([], "and")
    assert in_words(None) is None


@pytest.mark.parametrize(
    "rule",
    [
        {"var": "trigger.data.count"}, {"==": [{"var": "trigger.data.a"}, True]},
        {"==": [{"var": ["trigger.data.a", 1]}, "x"]}, {"==": [1, 2]}, "text", [], {},
        {"and": []}, {"and": [{"==": [{"var": "trigger.data.a"}, "x"]}]},
        {"!": [{"==": [{"var": "trigger.data.a"}, "x"]}]},
        {"and": [{"==": [{"var": "trigger.data.a"}, "x"]}, {"or": [1, 2]}]},
        {"or": [{"==": [{"var": "trigger.data.a"}, "x"]}] * (MOST_ROWS + 1)},
    ],
)  # fmt: skip
def test_a_filter_of_another_shape_is_no_rows(rule: Any) -> None:
    assert rows_of(rule) is None
    assert in_words(rule) is None


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (Condition("", "is", "x"), "place"), (Condition("data..x", "is", "x"), "place"),
        (Condition("data.x", "like", "x"), "verb"), (Condition("data.x", "is", ""), "value"),
        (Condition("data.x", "more", "many"), "value"),
        (Condition("data.x", "less", "1e9"), "value"),
        (Condition("data.x", "is", "x" * 501), "value"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_says_which_part_of_it(row: Condition, part: str) -> None:
    found = problem(row)
    assert found is not None
    assert found[0] == part
    assert found[1].endswith(".")

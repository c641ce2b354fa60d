"""An endpoint's filter compares what the event says; it cannot compute, build or look elsewhere."""

import pytest

from wedsync.webhooks.endpoints import filters

PAID = {"==": [{"var": "trigger.data.status"}, "paid"]}
EVENT = {"type": "payment.received", "data": {"status": "paid", "amount": 500, "tags": ["vip"]}}


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        (PAID, True),
        ({"!": [PAID]}, False),
        ({"and": [PAID, {">=": [{"var": "trigger.data.amount"}, 500]}]}, True),
        ({"in": ["vip", {"var": "trigger.data.tags"}]}, True),
        ({"some": [{"var": "trigger.data.tags"}, {"==": [{"var": ""}, "vip"]}]}, True),
        ({"starts_with": [{"var": "trigger.type"}, "payment."]}, True),
        ({"missing": ["trigger.data.gone"]}, True),
        ({"var": "trigger.data.gone"}, False),
    ],
)
def test_it_passes_what_its_condition_says(rule: dict[str, object], passes: bool) -> None:
    assert filters.problem(rule) is None
    assert filters.matches(rule, EVENT) is passes


def test_a_comparison_without_an_answer_does_not_pass() -> None:
    rule = {">": [{"var": "trigger.data.status"}, 3]}
    assert filters.problem(rule) is None
    assert not filters.matches(rule, EVENT)


@pytest.mark.parametrize(
    "rule",
    [
        True, "trigger", [], 5, {"nonsense": 1}, {"cat": ["a", "b"]}, {"var": "other.place"},
        {"var": ""}, {"var": ["trigger.a", {"var": "b"}]}, {"==": [{"a": 1, "b": 2}, 1]},
        {"reduce": [{"var": "trigger.data"}, {"merge": [1]}, []]}, {"now": []}, {"==": [1]},
        {"in": ["x" * 17_000, "y"]}, {"==": [1, object()]},
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_a_sentence(rule: object) -> None:
    problem = filters.problem(rule)
    assert problem is not None
    assert problem.endswith(".")


def test_a_filter_nested_too_deeply_is_refused() -> None:
    rule: object = {"var": "trigger.type"}
    for _ in range(70):
        rule = {"!": [rule]}
    assert filters.problem(rule) == "The filter is nested deeper than 64 levels."

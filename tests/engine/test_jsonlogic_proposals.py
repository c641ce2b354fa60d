"""Proposals of the JSONLogic collection that are not followed here, and what to write instead.

They are in no package, so these cases are our own; `docs/expressions.md` counts theirs.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from datalogic_py import DataHandle

from wedsync.workflows.engine.calculation import CONDITIONS
from wedsync.workflows.engine.examining import examine_condition

DATA = {
    "trigger": {
        "data": {
            "instalments": [1200, 800],
            "tables": ["Lavender", "Rose"],
            "city": "Lyon",
            "seat.row": 4,
            "\\": {"": 5},
            "notes": {},
        }
    }
}
TABLES = {"var": "trigger.data.tables"}


@dataclass(frozen=True)
class Differing:
    """A rule, what a proposal makes of it, what is made of it here, and how to say the former."""

    rule: Any
    proposed: Any
    here: Any
    instead: Any


def answer(rule: Any) -> Any:
    assert examine_condition({"!!": [rule]}).faults == ()
    return CONDITIONS.compile(rule).evaluate_data(DataHandle(DATA))


@pytest.mark.parametrize(
    "case",
    [
        Differing(
            {"var": "trigger.data.seat\\.row"}, 4, None, {"val": ["trigger", "data", "seat.row"]}
        ),
        Differing({"var": "trigger.data.\\\\."}, 5, None, {"val": ["trigger", "data", "\\", ""]}),
        Differing(
            {"map": [TABLES, {"var": "../index"}]},
            [0, 1],
            [None, None],
            {"map": [TABLES, {"val": [[1], "index"]}]},
        ),
        Differing(
            {"map": [TABLES, {"var": "../../trigger.data.city"}]},
            ["Lyon", "Lyon"],
            [None, None],
            {"map": [TABLES, {"val": [[2], "trigger", "data", "city"]}]},
        ),
        Differing(
            {"!!": {"var": "trigger.data.notes"}},
            True,
            False,
            {"exists": ["trigger", "data", "notes"]},
        ),
    ],
    ids=["a dot in a name", "a backslash", "the place in a list", "outside a loop", "an empty one"],
)
def test_what_a_proposal_means_can_be_said_another_way(case: Differing) -> None:
    assert answer(case.rule) == case.here != case.proposed
    assert answer(case.instead) == case.proposed


@pytest.mark.parametrize(
    ("operator", "made_of_it"), [("+", 2000), ("-", 400), ("*", 960_000), ("/", 1.5), ("%", 400)]
)
def test_one_list_is_calculated_with_as_if_its_parts_were_written(
    operator: str, made_of_it: float
) -> None:
    listed = {"var": "trigger.data.instalments"}
    assert answer({operator: [listed]}) == answer({operator: listed}) == made_of_it


@pytest.mark.parametrize("name", ["try", "throw", "now"])
def test_what_a_workflow_has_steps_or_values_for_is_refused_with_the_way_out(name: str) -> None:
    (fault,) = examine_condition({"!!": [{name: ["Lyon"]}]}).faults
    assert fault.startswith(f"“{name}” cannot be used here. ")

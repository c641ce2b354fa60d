"""Proposals of the JSONLogic collection that are not followed here, and what to write instead.

They are in no package, so these cases are our own; `docs/expressions.md` counts theirs.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from datalogic_py import DataHandle

from wedsync.workflows.engine.calculation import CONDITIONS
from wedsync.workflows.engine.examining import examine_condition, examine_template

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
            {"!!": {"var": "trigger.data.notes"}},
            True,
            False,
            {"exists": ["trigger", "data", "notes"]},
        ),
    ],
    ids=["a dot in a name", "a backslash", "an empty one"],
)
def test_what_a_proposal_means_can_be_said_another_way(case: Differing) -> None:
    assert answer(case.rule) == case.here != case.proposed
    assert answer(case.instead) == case.proposed


@pytest.mark.parametrize(
    ("path", "instead", "proposed"),
    [
        ("../index", {"val": [[1], "index"]}, [0, 1]),
        ("../../trigger.data.city", {"val": [[2], "trigger", "data", "city"]}, ["Lyon", "Lyon"]),
        ("../../../trigger.data.city", {"val": [[2], "trigger", "data", "city"]}, ["Lyon", "Lyon"]),
    ],
)
def test_a_path_out_of_a_loop_is_refused_with_what_to_write_instead(
    path: str, instead: Any, proposed: Any
) -> None:
    fault = f"“{path}” leads nowhere. Write {json.dumps(instead)} instead."
    for read in ({"var": path}, {"var": [path]}, {"var": [path, "Paris"]}):
        assert examine_condition({"!!": [{"map": [TABLES, read]}]}).faults == (fault,)
    assert answer({"map": [TABLES, instead]}) == proposed


def test_a_path_out_of_two_loops_leads_to_what_is_around_both() -> None:
    def in_two_loops(read: Any) -> Any:
        return {"map": [TABLES, {"map": [{"val": [[2], "trigger", "data", "tables"]}, read]}]}

    (fault,) = examine_template(in_two_loops({"var": "../../../../trigger.data.city"})).faults
    instead = {"val": [[4], "trigger", "data", "city"]}
    assert f"Write {json.dumps(instead)} instead." in fault
    assert answer(in_two_loops(instead)) == [["Lyon", "Lyon"]] * 2


@pytest.mark.parametrize(
    ("rule", "way_out"),
    [
        ({"var": "../index"}, "Write “index” alone."),
        ({"map": [{"var": "../../item.tables"}, 1]}, "Write “item.tables” alone."),
        ({"missing": ["trigger.id", "../item"]}, "Write “item” alone."),
        ({"missing_some": [1, ["../item"]]}, "Write “item” alone."),
        ({"var": "../"}, "Leave it out."),
        ({"var": "../" * 20_000}, "Leave it out."),
    ],
)
def test_where_there_is_no_loop_to_leave_the_path_is_written_without_it(
    rule: Any, way_out: str
) -> None:
    (fault,) = examine_template(rule).faults
    assert fault.endswith(f" leads nowhere. {way_out}")


@pytest.mark.parametrize(
    "rule", [{"var": ["trigger.id", "../"]}, {"cat": ["../", {"var": "trigger.id"}]}, {"var": ".."}]
)
def test_a_text_with_the_same_letters_is_no_path(rule: Any) -> None:
    assert examine_template(rule).faults == ()


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

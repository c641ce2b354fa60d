"""The public JSONLogic suite: `tests.json` of jsonlogic.com, the base one of `json-logic/.github`.

It is read from a package that carries it, `json-logic-engine` 1.1.2, installed with the others of
`package.json` and used for nothing else. The younger suites of that collection (chained arithmetic,
scopes, try and throw, proposals) are in no package of a registry.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from datalogic_py import DataHandle

from wedsync.settings import CHECKOUT
from wedsync.workflows.engine.calculation import CONDITIONS
from wedsync.workflows.engine.examining import examine_condition
from wedsync.workflows.engine.expressions import EvaluationFailed, compile_condition

_SUITE = CHECKOUT / "node_modules" / "json-logic-engine" / "bench" / "tests.json"

DEVIATIONS: dict[str, str] = {}
"""Rules, as JSON, whose answer differs here, each with the reason."""

Case = tuple[Any, Any, Any]


def cases() -> list[Case]:
    """Rule, data and answer; the texts between them are headings."""
    found = json.loads(_SUITE.read_text())
    return [(rule, data, answer) for rule, data, answer in _without_headings(found)]


def _without_headings(found: list[Any]) -> Iterator[Any]:
    return (case for case in found if not isinstance(case, str))


def answer_to(rule: Any, data: Any) -> Any:
    return CONDITIONS.compile(json.dumps(rule)).evaluate_data(DataHandle(json.dumps(data)))


def test_the_suite_gives_its_answers(capsys: pytest.CaptureFixture[str]) -> None:
    ran, differing = cases(), {}
    for rule, data, answer in ran:
        given = answer_to(rule, data)
        if (given, type(given)) != (answer, type(answer)):
            differing[json.dumps(rule)] = f"{json.dumps(given)} instead of {json.dumps(answer)}"
    with capsys.disabled():
        print(f"\nJSONLogic suite: {len(ran)} cases, {len(differing)} deviations")
        for rule, difference in differing.items():
            print(f"  {rule}: {difference} ({DEVIATIONS.get(rule, 'no reason')})")
    assert len(ran) > 270
    assert differing.keys() == DEVIATIONS.keys()


class _Seen:
    """The data of a case where a run's scope would be."""

    def __init__(self, data: Any) -> None:
        self._data = json.dumps(data)

    def handle(self, reads: Any) -> DataHandle:
        return DataHandle(self._data)


def test_a_condition_made_of_a_rule_is_as_true_as_its_answer() -> None:
    asked = 0
    for rule, data, answer in cases():
        if not isinstance(rule, dict) or examine_condition(rule).faults:
            continue
        asked += 1
        try:
            assert compile_condition(rule).value(_Seen(data)) is CONDITIONS.truthy(
                json.dumps(answer)
            ), rule
        except EvaluationFailed as failure:
            pytest.fail(f"{rule}: {failure}")
    assert asked > 250

"""The public JSONLogic suites give their answers; `docs/expressions.md` says where and why not."""

import json
import re
import sys
from importlib.metadata import version

import pytest

from tests.engine.suites import Case, Seen, Trial, cases, summary, table
from wedsync.settings import CHECKOUT
from wedsync.workflows.engine.calculation import CONDITIONS
from wedsync.workflows.engine.expressions import EvaluationFailed, compile_condition
from wedsync.workflows.engine.operators import REFUSED

_PAGE = re.sub(r"\s+", " ", (CHECKOUT / "docs" / "expressions.md").read_text())

DEVIATIONS = {
    "The escape of a template's keys is always `$`.": {
        'template-key-escape {"$type": 1}',
        'template-key-escape {"$$type": 1}',
        'template-key-escape {"$a": 1, "b": 2}',
        'template-key-escape {"~type": 1}',
        'template-key-escape {"~~type": 1}',
        'template-key-escape {"#type": 1}',
    },
    "A record with one field is a calculation only where its name is a function of format 1.": {
        'tensor/value {"out": {"tensor": [[1, 2], "u8"]}}',
        'tensor/value {"a": {"b": {"tensor": [[1], "u8"]}}}',
    },
}
"""Cases whose answer differs here, by the reason."""

NOT_OURS = ("flagd/", "tensor/")
"""Suites of functions for switching features and for what models compute with."""


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    return [Trial(case) for case in cases()]


def test_the_suites_give_their_answers(
    trials: list[Trial], capsys: pytest.CaptureFixture[str]
) -> None:
    differing = [trial for trial in trials if trial.outcome == "differs"]
    with capsys.disabled():  # and not to the output, which several processes of pytest keep
        print("\nJSONLogic suites", *table(trials), summary(trials), sep="\n", file=sys.stderr)
        for reason, known in DEVIATIONS.items():
            print(f"{len(known)} rules differ. {reason}", *known, sep="\n  ", file=sys.stderr)
    assert {str(trial.case) for trial in differing} == set().union(*DEVIATIONS.values())


def test_what_is_refused_calls_a_function_that_format_1_leaves_out(trials: list[Trial]) -> None:
    refused = [trial for trial in trials if trial.outcome == "refused"]
    for trial in refused:
        if not trial.case.suite.startswith(NOT_OURS):
            assert REFUSED.keys() & trial.absent, f"{trial.case}: {trial.faults}"
    assert {name for trial in refused for name in trial.absent} >= REFUSED.keys()


def test_an_error_that_is_asked_for_is_a_sentence(trials: list[Trial]) -> None:
    asked = 0
    for trial in trials:
        case = trial.case
        if case.error is None or case.in_template or trial.outcome != "agrees" or trial.faults:
            continue
        asked += 1
        with pytest.raises(EvaluationFailed, match=r"^[A-Z“].+\.$"):
            compile_condition(case.rule).value(Seen(case.data))
    assert asked > 80


def test_a_condition_made_of_a_rule_is_as_true_as_its_answer(trials: list[Trial]) -> None:
    asked = 0
    for case in _answered(trials):
        asked += 1
        given = compile_condition(case.rule).value(Seen(case.data))
        assert given is CONDITIONS.truthy(json.dumps(case.answer)), case
    assert asked > 1_400


def _answered(trials: list[Trial]) -> list[Case]:
    return [
        trial.case
        for trial in trials
        if trial.case.error is None and not trial.case.in_template and trial.outcome == "agrees"
    ]


def test_the_page_about_expressions_says_the_same(trials: list[Trial]) -> None:
    assert f"datalogic-py {version('datalogic-py')} " in _PAGE
    assert summary(trials) in _PAGE
    assert [reason for reason in DEVIATIONS if reason not in _PAGE] == []
    assert [name for name in REFUSED if f"`{name}`" not in _PAGE] == []

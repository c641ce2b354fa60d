"""The public JSONLogic suites, and what publishing and calculating make of each of their cases.

They are those of `json-logic/.github` as datalogic keeps them beside suites of its own, read from
the sources of the very release that is installed; `make suites` brings these to `var/suites`.
"""

import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Any, Literal

from datalogic_py import DataHandle, DataLogicError

from wedsync.settings import CHECKOUT
from wedsync.workflows.engine.calculation import CONDITIONS, EvaluationFailed
from wedsync.workflows.engine.examining import examine_condition, examine_template
from wedsync.workflows.engine.templates import compile_template

SOURCES = CHECKOUT / "var" / "suites" / f"datalogic_py-{version('datalogic-py')}.tar.gz"
_FOLDER = "/crates/datalogic-rs/tests/suites/"
_ABSENT = re.compile(r"^(?:There is no function called )?“([^”]+)”(?: cannot be used here)?\.")

Outcome = Literal["agrees", "refused", "differs"]


@dataclass(frozen=True)
class Case:
    """A rule, its data, and the answer it should give, or what its error should be called."""

    suite: str
    rule: Any
    data: Any
    answer: Any
    error: str | None
    in_template: bool

    def __str__(self) -> str:
        return f"{self.suite} {json.dumps(self.rule)}"


class Seen:
    """The data of a case where a run's scope would be."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def handle(self, reads: Any) -> DataHandle:
        return DataHandle(self._data)


@dataclass(frozen=True)
class Trial:
    """One case, tried as a condition's rule or as a value of a template."""

    case: Case

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """What publishing says of the rule."""
        if self.case.in_template:
            return examine_template(self.case.rule).faults
        return examine_condition({"!!": [self.case.rule]}).faults

    @property
    def absent(self) -> list[str]:
        """The functions it calls that format 1 does not have."""
        return [named[1] for fault in self.faults if (named := _ABSENT.match(fault))]

    @cached_property
    def given(self) -> Any:
        """Its answer, or the `DataLogicError` there was instead."""
        seen = Seen(self.case.data)
        try:
            if self.case.in_template:
                return compile_template({"it": self.case.rule}).fill(seen)["it"]
            return CONDITIONS.compile(json.dumps(self.case.rule)).evaluate_data(seen.handle(None))
        except DataLogicError as failure:
            return failure
        except EvaluationFailed as failure:
            return failure.__cause__

    @property
    def outcome(self) -> Outcome:
        if self.absent and self.case.error != "Unknown Operator":
            return "refused"
        return "agrees" if self._as_wanted() else "differs"

    def _as_wanted(self) -> bool:
        if self.case.error == "Unknown Operator":
            return bool(self.faults)
        if self.case.error is not None:
            return isinstance(self.given, DataLogicError) and self.case.error in str(self.given)
        return not self.faults and same(self.given, self.case.answer)


def same(one: Any, other: Any) -> bool:
    """Whether two answers are the same JSON: 1 is neither true nor 1.0."""
    if isinstance(one, DataLogicError):
        return False
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def cases() -> Iterator[Case]:
    """Every case of every suite."""
    assert SOURCES.exists(), "`make suites` brings the suites"
    with tarfile.open(SOURCES) as sources:
        for member in sources:
            _, found, name = member.name.partition(_FOLDER)
            file = sources.extractfile(member)
            if found and file and name.endswith(".json") and name != "index.json":
                yield from cases_of(str(PurePosixPath(name).with_suffix("")), file.read())


def cases_of(suite: str, text: bytes) -> Iterator[Case]:
    """The cases of one suite; the texts between them are headings."""
    for each in json.loads(text):
        if not isinstance(each, str):
            yield Case(
                suite=suite,
                rule=each["rule"],
                data=each.get("data", {}),
                answer=each.get("result"),
                error=each["error"]["type"] if "error" in each else None,
                in_template=each.get("templating", False),
            )


def table(trials: list[Trial]) -> Iterator[str]:
    """A line per suite: how many cases, what came of them, what was refused."""
    for suite in sorted({trial.case.suite for trial in trials}):
        of_it = [trial for trial in trials if trial.case.suite == suite]
        refused = [trial for trial in of_it if trial.outcome == "refused"]
        absent = sorted({name for trial in refused for name in trial.absent})
        yield f"  {suite}: {summary(of_it)}" + (f": {', '.join(absent)}" if absent else "")


def summary(trials: list[Trial]) -> str:
    """`2,128 cases, 1,800 agree, 300 refused, 28 differ`, without what there is none of."""
    came = Counter(trial.outcome for trial in trials)
    counts = ((came["agrees"], "agree"), (came["differs"], "differ"), (came["refused"], "refused"))
    found = "".join(f", {count:,} {word}" for count, word in counts if count)
    return f"{len(trials):,} cases{found}"

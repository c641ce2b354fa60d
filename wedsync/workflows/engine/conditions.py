"""Conditions while they run: whether one fitted, and why, in words.

    {"==": [{"var": "trigger.data.status"}, "accepted"]}   status was declined, wanted accepted

Every clause of a condition is compiled beside the condition itself, so the explanation costs a
few reads of the data (datalogic's own trace copies the whole data for each of its steps).
"""

from dataclasses import dataclass
from typing import Any, Literal

from wedsync.workflows.engine.clauses import (
    LONGEST_TELLING,
    VERBS,
    Group,
    Tree,
    clauses,
    condition_words,
    other_words,
    parse,
)
from wedsync.workflows.engine.expressions import (
    Calculation,
    EvaluationFailed,
    Sight,
    compile_condition,
    compile_operand,
)
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.words import clip, expression_words, value_words

MOST_CLAUSES = 100
"""A longer condition is judged, but no longer explained clause by clause."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition fitted, and why, in words."""

    fits: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Operand:
    words: str
    value: Calculation | None


@dataclass(frozen=True, slots=True)
class _Part:
    """A clause ready to be explained, or a group of such."""

    joined: Literal["all", "any"] | None
    parts: tuple["_Part", ...] = ()
    test: Calculation | None = None
    verb: str = ""
    subject: _Operand | None = None
    others: tuple[_Operand, ...] = ()


class Condition:
    """A compiled condition that can say why."""

    def __init__(self, when: Any) -> None:
        self._test = compile_condition(when)
        tree = parse(when)
        plain = isinstance(when, bool) or sum(1 for _ in clauses(tree)) > MOST_CLAUSES
        self._explained = None if plain else _compile(tree)
        self._words = condition_words(when)

    @property
    def wedding_paths(self) -> frozenset[tuple[str, ...]]:
        """What it reads of the wedding; see `expressions.Calculation`."""
        return self._test.wedding_paths

    def judge(self, sight: Sight) -> Verdict:
        """Whether it fits what is seen; raises `EvaluationFailed`."""
        fits = bool(self._test.value(sight))
        if self._explained is None:
            return Verdict(fits, self._words if fits else f"wanted: {self._words}")
        _, reasons = _reasons(self._explained, sight)
        return Verdict(fits, clip((" and " if fits else "; ").join(reasons), LONGEST_TELLING))


def _compile(tree: Tree) -> _Part:
    if isinstance(tree, Group):
        return _Part(tree.joined, tuple(_compile(part) for part in tree.parts))
    return _Part(
        None,
        test=compile_condition(tree.test),
        verb=tree.verb,
        subject=_operand(tree.subject),
        others=tuple(_operand(other) for other in tree.others),
    )


def _operand(expression: Any) -> _Operand:
    if operator_call(expression) is None:
        return _Operand(other_words(expression), None)
    return _Operand(expression_words(expression), compile_operand(expression))


def _reasons(part: _Part, sight: Sight) -> tuple[bool, list[str]]:
    """Whether a part fits, and the clauses that decided it."""
    if part.joined is None:
        return _clause_reason(part, sight)
    judged = [_reasons(each, sight) for each in part.parts]
    if part.joined == "all":
        fits = all(truth for truth, _ in judged)
        return fits, [said for truth, words in judged if truth == fits for said in words]
    fits = any(truth for truth, _ in judged)
    if fits:
        return True, next(words for truth, words in judged if truth)
    return False, [said for _, words in judged for said in words]


def _clause_reason(part: _Part, sight: Sight) -> tuple[bool, list[str]]:
    if part.test is None or part.subject is None:
        return False, []
    name = part.subject.words
    try:
        fits = bool(part.test.value(sight))
        value = part.subject.value.value(sight) if part.subject.value else None
        others = [_other_said(other, sight) for other in part.others]
    except EvaluationFailed:
        return False, [f"{name} could not be compared"]
    verb = VERBS[part.verb]
    if part.subject.value is None or part.verb in ("holds", "does not hold"):
        asked = verb.asks.format(*others)
        return fits, [f"{name} {asked}" if fits else f"wanted that {name} {asked}"]
    if fits:
        return True, [f"{name} was {value_words(value)}"]
    return False, [f"{name} was {value_words(value)}, wanted {verb.wanted.format(*others)}"]


def _other_said(other: _Operand, sight: Sight) -> str:
    if other.value is None:
        return other.words
    return f"{other.words} ({value_words(other.value.value(sight))})"

"""Conditions while they run: whether one fitted, and why, in words.

    {"==": [{"var": "trigger.data.status"}, "accepted"]}   status was declined, wanted accepted

Every clause of a condition is compiled beside the condition itself and reads the same data, so the
explanation costs a few reads (datalogic's own trace copies the whole data for each of its steps).
"""

from dataclasses import dataclass
from typing import Any, Literal

from datalogic_py import DataHandle

from wedsync.workflows.engine.clauses import (
    LONGEST_TELLING,
    VERBS,
    Group,
    Tree,
    Verb,
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
    verb: Verb | None = None
    subject: _Operand | None = None
    others: tuple[_Operand, ...] = ()
    wanted: str | None = None
    only_asks: bool = False


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
        handle = sight.handle(self._test.reads)
        fits = bool(self._test.value_of(handle))
        explained = self._explained
        if explained is None:
            return Verdict(fits, self._words if fits else f"wanted: {self._words}")
        if explained.joined is None:
            # The only clause is the condition itself.
            return Verdict(fits, clip(_told(explained, handle, fits), LONGEST_TELLING))
        _, reasons = _reasons(explained, handle)
        return Verdict(fits, clip((" and " if fits else "; ").join(reasons), LONGEST_TELLING))


def _compile(tree: Tree) -> _Part:
    if isinstance(tree, Group):
        return _Part(tree.joined, tuple(_compile(part) for part in tree.parts))
    verb = VERBS[tree.verb]
    others = tuple(_operand(other) for other in tree.others)
    return _Part(
        None,
        test=compile_condition(tree.test),
        verb=verb,
        subject=_operand(tree.subject),
        others=others,
        wanted=_fixed(verb.wanted, others),
        only_asks=tree.verb in ("holds", "does not hold"),
    )


def _fixed(wanted: str, others: tuple[_Operand, ...]) -> str | None:
    """What is wanted, when it is the same whatever is seen."""
    if any(other.value for other in others):
        return None
    return wanted.format(*(other.words for other in others))


def _operand(expression: Any) -> _Operand:
    if operator_call(expression) is None:
        return _Operand(other_words(expression), None)
    return _Operand(expression_words(expression), compile_operand(expression))


def _reasons(part: _Part, handle: DataHandle) -> tuple[bool, list[str]]:
    """Whether a part fits, and the clauses that decided it."""
    if part.joined is None:
        return _clause_reason(part, handle)
    judged = [_reasons(each, handle) for each in part.parts]
    if part.joined == "all":
        fits = all(truth for truth, _ in judged)
        return fits, [said for truth, words in judged if truth == fits for said in words]
    fits = any(truth for truth, _ in judged)
    if fits:
        return True, next(words for truth, words in judged if truth)
    return False, [said for _, words in judged for said in words]


def _clause_reason(part: _Part, handle: DataHandle) -> tuple[bool, list[str]]:
    if part.test is None:
        return False, []
    try:
        fits = bool(part.test.value_of(handle))
    except EvaluationFailed:
        return False, [_not_compared(part)]
    return fits, [_told(part, handle, fits)]


def _told(part: _Part, handle: DataHandle, fits: bool) -> str:
    """Why a clause fits, or not."""
    subject, verb = part.subject, part.verb
    if subject is None or verb is None:
        return ""
    try:
        if subject.value is None or part.only_asks:
            asked = verb.asks.format(*(_said(other, handle) for other in part.others))
            name = subject.words
            return f"{name} {asked}" if fits else f"wanted that {name} {asked}"
        was = f"{subject.words} was {value_words(subject.value.value_of(handle))}"
        if fits:
            return was
        if part.wanted is not None:
            return f"{was}, wanted {part.wanted}"
        return f"{was}, wanted {verb.wanted.format(*(_said(o, handle) for o in part.others))}"
    except EvaluationFailed:
        return _not_compared(part)


def _not_compared(part: _Part) -> str:
    return f"{part.subject.words if part.subject else 'a value'} could not be compared"


def _said(other: _Operand, handle: DataHandle) -> str:
    if other.value is None:
        return other.words
    value = value_words(other.value.value_of(handle))
    return other.words if value == other.words else f"{other.words} ({value})"

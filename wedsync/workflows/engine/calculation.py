"""One compiled rule: what it reads, and what it gives, within bounds.

Conditions are plain JSONLogic; in templates, objects and lists are as written and calculations
are filled in. Both engines call the typed functions back (`typed`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

import orjson
from datalogic_py import DataHandle, DataLogicError, Engine, Rule

from wedsync.workflows.engine.bodies import Body, BodyFault
from wedsync.workflows.engine.functions.bounds import begin
from wedsync.workflows.engine.growth import growth
from wedsync.workflows.engine.limits import FUNCTION_BYTES, OPS_BUDGET
from wedsync.workflows.engine.operators import ESCAPE, FAMILIES
from wedsync.workflows.engine.shape import weight
from wedsync.workflows.engine.typed import callbacks, prepare, shadow

Path: TypeAlias = tuple[str, ...]
Reads: TypeAlias = dict[str, Any]
"""What is read of a value: of an object those names, each with what is read of it in turn (None:
all of it); of anything else, the whole."""

_TRANSIENT_BYTES = 16 * 1024 * 1024
_GUARD_BUDGET = 5 * OPS_BUDGET
_MOST_WRITTEN = 2048
_AS_IT_IS = (
    orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)  # fmt: skip
MOST_KEPT = 1024
"""A rule depends on nothing but how it is written, so what was made of it once holds for good."""


def _engine(budget: int, *, templating: bool, calling: bool = True) -> Engine:
    return Engine(
        templating=templating,
        strict_operator_names=True,
        template_key_escape=ESCAPE,
        families=FAMILIES,
        config={"ops_budget": budget},
        custom_operators=callbacks() if calling else None,
    )


CONDITIONS = _engine(OPS_BUDGET, templating=False)
TEMPLATES = _engine(OPS_BUDGET, templating=True)
PLAIN_CONDITIONS = _engine(OPS_BUDGET, templating=False, calling=False)
PLAIN_TEMPLATES = _engine(OPS_BUDGET, templating=True, calling=False)
"""Without the calls back: what a text may say is asked of them, about its shadow (`typed`)."""

_GUARDS = _engine(_GUARD_BUDGET, templating=True)


class EvaluationFailed(Exception):
    """An expression could not be worked out; the message is a sentence for people."""


class Sight(Protocol):
    """What expressions see; see `view.View`."""

    def handle(self, reads: Reads | None) -> DataHandle:
        """The data, at least what is read of it (None: perhaps anything)."""


@dataclass(frozen=True, slots=True)
class Calculation:
    """One compiled rule. `reads` is what it looks at; None: perhaps anything.

    `wedding_paths` are the paths below `wedding` it looks at, like `("wedding", "date")`;
    `("wedding",)` alone stands for any of them.
    """

    rule: Rule
    reads: Reads | None
    wedding_paths: frozenset[Path]
    calls: bool = False
    bodies: tuple[Body, ...] = ()
    guard: Rule | None = None
    copies: int = 1
    own_bytes: int = 0

    def value(self, sight: Sight) -> Any:
        """What the rule gives; raises `EvaluationFailed`."""
        return self.value_of(sight.handle(self.reads))

    def value_of(self, handle: DataHandle) -> Any:
        """The same of data that was already looked up."""
        if self.calls:
            return self._with_calls(handle)
        try:
            if self.guard and self._may_burst(handle):
                self.guard.evaluate_data(handle)
            return self.rule.evaluate_data(handle)
        except DataLogicError as error:
            raise EvaluationFailed(in_words(error)) from error

    def _may_burst(self, handle: DataHandle) -> bool:
        return self.copies * (handle.allocated_bytes + self.own_bytes) > _TRANSIENT_BYTES

    def _with_calls(self, handle: DataHandle) -> Any:
        evaluation = begin(self.bodies)
        try:
            if self.guard and self._may_burst(handle):
                self.guard.evaluate_data(handle)
                evaluation = begin(self.bodies)
            return self.rule.evaluate_data(handle)
        except DataLogicError as error:
            raise EvaluationFailed(evaluation.sentence or in_words(error)) from error


def compile_condition(when: Any) -> Calculation:
    """A condition, giving True or False by JSONLogic's idea of truth."""
    if (key := written(when)) is not None:
        return _kept_condition(key)
    return _condition(when)


@lru_cache(MOST_KEPT)
def _kept_condition(key: bytes) -> Calculation:
    return _condition(orjson.loads(key))


def _condition(when: Any) -> Calculation:
    return _calculation(CONDITIONS, {"!!": [when]})


def compile_operand(expression: Any) -> Calculation | None:
    """One side of a comparison, to be shown beside its verdict; None when it may be large."""
    found = growth(expression)
    if found.loops or found.builds or isinstance(expression, str):
        return None
    return _calculation(CONDITIONS, expression)


def compile_leaf(expression: Any) -> Calculation:
    """A calculation inside a template; raises `DataLogicError` for one that was not examined."""
    if (key := written(expression)) is not None:
        return _kept_leaf(key)
    return _leaf(expression)


@lru_cache(MOST_KEPT)
def _kept_leaf(key: bytes) -> Calculation:
    return _leaf(orjson.loads(key))


def _leaf(expression: Any) -> Calculation:
    found = growth(expression)
    if found.loops or found.reads > 1:
        # Writing the answer out as text costs operations by its length, so the guard fails before
        # an answer of gigabytes is turned into Python objects.
        copies = OPS_BUDGET if found.loops else found.reads
        return _calculation(TEMPLATES, expression, copies)
    return _calculation(TEMPLATES, expression)


def _calculation(engine: Engine, expression: Any, copies: int = 0) -> Calculation:
    prepared = prepare(expression)
    rule = engine.compile(prepared.rule)
    known = engine.compile(shadow(expression)) if prepared.calls else rule
    paths = paths_read(known)
    return Calculation(
        rule=rule,
        reads=None if paths is None else together(paths),
        wedding_paths=_of_the_wedding(paths),
        calls=prepared.calls,
        bodies=tuple(prepared.bodies),
        guard=_GUARDS.compile({"length": [{"cat": [prepared.rule]}]}) if copies else None,
        copies=copies,
        own_bytes=_own_bytes(expression, prepared.calls) if copies else 0,
    )


def written(expression: Any) -> bytes | None:
    """An expression as what is made of it is kept by; None for one that is long, or that cannot be
    read again just as it is."""
    try:
        key = orjson.dumps(expression, option=_AS_IT_IS)
    except TypeError:
        return None
    # A number that is none is written as null.
    return key if len(key) <= _MOST_WRITTEN and b"null" not in key else None


def _own_bytes(expression: Any, calls: bool) -> int:
    """What a rule brings along beside the data: texts written into it, and what functions give."""
    return (weight(expression) or 0) + (FUNCTION_BYTES if calls else 0)


def paths_read(rule: Rule) -> frozenset[Path] | None:
    """Every path a rule without typed calls reads; None when they cannot all be known."""
    facts = rule.facts()
    paths = frozenset(tuple(path) for path in facts["reads"])
    return paths if facts["reads_complete"] and () not in paths else None


def together(paths: Iterable[Path]) -> Reads:
    """Several paths as one; the shorter of two that lie in one another is the one that counts."""
    reads: Reads = {}
    for path in sorted(paths, key=len):
        _add(reads, path)
    return reads


def _add(reads: Reads, path: Path) -> None:
    for name in path[:-1]:
        deeper = reads.setdefault(name, {})
        if deeper is None:
            return
        reads = deeper
    reads.setdefault(path[-1], None)


def merged(every: Iterable[Calculation]) -> Reads | None:
    """What several calculations read together."""
    paths: set[Path] = set()
    for each in every:
        if each.reads is None:
            return None
        paths.update(_paths(each.reads, ()))
    return together(paths)


def _paths(reads: Reads, above: Path) -> Iterable[Path]:
    for name, deeper in reads.items():
        if deeper is None:
            yield (*above, name)
        else:
            yield from _paths(deeper, (*above, name))


def picked(value: Any, reads: Reads) -> Any:
    """Of `value`, what is read of it."""
    if not isinstance(value, dict):
        return value
    return {
        name: value[name] if deeper is None else picked(value[name], deeper)
        for name, deeper in reads.items()
        if name in value
    }


def _of_the_wedding(paths: frozenset[Path] | None) -> frozenset[Path]:
    if paths is None:
        return frozenset((("wedding",),))
    return frozenset(path for path in paths if path[0] == "wedding")


_SENTENCES = {
    "BudgetExceeded": "The calculation is too large, or its result is.",
    "InvalidArguments": "A calculation was given values it cannot use.",
    "InvalidOperator": "A calculation uses a function that does not exist.",
    "ParseError": "The data holds something that cannot be calculated with.",
}


def in_words(error: DataLogicError | BodyFault) -> str:
    """What went wrong, as a sentence for people."""
    if isinstance(error, BodyFault):
        return str(error)
    kind = getattr(error, "error_type", "")
    if kind == "Thrown":
        operator = getattr(error, "operator", None)
        return f"“{operator}” was given something that is not a number."
    return _SENTENCES.get(kind, "A calculation could not be done.")

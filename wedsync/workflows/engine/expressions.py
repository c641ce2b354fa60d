"""Expressions of format 1: JSONLogic by datalogic, compiled once, bounded in time and size.

Conditions are plain JSONLogic. `values` and `input` are templates: objects and lists as written,
in which every calculation is filled in. A template is laid out here and only its calculations are
handed to datalogic, one by one, so that what they give is weighed before the next one starts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from datalogic_py import DataHandle, DataLogicError, Engine, Rule

from wedsync.workflows.engine.growth import growth
from wedsync.workflows.engine.limits import EXPRESSION_BYTES, OPS_BUDGET, STEP_BYTES
from wedsync.workflows.engine.operators import ESCAPE, FAMILIES, operator_call, unescape_key
from wedsync.workflows.engine.shape import weight

if TYPE_CHECKING:
    from datalogic_py import Diagnostic

Mode = Literal["strict", "template"]

_TRANSIENT_BYTES = 16 * 1024 * 1024
_GUARD_BUDGET = 5 * OPS_BUDGET


def _engine(budget: int, *, templating: bool) -> Engine:
    return Engine(
        templating=templating,
        strict_operator_names=True,
        template_key_escape=ESCAPE,
        families=FAMILIES,
        config={"ops_budget": budget},
    )


_CONDITIONS = _engine(OPS_BUDGET, templating=False)
_TEMPLATES = _engine(OPS_BUDGET, templating=True)
_GUARDS = _engine(_GUARD_BUDGET, templating=True)


class EvaluationFailed(Exception):
    """An expression could not be worked out; the message is a sentence for people."""


class Sight(Protocol):
    """What expressions see; see `view.View`."""

    def handle(self, reads: frozenset[str] | None) -> DataHandle: ...


@dataclass(frozen=True, slots=True)
class Calculation:
    """One compiled rule. `reads` are the steps whose outputs it looks at; None: any.

    `wedding_paths` are the paths below `wedding` it looks at, like `("wedding", "date")`;
    `("wedding",)` alone stands for any of them.
    """

    rule: Rule
    reads: frozenset[str] | None
    guard: Rule | None = None
    copies: int = 1
    wedding_paths: frozenset[tuple[str, ...]] = frozenset()

    def value(self, sight: Sight) -> Any:
        """What the rule gives; raises `EvaluationFailed`."""
        handle = sight.handle(self.reads)
        try:
            if self.guard and self.copies * handle.allocated_bytes > _TRANSIENT_BYTES:
                self.guard.evaluate_data(handle)
            return self.rule.evaluate_data(handle)
        except DataLogicError as error:
            raise EvaluationFailed(_in_words(error)) from error


def compile_condition(when: Any) -> Calculation:
    """A condition, giving True or False by JSONLogic's idea of truth."""
    return _calculation(_CONDITIONS.compile({"!!": [when]}))


def compile_operand(expression: Any) -> Calculation | None:
    """One side of a comparison, to be shown beside its verdict; None when it may be large."""
    found = growth(expression)
    if found.loops or found.builds or isinstance(expression, str):
        return None
    return _calculation(_CONDITIONS.compile(expression))


def _calculation(rule: Rule) -> Calculation:
    return Calculation(rule, step_reads(rule), wedding_paths=wedding_reads(rule))


def _leaf(expression: Any) -> Calculation:
    rule = _TEMPLATES.compile(expression)
    found = growth(expression)
    if not (found.loops or found.builds):
        return _calculation(rule)
    # Writing the answer out as text costs operations by its length, so the guard fails before an
    # answer of gigabytes is turned into Python objects.
    guard = _GUARDS.compile({"length": [{"cat": [expression]}]})
    copies = OPS_BUDGET if found.loops else found.reads
    return Calculation(rule, step_reads(rule), guard, copies, wedding_reads(rule))


def step_reads(rule: Rule) -> frozenset[str] | None:
    facts = rule.facts()
    if not facts["reads_complete"]:
        return None
    named = set()
    for path in facts["reads"]:
        if not path or path == ["steps"]:
            return None
        if path[0] == "steps":
            named.add(path[1])
    return frozenset(named)


def wedding_reads(rule: Rule) -> frozenset[tuple[str, ...]]:
    """What a rule reads of the wedding; see `Calculation`."""
    facts = rule.facts()
    paths = [tuple(path) for path in facts["reads"]]
    if not facts["reads_complete"] or () in paths:
        return frozenset((("wedding",),))
    return frozenset(path for path in paths if path[0] == "wedding")


@dataclass(frozen=True, slots=True)
class _Fields:
    parts: tuple[tuple[str, "_Node"], ...]


@dataclass(frozen=True, slots=True)
class _Items:
    parts: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Fixed:
    value: str | int | float | bool | None


_Node: TypeAlias = "_Fields | _Items | _Fixed | Calculation"


@dataclass(frozen=True, slots=True)
class Template:
    """A `values` or `input`, ready to be filled in."""

    root: _Node

    @property
    def wedding_paths(self) -> frozenset[tuple[str, ...]]:
        """What its calculations read of the wedding; see `Calculation`."""
        return frozenset(path for each in _leaves(self.root) for path in each.wedding_paths)

    def fill(self, sight: Sight) -> dict[str, Any]:
        """The finished object; raises `EvaluationFailed` when it cannot be made or is too big."""
        filled = _fill(self.root, sight, _Scale())
        if not isinstance(filled, dict):
            raise EvaluationFailed("The result is not a set of named values.")
        size = weight(filled)
        if size is None:
            raise EvaluationFailed("The result is nested too deeply, or holds what cannot be kept.")
        if size > STEP_BYTES:
            raise EvaluationFailed(_TOO_MUCH_ALTOGETHER)
        return filled


def compile_template(values: Mapping[str, Any]) -> Template:
    return Template(_plant(values))


def _leaves(node: _Node) -> Iterator[Calculation]:
    if isinstance(node, Calculation):
        yield node
    elif isinstance(node, _Fields):
        for _, part in node.parts:
            yield from _leaves(part)
    elif isinstance(node, _Items):
        for part in node.parts:
            yield from _leaves(part)


def _plant(value: Any) -> _Node:
    if operator_call(value) is not None:
        return _leaf(value)
    if isinstance(value, dict):
        return _Fields(tuple((unescape_key(key), _plant(part)) for key, part in value.items()))
    if isinstance(value, list):
        return _Items(tuple(_plant(part) for part in value))
    return _Fixed(value)


class _Scale:
    """Weighs what the calculations of one template give, and stops them when it is too much."""

    def __init__(self) -> None:
        self._total = 0

    def weigh(self, value: Any) -> Any:
        if isinstance(value, dict | list | str):
            size = weight(value)
            if size is None:
                raise EvaluationFailed("A calculated value is nested too deeply.")
            if size > EXPRESSION_BYTES:
                raise EvaluationFailed(_TOO_MUCH)
            self._total += size
            if self._total > STEP_BYTES:
                raise EvaluationFailed(_TOO_MUCH_ALTOGETHER)
        return value


def _fill(node: _Node, sight: Sight, scale: _Scale) -> Any:
    if isinstance(node, Calculation):
        return scale.weigh(node.value(sight))
    if isinstance(node, _Fields):
        return {key: _fill(part, sight, scale) for key, part in node.parts}
    if isinstance(node, _Items):
        return [_fill(part, sight, scale) for part in node.parts]
    return node.value


_TOO_MUCH = f"One value is larger than {EXPRESSION_BYTES // 1024} kB."
_TOO_MUCH_ALTOGETHER = f"The values together are larger than {STEP_BYTES // 1024} kB."

_SENTENCES = {
    "BudgetExceeded": "The calculation is too large, or its result is.",
    "InvalidArguments": "A calculation was given values it cannot use.",
    "InvalidOperator": "A calculation uses a function that does not exist.",
    "ParseError": "The data holds something that cannot be calculated with.",
}


def _in_words(error: DataLogicError) -> str:
    kind = getattr(error, "error_type", "")
    if kind == "Thrown":
        operator = getattr(error, "operator", None)
        return f"“{operator}” was given something that is not a number."
    return _SENTENCES.get(kind, "A calculation could not be done.")


@dataclass(frozen=True, slots=True)
class Examined:
    """What is wrong with an expression, and the paths it reads."""

    faults: tuple[str, ...] = ()
    reads: tuple[tuple[str, ...], ...] = ()


def examine_condition(when: Any) -> Examined:
    """Everything that can be said of a condition before it runs."""
    if when is None or when == {}:
        return Examined(("There is no condition yet.",))
    if not isinstance(when, dict | bool):
        return Examined(("A condition compares values; this is only one.",))
    return _examine(when, "strict", _CONDITIONS)


def examine_template(value: Any) -> Examined:
    """The same for a `values`, an `input`, or one part of them."""
    found = [_examine(each, "template", _TEMPLATES) for each in _calculations(value)]
    return Examined(
        tuple(fault for each in found for fault in each.faults),
        tuple(path for each in found for path in each.reads),
    )


def _calculations(value: Any) -> Iterator[Any]:
    if operator_call(value) is not None:
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _calculations(part)


def _examine(expression: Any, mode: Mode, engine: Engine) -> Examined:
    if faults := growth(expression).faults:
        return Examined(faults)
    try:
        if faults := tuple(_diagnoses(engine.check(expression, mode))):
            return Examined(faults)
        facts = engine.compile(expression).facts()
    except DataLogicError as error:
        return Examined((_in_words(error),))
    return Examined((), tuple(tuple(path) for path in facts["reads"]))


def _diagnoses(found: list["Diagnostic"]) -> Iterator[str]:
    for each in found:
        if each["severity"] == "error":
            yield _diagnosis(each["code"], each["operator"], each["message"])


def _diagnosis(code: str, operator: str | None, message: str) -> str:
    name = (operator or "")[:60]
    if code == "UnknownOperator":
        return f"There is no function called “{name}”."
    if code == "NotAnOperator":
        return "A condition cannot hold a record; compare single values."
    if code in ("ArgumentCount", "ArgumentForm"):
        return f"“{name}” is not given what it needs ({message[:200].replace('`', '')})."
    return "This calculation cannot be read."

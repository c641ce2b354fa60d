"""Shapes of conditions with holes in them: an expression is read by one, and written by it again.

{"!": [{"text.is": [SUBJECT, FIRST]}]}      read from  {"!": {"text.is": [{"var": "x"}, "Lyon"]}}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wedsync.workflows.engine.operators import argument_list, operator_call
from wedsync.workflows.engine.words import path_of

BLANK: Mapping[str, Any] = {}
"""Stands where nothing was answered yet; validation refuses a condition that holds one."""


@dataclass(frozen=True, slots=True)
class Hole:
    """`place` is None for the subject, else the number of the input; `minus` of a whole number that
    is written with the other sign."""

    place: int | None = None
    minus: bool = False


SUBJECT, FIRST, SECOND = Hole(), Hole(0), Hole(1)


@dataclass(slots=True)
class Found:
    """What stood in the holes."""

    subject: Any = None
    others: dict[int, Any] = field(default_factory=dict)


def is_blank(expression: Any) -> bool:
    return expression == {} and isinstance(expression, dict)


def is_read(expression: Any) -> bool:
    """Whether it is worked out from data, rather than written down."""
    return operator_call(expression) is not None


def head(expression: Any) -> tuple[str, ...]:
    """The operator of an expression or pattern; of a negation, what it negates too."""
    call = operator_call(expression)
    if call is None:
        return ()
    inside = argument_list(call[1])
    inner = operator_call(inside[0]) if call[0] == "!" and len(inside) == 1 else None
    return (call[0], inner[0]) if inner else (call[0],)


def matched(pattern: Any, expression: Any) -> Found | None:
    """What stands in the holes of the pattern, when the expression has its shape."""
    found = Found()
    return found if _matches(pattern, expression, found) else None


def _matches(pattern: Any, expression: Any, found: Found) -> bool:
    if isinstance(pattern, Hole):
        if pattern.place is None:
            found.subject = expression
        else:
            found.others[pattern.place] = _turned(pattern, expression)
        return True
    wanted, call = operator_call(pattern), operator_call(expression)
    if wanted is None or call is None:
        return type(pattern) is type(expression) and bool(pattern == expression)
    if path_of(pattern) is not None:
        return path_of(pattern) == path_of(expression)
    shapes, parts = argument_list(wanted[1]), argument_list(call[1])
    if wanted[0] != call[0] or len(shapes) != len(parts):
        return False
    return all(_matches(shape, part, found) for shape, part in zip(shapes, parts, strict=True))


def _turned(hole: Hole, expression: Any) -> Any:
    return -expression if hole.minus and type(expression) is int else expression


def filled(pattern: Any, subject: Any, others: Sequence[Any]) -> Any:
    """The pattern with its holes filled; what is not given stays blank."""
    if isinstance(pattern, Hole):
        if pattern.place is None:
            return subject
        given = others[pattern.place] if pattern.place < len(others) else dict(BLANK)
        return _turned(pattern, given)
    if isinstance(pattern, dict):
        return {name: filled(part, subject, others) for name, part in pattern.items()}
    if isinstance(pattern, list):
        return [filled(part, subject, others) for part in pattern]
    return pattern

"""A condition as rows and groups, as the builder shows it, and back as JSONLogic.

What rows cannot say is kept whole, as `Opaque`. The tree judges as the condition does, whatever
the data, and a tree that was written is read as the same again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from wedsync.workflows.building.conditions.condition_patterns import (
    BLANK,
    filled,
    is_blank,
    is_read,
)
from wedsync.workflows.building.conditions.condition_shapes import Kind
from wedsync.workflows.building.conditions.condition_verbs import (
    BLANK_VERB,
    VERBS,
    VerbChoice,
    kind_of,
    verbs_shaped_like,
)
from wedsync.workflows.engine.clauses import condition_words
from wedsync.workflows.engine.functions import FUNCTIONS
from wedsync.workflows.engine.functions.kinds import YES_NO
from wedsync.workflows.engine.operators import argument_list, operator_call
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.words import path_of

Expression: TypeAlias = Any
Joined: TypeAlias = Literal["all", "any"]
KindOf: TypeAlias = Callable[[Expression], Kind | None]

UNREADABLE = "a condition that cannot be read"
UNANSWERED = "a row that is not filled in yet"

_TESTS = frozenset(("==", "===", "!=", "!==", ">", ">=", "<", "<=", "!", "!!", "and", "or", "in",
                    "starts_with", "ends_with", "some", "all", "none"))  # fmt: skip
_OF_THEMSELVES = frozenset((BLANK_VERB, "anything.empty", "money.known", "money.unknown"))
"""Verbs that ask whether there is a value: a test is none."""

_MIRRORED = {"==": "==", "===": "===", "!=": "!=", "!==": "!==",
             ">": "<", ">=": "<=", "<": ">", "<=": ">="}  # fmt: skip
_JOINED: dict[str, Joined] = {"and": "all", "or": "any"}
_OPERATORS = {"all": "and", "any": "or"}


@dataclass(frozen=True, slots=True)
class Row:
    """One question about one value: `others` are what it is compared with. What was not answered
    yet is `BLANK`."""

    subject: Expression
    verb: str
    others: tuple[Expression, ...] = ()

    @property
    def kind(self) -> Kind:
        return VERBS[self.verb].kind

    @property
    def choice(self) -> VerbChoice:
        return VERBS[self.verb]

    @property
    def unanswered(self) -> bool:
        """Whether the value, or what it is compared with, is still to be chosen."""
        return is_blank(self.subject) or any(map(is_blank, self.others))


@dataclass(frozen=True, slots=True)
class Opaque:
    """What rows cannot say: shown in words, kept whole."""

    words: str
    test: Any


@dataclass(frozen=True, slots=True)
class Group:
    """All of, or any of, its parts."""

    joined: Joined
    parts: tuple["Part", ...] = ()


Part: TypeAlias = Row | Group | Opaque

BLANK_ROW = Row(dict(BLANK), BLANK_VERB)


def tree_of(when: Any, kinds: KindOf | None = None) -> Group:
    """Any condition as rows; the top is always a group. `kinds` says what a value is, where it is
    known: `==` may be of a number or of a text."""
    if refusal(when) is not None:
        return Group("all", (Opaque(UNREADABLE, when),))
    return tree_in_draft(when, kinds)


def tree_in_draft(when: Any, kinds: KindOf | None = None) -> Group:
    """The same of a condition in a draft that was asked about before (`shape.readable`)."""
    if when is None or is_blank(when):
        return Group("all")
    found = _part(when, kinds or kind_of)
    return found if isinstance(found, Group) else Group("all", (found,))


def when_of(tree: Group) -> Any:
    """The condition of a tree; `{}`, which validation asks to be filled in, when it has no rows."""
    if not tree.parts:
        return dict(BLANK)
    first = tree.parts[0]
    alone = len(tree.parts) == 1 and tree.joined == "all"
    return written(first if alone and _stands_alone(first) else tree)


def _stands_alone(part: Part) -> bool:
    if isinstance(part, Opaque):
        return part.test is not None and not is_blank(part.test)
    return isinstance(part, Row)


def written(part: Part) -> Any:
    """The condition one part stands for."""
    if isinstance(part, Opaque):
        return part.test
    if isinstance(part, Row):
        return filled(VERBS[part.verb].pattern, part.subject, part.others)
    return {_OPERATORS[part.joined]: [written(inner) for inner in part.parts]}


def _part(when: Any, kinds: KindOf) -> Part:
    row = _row(when, kinds)
    if row is not None:
        return row
    call = operator_call(when)
    if call is None:
        return Opaque(UNANSWERED if is_blank(when) else condition_words(when), when)
    name, arguments = call
    if name in _JOINED and isinstance(arguments, list) and arguments:
        return Group(_JOINED[name], tuple(_part(part, kinds) for part in arguments))
    parts = argument_list(arguments)
    if name in ("!", "!!") and len(parts) == 1 and operator_call(parts[0]):
        return _unwrapped(name, parts[0], when, kinds)
    return Opaque(condition_words(when), when)


def _unwrapped(name: str, inside: Any, when: Any, kinds: KindOf) -> Part:
    """`!!` of a test is the test, `!` of a group the group of what is not so."""
    if name == "!!":
        return _part(inside, kinds)
    inner, arguments = operator_call(inside) or ("", None)
    parts = argument_list(arguments)
    if inner in _JOINED and isinstance(arguments, list) and arguments:
        turned: Joined = "any" if inner == "and" else "all"
        return Group(turned, tuple(_part(_negated(part), kinds) for part in parts))
    if inner in ("!", "!!") and len(parts) == 1:
        return _part(parts[0] if inner == "!" else _negated(parts[0]), kinds)
    return Opaque(condition_words(when), when)


def _negated(test: Any) -> Any:
    call = operator_call(test)
    parts = argument_list(call[1]) if call else []
    return parts[0] if call and call[0] == "!" and len(parts) == 1 else {"!": [test]}


def _row(when: Any, kinds: KindOf) -> Row | None:
    found = list(_readings(when))
    if not found and (turned := _mirrored(when)) is not None:
        found = list(_readings(turned))
    if not found:
        return Row(when, BLANK_VERB) if _is_value(when) else None
    hint = _kind_in(found[0], kinds) if len(found) > 1 else None
    return next((row for row in found if row.kind == hint), found[0])


def _kind_in(row: Row, kinds: KindOf) -> Kind | None:
    """Of the value, or else of the first it is compared with that has one."""
    read = (row.subject, *(other for other in row.others if is_read(other)))
    return next((kind for one in read if (kind := kinds(one) or kind_of(one))), None)


def _readings(when: Any) -> Iterator[Row]:
    for verb in verbs_shaped_like(when):
        found = verb.reading(when)
        if found is None or (verb.key in _OF_THEMSELVES and not _may_be_value(found.subject)):
            continue
        yield Row(
            found.subject, verb.key, tuple(found.others[at] for at in range(len(verb.inputs)))
        )


def _mirrored(when: Any) -> Any | None:
    """The comparison with the value read from data first; in an “in” the order has a meaning."""
    call = operator_call(when)
    parts = argument_list(call[1]) if call else []
    if call is None or call[0] not in _MIRRORED or len(parts) != 2:
        return None
    return {_MIRRORED[call[0]]: parts[::-1]} if is_read(parts[1]) else None


def _may_be_value(expression: Any) -> bool:
    return is_blank(expression) or _is_value(expression)


def _is_value(expression: Any) -> bool:
    """Whether it is a value that can be there or not, rather than a test."""
    if path_of(expression) is not None:
        return True
    call = operator_call(expression)
    function = FUNCTIONS.get(call[0]) if call else None
    return function is not None and function.gives is not YES_NO


def unanswered(tree: Group) -> tuple[str, ...]:
    """The places of the rows that are not filled in yet."""
    return tuple(place for place, part in places(tree) if isinstance(part, Row) and part.unanswered)


def places(tree: Group, place: str = "") -> Iterator[tuple[str, Part]]:
    """Every part below the top with its place (`0.2.1`), in reading order."""
    for number, part in enumerate(tree.parts):
        here = f"{place}.{number}" if place else str(number)
        yield here, part
        if isinstance(part, Group):
            yield from places(part, here)

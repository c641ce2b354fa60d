"""What people do to the rows of a condition: a tree in, a new tree out.

A place is the way to a part from the top, `0.2.1`; the top itself is the empty text. Where nothing
stands any more, each raises Conflict.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.workflows.building.conditions.compared_values import (
    Surroundings,
    read_typed,
    shown_typed,
)
from wedsync.workflows.building.conditions.condition_patterns import BLANK, is_blank, is_read
from wedsync.workflows.building.conditions.condition_rows import (
    BLANK_ROW,
    Expression,
    Group,
    Joined,
    Opaque,
    Part,
    Row,
    places,
)
from wedsync.workflows.building.conditions.condition_shapes import Kind
from wedsync.workflows.building.conditions.condition_verbs import (
    VERBS,
    VerbChoice,
    kind_of,
    verbs_for,
)
from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.engine.shape import refusal

MOST_ROWS = 100
DEEPEST = 3
"""Groups inside one another, the top counted; deeper ones only come with an import."""

IN_STEPS = Surroundings()


@dataclass(frozen=True, slots=True)
class Picked:
    """Data chosen to compare with, instead of something typed."""

    expression: Expression


def add_row(tree: Group, place: str = "") -> Group:
    """An empty row at the end of the group at `place`. Raises Invalid."""
    if _rows(tree) >= MOST_ROWS:
        raise Invalid(f"A condition has at most {MOST_ROWS} rows.", code="too_many_rows")
    return _changed(tree, place, lambda part: _with_part(part, BLANK_ROW))


def add_group(tree: Group, place: str = "", joined: Joined | None = None) -> Group:
    """A group with an empty row at the end of the group at `place`; joined the other way unless
    said. Raises Invalid."""
    if _rows(tree) >= MOST_ROWS:
        raise Invalid(f"A condition has at most {MOST_ROWS} rows.", code="too_many_rows")
    if len(_path(place)) + 1 >= DEEPEST:
        raise Invalid(f"Groups go {DEEPEST} deep at most.", code="too_deep")

    def add(part: Part) -> Part:
        outer = part.joined if isinstance(part, Group) else "all"
        own: Joined = joined or ("any" if outer == "all" else "all")
        return _with_part(part, Group(own, (BLANK_ROW,)))

    return _changed(tree, place, add)


def _with_part(part: Part, new: Part) -> Part:
    if not isinstance(part, Group):
        raise _gone()
    return replace(part, parts=(*part.parts, new))


def remove(tree: Group, place: str) -> Group:
    """Without the row or group at `place`, nor a group that is left without rows."""
    path = _path(place)
    if not path:
        return replace(tree, parts=())
    outer = ".".join(map(str, path[:-1]))
    left = _changed(tree, outer, lambda part: _without(part, path[-1]))
    emptied = bool(outer) and not _at(left, path[:-1])
    return remove(left, outer) if emptied else left


def _at(tree: Group, path: Sequence[int]) -> tuple[Part, ...]:
    part: Part = tree
    for number in path:
        part = part.parts[number] if isinstance(part, Group) else part
    return part.parts if isinstance(part, Group) else ()


def _without(part: Part, number: int) -> Part:
    if not isinstance(part, Group) or number >= len(part.parts):
        raise _gone()
    return replace(part, parts=part.parts[:number] + part.parts[number + 1 :])


def set_joined(tree: Group, place: str, joined: str) -> Group:
    """All of, or any of, the parts of the group at `place`. Raises Invalid for anything
    else."""

    def join(part: Part) -> Part:
        if not isinstance(part, Group):
            raise _gone()
        if joined == "all":
            return replace(part, joined="all")
        if joined == "any":
            return replace(part, joined="any")
        words = "Choose “all of these” or “any of these”."
        raise Invalid(words, errors=[FieldError("/joined", "wrong_value", words)])

    return _changed(tree, place, join)


def change_row(
    tree: Group,
    place: str,
    *,
    subject: Expression | None = None,
    kind: Kind | None = None,
    verb: str | None = None,
    others: Sequence[str | Picked] | None = None,
    around: Surroundings = IN_STEPS,
) -> Group:
    """The row at `place` about another value (of a `kind`, where it is known), with another verb,
    or with what was typed to compare with; an empty field is one still to be filled in.

    Raises Invalid with a sentence for each of `/subject`, `/verb`, `/others/0` that cannot be.
    """

    def change(part: Part) -> Part:
        row = BLANK_ROW if isinstance(part, Opaque) and is_blank(part.test) else part
        if not isinstance(row, Row):
            raise _gone()
        row = row if subject is None else _about(row, subject, kind, around)
        row = row if verb is None else _asking(row, _verb(verb, row, around))
        return row if others is None else _compared(row, others, around)

    return _changed(tree, place, change)


def _about(row: Row, subject: Expression, kind: Kind | None, around: Surroundings) -> Row:
    if refusal(subject) is not None or not is_read(subject):
        words = "Choose a value to look at."
        raise Invalid(words, errors=[FieldError("/subject", "wrong_value", words)])
    own = kind or kind_of(subject) or row.kind
    offered = verbs_for(own, in_trigger=not around.knows_today) or (row.choice,)
    if not is_blank(row.subject) and row.choice in offered:
        return replace(row, subject=subject)
    same = (verb for verb in offered if verb.words == row.choice.words and verb.inputs)
    return _asking(replace(row, subject=subject), next(same, offered[0]))


def _verb(key: str, row: Row, around: Surroundings) -> VerbChoice:
    """A verb offered in that place, or the one the row has."""
    found = VERBS.get(key)
    if found is not None:
        offered = found.in_steps if around.knows_today else found.in_trigger
        if offered or key == row.verb:
            return found
    words = "Choose how to compare it."
    raise Invalid(words, errors=[FieldError("/verb", "wrong_value", words)])


def _asking(row: Row, verb: VerbChoice) -> Row:
    """The row with another verb; what was typed stays where it means the same."""
    old = row.choice.inputs
    others = tuple(
        row.others[at]
        if at < len(row.others) and at < len(old) and old[at].kind == one.kind
        else dict(BLANK)
        for at, one in enumerate(verb.inputs)
    )
    return Row(row.subject, verb.key, others)


def _compared(row: Row, typed: Sequence[str | Picked], around: Surroundings) -> Row:
    errors: list[FieldError] = []
    others: list[Expression] = []
    for at in range(len(row.choice.inputs)):
        own = row.others[at] if at < len(row.others) else dict(BLANK)
        try:
            others.append(_other(row.choice, at, own, typed, around))
        except NotReadable as fault:
            errors.append(FieldError(f"/others/{at}", "wrong_value", str(fault)))
    if errors:
        raise Invalid(" ".join(error.message for error in errors), errors=errors)
    return replace(row, others=tuple(others))


def _other(
    verb: VerbChoice, at: int, own: Expression, typed: Sequence[str | Picked], around: Surroundings
) -> Expression:
    """What is compared with; something shown and sent back unchanged is as it was."""
    if at >= len(typed):
        return own
    given, kind = typed[at], verb.inputs[at].kind
    if isinstance(given, Picked):
        return _picked(verb, at, given)
    if given == shown_typed(kind, own):
        return own
    return read_typed(kind, given, around) if given.strip() else dict(BLANK)


def _picked(verb: VerbChoice, at: int, given: Picked) -> Expression:
    readable = refusal(given.expression) is None and is_read(given.expression)
    if not readable or not verb.inputs[at].takes_data:
        raise NotReadable("Write it here; it cannot be read from data.")
    return given.expression


def _rows(tree: Group) -> int:
    return sum(1 for _, part in places(tree) if not isinstance(part, Group))


def _changed(tree: Group, place: str, change: Callable[[Part], Part]) -> Group:
    """The tree with the part at a place changed."""
    new = _changed_below(tree, _path(place), change)
    if not isinstance(new, Group):
        raise _gone()
    return new


def _changed_below(part: Part, path: Sequence[int], change: Callable[[Part], Part]) -> Part:
    if not path:
        return change(part)
    if not isinstance(part, Group) or path[0] >= len(part.parts):
        raise _gone()
    inner = _changed_below(part.parts[path[0]], path[1:], change)
    return replace(part, parts=(*part.parts[: path[0]], inner, *part.parts[path[0] + 1 :]))


def _path(place: Any) -> tuple[int, ...]:
    if place == "":
        return ()
    numbers = place.split(".") if isinstance(place, str) and len(place) <= 400 else [""]
    if not all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
        raise _gone()
    return tuple(map(int, numbers))


def _gone() -> Conflict:
    return Conflict("This row is no longer there.", code="row_gone")

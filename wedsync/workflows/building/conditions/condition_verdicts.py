"""What each row of a condition gives for an example: `No, it is 12`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.building.conditions.condition_rows import (
    Group,
    Opaque,
    Part,
    Row,
    unanswered,
    when_of,
    written,
)
from wedsync.workflows.building.conditions.condition_shapes import NOW, ZONE
from wedsync.workflows.building.known.working_out import fits, value_of
from wedsync.workflows.building.typed.typed_amounts import shown_money
from wedsync.workflows.engine.conditions import Condition
from wedsync.workflows.engine.currencies import EXPONENTS
from wedsync.workflows.engine.expressions import EvaluationFailed
from wedsync.workflows.engine.functions import FUNCTIONS
from wedsync.workflows.engine.limits import SEALED
from wedsync.workflows.engine.operators import argument_list, operator_call
from wedsync.workflows.engine.view import View
from wedsync.workflows.engine.words import is_date, path_of, path_words, value_words


@dataclass(frozen=True, slots=True)
class Gives:
    """Whether a part fits, and why; `fits` is None where it cannot be told."""

    fits: bool | None
    because: str

    @property
    def answer(self) -> str:
        return {True: "Yes", False: "No", None: "Not known"}[self.fits]

    @property
    def words(self) -> str:
        return f"{self.answer}, {self.because}" if self.because else self.answer


def verdicts(tree: Group, view: View) -> Mapping[str, Gives]:
    """What every part gives, by its place; the whole at the empty one. Never fails."""
    found = {"": _UNTOLD}
    inside = [_judged(str(at), part, view, found) for at, part in enumerate(tree.parts)]
    found[""] = _whole(tree, inside, found, view)
    return found


_UNTOLD = Gives(None, "")


def _judged(place: str, part: Part, view: View, found: dict[str, Gives]) -> Gives:
    """What one part gives, remembered at its place before the parts inside it."""
    if not isinstance(part, Group):
        found[place] = _given(part, view)
        return found[place]
    found[place] = _UNTOLD
    inside = [_judged(f"{place}.{at}", inner, view, found) for at, inner in enumerate(part.parts)]
    found[place] = _together(part, inside)
    return found[place]


def _together(group: Group, inside: Sequence[Gives]) -> Gives:
    """As the parts of a group are judged: in their order, up to the first that decides it or
    cannot be told."""
    if missing := len(unanswered(group)):
        return Gives(None, f"{_rows(missing)} not filled in yet")
    deciding = group.joined == "any"
    first = next((gives for gives in inside if gives.fits in (deciding, None)), None)
    if first is not None and first.fits is None:
        return first
    good = sum(gives.fits is True for gives in inside)
    said = f"{good} of {len(inside)} {'fits' if good == 1 else 'fit'}"
    return Gives(not deciding if first is None else deciding, said)


def _rows(number: int) -> str:
    return "a row is" if number == 1 else f"{number} rows are"


def _whole(tree: Group, inside: Sequence[Gives], found: Mapping[str, Gives], view: View) -> Gives:
    if not tree.parts:
        return Gives(None, "there is no row yet")
    sound = all(gives.fits is not None for place, gives in found.items() if place)
    judged = _together(tree, inside)
    if judged.fits is None or not sound:
        return judged
    verdict = Condition(when_of(tree)).judge(view)
    return Gives(verdict.fits, verdict.why)


def _given(part: Part, view: View) -> Gives:
    if isinstance(part, Row) and part.unanswered:
        return Gives(None, "it is not filled in yet")
    try:
        fitted = fits(written(part), view)
    except EvaluationFailed as failure:
        return Gives(None, _failure(failure))
    if isinstance(part, Opaque) or not isinstance(part, Row):
        return Gives(fitted, "")
    return Gives(fitted, _because(part, fitted, view))


def _failure(failure: EvaluationFailed) -> str:
    said = str(failure).rstrip(".")
    return f"{said[:1].lower()}{said[1:]}"


def _because(row: Row, fitted: bool, view: View) -> str:
    try:
        if row.kind == "wedding":
            return _of_the_wedding(row, view)
        value = value_of(row.subject, view)
    except EvaluationFailed:
        return ""
    if value is fitted:
        return ""  # “Yes, it is yes”
    if not fitted and (absent := _absent(row, view)):
        return absent
    if row.kind == "date" and is_date(value):
        return _day_words(row.subject, value, view)
    if (before := _worked_from(row.subject, view)) not in (None, _said(value)):
        return f"{before} becomes {_said(value)}"
    return f"it is {_said(value)}"


def _absent(row: Row, view: View) -> str:
    """That what the value is compared with is not there."""
    for other in row.others:
        path = path_of(other)
        if path is not None and value_of(other, view) is None:
            return f"{path_words(path)} is not given"
    return ""


def _of_the_wedding(row: Row, view: View) -> str:
    names = [name for name in _functions(row.choice.pattern) if FUNCTIONS[name].reads]
    field = FUNCTIONS[names[0]].reads[0]
    value = value_of({"var": f"wedding.{field}"}, view)
    if field == "date" and is_date(value):
        return _day_words({"var": "wedding.date"}, value, view)
    return f"it is {_said(value)}"


def _functions(pattern: Any) -> Iterator[str]:
    call = operator_call(pattern)
    if call is None:
        return
    if call[0] in FUNCTIONS:
        yield call[0]
    for part in argument_list(call[1]):
        yield from _functions(part)


def _day_words(subject: Any, value: Any, view: View) -> str:
    """`Tue 18 May 2027 is 7 days away`."""
    try:
        days = value_of({"date.days_until": [subject, NOW, ZONE]}, view)
    except EvaluationFailed:
        return f"it is {_said(value)}"
    if not isinstance(days, int):
        return f"it is {_said(value)}"
    if path_of(subject) == ("now",):
        return f"today is {_said(value).partition(',')[0]}"
    if abs(days) < 2:
        return f"{_said(value)} {('is today', 'is tomorrow', 'was yesterday')[days]}"
    return f"{_said(value)} {f'is {days:,} days away' if days > 0 else f'was {-days:,} days ago'}"


def _worked_from(subject: Any, view: View) -> str | None:
    """The value a function was given, when it is one a person can compare."""
    call = operator_call(subject)
    parts = argument_list(call[1]) if call and path_of(subject) is None else []
    if not parts or path_of(parts[0]) in (None, ("wedding",), ("now",)):
        return None
    try:
        value = value_of(parts[0], view)
    except EvaluationFailed:
        return None
    return None if value is None or _has_parts(value) else _said(value)


def _has_parts(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and not _is_money(value))


def _is_money(value: dict[str, Any]) -> bool:
    return (
        value.keys() == {"amount", "currency"}
        and type(value["amount"]) is int
        and isinstance(value["currency"], str)
        and value["currency"] in EXPONENTS
    )


def _said(value: Any) -> str:
    if isinstance(value, dict) and SEALED not in value and _is_money(value):
        return shown_money(value["amount"], value["currency"])
    return value_words(value)

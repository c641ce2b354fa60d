"""What can be asked of a value, by its kind: the verbs of condition rows, in plain words.

A verb has one way of being written, and is recognised by it. Besides those offered there are such
as only come with an import (`==` on a text, say): shown in the same plain words, kept as written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from wedsync.workflows.building.compared_values import WRITTEN_DOWN, InputKind, accepts
from wedsync.workflows.building.condition_patterns import (
    FIRST,
    SECOND,
    SUBJECT,
    Found,
    Hole,
    head,
    is_blank,
    is_read,
    matched,
)
from wedsync.workflows.engine.functions import FUNCTIONS
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.words import path_of

Kind: TypeAlias = Literal[
    "text", "number", "money", "date", "list", "yes_no", "wedding", "anything"
]

NOW, ZONE = {"var": "now"}, {"var": "wedding.zone"}

BLANK_VERB = "anything.filled"
"""Of a row whose value was not chosen yet."""


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to type. `label` names it, `before` and `after` stand around the field."""

    kind: InputKind
    label: str
    before: str = ""
    after: str = ""

    @property
    def takes_data(self) -> bool:
        """Whether it can be read from data too, rather than typed."""
        return self.kind not in WRITTEN_DOWN


@dataclass(frozen=True, slots=True)
class VerbChoice:
    """One verb. `offered` says where: in steps, in the filter of a trigger (which knows neither
    the present nor the wedding), or, as neither, only where it was imported."""

    key: str
    words: str
    inputs: tuple[Input, ...]
    kind: Kind
    pattern: Any
    in_steps: bool = True
    in_trigger: bool = True

    def reading(self, expression: Any) -> Found | None:
        """What stands in the holes, when the expression is this verb."""
        found = matched(self.pattern, expression)
        if found is None or not (is_blank(found.subject) or is_read(found.subject)):
            return None
        places = enumerate(self.inputs)
        return found if all(accepts(one.kind, found.others[at]) for at, one in places) else None


Shape: TypeAlias = tuple[str, str, Any, tuple[Input, ...]]

_TEXT = (Input("text", "Text"),)
_TEXTS = (Input("texts", "Texts, with commas between"),)
_NUMBER = (Input("number", "Number"),)
_RANGE = (Input("number", "From"), Input("number", "To", before="and"))
_MONEY = (Input("money", "Amount"),)
_DAY = (Input("day", "Date"),)
_DAYS = (Input("day", "From"), Input("day", "To", before="and"))
_COUNT = (Input("days", "Number of days", after="days"),)
_WEEKDAYS = (Input("weekdays", "Days of the week"),)
_MANY = (Input("count", "How many"),)


def _not(pattern: Any) -> Any:
    return {"!": [pattern]}


def _of(name: str, *more: Any) -> Any:
    return {name: [SUBJECT, *more]}


_TEXT_VERBS: tuple[Shape, ...] = (
    ("is", "is", _of("text.is", FIRST), _TEXT),
    ("is_not", "is not", _not(_of("text.is", FIRST)), _TEXT),
    ("one_of", "is one of", _of("text.is_one_of", FIRST), _TEXTS),
    ("none_of", "is none of", _not(_of("text.is_one_of", FIRST)), _TEXTS),
    ("contains", "contains", _of("text.contains", FIRST), _TEXT),
    ("lacks", "does not contain", _not(_of("text.contains", FIRST)), _TEXT),
    ("contains_one", "contains one of", _of("text.contains_one_of", FIRST), _TEXTS),
    ("contains_none", "contains none of", _not(_of("text.contains_one_of", FIRST)), _TEXTS),
    ("begins", "begins with", _of("text.starts_with", FIRST), _TEXT),
    ("ends", "ends with", _of("text.ends_with", FIRST), _TEXT),
    ("filled", "is filled in", _of("text.is_filled"), ()),
    ("empty", "is empty", _not(_of("text.is_filled")), ()),
)
_NUMBER_VERBS: tuple[Shape, ...] = (
    ("is", "is exactly", _of("==", FIRST), _NUMBER),
    ("is_not", "is not", _of("!=", FIRST), _NUMBER),
    ("more", "is more than", _of(">", FIRST), _NUMBER),
    ("less", "is less than", _of("<", FIRST), _NUMBER),
    ("at_least", "is at least", _of(">=", FIRST), _NUMBER),
    ("at_most", "is at most", _of("<=", FIRST), _NUMBER),
    ("between", "is between", _of("number.between", FIRST, SECOND), _RANGE),
    ("outside", "is not between", _not(_of("number.between", FIRST, SECOND)), _RANGE),
    ("known", "is filled in", _of("number.is_number"), ()),
    ("unknown", "is not filled in", _not(_of("number.is_number")), ()),
)
_MONEY_VERBS: tuple[Shape, ...] = (
    ("at_most", "is at most", _of("money.is_at_most", FIRST), _MONEY),
    ("more", "is more than", _of("money.is_more", FIRST), _MONEY),
    ("at_least", "is at least", _of("money.is_at_least", FIRST), _MONEY),
    ("less", "is less than", _of("money.is_less", FIRST), _MONEY),
    ("is", "is exactly", _of("money.is", FIRST), _MONEY),
    ("is_not", "is not", _not(_of("money.is", FIRST)), _MONEY),
    ("known", "is filled in", _not(_not(SUBJECT)), ()),
    ("unknown", "is not filled in", _not({"!!": [SUBJECT]}), ()),
)
_LIST_VERBS: tuple[Shape, ...] = (
    ("contains", "contains", _of("list.contains", FIRST), _TEXT),
    ("lacks", "does not contain", _not(_of("list.contains", FIRST)), _TEXT),
    ("contains_one", "contains one of", _of("list.contains_one_of", FIRST), _TEXTS),
    ("contains_none", "contains none of", _not(_of("list.contains_one_of", FIRST)), _TEXTS),
    ("more", "has more than", {"<": [FIRST, _of("list.count")]}, _MANY),
    ("fewer", "has fewer than", {">": [FIRST, _of("list.count")]}, _MANY),
    ("exactly", "has exactly", {"==": [FIRST, _of("list.count")]}, _MANY),
    ("empty", "is empty", _of("list.is_empty"), ()),
    ("filled", "is not empty", _not(_of("list.is_empty")), ()),
)
_ANSWERED = {"text.is_filled": [_of("yes_no.in_words", "yes", "no", "")]}
_YES_NO_VERBS: tuple[Shape, ...] = (
    ("yes", "is yes", _of("yes_no.is_yes"), ()),
    ("no", "is no", _of("yes_no.is_no"), ()),
    ("answered", "is answered", _ANSWERED, ()),
    ("unanswered", "is not answered", _not(_ANSWERED), ()),
)
_WEDDING_VERBS: tuple[Shape, ...] = (
    ("booked", "is booked", _of("wedding.is_booked"), ()),
    ("not_booked", "is not booked", _not(_of("wedding.is_booked")), ()),
    ("postponed", "is postponed", _of("wedding.is_postponed"), ()),
    ("not_postponed", "is not postponed", _not(_of("wedding.is_postponed")), ()),
    ("cancelled", "is cancelled", _of("wedding.is_cancelled"), ()),
    ("not_cancelled", "is not cancelled", _not(_of("wedding.is_cancelled")), ()),
    ("today", "is today", _of("wedding.is_today", NOW), ()),
    ("past", "is past", _of("wedding.is_past", NOW), ()),
    ("not_past", "is not past", _not(_of("wedding.is_past", NOW)), ()),
    ("dated", "has a date", _of("wedding.has_date"), ()),
    ("undated", "has no date yet", _not(_of("wedding.has_date")), ()),
)
_ANYTHING_VERBS: tuple[Shape, ...] = (
    ("filled", "is filled in", {"!!": [SUBJECT]}, ()),
    ("empty", "is empty", _not(SUBJECT), ()),
)
_DATE_KNOWN: tuple[Shape, ...] = (
    ("known", "is filled in", _of("date.is_date"), ()),
    ("unknown", "is not filled in", _not(_of("date.is_date")), ()),
)


def _date_verbs(*zone: Any) -> tuple[Shape, ...]:
    return (
        ("after", "is later than", _of("date.is_after", FIRST, *zone), _DAY),
        ("before", "is before", _of("date.is_before", FIRST, *zone), _DAY),
        ("on", "is on", _of("date.is_on", FIRST, *zone), _DAY),
        ("not_on", "is not on", _not(_of("date.is_on", FIRST, *zone)), _DAY),
        ("between", "is between", _of("date.is_between", FIRST, SECOND, *zone), _DAYS),
        ("falls_on", "falls on a", _of("date.falls_on", FIRST, *zone), _WEEKDAYS),
        ("weekend", "is at a weekend", _of("date.is_weekend", *zone), ()),
        ("working_day", "is not at a weekend", _not(_of("date.is_weekend", *zone)), ()),
    )


def _from_now(days: Any) -> Any:
    return {"date.add_days": [NOW, days, ZONE]}


_DATE_NEARBY: tuple[Shape, ...] = (
    ("next", "is within the next", _of("date.is_between", NOW, _from_now(FIRST), ZONE), _COUNT),
    (
        "last",
        "is within the last",
        _of("date.is_between", _from_now(Hole(0, minus=True)), NOW, ZONE),
        _COUNT,
    ),
)
_IMPORTED: tuple[tuple[Kind, tuple[Shape, ...]], ...] = (
    (
        "date",
        (
            ("later_as_written", "is later than", _of(">", FIRST), _DAY),
            ("from_as_written", "is on or after", _of(">=", FIRST), _DAY),
            ("earlier_as_written", "is before", _of("<", FIRST), _DAY),
            ("until_as_written", "is on or before", _of("<=", FIRST), _DAY),
        ),
    ),
    (
        "text",
        (
            ("exactly", "is exactly", _of("==", FIRST), _TEXT),
            ("strictly", "is exactly", _of("===", FIRST), _TEXT),
            ("not_exactly", "is not exactly", _of("!=", FIRST), _TEXT),
            ("not_strictly", "is not exactly", _of("!==", FIRST), _TEXT),
            ("in", "is exactly one of", _of("in", FIRST), _TEXTS),
            ("has", "contains exactly", {"in": [FIRST, SUBJECT]}, _TEXT),
            ("begins_exactly", "begins exactly with", _of("starts_with", FIRST), _TEXT),
            ("ends_exactly", "ends exactly with", _of("ends_with", FIRST), _TEXT),
        ),
    ),
    ("list", (("has", "contains exactly", {"in": [FIRST, SUBJECT]}, _TEXT),)),
    (
        "number",
        (
            ("strictly", "is exactly", _of("===", FIRST), _NUMBER),
            ("not_strictly", "is not", _of("!==", FIRST), _NUMBER),
            ("inside", "is more than", {"<": [FIRST, SUBJECT, SECOND]}, (
                Input("number", "More than"), Input("number", "Less than", before="and less than"),
            )),
            ("from_to", "is between", {"<=": [FIRST, SUBJECT, SECOND]}, _RANGE),
        ),
    ),
    (
        "yes_no",
        (
            ("true", "is yes", _of("==", True), ()),
            ("false", "is no", _of("==", False), ()),
            ("strictly_true", "is yes", _of("===", True), ()),
            ("strictly_false", "is no", _of("===", False), ()),
            ("not_true", "is not yes", _of("!=", True), ()),
            ("not_false", "is not no", _of("!=", False), ()),
        ),
    ),
    (
        "anything",
        (
            ("missing", "is missing", _of("==", None), ()),
            ("there", "is not missing", _of("!=", None), ()),
            ("strictly_missing", "is missing", _of("===", None), ()),
            ("strictly_there", "is not missing", _of("!==", None), ()),
        ),
    ),
)  # fmt: skip


def _verbs(
    kind: Kind,
    shapes: Iterable[Shape],
    *,
    in_steps: bool = True,
    in_trigger: bool = True,
    end: str = "",
) -> Iterator[VerbChoice]:
    for name, words, pattern, inputs in shapes:
        yield VerbChoice(f"{kind}.{name}{end}", words, inputs, kind, pattern, in_steps, in_trigger)


def _written_down() -> Iterator[VerbChoice]:
    """Every verb, those first by which a shape of several meanings is read."""
    yield from _verbs("date", _DATE_NEARBY, in_trigger=False)
    yield from _verbs("list", _LIST_VERBS)
    yield from _verbs("yes_no", _YES_NO_VERBS)
    yield from _verbs("text", _TEXT_VERBS)
    yield from _verbs("number", _NUMBER_VERBS)
    yield from _verbs("money", _MONEY_VERBS)
    yield from _verbs("date", _date_verbs(ZONE), in_trigger=False)
    yield from _verbs("date", _date_verbs(), in_steps=False, end=".as_written")
    yield from _verbs("date", _DATE_KNOWN)
    yield from _verbs("wedding", _WEDDING_VERBS, in_trigger=False)
    yield from _verbs("anything", _ANYTHING_VERBS)
    for kind, shapes in _IMPORTED:
        yield from _verbs(kind, shapes, in_steps=False, in_trigger=False)


_BARE = {
    "has": "have",
    "contains": "contain",
    "begins": "begin",
    "ends": "end",
    "falls": "fall",
}


def _denied(words: str) -> str:
    first, _, rest = words.partition(" ")
    if first == "is":
        return f"is not {rest}"
    return f"does not {_BARE[first]} {rest}".rstrip()


def _with_opposites(verbs: Iterable[VerbChoice]) -> Iterator[VerbChoice]:
    """The verbs, and the negation of each that has none: it may be written by an import."""
    own = list(verbs)
    yield from own
    known = {str(verb.pattern) for verb in own}
    for verb in own:
        denied = _not(verb.pattern)
        if head(verb.pattern)[0] != "!" and str(denied) not in known:
            key = f"{verb.key}.not"
            yield VerbChoice(key, _denied(verb.words), verb.inputs, verb.kind, denied, False, False)


VERBS: Mapping[str, VerbChoice] = MappingProxyType(
    {verb.key: verb for verb in _with_opposites(_written_down())}
)
"""Every verb by its key."""

_BY_HEAD: dict[tuple[str, ...], list[VerbChoice]] = {}
for _verb in VERBS.values():
    _BY_HEAD.setdefault(head(_verb.pattern), []).append(_verb)
_OF_ANYTHING = ("text", "number", "date")


def verbs_for(kind: Kind, *, in_trigger: bool = False) -> tuple[VerbChoice, ...]:
    """What is offered for a value of a kind, the likeliest first. Of one of any kind those of
    texts, numbers and dates too: `VerbChoice.kind` says which."""
    kinds = {kind, *(_OF_ANYTHING if kind == "anything" else ())}
    found = [verb for verb in VERBS.values() if verb.kind in kinds]
    offered = [verb for verb in found if (verb.in_trigger if in_trigger else verb.in_steps)]
    return tuple(sorted(offered, key=_rank))


_RANKS = {key: rank for rank, key in enumerate((
    "anything", "text", "number", "date", "money", "list", "yes_no", "wedding",
))}  # fmt: skip
_LAST = frozenset(("date.next", "date.last"))


def _rank(verb: VerbChoice) -> tuple[int, bool]:
    return _RANKS[verb.kind], verb.key in _LAST


def choices_for(key: str, kind: Kind, *, in_trigger: bool = False) -> tuple[VerbChoice, ...]:
    """What is offered beside the verb a row has, which is among them whatever it is."""
    offered = verbs_for(kind, in_trigger=in_trigger)
    own = VERBS.get(key)
    return offered if own is None or own in offered else (own, *offered)


def verbs_shaped_like(expression: Any) -> list[VerbChoice]:
    """The verbs an expression may be, by its operator."""
    heads = head(expression)
    return [*_BY_HEAD.get(heads, ()), *(_BY_HEAD.get(heads[:1], ()) if len(heads) > 1 else ())]


_KINDS_OF_RESULTS: Mapping[str, Kind] = MappingProxyType(
    {
        "text": "text",
        "number": "number",
        "whole number": "number",
        "money": "money",
        "date": "date",
        "day": "date",
        "list": "list",
        "list of texts": "list",
        "yes or no": "yes_no",
    }
)


_KINDS_OF_READS: Mapping[tuple[str, ...], Kind] = MappingProxyType(
    {("wedding",): "wedding", ("wedding", "date"): "date", ("now",): "date"}
)


def kind_of(expression: Any) -> Kind | None:
    """The kind an expression has by itself: the wedding, its date, or what a function gives."""
    call = operator_call(expression)
    if call is None:
        return None
    path = path_of(expression)
    if path is not None:
        return _KINDS_OF_READS.get(path)
    function = FUNCTIONS.get(call[0])
    return _KINDS_OF_RESULTS.get(function.gives.name) if function else None

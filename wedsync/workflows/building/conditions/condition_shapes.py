"""The tables of the verbs: how each is said, written, and what is typed beside it.

An expression that could be several is read as the first, so the order of the tables is meant.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from wedsync.workflows.building.conditions.compared_values import WRITTEN_DOWN, InputKind
from wedsync.workflows.building.conditions.condition_patterns import FIRST, SECOND, SUBJECT, Hole

Kind: TypeAlias = Literal[
    "text", "number", "money", "date", "list", "yes_no", "wedding", "anything"
]

NOW, ZONE = {"var": "now"}, {"var": "wedding.zone"}


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


def negated(pattern: Any) -> Any:
    """What holds where the pattern does not."""
    return {"!": [pattern]}


def _of(name: str, *more: Any) -> Any:
    return {name: [SUBJECT, *more]}


_TEXT_VERBS: tuple[Shape, ...] = (
    ("is", "is", _of("text.is", FIRST), _TEXT),
    ("is_not", "is not", negated(_of("text.is", FIRST)), _TEXT),
    ("one_of", "is one of", _of("text.is_one_of", FIRST), _TEXTS),
    ("none_of", "is none of", negated(_of("text.is_one_of", FIRST)), _TEXTS),
    ("contains", "contains", _of("text.contains", FIRST), _TEXT),
    ("lacks", "does not contain", negated(_of("text.contains", FIRST)), _TEXT),
    ("contains_one", "contains one of", _of("text.contains_one_of", FIRST), _TEXTS),
    ("contains_none", "contains none of", negated(_of("text.contains_one_of", FIRST)), _TEXTS),
    ("begins", "begins with", _of("text.starts_with", FIRST), _TEXT),
    ("ends", "ends with", _of("text.ends_with", FIRST), _TEXT),
    ("filled", "is filled in", _of("text.is_filled"), ()),
    ("empty", "is empty", negated(_of("text.is_filled")), ()),
)
_NUMBER_VERBS: tuple[Shape, ...] = (
    ("is", "is exactly", _of("==", FIRST), _NUMBER),
    ("is_not", "is not", _of("!=", FIRST), _NUMBER),
    ("more", "is more than", _of(">", FIRST), _NUMBER),
    ("less", "is less than", _of("<", FIRST), _NUMBER),
    ("at_least", "is at least", _of(">=", FIRST), _NUMBER),
    ("at_most", "is at most", _of("<=", FIRST), _NUMBER),
    ("between", "is between", _of("number.between", FIRST, SECOND), _RANGE),
    ("outside", "is not between", negated(_of("number.between", FIRST, SECOND)), _RANGE),
    ("known", "is filled in", _of("number.is_number"), ()),
    ("unknown", "is not filled in", negated(_of("number.is_number")), ()),
)
_MONEY_VERBS: tuple[Shape, ...] = (
    ("at_most", "is at most", _of("money.is_at_most", FIRST), _MONEY),
    ("more", "is more than", _of("money.is_more", FIRST), _MONEY),
    ("at_least", "is at least", _of("money.is_at_least", FIRST), _MONEY),
    ("less", "is less than", _of("money.is_less", FIRST), _MONEY),
    ("is", "is exactly", _of("money.is", FIRST), _MONEY),
    ("is_not", "is not", negated(_of("money.is", FIRST)), _MONEY),
    ("known", "is filled in", negated(negated(SUBJECT)), ()),
    ("unknown", "is not filled in", negated({"!!": [SUBJECT]}), ()),
)
_LIST_VERBS: tuple[Shape, ...] = (
    ("contains", "contains", _of("list.contains", FIRST), _TEXT),
    ("lacks", "does not contain", negated(_of("list.contains", FIRST)), _TEXT),
    ("contains_one", "contains one of", _of("list.contains_one_of", FIRST), _TEXTS),
    ("contains_none", "contains none of", negated(_of("list.contains_one_of", FIRST)), _TEXTS),
    ("more", "has more than", {"<": [FIRST, _of("list.count")]}, _MANY),
    ("fewer", "has fewer than", {">": [FIRST, _of("list.count")]}, _MANY),
    ("exactly", "has exactly", {"==": [FIRST, _of("list.count")]}, _MANY),
    ("empty", "is empty", _of("list.is_empty"), ()),
    ("filled", "is not empty", negated(_of("list.is_empty")), ()),
)
_ANSWERED = {"text.is_filled": [_of("yes_no.in_words", "yes", "no", "")]}
_YES_NO_VERBS: tuple[Shape, ...] = (
    ("yes", "is yes", _of("yes_no.is_yes"), ()),
    ("no", "is no", _of("yes_no.is_no"), ()),
    ("answered", "is answered", _ANSWERED, ()),
    ("unanswered", "is not answered", negated(_ANSWERED), ()),
)
_WEDDING_VERBS: tuple[Shape, ...] = (
    ("booked", "is booked", _of("wedding.is_booked"), ()),
    ("not_booked", "is not booked", negated(_of("wedding.is_booked")), ()),
    ("postponed", "is postponed", _of("wedding.is_postponed"), ()),
    ("not_postponed", "is not postponed", negated(_of("wedding.is_postponed")), ()),
    ("cancelled", "is cancelled", _of("wedding.is_cancelled"), ()),
    ("not_cancelled", "is not cancelled", negated(_of("wedding.is_cancelled")), ()),
    ("today", "is today", _of("wedding.is_today", NOW), ()),
    ("past", "is past", _of("wedding.is_past", NOW), ()),
    ("not_past", "is not past", negated(_of("wedding.is_past", NOW)), ()),
    ("dated", "has a date", _of("wedding.has_date"), ()),
    ("undated", "has no date yet", negated(_of("wedding.has_date")), ()),
)
_ANYTHING_VERBS: tuple[Shape, ...] = (
    ("filled", "is filled in", {"!!": [SUBJECT]}, ()),
    ("empty", "is empty", negated(SUBJECT), ()),
)
_DATE_KNOWN: tuple[Shape, ...] = (
    ("known", "is filled in", _of("date.is_date"), ()),
    ("unknown", "is not filled in", negated(_of("date.is_date")), ()),
)


def _date_verbs(*zone: Any) -> tuple[Shape, ...]:
    return (
        ("after", "is later than", _of("date.is_after", FIRST, *zone), _DAY),
        ("before", "is before", _of("date.is_before", FIRST, *zone), _DAY),
        ("on", "is on", _of("date.is_on", FIRST, *zone), _DAY),
        ("not_on", "is not on", negated(_of("date.is_on", FIRST, *zone)), _DAY),
        ("between", "is between", _of("date.is_between", FIRST, SECOND, *zone), _DAYS),
        ("falls_on", "falls on a", _of("date.falls_on", FIRST, *zone), _WEEKDAYS),
        ("weekend", "is at a weekend", _of("date.is_weekend", *zone), ()),
        ("working_day", "is not at a weekend", negated(_of("date.is_weekend", *zone)), ()),
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


@dataclass(frozen=True, slots=True)
class Table:
    """Verbs of one kind, where they are offered, and how their keys end."""

    kind: Kind
    shapes: tuple[Shape, ...]
    in_steps: bool = True
    in_trigger: bool = True
    end: str = ""


TABLES = (
    Table("date", _DATE_NEARBY, in_trigger=False),
    Table("list", _LIST_VERBS),
    Table("yes_no", _YES_NO_VERBS),
    Table("text", _TEXT_VERBS),
    Table("number", _NUMBER_VERBS),
    Table("money", _MONEY_VERBS),
    Table("date", _date_verbs(ZONE), in_trigger=False),
    Table("date", _date_verbs(), in_steps=False, end=".as_written"),
    Table("date", _DATE_KNOWN),
    Table("wedding", _WEDDING_VERBS, in_trigger=False),
    Table("anything", _ANYTHING_VERBS),
    *(Table(kind, shapes, in_steps=False, in_trigger=False) for kind, shapes in _IMPORTED),
)

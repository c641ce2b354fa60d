"""Conditions before they run: taken apart into groups and clauses, and said in words.

{"==": [{"var": "trigger.data.status"}, "accepted"]}   status is accepted
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from wedsync.workflows.engine.anchors import ANCHORS
from wedsync.workflows.engine.functions import Function
from wedsync.workflows.engine.operators import argument_list, operator_call
from wedsync.workflows.engine.typed import KNOWN
from wedsync.workflows.engine.words import clip, expression_words, is_date, listing, path_of

LONGEST_TELLING = 600
STILL_OPEN = "… (still to be chosen)"
"""A condition, or a part of it, that says nothing yet."""


@dataclass(frozen=True, slots=True)
class Verb:
    """`asks` completes "status …", `wanted` completes "status was declined, wanted …"."""

    asks: str
    wanted: str
    opposite: str


VERBS = {
    "is": Verb("is {}", "{}", "is not"),
    "is not": Verb("is not {}", "anything but {}", "is"),
    "more": Verb("is more than {}", "more than {}", "at most"),
    "at least": Verb("is at least {}", "at least {}", "less"),
    "less": Verb("is less than {}", "less than {}", "at least"),
    "at most": Verb("is at most {}", "at most {}", "more"),
    "after": Verb("is after {}", "after {}", "on or before"),
    "on or after": Verb("is on or after {}", "on or after {}", "before"),
    "before": Verb("is before {}", "before {}", "on or after"),
    "on or before": Verb("is on or before {}", "on or before {}", "after"),
    "between": Verb("is between {} and {}", "between {} and {}", "outside"),
    "outside": Verb("is not between {} and {}", "not between {} and {}", "between"),
    "among": Verb("is one of {}", "one of {}", "not among"),
    "not among": Verb("is none of {}", "none of {}", "among"),
    "contains": Verb("contains {}", "it to contain {}", "lacks"),
    "lacks": Verb("does not contain {}", "it not to contain {}", "contains"),
    "begins": Verb("begins with {}", "it to begin with {}", "does not begin"),
    "does not begin": Verb("does not begin with {}", "another beginning than {}", "begins"),
    "ends": Verb("ends with {}", "it to end with {}", "does not end"),
    "does not end": Verb("does not end with {}", "another ending than {}", "ends"),
    "some": Verb("include one where {}", "one where {}", "none"),
    "none": Verb("include none where {}", "none where {}", "some"),
    "every": Verb("are all so that {}", "all so that {}", "not every"),
    "not every": Verb("are not all so that {}", "not all so that {}", "every"),
    "filled": Verb("is filled in", "it filled in", "empty"),
    "empty": Verb("is empty", "it empty", "filled"),
    "contains one": Verb("contains one of {}", "it to contain one of {}", "contains none"),
    "contains none": Verb("contains none of {}", "it to contain none of {}", "contains one"),
    "number": Verb("is a number", "a number", "not a number"),
    "not a number": Verb("is not a number", "it not to be a number", "number"),
    "date": Verb("is a date", "a date", "not a date"),
    "not a date": Verb("is not a date", "it not to be a date", "date"),
    "on": Verb("is on {}", "{}", "not on"),
    "not on": Verb("is not on {}", "any day but {}", "on"),
    "weekend": Verb("is at a weekend", "a day at a weekend", "working day"),
    "working day": Verb("is not at a weekend", "a day not at a weekend", "weekend"),
    "falls on": Verb("falls on a {}", "a {}", "does not fall on"),
    "does not fall on": Verb("does not fall on a {}", "any day but a {}", "falls on"),
    "yes": Verb("says yes", "yes", "not yes"),
    "not yes": Verb("does not say yes", "anything but yes", "yes"),
    "no": Verb("says no", "no", "not no"),
    "not no": Verb("does not say no", "anything but no", "no"),
    "past": Verb("is past", "it to be past", "not past"),
    "not past": Verb("is not past", "it not to be past", "past"),
    "today": Verb("is today", "today", "not today"),
    "not today": Verb("is not today", "any day but today", "today"),
    "cancelled": Verb("is cancelled", "cancelled", "not cancelled"),
    "not cancelled": Verb("is not cancelled", "anything but cancelled", "cancelled"),
    "postponed": Verb("is postponed", "postponed", "not postponed"),
    "not postponed": Verb("is not postponed", "anything but postponed", "postponed"),
    "booked": Verb("is booked", "booked", "not booked"),
    "not booked": Verb("is not booked", "anything but booked", "booked"),
    "holds": Verb("holds", "it to hold", "does not hold"),
    "does not hold": Verb("does not hold", "it not to hold", "holds"),
}

_COMPARISONS = {"==": "is", "===": "is", "!=": "is not", "!==": "is not"}
_ORDERS = {">": "more", ">=": "at least", "<": "less", "<=": "at most"}
_MIRRORED = {"more": "less", "at least": "at most", "less": "more", "at most": "at least"}
_DATED = {"more": "after", "at least": "on or after", "less": "before", "at most": "on or before"}
_DAYS = frozenset(f"wedding.{name.removeprefix('wedding.')}" for name in ANCHORS)
_TEXT_TESTS = {"starts_with": "begins", "ends_with": "ends"}
_OF_A_LIST = {"some": "some", "all": "every", "none": "none"}


@dataclass(frozen=True, slots=True)
class Inner:
    """A condition on each part of a list, told but not explained."""

    when: Any


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison as written: subject, verb, the rest; `test` is the whole of it."""

    verb: str
    subject: Any
    others: tuple[Any, ...]
    test: Any


@dataclass(frozen=True, slots=True)
class Group:
    """All of, or any of, several."""

    joined: Literal["all", "any"]
    parts: tuple["Tree", ...]


Tree: TypeAlias = Clause | Group
Naming: TypeAlias = Callable[[Any], str]
"""What a value, or what works it out, is called in a sentence."""


def parse(when: Any, *, negated: bool = False) -> Tree:
    """A condition as groups and clauses; whatever is no comparison becomes one clause."""
    call = operator_call(when)
    if call is None:
        return _settle(Clause("filled", when, (), when), negated)
    name, arguments = call
    parts = argument_list(arguments)
    if name in ("and", "or") and parts:
        joined: Literal["all", "any"] = "all" if (name == "and") != negated else "any"
        return Group(joined, tuple(parse(part, negated=negated) for part in parts))
    if name in ("!", "!!") and len(parts) == 1:
        return parse(parts[0], negated=negated != (name == "!"))
    return _settle(_clause(name, parts, when), negated)


def _settle(clause: Clause, negated: bool) -> Clause:
    if not negated:
        return clause
    opposite = VERBS[clause.verb].opposite
    return Clause(opposite, clause.subject, clause.others, {"!": [clause.test]})


def _clause(name: str, parts: list[Any], when: Any) -> Clause:
    if name in KNOWN:
        return _typed_clause(KNOWN[name], parts, when)
    if name in _COMPARISONS and len(parts) == 2:
        subject, other = _subject_first(parts)
        return Clause(_COMPARISONS[name], subject, (other,), when)
    if name in _ORDERS:
        return _order(_ORDERS[name], parts, when)
    if name == "in" and len(parts) == 2:
        needle, haystack = parts
        if path_of(needle) is None and path_of(haystack) is not None:
            return Clause("contains", haystack, (needle,), when)
        return Clause("among", needle, (haystack,), when)
    if name in _TEXT_TESTS and len(parts) == 2:
        return Clause(_TEXT_TESTS[name], parts[0], (parts[1],), when)
    if name in _OF_A_LIST and len(parts) == 2:
        return Clause(_OF_A_LIST[name], parts[0], (Inner(parts[1]),), when)
    if name in ("var", "val", "exists", "length"):
        return Clause("filled", when if name != "exists" else {"val": parts}, (), when)
    return Clause("holds", when, (), when)


def _typed_clause(function: Function, parts: list[Any], when: Any) -> Clause:
    if function.verb is None or function.count_fault(len(parts)):
        return Clause("filled" if function.verb is None else "holds", when, (), when)
    slots = VERBS[function.verb].asks.count("{}")
    return Clause(function.verb, _subject(function, parts[0]), tuple(parts[1 : 1 + slots]), when)


def _subject(function: Function, part: Any) -> Any:
    """Of the wedding, the value it is about."""
    if function.reads and operator_call(part) == ("var", "wedding"):
        return {"var": f"wedding.{function.reads[0]}"}
    return part


def _subject_first(parts: list[Any]) -> tuple[Any, Any]:
    left, right = parts
    swap = operator_call(left) is None and operator_call(right) is not None
    return (right, left) if swap else (left, right)


def _order(verb: str, parts: list[Any], when: Any) -> Clause:
    if len(parts) == 3 and verb in ("less", "at most"):
        return Clause("between", parts[1], (parts[0], parts[2]), when)
    if len(parts) != 2:
        return Clause("holds", when, (), when)
    subject, other = _subject_first(parts)
    if subject is not parts[0]:
        verb = _MIRRORED[verb]
    is_dated = is_date(other) or _is_day(subject) or _is_day(other)
    return Clause(_DATED[verb] if is_dated else verb, subject, (other,), when)


def _is_day(expression: Any) -> bool:
    """Whether an expression gives a day or an instant whatever the data: `{"var": "now"}`."""
    path = path_of(expression)
    if path is not None:
        return path == ("now",) or (path[:1] == ("wedding",) and ".".join(path) in _DAYS)
    call = operator_call(expression)
    return bool(call and call[0] in KNOWN and KNOWN[call[0]].gives.name in ("date", "day"))


def condition_words(when: Any, named: Naming = expression_words) -> str:
    """A condition as it stands: `status is accepted and party size is more than 4`. `named` says
    what the values are called."""
    if isinstance(when, bool):
        return "always" if when else "never"
    return clip(_tree_words(parse(when), named), LONGEST_TELLING)


def _tree_words(tree: Tree, named: Naming, inside: str | None = None) -> str:
    if isinstance(tree, Clause):
        return _asks(tree, named)
    said = [_tree_words(part, named, tree.joined) for part in tree.parts]
    if tree.joined == "all":
        return (" and " if inside is None else " with ").join(said)
    joined = " or ".join(said)
    return f"either {joined}" if inside == "all" else joined


def _asks(clause: Clause, named: Naming) -> str:
    if clause.subject is None or clause.subject == {}:
        return STILL_OPEN
    verb = VERBS[clause.verb]
    others = [other_words(other, named) for other in clause.others]
    return f"{named(clause.subject)} {verb.asks.format(*others)}"


def other_words(other: Any, named: Naming = expression_words) -> str:
    if isinstance(other, Inner):
        return condition_words(other.when, named)
    if isinstance(other, list):
        return listing([named(part) for part in other[:5]], "or") or "nothing"
    return named(other)


def clauses(tree: Tree) -> Iterator[Clause]:
    """Every clause, in reading order."""
    if isinstance(tree, Clause):
        yield tree
    else:
        for part in tree.parts:
            yield from clauses(part)

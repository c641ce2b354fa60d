"""What can be asked of a value, by its kind: the verbs of condition rows, in plain words.

A verb has one way of being written, and is recognised by it. Besides those offered there are such
as only come with an import (`==` on a text, say): shown in the same plain words, kept as written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from wedsync.workflows.building.conditions.compared_values import accepts
from wedsync.workflows.building.conditions.condition_patterns import (
    Found,
    head,
    is_blank,
    is_read,
    matched,
)
from wedsync.workflows.building.conditions.condition_shapes import TABLES, Input, Kind, negated
from wedsync.workflows.engine.functions import FUNCTIONS
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.words import path_of

BLANK_VERB = "anything.filled"
"""Of a row whose value was not chosen yet."""


@dataclass(frozen=True, slots=True)
class VerbChoice:
    """One verb. It is offered `in_steps`, or `in_trigger`, whose filter knows neither the present
    nor the wedding; one that is offered in neither was imported."""

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


def _written_down() -> Iterator[VerbChoice]:
    """The verbs of the tables, in their order."""
    for table in TABLES:
        for name, words, pattern, inputs in table.shapes:
            key = f"{table.kind}.{name}{table.end}"
            yield VerbChoice(
                key, words, inputs, table.kind, pattern, table.in_steps, table.in_trigger
            )


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
        denied = negated(verb.pattern)
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


def takes_money(key: str) -> bool:
    """Whether an amount of money is typed beside a verb."""
    found = VERBS.get(key)
    return found is not None and any(each.kind == "money" for each in found.inputs)


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

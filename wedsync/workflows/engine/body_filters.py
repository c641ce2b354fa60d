"""The filters a body may use: the typed functions under short names, bounded like them.

{{ wedding.date | date }}   {{ trigger.data.total | money }}   {{ guests | map: "name" | list }}
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from liquid.builtin.filters.misc import default
from liquid.undefined import Undefined

from wedsync.workflows.engine.functions import FUNCTIONS
from wedsync.workflows.engine.functions.bounds import under_way
from wedsync.workflows.engine.functions.kinds import NUMBER, Unusable, plain_number
from wedsync.workflows.engine.limits import EXPRESSION_BYTES
from wedsync.workflows.engine.shape import weight

Filter = Callable[..., Any]

_LONGEST_RANGE = 10_000

_FUNCTIONS = {
    "append": "text.of",
    "capitalize": "text.capital",
    "ceil": "number.round_up",
    "compact": "list.filled",
    "couple": "wedding.couple",
    "date": "date.format",
    "days_after": "date.add_days",
    "days_until": "date.days_until",
    "downcase": "text.lower",
    "find": "list.find",
    "first": "list.first",
    "first_names": "wedding.first_names",
    "first_word": "text.first_word",
    "floor": "number.round_down",
    "initials": "text.initials",
    "join": "text.join",
    "last": "list.last",
    "last_word": "text.last_word",
    "list": "list.in_words",
    "map": "list.pluck",
    "money": "money.format",
    "money_of": "money.of",
    "money_of_minor": "money.of_minor",
    "number": "number.format",
    "ordinal": "number.ordinal",
    "plural": "number.plural",
    "replace": "text.replace",
    "reverse": "list.reverse",
    "round": "number.round",
    "sort": "list.sort_by",
    "split": "text.split",
    "strip": "text.tidy",
    "sum": "list.sum",
    "tally": "list.tally_in_words",
    "title": "text.title",
    "truncate": "text.shorten",
    "uniq": "list.unique",
    "upcase": "text.upper",
    "weekday": "date.weekday",
    "where": "list.where",
    "yes_no": "yes_no.in_words",
}


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0


def _plus(left: Decimal, right: Decimal) -> Decimal:
    return left + right


def _minus(left: Decimal, right: Decimal) -> Decimal:
    return left - right


def _times(left: Decimal, right: Decimal) -> Decimal:
    return left * right


def _divided_by(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise Unusable("Nothing can be divided by 0.")
    return left / right


def _counting(run: Callable[[Decimal, Decimal], Decimal]) -> Filter:
    return lambda left, right: plain_number(run(NUMBER.read(left), NUMBER.read(right)))


def _function(name: str) -> Filter:
    return lambda *given: FUNCTIONS[name](given)


def _prepend(text: Any, before: Any) -> Any:
    return FUNCTIONS["text.of"]((before, text))


def _remove(text: Any, part: Any) -> Any:
    return FUNCTIONS["text.replace"]((text, part, ""))


_OWN: dict[str, Filter] = {
    "divided_by": _counting(_divided_by),
    "minus": _counting(_minus),
    "plus": _counting(_plus),
    "prepend": _prepend,
    "remove": _remove,
    "size": _size,
    "times": _counting(_times),
}


def _bounded(run: Filter) -> Filter:
    """The filter with everything it is given, and gives, counted; what is missing is an error."""

    def bounded(*given: Any, **named: Any) -> Any:
        if named:
            raise Unusable("A filter is given values without names: {{ 3 | plural: “guest” }}.")
        values = [_known(value) for value in given]
        _pay(values)
        found = run(*values)
        _pay(found)
        return found

    return bounded


def _known(value: Any) -> Any:
    if isinstance(value, Undefined):
        str(value)  # A missing value says so itself.
    if isinstance(value, range):
        if len(value) > _LONGEST_RANGE:
            raise Unusable(f"A range has at most {_LONGEST_RANGE:,} numbers.")
        return list(value)
    return value


def _pay(value: Any) -> None:
    found = weight(value)
    under_way().pay(EXPRESSION_BYTES + 1 if found is None else found)


FILTERS: dict[str, Filter] = {
    "default": default,
    **{
        name: _bounded(run)
        for name, run in {
            **{short: _function(name) for short, name in _FUNCTIONS.items()},
            **_OWN,
        }.items()
    },
}
"""Every filter by its name."""

"""`money.`: amounts in minor units with their currency, `{"amount": 125000, "currency": "EUR"}`.

Whole minor units throughout, so nothing is lost; a half rounds away from nothing. Amounts of two
currencies are never mixed.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from wedsync.workflows.engine.currencies import EXPONENTS, written
from wedsync.workflows.engine.functions.function import Group, several
from wedsync.workflows.engine.functions.kinds import (
    CURRENCY,
    LARGEST_NUMBER,
    LIST,
    MONEY,
    NUMBER,
    TEXT,
    WHOLE,
    YES_NO,
    Money,
    Unusable,
    plain_number,
)
from wedsync.workflows.engine.functions.kinds import money as read_money

money = Group("money")

MOST_PARTS = 100


def _eur(amount: int) -> dict[str, Any]:
    return Money(amount, "EUR").json


def _given(amount: Decimal | int, currency: str) -> dict[str, Any]:
    minor = int(Decimal(amount).to_integral_value(ROUND_HALF_UP))
    if abs(minor) > LARGEST_NUMBER:
        raise Unusable("The amount is too large.")
    return Money(minor, currency).json


def _same(one: Money, other: Money) -> None:
    if one.currency != other.currency:
        raise Unusable(f"An amount in {one.currency} and one in {other.currency} cannot be mixed.")


@money.function("amount of", MONEY, 12.5, "EUR", _eur(1250), amount=NUMBER, currency=CURRENCY)
def of(amount: Decimal, currency: str) -> dict[str, Any]:
    """An amount written in whole units, such as euros, with its currency."""
    return _given(amount.scaleb(EXPONENTS[currency]), currency)


@money.function(
    "amount of minor units", MONEY, 1250, "eur", _eur(1250), amount=WHOLE, currency=CURRENCY
)
def of_minor(amount: int, currency: str) -> dict[str, Any]:
    """An amount given in minor units, such as cents, as payment services send it."""
    return _given(amount, currency)


@money.function("added up", MONEY, _eur(1250), _eur(250), _eur(1500), amounts=several(MONEY))
def add(*amounts: Money) -> dict[str, Any]:
    """The sum of several amounts."""
    return _total(list(amounts))


@money.function(
    "sum of a list",
    MONEY,
    [_eur(1250), _eur(250)],
    _eur(1500),
    amounts=LIST,
    says="sum of {0}",
)
def sum_(amounts: list[Any]) -> dict[str, Any]:
    """The sum of a list of amounts."""
    return _total([read_money(amount) for amount in amounts])


def _total(amounts: list[Money]) -> dict[str, Any]:
    if not amounts:
        raise Unusable("There are no amounts to add up.")
    for amount in amounts:
        _same(amounts[0], amount)
    return _given(sum(amount.amount for amount in amounts), amounts[0].currency)


@money.function(
    "less",
    MONEY,
    _eur(1250),
    _eur(250),
    _eur(1000),
    amount=MONEY,
    other=MONEY,
    says="{0} less {1}",
)
def subtract(amount: Money, other: Money) -> dict[str, Any]:
    """One amount less another."""
    _same(amount, other)
    return _given(amount.amount - other.amount, amount.currency)


@money.function(
    "times",
    MONEY,
    _eur(1250),
    3,
    _eur(3750),
    amount=MONEY,
    factor=NUMBER,
    says="{0} times {1}",
)
def times(amount: Money, factor: Decimal) -> dict[str, Any]:
    """So many times an amount, to the nearest minor unit."""
    return _given(amount.amount * factor, amount.currency)


@money.function(
    "percent of",
    MONEY,
    _eur(9999),
    30,
    _eur(3000),
    amount=MONEY,
    percent=NUMBER,
    says="{1} per cent of {0}",
)
def percent(amount: Money, percent: Decimal) -> dict[str, Any]:
    """So many per cent of an amount, such as a deposit, to the nearest minor unit."""
    return _given(amount.amount * percent / 100, amount.currency)


@money.function(
    "split into parts", LIST, _eur(1000), 3, [_eur(334), _eur(333), _eur(333)],
    amount=MONEY, parts=WHOLE,
)  # fmt: skip
def split(amount: Money, parts: int) -> list[dict[str, Any]]:
    """So many equal instalments that sum to the amount exactly; the first take what is over."""
    if not 1 <= parts <= MOST_PARTS:
        raise Unusable(f"An amount is split into 1 to {MOST_PARTS} parts.")
    each, over = divmod(abs(amount.amount), parts)
    sign = -1 if amount.amount < 0 else 1
    sizes = [sign * (each + (place < over)) for place in range(parts)]
    return [Money(size, amount.currency).json for size in sizes]


@money.function(
    "split by percent", LIST, _eur(9999), [30, 70], [_eur(3000), _eur(6999)],
    amount=MONEY, percents=LIST,
)  # fmt: skip
def split_by_percent(amount: Money, percents: list[Any]) -> list[dict[str, Any]]:
    """Instalments of so many per cent each that sum to the amount exactly; the last takes the
    rest. The percentages make 100."""
    shares = [NUMBER.read(percent) for percent in percents]
    if not 1 <= len(shares) <= MOST_PARTS or sum(shares) != 100:
        raise Unusable("The percentages of the parts must make 100.")
    first = [_given(amount.amount * share / 100, amount.currency) for share in shares[:-1]]
    rest = amount.amount - sum(part["amount"] for part in first)
    return [*first, _given(rest, amount.currency)]


@money.function("written out", TEXT, _eur(125000), "€1,250.00", amount=MONEY)
def format_(amount: Money) -> str:
    """The amount as people read it, with the symbol or code of its currency."""
    return written(amount.amount, amount.currency)


@money.function("in whole units", NUMBER, _eur(1250), 12.5, amount=MONEY)
def in_units(amount: Money) -> int | float:
    """The amount as a number of whole units, such as euros."""
    return plain_number(Decimal(amount.amount).scaleb(-EXPONENTS[amount.currency]))


@money.function("in minor units", WHOLE, _eur(1250), 1250, amount=MONEY)
def in_minor(amount: Money) -> int:
    """The amount as a number of minor units, such as cents."""
    return amount.amount


@money.function(
    "currency",
    TEXT,
    _eur(1250),
    "EUR",
    amount=MONEY,
    says="currency of {0}",
)
def currency(amount: Money) -> str:
    """The code of the currency."""
    return amount.currency


@money.function(
    "is more than", YES_NO, _eur(1250), _eur(1000), True, verb="more", amount=MONEY, other=MONEY
)
def is_more(amount: Money, other: Money) -> bool:
    """Whether one amount is more than another of the same currency."""
    _same(amount, other)
    return amount.amount > other.amount


@money.function(
    "is less than", YES_NO, _eur(1250), _eur(1000), False, verb="less", amount=MONEY, other=MONEY
)
def is_less(amount: Money, other: Money) -> bool:
    """Whether one amount is less than another of the same currency."""
    _same(amount, other)
    return amount.amount < other.amount


@money.function(
    "is at least", YES_NO, _eur(1000), _eur(1000), True,
    verb="at least", amount=MONEY, other=MONEY,
)  # fmt: skip
def is_at_least(amount: Money, other: Money) -> bool:
    """Whether one amount is as much as another of the same currency, or more."""
    _same(amount, other)
    return amount.amount >= other.amount


@money.function(
    "is at most", YES_NO, _eur(1000), _eur(1250), True,
    verb="at most", amount=MONEY, other=MONEY,
)  # fmt: skip
def is_at_most(amount: Money, other: Money) -> bool:
    """Whether one amount is as much as another of the same currency, or less."""
    _same(amount, other)
    return amount.amount <= other.amount


@money.function(
    "is", YES_NO, _eur(1250), {"amount": 1250, "currency": "USD"}, False,
    verb="is", amount=MONEY, other=MONEY,
)  # fmt: skip
def is_(amount: Money, other: Money) -> bool:
    """Whether two amounts are the same, currency and all."""
    return amount == other

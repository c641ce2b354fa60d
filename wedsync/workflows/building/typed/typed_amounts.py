"""Numbers and amounts of money as people type them, and back.

What is shown here is always read back as the same: `1,250.5`, `£6,000`, `€12.50`.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.engine.currencies import EXPONENTS, SYMBOLS, written
from wedsync.workflows.engine.functions.kinds import LARGEST_NUMBER, plain_number
from wedsync.workflows.engine.operators import argument_list, operator_call

MINOR = "money.of_minor"
"""The function an amount is written with."""

_LONGEST = 60
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
          "eleven", "twelve")  # fmt: skip
_SPACES = str.maketrans("", "", " \t\n\r\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}'’_")
_FIGURES = re.compile(r"[+-]?[0-9][0-9.,]*")
_GROUPED = re.compile(r"[0-9]{1,3}(?P<mark>[.,])[0-9]{3}(?:(?P=mark)[0-9]{3})*")
_COUNTED = re.compile(r"(.*[0-9])\s*(?:%|per cent|guests?|people|persons?|days?|times|items?)")
_CODE = re.compile(r"(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])")
_NAMES = {"pounds": "GBP", "pound": "GBP", "euros": "EUR", "euro": "EUR", "dollars": "USD",
          "dollar": "USD", "francs": "CHF", "yen": "JPY"}  # fmt: skip
_SHARED_MARKS = {"$": "USD", "¥": "JPY"}


def read_number(typed: str) -> int | float:
    """`1,250`, `1 250`, `12.5`, `1,5`, `ten`, `10 guests`. Raises NotReadable."""
    text = " ".join(typed.lower().split())
    if text in _WORDS:
        return _WORDS.index(text)
    counted = _COUNTED.fullmatch(text) if len(text) <= _LONGEST else None
    number = _decimal(counted[1] if counted else text)
    found = plain_number(number)
    if Decimal(str(found)) != number:
        raise NotReadable("That number has more figures than can be kept exactly.")
    return found


def shown_number(number: int | float) -> str:
    """`1,250.5`."""
    return f"{Decimal(str(number)).normalize() + 0:,f}"


def _decimal(typed: str) -> Decimal:
    text = typed.translate(_SPACES).replace("−", "-")
    if len(text) > _LONGEST or not _FIGURES.fullmatch(text):
        raise NotReadable("Write a number in figures, like 12 or 1,250.50.")
    sign, figures = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    number = Decimal(sign + _with_a_point(figures))
    if abs(number) > LARGEST_NUMBER:
        raise NotReadable("That number is too large.")
    return number


def _with_a_point(figures: str) -> str:
    """`1,250.5`, `1.250,5` and `1250,5` are `1250.5`."""
    marks = [mark for mark in figures if mark in ".,"]
    if not marks:
        return figures
    last = marks[-1]
    if marks.count(last) > 1 or (last == "," and len(marks) == 1 and _is_thousands(figures)):
        whole, part = figures, ""
    else:
        whole, _, part = figures.rpartition(last)
    if any(mark in whole for mark in ".,") and not _GROUPED.fullmatch(whole):
        raise NotReadable("Write the number with a point before its decimals, like 1,250.50.")
    return f"{whole.replace('.', '').replace(',', '')}.{part or 0}"


def _is_thousands(figures: str) -> bool:
    """`6,000` is six thousand, `0,125` an eighth."""
    return _GROUPED.fullmatch(figures) is not None and not figures.startswith("0")


def read_money(typed: str, usual: str | None = None) -> dict[str, Any]:
    """`£6,000`, `6000 EUR`, `1.250,50 €`; without a currency it is the `usual` one. Gives the
    amount as an expression. Raises NotReadable."""
    text = " ".join(typed.split())
    if len(text) > _LONGEST:
        raise NotReadable("Write an amount like £6,000 or 6,000 EUR.")
    currency, figures = _currency(text, usual)
    if currency is None:
        raise NotReadable("Which currency? Write it like £6,000 or 6,000 EUR.")
    return {MINOR: [_minor(_amount(figures), currency), currency]}


def _amount(figures: str) -> Decimal:
    try:
        return _decimal(figures)
    except NotReadable:
        raise NotReadable("Write an amount like £6,000 or 6,000 EUR.") from None


def _minor(amount: Decimal, currency: str) -> int:
    minor = amount.scaleb(EXPONENTS[currency])
    if minor != int(minor):
        raise NotReadable(f"An amount in {currency} has {_places(EXPONENTS[currency])}.")
    if abs(minor) > LARGEST_NUMBER:
        raise NotReadable("That amount is too large.")
    return int(minor)


def _places(digits: int) -> str:
    return f"at most {digits} decimals" if digits else "no decimals"


def _currency(text: str, usual: str | None) -> tuple[str | None, str]:
    """The currency and what is left of the text; the usual one where none is named."""
    for mark, code in _marks(usual):
        if mark in text:
            return code, text.replace(mark, "", 1)
    for name, code in _NAMES.items():
        if text.lower().endswith(f" {name}"):
            return code, text[: -len(name)]
    found = _CODE.search(text)
    if found is None:
        return usual, text
    code = found[0].upper()
    if code not in EXPONENTS:
        raise NotReadable(f"“{found[0]}” is not a currency; write GBP, EUR or USD, for example.")
    return code, text[: found.start()] + text[found.end() :]


def _marks(usual: str | None) -> Iterator[tuple[str, str]]:
    """Signs of currencies, the longest first; one that several share is the usual one's."""
    yield from sorted(
        ((mark, code) for code, mark in SYMBOLS.items()), key=lambda one: -len(one[0])
    )
    for mark, code in _SHARED_MARKS.items():
        mine = usual is not None and SYMBOLS.get(usual, "").endswith(mark)
        yield mark, usual if mine and usual else code


def money_of(expression: Any) -> tuple[int, str] | None:
    """The minor units and currency of an amount written down; None for anything else."""
    call = operator_call(expression)
    parts = argument_list(call[1]) if call and call[0] == MINOR else []
    if len(parts) != 2 or type(parts[0]) is not int or abs(parts[0]) > LARGEST_NUMBER:
        return None
    amount, currency = parts
    return (amount, currency) if isinstance(currency, str) and currency in EXPONENTS else None


def shown_money(amount: int, currency: str) -> str:
    """`£6,000`, `€12.50`: no decimals where there is nothing after the point."""
    said, digits = written(amount, currency), EXPONENTS[currency]
    return said.removesuffix("." + "0" * digits) if digits else said

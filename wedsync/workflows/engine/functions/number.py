"""`number.`: counting and measuring, exact to the last digit (half rounds away from nothing)."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from wedsync.workflows.engine.functions.function import Group, optional
from wedsync.workflows.engine.functions.kinds import (
    ANY,
    NUMBER,
    TEXT,
    WHOLE,
    YES_NO,
    Unusable,
    plain_number,
    shown,
)
from wedsync.workflows.engine.functions.kinds import number as read_number

number = Group("number")

MOST_PLACES = 10
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def rounded(value: Decimal, places: int, way: str = ROUND_HALF_UP) -> Decimal:
    if not 0 <= places <= MOST_PLACES:
        raise Unusable(f"A number is rounded to 0 to {MOST_PLACES} places.")
    return value.quantize(Decimal(1).scaleb(-places), rounding=way)


def grouped(value: Decimal, places: int | None) -> str:
    """`1,250` or `1,250.50`; without `places` as many as there are, at most ten."""
    if places is None:
        found = rounded(value, MOST_PLACES).normalize()
        return f"{found:,f}"
    return f"{rounded(value, places):,f}"


@number.function("read from text", NUMBER, "1,250.50 guests", 1250.5, text=TEXT)
def read(text: str) -> int | float:
    """The first number in a text; commas between thousands are left out."""
    kept = "".join(c if c.isdecimal() or c in ".-" else "" if c == "," else " " for c in text)
    for word in kept.split():
        figures = word.rstrip(".-")
        if any(c.isdecimal() for c in figures):
            return plain_number(read_number(figures))
    raise Unusable(f"There is no number in {shown(text)}.")


@number.function("is a number", YES_NO, "twelve", False, verb="number", value=ANY)
def is_number(value: object) -> bool:
    """Whether a value is a number, or a text that is nothing but one."""
    try:
        read_number(value)
    except Unusable:
        return False
    return True


@number.function(
    "rounded",
    NUMBER,
    2.345,
    2,
    2.35,
    number=NUMBER,
    places=optional(WHOLE, 0),
    says="{0} rounded",
)
def round_(number: Decimal, places: int) -> int | float:
    """The number to so many places, a half going up."""
    return plain_number(rounded(number, places))


@number.function(
    "rounded up",
    NUMBER,
    12.1,
    13,
    number=NUMBER,
    places=optional(WHOLE, 0),
    says="{0} rounded up",
)
def round_up(number: Decimal, places: int) -> int | float:
    """The next number above, to so many places."""
    return plain_number(rounded(number, places, ROUND_CEILING))


@number.function(
    "rounded down",
    NUMBER,
    12.9,
    12,
    number=NUMBER,
    places=optional(WHOLE, 0),
    says="{0} rounded down",
)
def round_down(number: Decimal, places: int) -> int | float:
    """The next number below, to so many places."""
    return plain_number(rounded(number, places, ROUND_FLOOR))


@number.function(
    "is between", YES_NO, 60, 50, 80, True, verb="between",
    number=NUMBER, lowest=NUMBER, highest=NUMBER,
)  # fmt: skip
def between(number: Decimal, lowest: Decimal, highest: Decimal) -> bool:
    """Whether a number lies between two others, both included."""
    return lowest <= number <= highest


@number.function(
    "kept between", NUMBER, 120, 0, 100, 100, number=NUMBER, lowest=NUMBER, highest=NUMBER
)
def keep_between(number: Decimal, lowest: Decimal, highest: Decimal) -> int | float:
    """The number, or the nearest one that is not below or above two others."""
    return plain_number(max(lowest, min(number, highest)))


@number.function(
    "percent of",
    NUMBER,
    30,
    250,
    75,
    percent=NUMBER,
    number=NUMBER,
    says="{0} per cent of {1}",
)
def percent_of(percent: Decimal, number: Decimal) -> int | float:
    """So many per cent of a number."""
    return plain_number(percent * number / 100)


@number.function(
    "as per cent of",
    NUMBER,
    45,
    60,
    75,
    part=NUMBER,
    whole=NUMBER,
    says="{0} as per cent of {1}",
)
def share(part: Decimal, whole: Decimal) -> int | float:
    """How many per cent one number is of another, to two places."""
    if not whole:
        raise Unusable("Nothing can be said as per cent of 0.")
    return plain_number(rounded(part * 100 / whole, 2))


@number.function(
    "with separators", TEXT, 1250.5, 2, "1,250.50", number=NUMBER, places=optional(WHOLE)
)
def format_(number: Decimal, places: int | None) -> str:
    """The number as people read it, thousands set apart."""
    return grouped(number, places)


@number.function("in its place", TEXT, 22, "22nd", number=WHOLE)
def ordinal(number: int) -> str:
    """The number as a place in a row."""
    teen = 10 <= abs(number) % 100 <= 20
    return f"{number:,}{'th' if teen else _ENDINGS.get(abs(number) % 10, 'th')}"


@number.function(
    "with its noun", TEXT, 3, "guest", "3 guests", number=NUMBER, one=TEXT, many=optional(TEXT)
)
def plural(number: Decimal, one: str, many: str | None) -> str:
    """The number with the right form of a noun; the second form only where -s will not do."""
    return f"{grouped(number, None)} {one if number == 1 else many or f'{one}s'}"

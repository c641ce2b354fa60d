"""What a row of a batch can cause, so that it is found and set aside and the others go on.

Everything else (a lost connection, a lock) is of the moment: it is tried again whole. A row that
kills whoever takes it up raises nothing. Rows that were beside a death are suspects: a few of them
are taken up by themselves, those of two deaths one at a time, and the first one that is done clears
it. What has died often enough is set aside unread.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError

from wedsync.platform import crypto

CULPABLE = (
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    crypto.Unsealable,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
)
"""To be caught, and raised again where `is_of_the_moment`."""

SUSPECTS_AT_ONCE = 16
FEWEST_DEATHS = 3
"""Before that a row was not alone each time."""

_LIMITS = "54"


def is_of_the_moment(error: BaseException) -> bool:
    """Whether no row is to blame. Limits of the database (SQLSTATE class 54, like the longest
    value an index holds) are told like a lost connection, but never go away by themselves."""
    if not isinstance(error, OperationalError):
        return False
    state: str | None = getattr(error.orig, "sqlstate", None)
    return not (state or "").startswith(_LIMITS)


def sorted_out(
    rows: Sequence[Row[Any]], deaths_before_parking: int
) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """Which claimed rows to take up together, and which to set aside; the others stay due.

    Each row says its `deaths`, how many owners died while at it.
    """
    suspects = [row for row in rows if row.deaths]
    if not suspects:
        return list(rows), []
    most = max(deaths_before_parking, FEWEST_DEATHS)
    hopeless = [row for row in suspects if row.deaths >= most]
    if hopeless:
        return [], hopeless
    worst = max(suspects, key=lambda row: int(row.deaths))
    return ([worst] if worst.deaths > 1 else suspects[:SUSPECTS_AT_ONCE]), []

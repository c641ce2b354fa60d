"""What a row of a batch can cause, so that it is found and set aside and the others go on.

Everything else (a lost connection, a lock) is of the moment: it is tried again whole. A row that
kills whoever takes it up raises nothing. Rows that were beside a death are suspects: a few of them
are taken up by themselves, those of two deaths one at a time, and the first one that is done clears
it. What has died often enough is set aside unread.

A statement that takes longer than one may, or what is done between two of them, is of the moment a
few times (`Patience`). The latter ends the session: what was begun in it cannot be gone on with.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from wedsync.platform import crypto

CULPABLE = (
    DataError,
    IntegrityError,
    InternalError,
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
"""To be caught, and raised again where `Patience` says so."""

SUSPECTS_AT_ONCE = 16
FEWEST_DEATHS = 3
"""Before that a row was not alone each time."""

TRIES_OF_A_SLOW_BATCH = 3

_TOLD_BY_STATE = (OperationalError, InternalError)

_LIMITS = "54"
_TOO_SLOW = frozenset({"57014", "25P03"})


class Patience:
    """What one drain makes of an error. Used by one thread.

    A batch that takes too long is tried whole a few times, since the database may be busy with
    something else. When it still does, its rows are taken one by one, and the one that takes too
    long alone is to blame.
    """

    def __init__(self) -> None:
        self._slow_tries = 0

    def blames(self, error: BaseException) -> bool:
        """Whether a row of the batch is to blame, so that they are to be taken one by one."""
        if took_too_long(error):
            self._slow_tries += 1
        return self.blames_it(error)

    def blames_it(self, error: BaseException) -> bool:
        """Whether the row is to blame that was taken alone."""
        if took_too_long(error):
            return self.is_out
        return not _is_of_the_moment(error)

    @property
    def is_out(self) -> bool:
        """Whether what takes too long is looked for."""
        return self._slow_tries >= TRIES_OF_A_SLOW_BATCH

    def restore(self) -> None:
        """A batch could be written."""
        self._slow_tries = 0


def took_too_long(error: BaseException) -> bool:
    """Whether a statement, or what was done between two, took longer than it may."""
    return isinstance(error, _TOLD_BY_STATE) and _state(error) in _TOO_SLOW


def _is_of_the_moment(error: BaseException) -> bool:
    """Whether no row is to blame. Limits of the database (SQLSTATE class 54, like the longest
    value an index holds) are told like a lost connection, but never go away by themselves."""
    return isinstance(error, _TOLD_BY_STATE) and not _state(error).startswith(_LIMITS)


def _state(error: OperationalError | InternalError) -> str:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state or ""


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

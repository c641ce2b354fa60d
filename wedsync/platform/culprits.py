"""What a row of a batch can cause, so that it is found and set aside and the others go on.

Everything else (a lost connection, a lock) is of the moment: it is tried again whole.
"""

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

_LIMITS = "54"


def is_of_the_moment(error: BaseException) -> bool:
    """Whether no row is to blame. Limits of the database (SQLSTATE class 54, like the longest
    value an index holds) are told like a lost connection, but never go away by themselves."""
    if not isinstance(error, OperationalError):
        return False
    state: str | None = getattr(error.orig, "sqlstate", None)
    return not (state or "").startswith(_LIMITS)

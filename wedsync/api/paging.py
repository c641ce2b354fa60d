"""Pages that stay put under inserts: a cursor names the last row seen, not a number of rows."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from wedsync.api.schemas.base import PageQuery
from wedsync.errors import FieldError, Invalid

Row = TypeVar("Row")
_VERSION = b"\x01"


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """The rows of one page and the cursor of the next, None on the last page."""

    rows: Sequence[Row]
    next_cursor: str | None


def page(
    query: PageQuery,
    fetch: Callable[[UUID | None, int], Sequence[Row]],
    id_of: Callable[[Row], UUID],
) -> Slice[Row]:
    """Fetch one page; `fetch(before, limit)` gives rows older than the id `before`."""
    before = read_cursor(query.cursor) if query.cursor is not None else None
    rows = fetch(before, query.limit + 1)
    if len(rows) <= query.limit:
        return Slice(rows, None)
    kept = rows[: query.limit]
    return Slice(kept, write_cursor(id_of(kept[-1])))


def write_cursor(last: UUID) -> str:
    """An opaque text for the last row of a page."""
    return base64.urlsafe_b64encode(_VERSION + last.bytes).rstrip(b"=").decode()


def read_cursor(cursor: str) -> UUID:
    """The row a cursor names. Raises Invalid for anything we did not write."""
    try:
        read = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if len(read) == 17 and read[:1] == _VERSION:
            return UUID(bytes=read[1:])
    except (binascii.Error, ValueError):
        pass  # told below, like a cursor of another length
    problem = "This cursor is not one of ours. Begin again without it."
    raise Invalid(problem, errors=[FieldError("/query/cursor", "cursor", problem)])

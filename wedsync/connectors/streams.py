"""Reading a partner's list that grows: the next request, and what is new in its answer.

A cursor is `{"at", "seen"}`: the position of the last record read (None: none yet) and the ids of
those at that very position, which may be listed again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from wedsync.connectors import answers
from wedsync.connectors.contract import Access, Failed
from wedsync.connectors.filling import NotFilled, reached
from wedsync.connectors.manifest import StreamEntry
from wedsync.connectors.rest import request_of
from wedsync.connectors.scrubbing import scrubbed
from wedsync.platform.outbound import Outcome, Request

Cursor = Mapping[str, Any]

MAX_PAGE_BYTES = 4 * 1024 * 1024

_MOST_SEEN = 10_000
_LONGEST_ID = 200  # of a position too: both are kept with the cursor
_UNREADABLE = "Their list could not be read: {}."


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer brought: the new records with their ids, oldest first, the cursor after
    them, and what names the next page, if they said."""

    records: tuple[tuple[str, Any], ...]
    cursor: Cursor
    next_page: str | int | None = None


def first_cursor(stream: StreamEntry, now: datetime) -> Cursor:
    """Where a stream begins that was never looked at."""
    instant = now.astimezone(UTC)
    starts = {
        "now": instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "now_in_seconds": int(instant.timestamp()),
        "all": None,
    }
    return {"at": starts[stream.starts], "seen": []}


def request(
    stream: StreamEntry, access: Access, cursor: Cursor, page: Any, timeout_s: float
) -> Request | Failed:
    """The request for what came after `cursor`, or for a page that was named."""
    roots = {"cursor": {"at": cursor["at"], "page": page}}
    try:
        filled = request_of(stream.request, access, roots, timeout_s=timeout_s)
    except NotFilled as refused:
        return Failed("permanent", "request_invalid", refused.detail)
    return replace(filled, max_answer_bytes=MAX_PAGE_BYTES)


def read(stream: StreamEntry, access: Access, cursor: Cursor, outcome: Outcome) -> Page | Failed:
    """What is new in an answer since `cursor`, without the connection's credentials in it."""
    answer = scrubbed(answers.read(outcome), access)
    if isinstance(answer, Failed):
        return answer
    listed = reached(answer.output, stream.records)
    if not isinstance(listed, list):
        return _unreadable("there is no list in it")
    new: list[tuple[str, Any]] = []
    for record in listed:
        record_id, at = _place(stream, record)
        if record_id is None or at is None:
            return _unreadable("a record in it has no id or no position")
        step = _order(cursor["at"], at)
        if step is None:
            return _unreadable("the positions in it cannot be compared")
        if step < 0 or (step == 0 and record_id in cursor["seen"]):
            continue
        seen = [*cursor["seen"], record_id] if step == 0 else [record_id]
        if len(seen) > _MOST_SEEN:
            return _unreadable("too many records are at one position")
        cursor = {"at": at, "seen": seen}
        new.append((record_id, record))
    return Page(tuple(new), cursor, _next_page(stream, answer.output))


def _next_page(stream: StreamEntry, output: Any) -> str | int | None:
    named = reached(output, stream.next_path) if stream.next_path else None
    return named if isinstance(named, str | int) and named is not False and named != "" else None


def _place(stream: StreamEntry, record: Any) -> tuple[str | None, str | int | float | None]:
    found, at = reached(record, stream.id_path), reached(record, stream.at_path)
    record_id = str(found) if isinstance(found, str | int) and found != "" else None
    if record_id is None or len(record_id) > _LONGEST_ID or isinstance(at, bool):
        return None, None
    if not isinstance(at, str | int | float) or len(str(at)) > _LONGEST_ID:
        return record_id, None
    return record_id, at


def _order(before: Any, at: str | int | float) -> int | None:
    """Whether `at` lies behind (-1), at (0) or after (1) a position; None for another kind."""
    if before is None:
        return 1
    if isinstance(before, str) != isinstance(at, str):
        return None
    return int(at > before) - int(at < before)


def _unreadable(what: str) -> Failed:
    return Failed("permanent", "answer_unreadable", _UNREADABLE.format(what))

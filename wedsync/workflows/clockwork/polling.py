"""The drain `polls`: look at partners' lists when it is time, a few at once, whoever hangs.

The request leaves through the outbound door on a thread of its own, no transaction open. Each page
is kept before the next is asked for; a death in between loses nothing and doubles nothing, since
records and cursor are one transaction.

A connector boundary, where whatever is raised is caught: it becomes the end of its own look.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row

from wedsync import connectors
from wedsync.connections import access as connections
from wedsync.connections import permissions, standing
from wedsync.connections.credentials import Executor
from wedsync.connections.limits import beside_runs
from wedsync.connections.means import Means, manifest_of
from wedsync.connectors import streams
from wedsync.connectors.contract import Access, Failed
from wedsync.connectors.manifest import Manifest, StreamEntry
from wedsync.connectors.streams import Page
from wedsync.events import records
from wedsync.events.records import Record
from wedsync.events.service import problem_with_data
from wedsync.platform import clock, leaves, outbound
from wedsync.platform.leases import OwnerLock
from wedsync.platform.outbound import Request
from wedsync.platform.rounds import keep_round
from wedsync.platform.vault import Vault
from wedsync.settings import Settings
from wedsync.workflows.clockwork import poll_timers

AT_ONCE = 16
AT_ONCE_OF_ONE_ORGANIZATION = 2
MOST_RECORDS = 1_000
MOST_PAGES = 50
TIMEOUT_S = 30.0
WORTH_WAITING_S = 10.0
"""For further calls, in the middle of a list and all in all: it may have more pages than may be
asked for at once."""

_LOOK_S = 0.2
_SOON = timedelta(seconds=5)
_WHILE_CLOSED = timedelta(minutes=5)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Lease:
    """Until when a look is ours; each page that is kept lengthens it."""

    until: datetime


@dataclass(frozen=True, slots=True)
class _Look:
    """A claimed look: its stream, and the connection opened for it."""

    row: Row[Any]
    lease: _Lease
    connection_id: UUID
    stream: StreamEntry
    access: Access
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a look ended. `wait` is until the next one, None for the usual time; `full` says that it
    took as much as one may."""

    wait: timedelta | None = None
    error: Failed | None = None
    full: bool = False


@dataclass(frozen=True, slots=True)
class _PutOff:
    """A look that saw nothing, as there was no call for it; another comes after `wait`."""

    wait: timedelta


class Polls:
    """Looks for every organization; one per worker process. `ring` tells that events came."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        settings: Settings,
        owner: OwnerLock,
        ring: Callable[[], object],
    ) -> None:
        self._means = Means(engine, vault, settings)
        self._owner = owner
        self._ring = ring
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="polls")
        self._closing = threading.Event()
        self._going: dict[Future[None], UUID] = {}

    def work(self, stopping: threading.Event) -> None:
        """Begin what is due while there is room, and come back when nothing ends soon."""
        keep_round(self._going, self._begin, stopping, look_s=_LOOK_S)

    @property
    def is_looking(self) -> bool:
        """Whether an answer is still awaited."""
        return bool(self._going)

    def close(self) -> None:
        """Let what is under way come home."""
        self._closing.set()
        self._pool.shutdown()

    def _begin(self) -> None:
        while len(self._going) < AT_ONCE and (owner := self._owner.id) is not None:
            with self._means.engine.begin() as connection:
                row = poll_timers.claim(connection, owner, self._full(), clock.now())
            if row is None:
                return
            self._going[self._pool.submit(self._look, row)] = row.organization_id

    def _full(self) -> Sequence[UUID]:
        going = Counter(self._going.values())
        return [each for each, many in going.items() if many >= AT_ONCE_OF_ONE_ORGANIZATION]

    def _look(self, row: Row[Any]) -> None:
        lease = _Lease(row.lease_until)
        ended = self._looked(row, lease)
        with self._means.engine.begin() as connection:
            if isinstance(ended, _PutOff):
                poll_timers.put_off(connection, row, lease.until, clock.now(), ended.wait)
                return
            poll_timers.end(
                connection,
                row,
                lease.until,
                clock.now(),
                wait=ended.wait,
                error=_error_document(ended.error),
                full=ended.full,
            )

    def _looked(self, row: Row[Any], lease: _Lease) -> _Ended | _PutOff:
        try:
            with self._means.engine.begin() as connection:
                look = _opened(connection, self._means, row, lease)
            return self._read(look) if isinstance(look, _Look) else look
        except Exception:
            log.exception("a look of workflow %s broke off", row.workflow_id)
            return _Ended(error=_BROKE_OFF)

    def _read(self, look: _Look) -> _Ended | _PutOff:
        """Page after page until nothing is new."""
        cursor = since = look.row.cursor or streams.first_cursor(look.stream, clock.now())
        if look.row.cursor is None and look.stream.starts != "all":
            return self._kept(look, Page((), cursor))
        page_name, taken = None, 0
        named: set[Any] = set()
        begun_at = time.monotonic()
        for _ in range(MOST_PAGES):
            asked = since if page_name is not None else cursor
            has_begun = bool(taken or named)
            wait_s = self._has_to_wait_s(look, begun_at + has_begun * WORTH_WAITING_S)
            if wait_s is not None:
                wait = timedelta(seconds=wait_s)
                return _Ended(wait) if has_begun else _PutOff(wait)
            page = self._ask(look, asked, cursor, page_name)
            if isinstance(page, Failed):
                return self._failed(look, page)
            ended = self._kept(look, page)
            taken += len(page.records)
            if ended.error is not None or not (page.records or page.next_page):
                return ended
            if page.next_page in named:
                return _Ended(error=_IN_A_CIRCLE)
            if taken >= MOST_RECORDS:
                break
            named = set() if page.next_page is None else {*named, page.next_page}
            cursor, page_name = page.cursor, page.next_page
            since = since if page_name is not None else cursor
        return _Ended(timedelta() if taken else None, full=True)

    def _ask(
        self, look: _Look, asked: streams.Cursor, cursor: streams.Cursor, page_name: Any
    ) -> Page | Failed:
        request = streams.request(look.stream, look.access, asked, page_name, TIMEOUT_S)
        if not isinstance(request, Request):
            return request
        outcome = outbound.request(request)
        place = (look.row.organization_id, look.connection_id)
        beside_runs.heard(self._means.engine, *place, look.manifest.limits, outcome)
        return streams.read(look.stream, look.access, cursor, outcome)

    def _has_to_wait_s(self, look: _Look, until: float) -> float | None:
        """How long actions need what calls there are, or the far end wants to be left alone; None
        when a call was taken, if need be after waiting for it, `until` then."""
        place = (look.row.organization_id, look.connection_id)
        while (wait_s := beside_runs.wait_s(self._means.engine, *place, look.manifest)) is not None:
            if time.monotonic() + wait_s > until or self._closing.wait(wait_s):
                return wait_s
        return None

    def _kept(self, look: _Look, page: Page) -> _Ended:
        """Keep a page's records with the cursor after them, while the look is still ours."""
        good, refused = _sorted_out(page)
        with self._means.engine.begin() as connection:
            until = poll_timers.advance(connection, look.row, look.lease.until, page.cursor)
            if until is None:
                return _Ended(error=_NOT_WANTED)
            stored = self._store(connection, look, good)
        look.lease.until = until
        if stored:
            self._ring()
        return _Ended(error=refused)

    def _store(self, connection: Connection, look: _Look, good: Sequence[Record]) -> int:
        organization_id = look.row.organization_id
        if good and look.stream.sensitive:
            key = self._means.vault.data_key(connection, organization_id)
            paths = look.stream.sensitive
            good = [
                Record(each.id, leaves.seal_at(each.data, paths, organization_id, key))
                for each in good
            ]
        return records.accept(
            connection,
            organization_id,
            look.connection_id,
            look.stream.event_type,
            good,
            polled_by=look.row.workflow_id,
            now=clock.now(),
        )

    def _failed(self, look: _Look, failed: Failed) -> _Ended:
        if failed.kind == "auth":
            with self._means.engine.begin() as connection:
                place = (look.row.organization_id, look.connection_id)
                connections.refused(connection, *place, look.access.generation)
            return _Ended(_SOON, failed)
        wait = None if failed.retry_after_s is None else timedelta(seconds=failed.retry_after_s)
        return _Ended(wait, failed)


_NOT_WANTED = Failed("not_sent", "not_wanted", "The workflow changed while we looked.")
_BROKE_OFF = Failed("maybe", "look_broke_off", "Something went wrong on our side while we looked.")
_IN_A_CIRCLE = Failed(
    "permanent",
    "list_in_a_circle",
    "Their list names a page as the next one that we had seen just before, so we stopped there.",
)


def _opened(connection: Connection, means: Means, row: Row[Any], lease: _Lease) -> _Look | _Ended:
    """The claimed look ready to begin, or why it cannot be."""
    connection_id = UUID(row.plan["connection"])
    found = standing.find(connection, row.organization_id, connection_id)
    if found is None or found.state == "deleted":
        return _closed("connection_gone", "The connection this workflow looks at was removed.")
    known = streams_of(connection, found)
    stream = next((each for each in known if each.key == row.plan["stream"]), None)
    if stream is None:
        return _closed("stream_unknown", f"“{found.name}” has no such list any more.")
    if permissions.lacking(found.scopes, manifest_of(connection, found), stream.key):
        return _closed(
            "permission_missing",
            f"“{found.name}” is not allowed to see this list. Ask for the permission on its page.",
        )
    access = connections.open_for_work(
        connection, means.vault, means.settings, row.organization_id, connection_id
    )
    if isinstance(access, Access):
        return _Look(row, lease, connection_id, stream, access, manifest_of(connection, found))
    failed = Failed("not_sent", "connection", access.message)
    return _Ended(_WHILE_CLOSED if access.gone else _SOON, failed)


def streams_of(executor: Executor, row: Row[Any]) -> tuple[StreamEntry, ...]:
    """The lists of a connection's service, by its version of the manifest and ours of today."""
    ours = connectors.manifests().get(row.slug)
    found = {stream.key: stream for stream in (ours.streams if ours else ())}
    found |= {stream.key: stream for stream in manifest_of(executor, row).streams}
    return tuple(found.values())


def _closed(code: str, message: str) -> _Ended:
    return _Ended(_WHILE_CLOSED, Failed("permanent", code, message))


def _sorted_out(page: Page) -> tuple[list[Record], Failed | None]:
    """The records that can be kept, and a word about those that cannot."""
    problems = [problem_with_data(data) for _, data in page.records]
    good = [
        Record(record_id, data)
        for (record_id, data), problem in zip(page.records, problems, strict=True)
        if problem is None
    ]
    refused = [problem for problem in problems if problem is not None]
    if not refused:
        return good, None
    count = "One record was" if len(refused) == 1 else f"{len(refused)} records were"
    return good, Failed("permanent", "record_refused", f"{count} left out. {refused[0]}")


def _error_document(failed: Failed | None) -> dict[str, str] | None:
    return {"code": failed.code, "message": failed.message} if failed else None

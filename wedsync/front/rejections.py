"""What hooks refused and when they were last used: counted here, written every five seconds.

A flood of refusals costs the database one statement per five seconds, and its tenth is the last
one kept as an example.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import psycopg

from wedsync.front.hook_cache import KnownHook
from wedsync.front.limits import Limits
from wedsync.front.link import DatabaseAway, Link
from wedsync.platform import clock, documents
from wedsync.webhooks.hooks.shown_headers import shown

SAMPLES = 10

# The join passes over hooks that were deleted meanwhile.
_COUNT = (
    "INSERT INTO hook_rejections (hook_id, code, organization_id, count, last_at)"
    " SELECT h.id, t.code, h.organization_id, t.count, t.last_at"
    " FROM unnest(%b::uuid[], %b::text[], %b::bigint[], %b::timestamptz[])"
    " AS t (hook_id, code, count, last_at) JOIN hooks h ON h.id = t.hook_id"
    " ORDER BY h.id, t.code"
    " ON CONFLICT (hook_id, code) DO UPDATE SET"
    " count = hook_rejections.count + excluded.count,"
    " last_at = greatest(hook_rejections.last_at, excluded.last_at)"
)
_SAMPLE = (
    "INSERT INTO hook_rejection_samples"
    " (hook_id, organization_id, code, headers, size, created_at)"
    " SELECT h.id, h.organization_id, t.code, t.headers::jsonb, t.size, t.at"
    " FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::bigint[], %b::timestamptz[])"
    " WITH ORDINALITY AS t (hook_id, code, headers, size, at, number)"
    " JOIN hooks h ON h.id = t.hook_id ORDER BY t.number"
)
_PRUNE = (
    "DELETE FROM hook_rejection_samples s USING unnest(%b::uuid[]) AS t (hook_id)"
    " WHERE s.hook_id = t.hook_id AND s.id NOT IN (SELECT latest.id"
    " FROM hook_rejection_samples latest WHERE latest.hook_id = t.hook_id"
    f" ORDER BY latest.id DESC LIMIT {SAMPLES})"
)
_SEEN = (
    "UPDATE hooks h SET last_seen_at = greatest(h.last_seen_at, t.last_seen_at),"
    " shaken_at = greatest(h.shaken_at, t.shaken_at), conflicts = h.conflicts + t.conflicts"
    " FROM unnest(%b::uuid[], %b::timestamptz[], %b::timestamptz[], %b::bigint[])"
    " AS t (hook_id, last_seen_at, shaken_at, conflicts) WHERE h.id = t.hook_id"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Sample:
    code: str
    headers: str
    size: int
    at: datetime


@dataclass(slots=True)
class _Notes:
    """What is known of one hook since the last write."""

    refused: Counter[str] = field(default_factory=Counter)
    refused_at: dict[str, datetime] = field(default_factory=dict)
    samples: deque[_Sample] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    last_seen_at: datetime | None = None
    shaken_at: datetime | None = None
    conflicts: int = 0


class Rejections:
    """Notes by hook. Only hooks that exist are noted, so strangers cannot make this grow."""

    def __init__(self, link: Link, limits: Limits) -> None:
        self._link = link
        self._every_s = limits.noted_every_s
        self._notes: dict[UUID, _Notes] = {}

    def refused(
        self, hook: KnownHook, code: str, pairs: Iterable[tuple[bytes, bytes]], size: int
    ) -> None:
        """Note a refusal: its code, its masked headers and its size, never its body."""
        notes, now = self._of(hook), clock.now()
        notes.refused[code] += 1
        notes.refused_at[code] = now
        headers = documents.write(shown(pairs, hook.masked)).decode()
        notes.samples.append(_Sample(code, headers, size, now))

    def accepted(self, hook: KnownHook, at: datetime, *, conflict: bool) -> None:
        """Note that something was taken; `conflict` when an id came again with another body."""
        notes = self._of(hook)
        notes.last_seen_at = at
        notes.conflicts += conflict

    def shaken(self, hook: KnownHook, at: datetime) -> None:
        """Note that a sender got the echo it asked for."""
        notes = self._of(hook)
        notes.last_seen_at = notes.shaken_at = at

    async def run(self) -> None:
        """Write every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.write()

    async def write(self) -> None:
        """Write what was noted. What cannot be written now is let go: it only counts refusals."""
        notes, self._notes = self._notes, {}
        if not notes:
            return
        try:
            await self._write_refusals(notes)
            await self._write_uses(notes)
        except (DatabaseAway, psycopg.Error) as error:
            log.warning("counts of %d hooks were not written: %s", len(notes), type(error).__name__)

    async def _write_refusals(self, notes: dict[UUID, _Notes]) -> None:
        counts = [
            (hook_id, code, count, of_hook.refused_at[code])
            for hook_id, of_hook in notes.items()
            for code, count in of_hook.refused.items()
        ]
        if not counts:
            return
        samples = [
            (hook_id, sample.code, sample.headers, sample.size, sample.at)
            for hook_id, of_hook in notes.items()
            for sample in of_hook.samples
        ]
        await self._link.run(_COUNT, columns(counts))
        await self._link.run(_SAMPLE, columns(samples))
        await self._link.run(_PRUNE, [list({sample[0] for sample in samples})])

    async def _write_uses(self, notes: dict[UUID, _Notes]) -> None:
        uses = [
            (hook_id, of_hook.last_seen_at, of_hook.shaken_at, of_hook.conflicts)
            for hook_id, of_hook in sorted(notes.items())
            if of_hook.last_seen_at is not None
        ]
        if uses:
            await self._link.run(_SEEN, columns(uses))

    def _of(self, hook: KnownHook) -> _Notes:
        notes = self._notes.get(hook.id)
        if notes is None:
            notes = self._notes[hook.id] = _Notes()
        return notes


def columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    """The rows as one list per column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]

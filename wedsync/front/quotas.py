"""How much each hook may take in a minute: counted here, told to the others every five seconds.

Every process counts for itself and hears at each telling what all of them took, so with several
processes a hook may take a little more than was agreed, for five seconds at most.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from wedsync.front.answers import OverQuota
from wedsync.front.hook_cache import KnownHook
from wedsync.front.limits import Limits
from wedsync.front.link import DatabaseAway, Link
from wedsync.front.rejections import columns

_MINUTE_S = 60

# The join passes over hooks that were deleted meanwhile; in key order, as everybody takes them.
_TELL = (
    "INSERT INTO hook_minutes (hook_id, minute, organization_id, taken)"
    " SELECT h.id, t.minute, h.organization_id, t.taken"
    " FROM unnest(%b::uuid[], %b::timestamptz[], %b::bigint[]) AS t (hook_id, minute, taken)"
    " JOIN hooks h ON h.id = t.hook_id ORDER BY h.id, t.minute"
    " ON CONFLICT (hook_id, minute) DO UPDATE SET taken = hook_minutes.taken + excluded.taken"
    " RETURNING hook_id, minute, taken"
)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Taken:
    """Requests of one hook in one minute: of this process, of them told, of the other processes."""

    here: int = 0
    told: int = 0
    elsewhere: int = 0


class Quotas:
    """Counts of the present minute, and those of the last one that are not yet told."""

    def __init__(self, link: Link, limits: Limits) -> None:
        self._link = link
        self._every_s = limits.noted_every_s
        self._minute = 0
        self._taken: dict[UUID, _Taken] = {}
        self._untold: list[tuple[UUID, int, int]] = []

    def take(self, hook: KnownHook, now: datetime) -> None:
        """Count one more request. Raises OverQuota when the hook took all it may."""
        seconds = int(now.timestamp())
        minute, second = divmod(seconds, _MINUTE_S)
        if minute != self._minute:
            self._begin(minute)
        taken = self._taken.get(hook.id)
        if taken is None:
            taken = self._taken[hook.id] = _Taken()
        if taken.here + taken.elsewhere >= hook.quota:
            raise OverQuota(
                f"This address takes {hook.quota:,} requests a minute. Please send it again.",
                retry_after_s=_MINUTE_S - second,
            )
        taken.here += 1

    async def run(self) -> None:
        """Tell the others every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.write()

    async def write(self) -> None:
        """Tell what was taken and hear what all took. What cannot be told now is told later."""
        self._settle()
        untold, self._untold = self._untold, []
        if not untold:
            return
        rows = [(hook_id, _moment(minute), taken) for hook_id, minute, taken in untold]
        try:
            told = await self._link.run(_TELL, columns(rows))
        except DatabaseAway:
            self._untold = [*untold, *self._untold]
            return
        except psycopg.Error as error:
            log.warning("counts of %d hooks were not told: %s", len(rows), type(error).__name__)
            return
        for hook_id, minute, taken in told:
            self._hear(hook_id, minute, taken)

    def _begin(self, minute: int) -> None:
        self._settle()
        self._minute = minute
        self._taken = {}

    def _settle(self) -> None:
        """Move what was not told yet to what is to be told."""
        for hook_id, taken in self._taken.items():
            if taken.here > taken.told:
                self._untold.append((hook_id, self._minute, taken.here - taken.told))
                taken.told = taken.here

    def _hear(self, hook_id: UUID, minute: datetime, all_took: int) -> None:
        taken = self._taken.get(hook_id)
        if taken is not None and minute == _moment(self._minute):
            taken.elsewhere = max(0, all_took - taken.told)


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * _MINUTE_S, UTC)

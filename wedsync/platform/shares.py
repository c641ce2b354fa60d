"""How much of a sending window one lane may hold, so that a slow partner slows only itself.

A lane's share starts at 2, doubles with each answer that came within two seconds up to a quarter
of the window, and falls to 1 on a time-out. Lanes slower than two seconds together hold at most a
quarter, one organization at most half.
"""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

FIRST_SHARE = 2
SLOW_SECONDS = 2.0
_REMEMBERED_LANES = 10_000

Place = tuple[str, UUID]
"""One place in a window: the lane and the organization that hold it."""


class Shares:
    """The window's book-keeping: who holds how much of it now, and who may hold more."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.quarter = max(1, size // 4)
        self.half = max(1, size // 2)
        self._share: dict[str, int] = {}
        self._slow: set[str] = set()
        self._held: Counter[str] = Counter()
        self._held_by: Counter[UUID] = Counter()

    @property
    def room(self) -> int:
        """How many more effects the window takes."""
        return self.size - self._held.total()

    def take(self, lane: str, organization_id: UUID) -> None:
        self._held[lane] += 1
        self._held_by[organization_id] += 1

    def give_back(self, lane: str, organization_id: UUID, seconds: float, *, lost: bool) -> None:
        """An effect ended after `seconds`; `lost` when nothing came back in time."""
        self.forget([(lane, organization_id)])
        self._learn(lane, seconds, lost=lost)

    def forget(self, places: Iterable[Place]) -> None:
        """Drop what was held without learning from it (this process lost its claims)."""
        for lane, organization_id in places:
            _less(self._held, lane)
            _less(self._held_by, organization_id)

    def grow(self, lane: str) -> None:
        """Work of this lane ended at once, without an effect that could be slow."""
        if lane not in self._slow:
            self._remember(lane, self.share_of(lane) * 2)

    def share_of(self, lane: str) -> int:
        """How many places this lane may hold."""
        return self._share.get(lane, min(FIRST_SHARE, self.quarter))

    def allotment(self, room: int, going_on: Iterable[Place] = ()) -> "Allotment":
        """What the next claim may take of `room` places. `going_on` takes some of them already:
        effects that follow upon what has just come home."""
        held, held_by = self._held.copy(), self._held_by.copy()
        for lane, organization_id in going_on:
            held[lane] += 1
            held_by[organization_id] += 1
            room -= 1
        return Allotment(self, room, held, held_by, self._slow)

    def _learn(self, lane: str, seconds: float, *, lost: bool) -> None:
        if lost:
            self._slow.add(lane)
            self._remember(lane, 1)
        elif seconds >= SLOW_SECONDS:
            self._slow.add(lane)
            self._remember(lane, self.share_of(lane))
        else:
            self._slow.discard(lane)
            self._remember(lane, self.share_of(lane) * 2)

    def _remember(self, lane: str, share: int) -> None:
        """Keep a lane's share; the lane longest unheard of is forgotten for it."""
        self._share.pop(lane, None)
        self._share[lane] = min(share, self.quarter)
        if len(self._share) > _REMEMBERED_LANES:
            oldest = next(iter(self._share))
            del self._share[oldest]
            self._slow.discard(oldest)


class Allotment:
    """The places one claim may hand out, counted down as they are."""

    def __init__(
        self,
        shares: Shares,
        room: int,
        held: Counter[str],
        held_by: Counter[UUID],
        slow: set[str],
    ) -> None:
        self.room = room
        self._shares = shares
        self._held = held
        self._held_by = held_by
        self._slow = slow
        self._slow_room = shares.quarter - sum(held[lane] for lane in slow)

    @property
    def full_lanes(self) -> list[str]:
        """The lanes that may take nothing more now."""
        full = {lane for lane in self._held if self._allowance(lane) <= 0}
        return list(full | self._slow if self._slow_room <= 0 else full)

    @property
    def full_organizations(self) -> list[UUID]:
        """The organizations that may take nothing more now."""
        return [owner for owner, held in self._held_by.items() if held >= self._shares.half]

    def grant(self, lane: str, organization_id: UUID, at_most: int | None = None) -> int:
        """Give a lane as many places as it may have, `at_most` that many; 0 when there is none."""
        left = self._shares.half - self._held_by[organization_id]
        granted = max(0, min(self._allowance(lane), left, self.room))
        if at_most is not None:
            granted = min(granted, max(0, at_most))
        self.room -= granted
        self._held[lane] += granted
        self._held_by[organization_id] += granted
        if lane in self._slow:
            self._slow_room -= granted
        return granted

    def _allowance(self, lane: str) -> int:
        allowed = self._shares.share_of(lane) - self._held[lane]
        return min(allowed, self._slow_room) if lane in self._slow else allowed


def _less(counter: Counter, key: object) -> None:  # type: ignore[type-arg]
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]

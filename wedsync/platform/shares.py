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


class Shares:
    """The window's book-keeping: who holds how much of it now, and who may hold more."""

    def __init__(self, size: int) -> None:
        self.size = size
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
        self._less(self._held, lane)
        self._less(self._held_by, organization_id)
        self.learn(lane, seconds, lost=lost)

    def learn(self, lane: str, seconds: float, *, lost: bool = False) -> None:
        """Adjust a lane's share by how its last effect went."""
        if lost:
            self._share[lane] = 1
            self._slow.add(lane)
        elif seconds >= SLOW_SECONDS:
            self._slow.add(lane)
        else:
            self._slow.discard(lane)
            doubled = self._share.get(lane, FIRST_SHARE) * 2
            self._share[lane] = min(doubled, max(1, self.size // 4))
        if len(self._share) > _REMEMBERED_LANES:
            self._share.pop(next(iter(self._share)))

    def allowances(self) -> dict[str, int]:
        """For every lane that is not at the first share: how many more it may take now."""
        lanes = self._share.keys() | self._held.keys() | self._slow
        return {lane: self._allowance(lane) for lane in lanes}

    def organization_allowances(self) -> dict[UUID, int]:
        """For every organization that holds some of the window: how many more it may take."""
        half = max(1, self.size // 2)
        return {owner: max(0, half - held) for owner, held in self._held_by.items()}

    def forget(self, lanes: Iterable[tuple[str, UUID]]) -> None:
        """Drop what was held without learning from it (this process lost its claims)."""
        for lane, organization_id in lanes:
            self._less(self._held, lane)
            self._less(self._held_by, organization_id)

    def _allowance(self, lane: str) -> int:
        allowed = self._share.get(lane, FIRST_SHARE) - self._held[lane]
        if lane in self._slow:
            held_by_slow = sum(self._held[slow] for slow in self._slow)
            allowed = min(allowed, max(1, self.size // 4) - held_by_slow)
        return max(0, allowed)

    @staticmethod
    def _less(counter: Counter, key: object) -> None:  # type: ignore[type-arg]
        counter[key] -= 1
        if counter[key] <= 0:
            del counter[key]

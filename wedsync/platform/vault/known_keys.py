"""Data keys as a process knows them: read with one statement for many, unwrapped, kept a minute.

An id that is nobody's is remembered too, apart from the others: whoever sends what merely looks
sealed costs one look, and pushes nothing out.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from wedsync.platform import crypto
from wedsync.platform.crypto import Unsealable
from wedsync.platform.vault import wrapping
from wedsync.platform.vault.keyring import Keyring
from wedsync.platform.vault.sealing import OpenKey

KEYRING_SECONDS = 60
_MOST_KNOWN = 50_000
_MOST_STRANGE = 10_000

_ROWS = (
    "SELECT k.organization_id, k.id, k.wedding_id, k.wrapped, k.wrapped_by, by.wrapped,"
    " k.retired_at IS NOT NULL, k.destroyed_at IS NOT NULL, k.created_at < now()"
    " FROM data_keys k LEFT JOIN data_keys by"
    " ON by.organization_id = k.organization_id AND by.id = k.wrapped_by"
    " AND by.destroyed_at IS NULL"
)
OF_ORGANIZATIONS = (
    _ROWS + " WHERE k.organization_id = ANY(CAST(:organizations AS uuid[]))"
    " AND k.wedding_id IS NULL"
)
OF_ORGANIZATIONS_FOR_PSYCOPG = (
    _ROWS + " WHERE k.organization_id = ANY(%b::uuid[]) AND k.wedding_id IS NULL"
)
BY_ID = (
    _ROWS + " WHERE (k.organization_id, k.id) IN"
    " (SELECT * FROM unnest(CAST(:organizations AS uuid[]), CAST(:ids AS uuid[])))"
)
OF_WEDDINGS = (
    _ROWS + " WHERE (k.organization_id, k.wedding_id) IN"
    " (SELECT * FROM unnest(CAST(:organizations AS uuid[]), CAST(:ids AS uuid[])))"
    " AND k.retired_at IS NULL"
)

Place: TypeAlias = tuple[UUID, UUID]
"""An organization, and one of its keys or weddings."""

Found: TypeAlias = OpenKey | Unsealable
"""A key, or why there is none to be had."""

K = TypeVar("K")
V = TypeVar("V")


class Destroyed(Unsealable):
    """The key to this was destroyed: what it sealed is gone."""


class KeyRow(NamedTuple):
    """A data key as it is read. `is_settled`: it was there before the transaction that reads it,
    and will be there whatever becomes of that."""

    organization_id: UUID
    id: UUID
    wedding_id: UUID | None
    wrapped: bytes
    wrapped_by: UUID | None
    wrapping: bytes | None
    is_retired: bool
    is_destroyed: bool
    is_settled: bool


class _ForAMinute(Generic[K, V]):
    """What was read lately; of too much the longest known is forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        kept = self._kept.get(key)
        if kept is None or time.monotonic() - kept[0] >= KEYRING_SECONDS:
            return None
        return kept[1]

    def keep(self, key: K, value: V) -> None:
        with self._lock:
            self._kept[key] = (time.monotonic(), value)
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)


class KnownKeys:
    """The data keys one process has read."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring
        self._by_id: _ForAMinute[Place, Found] = _ForAMinute(_MOST_KNOWN)
        self._in_use: _ForAMinute[tuple[UUID, UUID | None], Found] = _ForAMinute(_MOST_KNOWN)
        self._strange: _ForAMinute[Place, bool] = _ForAMinute(_MOST_STRANGE)

    def by_id(self, place: Place) -> Found | None:
        """The key with this id of this organization, when it was read lately."""
        return self._by_id.get(place)

    def in_use(self, organization_id: UUID, wedding_id: UUID | None = None) -> Found | None:
        """The key that seals now, when it was read lately."""
        return self._in_use.get((organization_id, wedding_id))

    def is_strange(self, place: Place) -> bool:
        """Whether this was lately found to be no key of this organization."""
        return self._strange.get(place) is not None

    def remember_strange(self, place: Place) -> None:
        self._strange.keep(place, True)

    def learn(self, rows: Iterable[KeyRow]) -> list[tuple[KeyRow, Found]]:
        """Unwrap these rows, and keep what will stay true; each with its key."""
        learnt = [(row, self._opened(row)) for row in rows]
        for row, found in learnt:
            if not row.is_settled or not isinstance(found, OpenKey | Destroyed):
                continue  # a transaction may yet roll back, a master key come back
            self._by_id.keep((row.organization_id, row.id), found)
            if not row.is_retired:
                self._in_use.keep((row.organization_id, row.wedding_id), found)
        return learnt

    def _opened(self, row: KeyRow) -> Found:
        if row.is_destroyed or (row.wedding_id is not None and row.wrapping is None):
            return Destroyed("The key to this was destroyed.")
        known = self.by_id((row.organization_id, row.id))
        try:
            key = known.key if isinstance(known, OpenKey) else self._unwrapped(row)
        except Unsealable as error:
            return error
        return OpenKey(row.id, key, time.monotonic())

    def _unwrapped(self, row: KeyRow) -> bytes:
        whose = row.organization_id
        if row.wedding_id is None:
            return wrapping.unwrap(self._ring, whose, row.wrapped)
        by = self._organization_key(row)
        return wrapping.unwrap_for_wedding(by, whose, row.wedding_id, row.wrapped)

    def _organization_key(self, row: KeyRow) -> OpenKey:
        """The key that wraps a wedding's; read along with it."""
        by_id = crypto.key_id_of(row.wrapped)
        known = self.by_id((row.organization_id, by_id))
        if isinstance(known, OpenKey):
            return known
        key = wrapping.unwrap(self._ring, row.organization_id, row.wrapping or b"")
        return OpenKey(by_id, key, time.monotonic())

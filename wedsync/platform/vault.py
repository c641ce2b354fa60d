"""Secrets at rest: envelope encryption, one data key per organization.

What belongs to no organization (our own e-mail on its way) is sealed under a key of the platform,
derived from the master key itself.

A master key (`WEDSYNC_MASTER_KEY`, or a 0600 file under `WEDSYNC_HOME`) wraps data keys; a data
key seals values. Every sealed value is bound to its organization, row and field, so that bytes
copied to another place do not open there. Unwrapped data keys are kept for a minute per process;
values themselves live only in the call that needs them.
"""

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, ForeignKey, LargeBinary, text
from sqlalchemy.orm import Mapped, Session, mapped_column, scoped_session

from wedsync.platform import crypto, ids
from wedsync.platform.db import Base, Row

KEYRING_SECONDS = 60
MASK = "••••••••"

_Executor = Connection | Session | scoped_session[Any]

_FIND = text("SELECT id, wrapped, destroyed_at FROM data_keys WHERE organization_id = :id")
_CREATE = text(
    "INSERT INTO data_keys (id, organization_id, master_key_id, wrapped)"
    " VALUES (:id, :organization_id, :master_key_id, :wrapped)"
)


class DataKey(Row, Base):
    """A wrapped data key. `destroyed_at` empties `wrapped`: what it sealed is then gone."""

    __tablename__ = "data_keys"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), unique=True
    )
    master_key_id: Mapped[UUID]
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    destroyed_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class OpenKey:
    """An unwrapped data key: its row id, 32 secret bytes, when it was read (monotonic)."""

    id: UUID
    key: bytes
    read_at: float

    def __repr__(self) -> str:
        return f"OpenKey({self.id})"


class Vault:
    """Seals and opens values under the data keys that `master_key` wraps."""

    def __init__(self, master_key: bytes) -> None:
        self._master_key = crypto.derive(master_key, "wedsync data keys")
        self._master_key_id = UUID(bytes=hashlib.sha256(self._master_key).digest()[:16])
        self._platform_key = crypto.derive(master_key, "wedsync platform values")
        self._open: dict[UUID, OpenKey] = {}
        self._lock = threading.Lock()

    def seal(
        self, database: _Executor, organization_id: UUID, place: str, plaintext: bytes
    ) -> bytes:
        """Seal `plaintext` for `place` (`"<table>:<row id>:<field>"`) of an organization."""
        key = self.data_key(database, organization_id)
        return seal_with(key, organization_id, place, plaintext)

    def open(self, database: _Executor, organization_id: UUID, place: str, sealed: bytes) -> bytes:
        """Open what was sealed for this place. Raises crypto.Unsealable otherwise."""
        key = self.data_key(database, organization_id)
        return open_with(key, organization_id, place, sealed)

    def seal_for_platform(self, place: str, plaintext: bytes) -> bytes:
        """Seal what belongs to the installation itself, for `place`."""
        return crypto.seal(
            self._master_key_id, self._platform_key, plaintext, _platform_binding(place)
        )

    def open_for_platform(self, place: str, sealed: bytes) -> bytes:
        """Open what was sealed for this place. Raises crypto.Unsealable otherwise."""
        return crypto.unseal(self._platform_key, sealed, _platform_binding(place))

    def data_key(self, database: _Executor, organization_id: UUID) -> OpenKey:
        """The organization's data key. Raises crypto.Unsealable when it has none."""
        known = self._open.get(organization_id)
        if known and time.monotonic() - known.read_at < KEYRING_SECONDS:
            return known
        found = database.execute(_FIND, {"id": organization_id}).mappings().first()
        if found is None:
            raise crypto.Unsealable("This organization has no key.")
        return self.remember(organization_id, dict(found))

    def remember(self, organization_id: UUID, row: Mapping[str, Any]) -> OpenKey:
        """Unwrap a `data_keys` row (id, wrapped, destroyed_at) and keep it for a minute."""
        if row["destroyed_at"] is not None:
            raise crypto.Unsealable("The key to this was destroyed.")
        key = crypto.unseal(self._master_key, row["wrapped"], _wrapping(organization_id))
        opened = OpenKey(row["id"], key, time.monotonic())
        with self._lock:
            self._open[organization_id] = opened
        return opened

    def create_data_key(self, database: _Executor, organization_id: UUID) -> None:
        """Make the data key of a new organization, in the transaction that makes it.

        Nothing is remembered here: the transaction may yet roll back.
        """
        wrapped = crypto.seal(
            self._master_key_id, self._master_key, crypto.new_key(), _wrapping(organization_id)
        )
        key = {
            "id": ids.new_id(),
            "organization_id": organization_id,
            "master_key_id": self._master_key_id,
            "wrapped": wrapped,
        }
        database.execute(_CREATE, key)


def seal_with(key: OpenKey, organization_id: UUID, place: str, plaintext: bytes) -> bytes:
    """Seal under an already opened key."""
    return crypto.seal(key.id, key.key, plaintext, _binding(organization_id, place))


def open_with(key: OpenKey, organization_id: UUID, place: str, sealed: bytes) -> bytes:
    """Open under an already opened key. Raises crypto.Unsealable."""
    if crypto.key_id_of(sealed) != key.id:
        raise crypto.Unsealable("These bytes were sealed under another key.")
    return crypto.unseal(key.key, sealed, _binding(organization_id, place))


def place(table: str, row_id: UUID, field: str) -> str:
    """The place a value is bound to: `<table>:<row id>:<field>`."""
    return f"{table}:{row_id}:{field}"


def _binding(organization_id: UUID, place: str) -> bytes:
    return organization_id.bytes + place.encode()


def _platform_binding(place: str) -> bytes:
    return b"platform:" + place.encode()


def _wrapping(organization_id: UUID) -> bytes:
    return b"data key of " + organization_id.bytes

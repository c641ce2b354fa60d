"""Sealing under an opened data key. Every value is bound to its organization, row and field, so
that bytes copied to another place do not open there."""

from dataclasses import dataclass
from uuid import UUID

from wedsync.platform import crypto


@dataclass(frozen=True, slots=True)
class OpenKey:
    """An unwrapped data key: its row id, 32 secret bytes, when it was read (monotonic)."""

    id: UUID
    key: bytes
    read_at: float

    def __repr__(self) -> str:
        return f"OpenKey({self.id})"


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

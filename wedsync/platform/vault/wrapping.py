"""Data keys under the keys that wrap them: an organization's under a master key, a wedding's under
its organization's."""

from uuid import UUID

from wedsync.platform import crypto
from wedsync.platform.vault.keyring import Keyring, MasterKey
from wedsync.platform.vault.sealing import OpenKey


def wrap(master: MasterKey, organization_id: UUID, key: bytes) -> bytes:
    """An organization's key as its row keeps it."""
    return crypto.seal(master.id, master.wrapping, key, _of_organization(organization_id))


def unwrap(ring: Keyring, organization_id: UUID, wrapped: bytes) -> bytes:
    """The 32 bytes again. Raises crypto.Unsealable, also where the ring lacks the master key."""
    master = ring.key(crypto.key_id_of(wrapped))
    return crypto.unseal(master.wrapping, wrapped, _of_organization(organization_id))


def wrap_for_wedding(by: OpenKey, organization_id: UUID, wedding_id: UUID, key: bytes) -> bytes:
    """A wedding's key as its row keeps it, under the organization's key `by`."""
    return crypto.seal(by.id, by.key, key, _of_wedding(organization_id, wedding_id))


def unwrap_for_wedding(
    by: OpenKey, organization_id: UUID, wedding_id: UUID, wrapped: bytes
) -> bytes:
    """The 32 bytes again. Raises crypto.Unsealable."""
    return crypto.unseal(by.key, wrapped, _of_wedding(organization_id, wedding_id))


def _of_organization(organization_id: UUID) -> bytes:
    return b"data key of " + organization_id.bytes


def _of_wedding(organization_id: UUID, wedding_id: UUID) -> bytes:
    return b"wedding key of " + organization_id.bytes + wedding_id.bytes

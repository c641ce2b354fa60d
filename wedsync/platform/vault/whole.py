"""The vault: seals and opens values under the keys that belong to them."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session, scoped_session

from wedsync.platform import crypto, ids
from wedsync.platform.crypto import Unsealable
from wedsync.platform.vault import known_keys, wrapping
from wedsync.platform.vault.keyring import Keyring
from wedsync.platform.vault.known_keys import Destroyed, Found, KeyRow, KnownKeys, Place
from wedsync.platform.vault.sealing import OpenKey, open_with, seal_with

Executor: TypeAlias = Connection | Session | scoped_session[Any]

_OF_ORGANIZATIONS = text(known_keys.OF_ORGANIZATIONS)
_BY_ID = text(known_keys.BY_ID)
_OF_WEDDINGS = text(known_keys.OF_WEDDINGS)
_CREATE = text(
    "INSERT INTO data_keys (id, organization_id, master_key_id, wrapped, created_at)"
    " VALUES (:id, :organization_id, :master_key_id, :wrapped, greatest(clock_timestamp(), now()))"
)
# Several may want the first key of a wedding at once: one makes it, the others wait and read it.
_CREATE_FOR_WEDDINGS = text(
    "INSERT INTO data_keys (id, organization_id, wedding_id, wrapped_by, wrapped, created_at)"
    " SELECT t.id, t.organization_id, t.wedding_id, t.wrapped_by, t.wrapped,"
    "  greatest(clock_timestamp(), now())"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]), CAST(:weddings AS uuid[]),"
    "  CAST(:wrapped_by AS uuid[]), CAST(:wrapped AS bytea[]))"
    "  AS t(id, organization_id, wedding_id, wrapped_by, wrapped)"
    " JOIN weddings w ON w.organization_id = t.organization_id AND w.id = t.wedding_id"
    " ORDER BY t.organization_id, t.wedding_id"
    " ON CONFLICT (organization_id, wedding_id) WHERE retired_at IS NULL DO NOTHING"
)


class Vault:
    """Seals and opens values under the data keys that the master keys of `ring` wrap."""

    def __init__(self, ring: Keyring) -> None:
        self.ring = ring
        self._known = KnownKeys(ring)

    def seal(
        self, database: Executor, organization_id: UUID, place: str, plaintext: bytes
    ) -> bytes:
        """Seal `plaintext` for `place` (`"<table>:<row id>:<field>"`) of an organization."""
        return seal_with(
            self.data_key(database, organization_id), organization_id, place, plaintext
        )

    def open(self, database: Executor, organization_id: UUID, place: str, sealed: bytes) -> bytes:
        """Open what was sealed for this place. Raises crypto.Unsealable otherwise."""
        key = self.key(database, organization_id, crypto.key_id_of(sealed))
        return open_with(key, organization_id, place, sealed)

    def seal_for_platform(self, place: str, plaintext: bytes) -> bytes:
        """Seal what belongs to the installation itself, for `place`."""
        master = self.ring.current
        return crypto.seal(master.id, master.platform, plaintext, _platform_binding(place))

    def open_for_platform(self, place: str, sealed: bytes) -> bytes:
        """Open what was sealed for this place. Raises crypto.Unsealable otherwise."""
        master = self.ring.key(crypto.key_id_of(sealed))
        return crypto.unseal(master.platform, sealed, _platform_binding(place))

    def data_key(self, database: Executor, organization_id: UUID) -> OpenKey:
        """The key that seals for an organization. Raises crypto.Unsealable when it has none."""
        found = self._known.in_use(organization_id)
        if found is None:
            learnt = self.read_organizations(database, [organization_id])
            found = next((key for row, key in learnt if not row.is_retired), None)
        if found is None:
            raise Unsealable("This organization has no key.")
        return _must_be(found)

    def wedding_keys(
        self, database: Executor, wanted: Collection[Place]
    ) -> Mapping[Place, OpenKey]:
        """The key that seals for each of these weddings, by organization and wedding; a wedding's
        first one is made. What is sealed for one whose key was destroyed never opens.

        Raises crypto.Unsealable when an organization has none.
        """
        found = {place: key for place in wanted if (key := self._known.in_use(*place)) is not None}
        if missing := sorted(set(wanted) - found.keys()):
            found |= self._read_weddings(database, missing)
        if absent := [place for place in missing if place not in found]:
            self._create_for_weddings(database, absent)
            found |= self._read_weddings(database, absent)
        return {place: self._to_seal(database, place, found.get(place)) for place in wanted}

    def read_organizations(
        self, database: Executor, organization_ids: Collection[UUID]
    ) -> Sequence[tuple[KeyRow, Found]]:
        """The keys of several organizations, those of weddings left out, read at once."""
        given = {"organizations": list(organization_ids)}
        return self._known.learn(KeyRow(*row) for row in database.execute(_OF_ORGANIZATIONS, given))

    def key(self, database: Executor, organization_id: UUID, key_id: UUID) -> OpenKey:
        """One key of an organization. Raises crypto.Unsealable."""
        place = (organization_id, key_id)
        found = self._known.by_id(place) or self.read(database, [place]).get(place)
        if found is None:
            raise Unsealable("These bytes were sealed under another key.")
        return _must_be(found)

    def keys(
        self, database: Executor, organization_id: UUID, key_ids: Iterable[UUID]
    ) -> Mapping[UUID, Found]:
        """The keys of an organization with these ids, or why one is not to be had; those it does
        not have are left out. One statement at most."""
        found = self.read(database, {(organization_id, key_id) for key_id in key_ids})
        return {key_id: key for (_, key_id), key in found.items()}

    def read(self, database: Executor, wanted: Collection[Place]) -> Mapping[Place, Found]:
        """As `keys`, for several organizations: what is asked for of them next costs nothing."""
        found = {place: key for place in wanted if (key := self._known.by_id(place)) is not None}
        missing = [
            place for place in wanted if place not in found and not self._known.is_strange(place)
        ]
        if not missing:
            return found
        given = {
            "organizations": [each[0] for each in missing],
            "ids": [each[1] for each in missing],
        }
        learnt = self._known.learn(KeyRow(*row) for row in database.execute(_BY_ID, given))
        found |= {(row.organization_id, row.id): key for row, key in learnt}
        for place in missing:
            if place not in found:
                self._known.remember_strange(place)
        return found

    def known(self, organization_id: UUID, key_id: UUID | None = None) -> OpenKey | None:
        """A key that was read lately: the one with this id, or the one that seals. For who reads
        from the database in another way, and tells by `learn`; None where that is to be done.
        Raises crypto.Unsealable for one that was destroyed."""
        found = (
            self._known.in_use(organization_id)
            if key_id is None
            else self._known.by_id((organization_id, key_id))
        )
        return _must_be(found) if found is not None else None

    def learn(self, rows: Iterable[KeyRow]) -> Sequence[tuple[KeyRow, Found]]:
        """Keep the keys of these rows for a minute; each with its key."""
        return self._known.learn(rows)

    def create_data_key(self, database: Executor, organization_id: UUID) -> None:
        """Make the data key of a new organization, in the transaction that makes it.

        Nothing is remembered here: the transaction may yet roll back. Raises UnusableKeyring when
        the master keys cannot be read: what an older one wraps might never be opened.
        """
        self.ring.require_readable()
        master = self.ring.current
        key = {
            "id": ids.new_id(),
            "organization_id": organization_id,
            "master_key_id": master.id,
            "wrapped": wrapping.wrap(master, organization_id, crypto.new_key()),
        }
        database.execute(_CREATE, key)

    def _read_weddings(self, database: Executor, places: Collection[Place]) -> dict[Place, Found]:
        given = {"organizations": [each[0] for each in places], "ids": [each[1] for each in places]}
        rows = [KeyRow(*row) for row in database.execute(_OF_WEDDINGS, given)]
        return {
            (row.organization_id, row.wedding_id): key
            for row, key in self._known.learn(rows)
            if row.wedding_id is not None
        }

    def _create_for_weddings(self, database: Executor, places: Collection[Place]) -> None:
        by = {whose: self.data_key(database, whose) for whose, _ in places}
        given = {
            "ids": [ids.new_id() for _ in places],
            "organizations": [whose for whose, _ in places],
            "weddings": [wedding for _, wedding in places],
            "wrapped_by": [by[whose].id for whose, _ in places],
            "wrapped": [
                wrapping.wrap_for_wedding(by[whose], whose, wedding, crypto.new_key())
                for whose, wedding in places
            ],
        }
        database.execute(_CREATE_FOR_WEDDINGS, given)

    def _to_seal(self, database: Executor, place: Place, found: Found | None) -> OpenKey:
        if found is None:  # the wedding went away at this moment
            return self.data_key(database, place[0])
        if isinstance(found, Destroyed):
            return OpenKey(ids.new_id(), crypto.new_key(), time.monotonic())
        return _must_be(found)


def _must_be(found: Found) -> OpenKey:
    if isinstance(found, Unsealable):
        raise type(found)(str(found))
    return found


def _platform_binding(place: str) -> bytes:
    return b"platform:" + place.encode()

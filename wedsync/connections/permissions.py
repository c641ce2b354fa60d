"""What a connection may do at its account: what was given, what was not, and what that would allow.

Pure, but for `newest_of`. A provider that names no permissions gives them all at once.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from wedsync.connectors.manifest import Manifest, Scope
from wedsync.listings import manifests
from wedsync.listings.models import Listing
from wedsync.platform.db import db


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission, and whether it was given. `allows`: what needs it, as people call that.
    `is_new`: a later version of the integration asks for it."""

    name: str
    words: str
    is_given: bool
    is_new: bool = False
    allows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Newest:
    """The version of an integration that is published now."""

    version_id: UUID
    manifest: Manifest


def newest_of(listing_id: UUID) -> Newest | None:
    """What is published of a listing; None while it is taken off the shelf."""
    listing = db.session.get(Listing, listing_id)
    if listing is None or listing.published_version_id is None or listing.state != "open":
        return None
    known = manifests.of_many(db.session, [listing.published_version_id])
    manifest = known.get(listing.published_version_id)
    return Newest(listing.published_version_id, manifest) if manifest is not None else None


def permissions_of(
    given: Collection[str], pinned: Manifest, newest: Manifest | None = None
) -> tuple[Permission, ...]:
    """Every permission that `pinned` asks for, and those that only the `newest` version does."""
    known = {scope.name for scope in _asked(pinned)}
    added = [scope for scope in _asked(newest) if scope.name not in known] if newest else []
    return tuple(
        Permission(
            scope.name,
            scope.words,
            scope.name in given,
            scope.name not in known,
            tuple(_needing(scope.name, newest or pinned)),
        )
        for scope in (*_asked(pinned), *added)
    )


def lacking(given: Collection[str], manifest: Manifest, key: str) -> tuple[Scope, ...]:
    """The permissions that an action or a list needs and that were not given; none where nothing is
    known of what was."""
    if not given:
        return ()
    entries = [*((each.key, each.scopes) for each in manifest.actions)]
    entries += [(each.key, each.scopes) for each in manifest.streams]
    wanted = {name for own_key, scopes in entries if own_key == key for name in scopes}
    return tuple(
        scope for scope in _asked(manifest) if scope.name in wanted and scope.name not in given
    )


def _asked(manifest: Manifest | None) -> tuple[Scope, ...]:
    oauth = manifest.auth.oauth if manifest else None
    return oauth.scopes if oauth else ()


def _needing(name: str, manifest: Manifest) -> Iterator[str]:
    entries: Iterable[tuple[str, tuple[str, ...]]] = (
        *((each.label, each.scopes) for each in manifest.actions),
        *((each.label, each.scopes) for each in manifest.streams),
    )
    return (label for label, scopes in entries if name in scopes)

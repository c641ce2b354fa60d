"""Manifests as they are stored: a version's document, its hash, and what was read of it.

A version that left its author's hands never changes again, so what was read is kept per process.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session, scoped_session

from wedsync.connectors.manifest import Manifest
from wedsync.errors import NotFound
from wedsync.listings.models import ListingVersion

Executor = Connection | Session | scoped_session[Any]

log = logging.getLogger(__name__)

_UNCHANGING = ("published", "superseded")
_MOST_KEPT = 1_000
_kept: dict[UUID, Manifest] = {}


def of(executor: Executor, version_id: UUID) -> Manifest:
    """The manifest of a version. Raises NotFound."""
    found = of_many(executor, [version_id]).get(version_id)
    if found is None:
        raise NotFound("There is no such version of an integration.")
    return found


def of_many(executor: Executor, version_ids: Iterable[UUID]) -> Mapping[UUID, Manifest]:
    """The manifests of versions by id, read in one query.

    Those that are not there are left out, and those this version of WedSync cannot read any more.
    """
    wanted = list(version_ids)
    found = {each: _kept[each] for each in wanted if each in _kept}
    missing = [each for each in wanted if each not in found]
    return {**found, **_read(executor, missing)} if missing else found


def document_of(manifest: Manifest) -> dict[str, Any]:
    """A manifest as it is stored: what it says, without what goes without saying."""
    return manifest.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def content_hash(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a document, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _read(executor: Executor, version_ids: list[UUID]) -> dict[UUID, Manifest]:
    query = select(ListingVersion.id, ListingVersion.state, ListingVersion.manifest).where(
        ListingVersion.id.in_(version_ids)
    )
    read = {}
    for row in executor.execute(query):
        try:
            read[row.id] = Manifest.model_validate(row.manifest)
        except ValidationError:
            log.warning("the manifest of version %s cannot be read any more", row.id)
            continue
        if row.state in _UNCHANGING:
            _keep(row.id, read[row.id])
    return read


def _keep(version_id: UUID, manifest: Manifest) -> None:
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[version_id] = manifest

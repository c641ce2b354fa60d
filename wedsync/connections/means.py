"""What work on connections needs of a process, whether a request, a drain or a script does it."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Engine, Row, Table, select
from sqlalchemy.exc import OperationalError

from wedsync import connectors
from wedsync.connections import grants
from wedsync.connections.credentials import Executor, Secrets
from wedsync.connections.grants import Provider
from wedsync.connectors import opening
from wedsync.connectors.contract import Access
from wedsync.connectors.manifest import Manifest
from wedsync.listings import clients, manifests
from wedsync.listings.models import Listing
from wedsync.platform.vault import Vault
from wedsync.settings import Settings

_LISTING = cast(Table, Listing.__table__)
_WRITING_S, _WRITE_AGAIN_S = 30.0, 0.25

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """The database, the vault and the settings of this process."""

    engine: Engine
    vault: Vault
    settings: Settings


def write_down(engine: Engine, settle: Callable[[DatabaseConnection], None], what: str) -> None:
    """Settle what cannot be had twice, again and again while the database is away or busy.

    `what` says in the log what is not kept yet. Raises OperationalError after 30 seconds.
    """
    until = time.monotonic() + _WRITING_S
    while True:
        try:
            with engine.begin() as database:
                return settle(database)
        except OperationalError:
            if time.monotonic() >= until:
                raise
            log.warning("%s is not kept yet", what)
            time.sleep(_WRITE_AGAIN_S)


def manifest_of(executor: Executor, row: Row[Any]) -> Manifest:
    """The manifest that a connection's row pins."""
    return manifests.of(executor, row.listing_version_id)


def access_of(
    settings: Settings,
    manifest: Manifest,
    row: Row[Any],
    secrets: Mapping[str, str],
    typed: Mapping[str, Any] | None = None,
) -> Access:
    """A connection's row, opened; `typed` stands for its settings while they are not kept yet.

    Raises NotFilled.
    """
    return opening.opened(
        manifest,
        row.id,
        row.settings if typed is None else typed,
        secrets,
        sandbox_url=settings.sandbox_url,
        account_id=row.account_id,
        generation=row.generation,
    )


def provider_of(
    executor: Executor,
    vault: Vault,
    settings: Settings,
    listing_id: UUID,
    manifest: Manifest,
    typed: Mapping[str, Any],
    secrets: Secrets,
) -> Provider:
    """The authorization server of a connection, and who we are there.

    `typed` and `secrets` are what the vendor filled in. Raises Conflict where this installation
    has no client there, NotFilled.
    """
    oauth = manifest.auth.oauth
    if oauth is None:
        raise ValueError(f"{manifest.slug} has no authorization server")
    found = executor.execute(select(_LISTING).where(_LISTING.c.id == listing_id)).one()
    listing = Listing(**found._asdict())  # of no session: on a drain's connection there is none
    fields = {**opening.defaults(manifest.auth), **typed, **secrets}
    client = clients.client_of(executor, vault, settings, listing, manifest, fields)
    return grants.provider_of(
        manifest,
        oauth,
        (client.id, client.secret),
        {**opening.defaults(manifest.auth), **typed},
        public_url=settings.public_url,
        sandbox_url=settings.sandbox_url,
    )


def can_be_checked(manifest: Manifest) -> bool:
    """Whether there is a way to ask whose account a connection is."""
    return manifest.account is not None or connectors.account_check(manifest) is not None

"""Which OAuth client a connector speaks as (RFC 6749, section 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session, scoped_session

from wedsync.connectors.manifest import Manifest
from wedsync.errors import Conflict
from wedsync.listings.models import Listing
from wedsync.platform.vault import Vault, place
from wedsync.settings import Settings

Executor = Connection | Session | scoped_session[Any]


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client's id, and its secret; empty for a public client."""

    id: str
    secret: str = field(repr=False)


def client_of(
    executor: Executor,
    vault: Vault,
    settings: Settings,
    listing: Listing,
    manifest: Manifest,
    fields: Mapping[str, str],
) -> OAuthClient:
    """The client that the manifest's `client_from` names; `fields` is what the vendor filled in.

    Raises Conflict (`client_missing`) where nobody has said it yet.
    """
    source = manifest.auth.oauth.client_from if manifest.auth.oauth else "installation"
    if source == "fields":
        return _of_fields(fields, manifest)
    if source == "listing":
        return _of_listing(executor, vault, listing, manifest)
    if (known := settings.connector_clients.get(manifest.slug)) is None:
        raise _missing(manifest)
    return OAuthClient(*known)


def place_of(listing: Listing) -> str:
    """Where a listing's client secret is sealed."""
    return place("listings", listing.id, "client_secret")


def _of_fields(fields: Mapping[str, str], manifest: Manifest) -> OAuthClient:
    if not (client_id := fields.get("client_id")):
        raise _missing(manifest)
    return OAuthClient(client_id, fields.get("client_secret", ""))


def _of_listing(
    executor: Executor, vault: Vault, listing: Listing, manifest: Manifest
) -> OAuthClient:
    if not listing.client_id:
        raise _missing(manifest)
    if listing.client_secret is None:
        return OAuthClient(listing.client_id, "")
    secret = vault.open(executor, listing.organization_id, place_of(listing), listing.client_secret)
    return OAuthClient(listing.client_id, secret.decode())


def _missing(manifest: Manifest) -> Conflict:
    return Conflict(
        f"{manifest.name} does not know this installation of WedSync yet: its client id is "
        "missing. Nothing was connected.",
        code="client_missing",
    )

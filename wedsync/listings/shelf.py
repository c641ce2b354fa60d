"""The listing itself, apart from its versions: on the shelf or not, and its OAuth client."""

from uuid import UUID

from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.listings import clients, queries
from wedsync.listings.models import Listing
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import vault
from wedsync.platform.vault import MASK

_LONGEST_CLIENT_ID, _LONGEST_SECRET = 300, 2_000


def withdraw(by: Identity, listing_id: UUID) -> Listing:
    """Take a listing out of the marketplace: nobody connects it anew, who has it keeps it.

    Raises NotFound, Conflict.
    """
    listing = queries.get_listing(by.organization_id, listing_id, for_update=True)
    if listing.state != "open" or listing.published_version_id is None:
        raise Conflict("This is not in the marketplace.")
    return _put(by, listing, "withdrawn", "listing.withdrawn")


def put_back(by: Identity, listing_id: UUID) -> Listing:
    """Put a listing back that its makers withdrew. Raises NotFound, Conflict."""
    listing = queries.get_listing(by.organization_id, listing_id, for_update=True)
    if listing.state != "withdrawn":
        raise Conflict("Only the admins can put this back.")
    return _put(by, listing, "open", "listing.put_back")


def set_client(by: Identity, listing_id: UUID, client_id: str, client_secret: str) -> Listing:
    """Keep the OAuth client that vendors connect with; the secret is sealed.

    The mask posted back keeps the secret there is; nothing takes it away. Raises NotFound, Invalid.
    """
    listing = queries.get_listing(by.organization_id, listing_id, for_update=True)
    _require_short("/client_id", client_id, _LONGEST_CLIENT_ID)
    _require_short("/client_secret", client_secret, _LONGEST_SECRET)
    listing.client_id = client_id or None
    if client_secret != MASK:
        listing.client_secret = _sealed(listing, client_secret) if client_secret else None
    db.session.flush()
    _record("listing.client_changed", by, listing)
    return listing


def masked_secret(listing: Listing) -> str:
    """What is shown of the client's secret: the mask, or nothing where there is none."""
    return MASK if listing.client_secret is not None else ""


def _put(by: Identity, listing: Listing, state: str, action: str) -> Listing:
    listing.state = state
    db.session.flush()
    _record(action, by, listing)
    return listing


def _require_short(pointer: str, text: str, most: int) -> None:
    if len(text) > most or "\x00" in text:
        words = f"Use at most {most:,} characters that a keyboard types."
        raise Invalid(words, errors=[FieldError(pointer, "too_long", words)])


def _sealed(listing: Listing, secret: str) -> bytes:
    where = clients.place_of(listing)
    return vault().seal(db.session, listing.organization_id, where, secret.encode())


def _record(action: str, by: Identity, listing: Listing) -> None:
    audit.record(action, "listing", listing.id, organization_id=listing.organization_id, by=by)

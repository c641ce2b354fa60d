"""Making and mending connections. The caller commits, then carries out the attempt."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from wedsync.audit import service as audit
from wedsync.connections import credentials, naming, permissions, queries, standing
from wedsync.connections.account import Account
from wedsync.connections.connecting import attempts, gained
from wedsync.connections.connecting.gained import Gained
from wedsync.connections.models import USABLE_STATES, Authorization, Connection
from wedsync.connectors import filling, opening
from wedsync.connectors.manifest import Auth, Manifest, OAuth
from wedsync.errors import Conflict, FieldError, Gone, Invalid
from wedsync.listings import manifests
from wedsync.listings.queries import PublishedListing
from wedsync.platform import clock, ids, outbound
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import vault
from wedsync.platform.vault import MASK

Typed = Mapping[str, Any]
_NOT_TYPED = (None, "", MASK)


def start(
    by: Identity, published: PublishedListing, typed: Typed, *, return_to: str | None
) -> tuple[Connection, Authorization]:
    """Begin a new connection to a published listing, with what the vendor filled in by name.

    Raises Invalid for a field that cannot be used, Conflict where nobody has a client there,
    TooMany.
    """
    connection = Connection(
        id=ids.new_id(),
        organization_id=by.organization_id,
        listing_id=published.listing.id,
        listing_version_id=published.version.id,
        slug=published.manifest.slug,
        name="",
        is_named=False,
        state="pending",
        settings={},
        scopes=[],
        created_by=by.user_id,
    )
    connection.name = naming.name_for(db.session, connection, published.manifest.name, "")
    db.session.add(connection)
    db.session.flush()
    attempt = _attempt(by, connection, published.manifest, typed, {}, return_to)
    return connection, attempt


def start_again(
    by: Identity, connection_id: UUID, typed: Typed, *, return_to: str | None
) -> tuple[Connection, Authorization]:
    """Connect an existing connection anew; what works now goes on working until the new does.

    A mask in place of a secret means: keep what there is, which goes where it was given for and
    nowhere else. Raises as `start` does, and NotFound.
    """
    connection = queries.get_connection(by.organization_id, connection_id, for_update=True)
    kept = _kept_of(connection)
    manifest = manifest_of(connection)
    _require_typed_anew(manifest, connection, typed, kept)
    return connection, _attempt(by, connection, manifest, typed, kept, return_to)


def ask_for_more(
    by: Identity, connection_id: UUID, wanted: Collection[str], *, return_to: str | None
) -> tuple[Connection, Authorization]:
    """Ask the provider again, for these permissions beside all that were given; what works goes on
    working until the new is there, and where they are denied nothing changes.

    With it the connection goes over to the published version of its integration. Raises as `start`
    does, NotFound, and Invalid where nobody asks for one of these.
    """
    connection = queries.get_connection(by.organization_id, connection_id, for_update=True)
    pinned, newest = manifest_of(connection), permissions.newest_of(connection.listing_id)
    manifest = newest.manifest if newest else pinned
    oauth = manifest.auth.oauth
    known = {scope.name for scope in oauth.scopes} if oauth and needs_consent(manifest) else set()
    if not wanted or not known.issuperset(wanted):
        problem = f"{pinned.name} has no such permission to ask for."
        raise Invalid(problem, errors=[FieldError("/permissions", "permission_unknown", problem)])
    if connection.state in ("pending", "revoked"):
        raise Conflict("Connect it first.", code="connection_not_usable")
    needed = {scope.name for scope in oauth.scopes if scope.required} if oauth else set()
    return connection, _attempt(
        by,
        connection,
        manifest,
        connection.settings,
        _kept_of(connection),
        return_to,
        scopes={*connection.scopes, *needed, *wanted},
        listing_version_id=newest.version_id if newest else None,
    )


def decide_account(by: Identity, connection_id: UUID, *, take: bool) -> Connection:
    """Settle an attempt that opened another account: use that one from now on, or forget it.

    Raises NotFound; Gone when there is nothing to decide any more.
    """
    connection = queries.get_connection(by.organization_id, connection_id, for_update=True)
    attempt = attempts.latest(by.organization_id, connection_id)
    row = standing.find(db.session, by.organization_id, connection_id)
    undecided = attempt is not None and attempt.outcome == "other_account"
    if attempt is None or row is None or not undecided or attempt.expires_at <= clock.now():
        raise Gone(
            "There is nothing to decide any more. Connect again if you want to change the account.",
            code="nothing_to_decide",
        )
    held = attempts.open_held(attempt)
    attempt.outcome, attempt.held = ("connected" if take else "failed"), None
    attempt.reason = None
    if take:
        whose = Account(held["account"]["id"], held["account"]["name"])
        found = Gained.typed_in(held)
        manifest = manifests.of(db.session, attempt.listing_version_id or row.listing_version_id)
        gained.keep(db.session, vault(), row, attempt, manifest, found, whose, by=by)
    _record("connection.account_decided", by, connection, {"choice": "take" if take else "keep"})
    return connection


def can_be_looked_at(connection: Connection) -> bool:
    return connection.state in USABLE_STATES


def require_looked_at(connection: Connection) -> None:
    """Raises Conflict for a connection that is not there to be looked at."""
    if not can_be_looked_at(connection):
        raise Conflict(
            "It has to be connected before we can look at it.", code="connection_not_usable"
        )


def manifest_of(connection: Connection) -> Manifest:
    """The manifest a connection pins."""
    return manifests.of(db.session, connection.listing_version_id)


def manifest_asked_by(attempt: Authorization, connection: Connection) -> Manifest:
    """The manifest an attempt goes by: of the version it goes over to, else the pinned one."""
    return manifests.of(db.session, attempt.listing_version_id or connection.listing_version_id)


def needs_consent(manifest: Manifest) -> bool:
    """Whether the vendor has to be sent to the provider."""
    return manifest.auth.kind == "oauth2_code"


def _attempt(
    by: Identity,
    connection: Connection,
    manifest: Manifest,
    typed: Typed,
    kept: credentials.Secrets,
    return_to: str | None,
    **asked: Any,
) -> Authorization:
    """Begin an attempt; `asked` is for `attempts.begin`."""
    settings, secrets = _sorted(manifest.auth, typed, kept)
    consent = needs_consent(manifest)
    if connection.state == "pending":
        connection.settings = settings  # so that a slip does not cost all that was typed
    attempt = attempts.begin(
        by, connection, settings, secrets, consent=consent, return_to=return_to, **asked
    )
    if consent:
        attempts.consent_url(attempt, connection, manifest)  # refuses before anybody is sent away
    facts = {"connector": connection.slug, **({"for": "more"} if asked else {})}
    _record("connection.asked", by, connection, facts)
    return attempt


def _kept_of(connection: Connection) -> credentials.Secrets:
    """The secrets that need not be typed again: of what was disconnected there are none."""
    sealed = None if connection.state == "revoked" else connection.secret
    return credentials.opened(
        db.session, vault(), connection.organization_id, connection.id, sealed
    )


def _require_typed_anew(
    manifest: Manifest, connection: Connection, typed: Typed, kept: credentials.Secrets
) -> None:
    """Raise Invalid when a secret that is kept would go to another place than it was given for.

    Who may connect again is never shown the secret, and must not have it sent to themselves.
    """
    known = opening.defaults(manifest.auth)
    before = {**known, **connection.settings}
    after = {**known, **_sorted(manifest.auth, typed, {})[0]}
    if not any(before.get(name) != after.get(name) for name in _whereto(manifest)):
        return
    words = "Fill this in again: what we keep is only used where it was given for."
    errors = [
        FieldError(f"/{each.name}", "secret_needed", words)
        for each in manifest.auth.fields
        if each.name in kept and each.kind == "secret" and typed.get(each.name) in _NOT_TYPED
    ]
    if errors:
        raise Invalid(words, errors=errors)


def _whereto(manifest: Manifest) -> set[str]:
    """The fields that decide where secrets go, and whether in the open."""
    urls = [manifest.base_url, *_asked_with_secrets(manifest.auth.oauth)]
    named = {name.removeprefix("settings.") for url in urls for name in filling.names(url)}
    # Where code of ours opens the connection, nothing says which of the fields those are.
    by_code = () if manifest.base_url else ("text", "number", "choice")
    fields = manifest.auth.fields
    return named | {each.name for each in fields if each.kind in ("url", *by_code)}


def _asked_with_secrets(oauth: OAuth | None) -> list[str]:
    """The addresses of an authorization server that a secret is sent to."""
    if oauth is None:
        return []
    changing = [each.url for each in (oauth.long_lived, oauth.renewal) if each is not None]
    return [oauth.token_url, oauth.revoke_url, *changing]


def _sorted(
    auth: Auth, typed: Typed, kept: credentials.Secrets
) -> tuple[dict[str, Any], credentials.Secrets]:
    """What was filled in, as settings and as secrets. Raises Invalid for addresses never called,
    and for what no header can be called."""
    settings: dict[str, Any] = {}
    secrets: credentials.Secrets = {}
    errors: list[FieldError] = []
    headers = {name.removeprefix("settings.") for name in filling.names(list(auth.headers))}
    for each in auth.fields:
        value = typed.get(each.name)
        if each.kind == "secret":
            secret = kept.get(each.name) if value in _NOT_TYPED else str(value)
            secrets |= {each.name: secret} if secret else {}
        elif value in (None, ""):
            continue
        elif each.kind == "url":
            settings[each.name] = _address(each.name, str(value), errors)
        elif each.name in headers:
            settings[each.name] = _header_name(each.name, str(value), errors)
        else:
            settings[each.name] = value
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    return settings, secrets


def _address(name: str, typed: str, errors: list[FieldError]) -> str:
    try:
        return outbound.check_url(typed)
    except outbound.UrlRefused as refused:
        errors.append(FieldError(f"/{name}", refused.code, refused.message))
        return ""


def _header_name(name: str, typed: str, errors: list[FieldError]) -> str:
    try:
        return filling.header_name(typed)
    except filling.NotFilled as refused:
        errors.append(FieldError(f"/{name}", "header_name", refused.detail))
        return ""


def _record(action: str, by: Identity, connection: Connection, facts: dict[str, Any]) -> None:
    audit.record(
        action,
        "connection",
        connection.id,
        organization_id=connection.organization_id,
        by=by,
        facts=facts,
    )

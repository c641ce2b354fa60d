"""Attempts to connect: begun with what was typed, or with a visit to a provider's consent page.

An attempt is bound to the sign-in, the organization and the connector it began with, works once
and for ten minutes. `finishing` carries it out.
"""

import hashlib
import secrets as random_secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update

from wedsync.audit import service as audit
from wedsync.connections import credentials, means, reasons
from wedsync.connections.models import Authorization, Connection
from wedsync.connections.reasons import Reason
from wedsync.connectors import filling
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Refused, TooMany
from wedsync.listings import manifests
from wedsync.platform import clock, documents, ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import settings, vault

LIVES = timedelta(minutes=10)
MOST, WITHIN = 60, timedelta(minutes=15)
"""How many attempts an organization may begin within a while."""

_STATE_BYTES = 32
_VERIFIER_BYTES = 48


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider sent back with the person (RFC 6749, 4.1.2; RFC 9207)."""

    state: str
    code: str
    error: str
    issuer: str


def begin(
    by: Identity,
    connection: Connection,
    typed: Mapping[str, Any],
    secrets: Mapping[str, str],
    *,
    consent: bool,
    return_to: str | None,
) -> Authorization:
    """Begin an attempt; with `consent` the person is to be sent to `consent_url` next.

    Earlier attempts of this connection that are still open end here. Raises TooMany.
    """
    _require_few(connection.organization_id)
    end_open_ones(connection)
    attempt = Authorization(
        id=ids.new_id(),
        organization_id=connection.organization_id,
        connection_id=connection.id,
        sign_in_id=by.credential_id,
        return_to=return_to,
        expires_at=clock.now() + LIVES,
        outcome=None if consent else "to_exchange",
        used_at=None if consent else clock.now(),
    )
    held: dict[str, Any] = {"typed": dict(typed), "secrets": dict(secrets)}
    if consent:
        state = random_secrets.token_urlsafe(_STATE_BYTES)
        verifier = random_secrets.token_urlsafe(_VERIFIER_BYTES)
        held |= {"state": state, "verifier": verifier}
        attempt.state_hash = hash_of(state)
    _hold(attempt, held)
    db.session.add(attempt)
    db.session.flush()
    return attempt


def consent_url(attempt: Authorization, connection: Connection, manifest: Manifest) -> str:
    """Where the person is sent. Raises Conflict, NotFilled, UrlRefused."""
    held = open_held(attempt)
    provider = means.provider_of(
        db.session,
        vault(),
        settings(),
        connection.listing_id,
        manifest,
        held["typed"],
        held["secrets"],
    )
    return provider.authorize_url(held["state"], held["verifier"])


def away(organization_id: UUID, connection_id: UUID, sign_in_id: UUID) -> Authorization | None:
    """The attempt this sign-in is at the provider with, while it is good."""
    return db.session.scalar(
        select(Authorization)
        .where(
            Authorization.organization_id == organization_id,
            Authorization.connection_id == connection_id,
            Authorization.sign_in_id == sign_in_id,
            Authorization.state_hash.is_not(None),
            Authorization.outcome.is_(None),
            Authorization.used_at.is_(None),
            Authorization.expires_at > clock.now(),
        )
        .order_by(Authorization.id.desc())
        .limit(1)
    )


def latest(organization_id: UUID, connection_id: UUID) -> Authorization | None:
    """The last attempt of a connection."""
    return db.session.scalar(
        select(Authorization)
        .where(
            Authorization.organization_id == organization_id,
            Authorization.connection_id == connection_id,
        )
        .order_by(Authorization.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def come_back(by: Identity, slug: str, answer: Answer) -> Authorization | Refused:
    """Take what a provider sent back; the attempt is then to be exchanged, or has failed.

    A state that is unknown, spent, too old, of another sign-in, organization or connector is
    Refused, and remembered.
    """
    attempt = _locked(answer.state)
    code = _wrong_with(by, slug, attempt)
    if attempt is None or code is not None:
        return _refused(by, attempt, code or "state_unknown")
    connection = _connection_of(attempt)
    manifest = manifests.of(db.session, connection.listing_version_id)
    attempt.used_at = clock.now()
    held = open_held(attempt)
    failure = _failure(manifest, answer, held["typed"])
    if failure is not None:
        fail(attempt, connection, failure)
    else:
        del held["state"]
        _hold(attempt, held | {"code": answer.code})
        attempt.outcome = "to_exchange"
    db.session.flush()
    return attempt


def fail(attempt: Authorization, connection: Connection, reason: Reason) -> None:
    """The attempt came to nothing; a connection that was never there says why."""
    attempt.outcome, attempt.reason, attempt.held = "failed", reason.document(), None
    if connection.state == "pending":
        connection.reason = reason.document()


def hash_of(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()


def end_open_ones(connection: Connection) -> None:
    """What was begun for this connection and not decided comes to nothing."""
    db.session.execute(
        update(Authorization)
        .where(
            Authorization.organization_id == connection.organization_id,
            Authorization.connection_id == connection.id,
            or_(
                Authorization.outcome.is_(None),
                Authorization.outcome.in_(("to_exchange", "other_account")),
            ),
        )
        .values(outcome="failed", held=None)
    )


def open_held(attempt: Authorization) -> dict[str, Any]:
    """What an attempt holds, in the clear; nothing once it is over. Raises crypto.Unsealable."""
    if attempt.held is None:
        return {}
    where = credentials.held_place(attempt.id)
    opened = vault().open(db.session, attempt.organization_id, where, attempt.held)
    found: dict[str, Any] = documents.read(opened)
    return found


def _require_few(organization_id: UUID) -> None:
    """Each attempt asks somebody else's service, with a name and password perhaps: nobody should
    try many of those from here."""
    recent = select(func.count()).where(
        Authorization.organization_id == organization_id,
        Authorization.created_at > clock.now() - WITHIN,
    )
    if (db.session.scalar(recent) or 0) >= MOST:
        raise TooMany(
            "Your team has tried to connect very often just now. Wait a quarter of an hour.",
            retry_after_s=int(WITHIN.total_seconds()),
        )


def _hold(attempt: Authorization, held: dict[str, Any]) -> None:
    attempt.held = vault().seal(
        db.session,
        attempt.organization_id,
        credentials.held_place(attempt.id),
        documents.write(held),
    )


def _locked(state: str) -> Authorization | None:
    return db.session.scalar(
        select(Authorization).where(Authorization.state_hash == hash_of(state)).with_for_update()
    )


def _connection_of(attempt: Authorization) -> Connection:
    return db.session.scalars(
        select(Connection).where(
            Connection.organization_id == attempt.organization_id,
            Connection.id == attempt.connection_id,
        )
    ).one()


def _wrong_with(by: Identity, slug: str, attempt: Authorization | None) -> str | None:
    """The code of what is wrong with a state, None when it is good."""
    if attempt is None or attempt.organization_id != by.organization_id:
        return "state_unknown"
    if attempt.sign_in_id != by.credential_id or _connection_of(attempt).slug != slug:
        return "state_foreign"
    if attempt.used_at is not None or attempt.outcome is not None:
        return "state_used"
    if attempt.expires_at <= clock.now():
        return "state_expired"
    return None


_REFUSALS = {
    "state_unknown": "We did not begin this, or not with this browser.",
    "state_foreign": "This was begun with another sign-in or for another tool.",
    "state_used": "This answer was used before, and each counts once.",
    "state_expired": "This took longer than ten minutes.",
}


def _refused(by: Identity, attempt: Authorization | None, code: str) -> Refused:
    """Note it; a state that reached the wrong hands is good for nothing any more."""
    ours = attempt if attempt and attempt.organization_id == by.organization_id else None
    if ours is not None and ours.outcome is None:
        ours.used_at, ours.outcome, ours.held = clock.now(), "failed", None
    audit.record(
        "connection.answer_refused",
        "connection",
        ours.connection_id if ours else None,
        organization_id=by.organization_id,
        by=by,
        facts={"code": code},
    )
    return Refused(code, f"{_REFUSALS[code]} Nothing was connected; please start again.")


def _failure(manifest: Manifest, answer: Answer, typed: Mapping[str, Any]) -> Reason | None:
    """Why the provider's answer holds nothing to exchange, if so."""
    issuer = _issuer(manifest, typed)
    if issuer and answer.issuer != issuer:
        return reasons.issuer_mismatch(manifest.name)
    if answer.error == "access_denied":
        return reasons.consent_denied(manifest.name)
    if answer.error or not answer.code:
        return reasons.consent_failed(manifest.name)
    return None


def _issuer(manifest: Manifest, typed: Mapping[str, Any]) -> str:
    """Who must have answered, where the manifest or the vendor says (RFC 9207, 2.4)."""
    oauth = manifest.auth.oauth
    if oauth is None or not oauth.issuer:
        return ""
    roots = {"sandbox": settings().sandbox_url, "settings": typed}
    return filling.text(oauth.issuer, roots) or ""

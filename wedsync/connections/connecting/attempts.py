"""Attempts to connect: begun with what was typed, or with a visit to a provider's consent page.

An attempt is bound to the sign-in, the organization and the connector it began with, works once
and for ten minutes. `coming_back` judges what a provider answers; `finishing` carries it out.
"""

import hashlib
import secrets as random_secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from wedsync.audit import service as audit
from wedsync.connections import credentials, means
from wedsync.connections.models import Authorization, Connection
from wedsync.connections.reasons import Reason
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Gone, TooMany
from wedsync.platform import clock, documents, ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import settings, vault

LIVES = timedelta(minutes=10)
WAITS_FOR_A_PERSON = timedelta(days=1)
"""How long what a script began waits for somebody who may agree."""

MOST, WITHIN = 60, timedelta(minutes=15)
"""How many attempts an organization may begin within a while."""

_STATE_BYTES = 32
_VERIFIER_BYTES = 48


def begin(
    by: Identity,
    connection: Connection,
    typed: Mapping[str, Any],
    secrets: Mapping[str, str],
    *,
    consent: bool,
    return_to: str | None,
    scopes: Collection[str] | None = None,
    listing_version_id: UUID | None = None,
) -> Authorization:
    """Begin an attempt; with `consent` the person is to be sent to `consent_url` next, and what a
    script begins waits for a person (`take_over`).

    `scopes` are the permissions to ask for, all there are where that is None; with
    `listing_version_id` the connection goes over to that version. Earlier attempts of this
    connection that are still open end here. Raises TooMany.
    """
    _require_few(connection.organization_id)
    end_open_ones(connection)
    is_person = by.kind == "person"
    attempt = Authorization(
        id=ids.new_id(),
        organization_id=connection.organization_id,
        connection_id=connection.id,
        sign_in_id=by.credential_id if is_person else None,
        api_key_id=None if is_person else by.credential_id,
        return_to=return_to,
        scopes=None if scopes is None else sorted(scopes),
        listing_version_id=listing_version_id,
        expires_at=clock.now() + (LIVES if is_person or not consent else WAITS_FOR_A_PERSON),
        outcome=None if consent else "to_exchange",
        used_at=None if consent else clock.now(),
    )
    held: dict[str, Any] = {"typed": dict(typed), "secrets": dict(secrets)}
    if consent and is_person:
        held |= _sent_out(attempt)
    hold(attempt, held)
    db.session.add(attempt)
    db.session.flush()
    return attempt


def consent_url(attempt: Authorization, connection: Connection, manifest: Manifest) -> str:
    """Where the person is sent; without a state where no person goes yet. Raises Conflict,
    NotFilled, UrlRefused."""
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
    return provider.authorize_url(held.get("state", ""), held.get("verifier", ""), attempt.scopes)


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


def latest_of(
    organization_id: UUID, connection_ids: Collection[UUID]
) -> Mapping[UUID, Authorization]:
    """The last attempt of each of these connections, where there is one."""
    found = db.session.scalars(
        select(Authorization)
        .ext(distinct_on(Authorization.connection_id))
        .where(
            Authorization.organization_id == organization_id,
            Authorization.connection_id.in_(connection_ids),
        )
        .order_by(Authorization.connection_id, Authorization.id.desc())
        .execution_options(populate_existing=True)
    )
    return {attempt.connection_id: attempt for attempt in found}


def take_over(by: Identity, connection: Connection) -> Authorization:
    """Go on, as a person, with an attempt that a script began: from now on it is bound to this
    sign-in. Raises Gone where none waits."""
    attempt = waiting_for_a_person(connection, for_update=True)
    if attempt is None:
        raise Gone(
            "There is nothing to go on with any more. Connect again if it is still wanted.",
            code="nothing_to_continue",
        )
    held = open_held(attempt)
    attempt.sign_in_id = by.credential_id
    attempt.expires_at = clock.now() + LIVES
    hold(attempt, held | _sent_out(attempt))
    return attempt


def waiting_for_a_person(
    connection: Connection, *, for_update: bool = False
) -> Authorization | None:
    """What a script began with this connection and only a person can go on with."""
    query = (
        select(Authorization)
        .where(
            Authorization.organization_id == connection.organization_id,
            Authorization.connection_id == connection.id,
            Authorization.sign_in_id.is_(None),
            Authorization.outcome.is_(None),
            Authorization.used_at.is_(None),
            Authorization.expires_at > clock.now(),
        )
        .order_by(Authorization.id.desc())
        .limit(1)
    )
    return db.session.scalar(query.with_for_update() if for_update else query)


def fail(
    attempt: Authorization, connection: Connection, reason: Reason, *, by: Identity | None = None
) -> None:
    """The attempt came to nothing, which is noted; a connection that was never there says why."""
    end(attempt, connection, reason)
    audit.record(
        "connection.attempt_failed",
        "connection",
        connection.id,
        organization_id=connection.organization_id,
        by=by,
        facts={"connector": connection.slug, "reason": reason.code},
    )


def end(attempt: Authorization, connection: Connection, reason: Reason) -> None:
    """It is good for nothing any more, and says why."""
    attempt.used_at = attempt.used_at or clock.now()
    attempt.outcome, attempt.reason, attempt.held = "failed", reason.document(), None
    if connection.state == "pending":
        connection.reason = reason.document()


def hash_of(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()


def end_open_ones(connection: Connection, *, also_going: bool = False) -> None:
    """What was begun for this connection and not decided comes to nothing; with `also_going` also
    what is being carried out just now."""
    going = ("exchanging",) if also_going else ()
    db.session.execute(
        update(Authorization)
        .where(
            Authorization.organization_id == connection.organization_id,
            Authorization.connection_id == connection.id,
            or_(
                Authorization.outcome.is_(None),
                Authorization.outcome.in_(("to_exchange", "other_account", *going)),
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


def hold(attempt: Authorization, held: dict[str, Any]) -> None:
    attempt.held = vault().seal(
        db.session,
        attempt.organization_id,
        credentials.held_place(attempt.id),
        documents.write(held),
    )


def _sent_out(attempt: Authorization) -> dict[str, str]:
    """What makes the answer ours, new for each way out: the state, and the verifier of its code."""
    state = random_secrets.token_urlsafe(_STATE_BYTES)
    attempt.state_hash = hash_of(state)
    return {"state": state, "verifier": random_secrets.token_urlsafe(_VERIFIER_BYTES)}

"""Renewing tokens: one refresh per rotation, whatever the number of processes.

A refresh is claimed by a lease in SQL under a fence; the row is read again in the claim itself,
so whoever comes second finds that nothing is due. That it is in flight is committed before the
provider is asked, and what comes back is committed before anybody uses it. A process that dies in
between has lost the only copy of a rotated token: the next claim sees that, and never sends the
old one again.
"""

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Row, Update, func, text, update

from wedsync.connections import credentials, reasons, standing
from wedsync.connections.credentials import Secrets
from wedsync.connections.grants import Grant, NoGrant, Provider
from wedsync.connections.means import Means, access_of, manifest_of, provider_of, write_down
from wedsync.connections.models import KEPT_STATES
from wedsync.connections.reasons import REFRESH_INTERRUPTED, REFUSED_AGAIN, Reason
from wedsync.connections.standing import NOTHING_IN_FLIGHT, TABLE
from wedsync.connections.tokens import revoking, timing
from wedsync.connectors.filling import NotFilled
from wedsync.connectors.manifest import Manifest, OAuth
from wedsync.errors import WedSyncError
from wedsync.platform import clock, crypto, ids, outbound

TIMEOUT_S = 60.0
"""A refresh's own time-out: longer than any other, because its answer cannot be had twice."""

_LEASE_MARGIN_S = 15.0
_DEGRADED_AFTER = 3
_TROUBLED = ("degraded", "needs_reauth")

_CLAIM = text(
    "UPDATE connections SET refresh_owner = :owner, refresh_fence = refresh_fence + 1,"
    " refresh_until = clock_timestamp() + make_interval(secs => :lease)"
    # Who finds the row locked leaves it to whoever holds it.
    " WHERE id IN (SELECT id FROM connections WHERE organization_id = :organization_id"
    "  AND id = :id AND state IN ('active', 'degraded', 'paused') AND refresh_due_at <= :now"
    "  AND (refresh_until IS NULL OR refresh_until <= clock_timestamp())"
    "  FOR UPDATE SKIP LOCKED) RETURNING *"
)
_RELEASE = text(
    "UPDATE connections SET refresh_until = clock_timestamp()"
    " WHERE refresh_owner = ANY(:owners) AND refresh_until > clock_timestamp()"
)


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A refresh that is ours to do: the row under our fence, and what the provider is asked."""

    row: Row[Any]
    oauth: OAuth
    provider: Provider
    secrets: Secrets
    began: datetime
    """From here on a new token may be living already, however late we hear of it."""

    def ask(self, timeout_s: float) -> Grant | NoGrant:
        token = self.secrets.get("refresh_token")
        if token is None:
            return self.provider.by_credentials(timeout_s)
        return self.provider.refresh(token, timeout_s)


def refresh(
    means: Means,
    organization_id: UUID,
    connection_id: UUID,
    *,
    owner: UUID | None = None,
    timeout_s: float = TIMEOUT_S,
) -> bool:
    """Renew a connection's token if that is due and nobody else is at it; True when we asked.

    `owner` is the worker process whose death gives the lease back at once.
    """
    given = {
        "organization_id": organization_id,
        "id": connection_id,
        "owner": owner or ids.new_id(),
        "lease": timeout_s + _LEASE_MARGIN_S,
        "now": clock.now(),
    }
    with means.engine.begin() as database:
        row = database.execute(_CLAIM, given).first()
        claim = _begin(database, means, row) if row is not None else None
    if claim is None:
        return False
    _write_down(means, claim, claim.ask(timeout_s))
    return True


def release(database: DatabaseConnection, owners: list[UUID]) -> int:
    """End the leases of dead worker processes; what they left in flight is seen by the next."""
    freed: int = database.execute(_RELEASE, {"owners": owners}).rowcount
    return freed


def is_renewable(manifest: Manifest, secrets: Secrets) -> bool:
    """Whether a token can be renewed without a person."""
    return manifest.auth.kind == "oauth2_client_credentials" or "refresh_token" in secrets


def _begin(database: DatabaseConnection, means: Means, row: Row[Any]) -> _Claim | None:
    """Judge a claimed row: ask the provider, committed as in flight, or settle without asking."""
    manifest = manifest_of(database, row)
    oauth = manifest.auth.oauth
    cause = _cause_not_to_ask(row, oauth)
    if cause is not None:
        _give_up(database, means, row, cause)
        return None
    try:
        secrets = credentials.opened(database, means.vault, row.organization_id, row.id, row.secret)
        if oauth is None or not is_renewable(manifest, secrets):
            _give_up(database, means, row, _ended(row))
            return None
        provider = provider_of(
            database, means.vault, means.settings, row.listing_id, manifest, row.settings, secrets
        )
    except crypto.Unsealable:
        _give_up(database, means, row, reasons.secret_lost(row.name))
        return None
    except WedSyncError:  # no client of ours there any more, or an address that cannot be filled
        _try_later(database, row, NoGrant("refused", reasons.client_refused(row.name)))
        return None
    database.execute(_ours(row).values(refresh_started_at=func.clock_timestamp()))
    return _Claim(row, oauth, provider, secrets, clock.now())


def _cause_not_to_ask(row: Row[Any], oauth: OAuth | None) -> Reason | None:
    """Why the provider must not be asked again with what we have."""
    code = (row.reason or {}).get("code")
    if code == REFUSED_AGAIN:
        return reasons.credentials_refused(row.name)
    if code == REFRESH_INTERRUPTED:
        return reasons.refresh_interrupted(row.name)
    if row.refresh_started_at is not None and (oauth is None or oauth.rotation):
        return reasons.refresh_interrupted(row.name)
    return None


def _ended(row: Row[Any]) -> Reason:
    was_refused = (row.reason or {}).get("code") == reasons.REFUSED
    return (reasons.credentials_refused if was_refused else reasons.access_ended)(row.name)


def _give_up(database: DatabaseConnection, means: Means, row: Row[Any], cause: Reason) -> None:
    """Use the access token to its end; then only a person can mend it."""
    lives_on = row.access_expires_at is not None and row.access_expires_at > clock.now()
    if cause.code == REFRESH_INTERRUPTED and lives_on:
        due = {"refresh_due_at": row.access_expires_at}
        standing.degrade(database, row, cause, **due, **NOTHING_IN_FLIGHT)
    else:
        standing.needs_reauth(database, means.vault, means.settings, row, cause)


def _write_down(means: Means, claim: _Claim, outcome: Grant | NoGrant) -> None:
    """It is the only copy."""
    write_down(
        means.engine,
        lambda database: _settle(database, means, claim, outcome),
        f"a renewed token of connection {claim.row.id}",
    )


def _settle(
    database: DatabaseConnection, means: Means, claim: _Claim, outcome: Grant | NoGrant
) -> None:
    row = claim.row
    if isinstance(outcome, Grant):
        _keep(database, means, claim, outcome)
    elif not _still_ours(database, row):
        return  # somebody connected anew meanwhile, or took us for dead
    elif outcome.kind == "spent":
        cause = reasons.credentials_refused(row.name)
        standing.needs_reauth(database, means.vault, means.settings, row, cause)
    elif outcome.kind == "maybe" and claim.oauth.rotation:
        _give_up(database, means, row, reasons.refresh_interrupted(row.name))
    else:
        _try_later(database, row, outcome)


def _keep(database: DatabaseConnection, means: Means, claim: _Claim, grant: Grant) -> None:
    """Keep the new token. What was wrong with the one before is over.

    Also where we were taken for dead meanwhile, and a person asked for: nobody else has this
    answer, and whoever got a later one raised the generation. Of a connection that was
    disconnected meanwhile, its provider is told that the token is not needed.
    """
    row = claim.row
    secrets = credentials.with_grant(claim.secrets, grant)
    query = standing.row_query(row.organization_id, row.id).with_for_update()
    found = database.execute(query).first()
    if found is None or not _waits_for_it(found, row):
        revoking.keep_late_grant(database, means, row, secrets)
        return
    sealed = credentials.sealed(database, means.vault, row.organization_id, row.id, secrets)
    values = _renewed(found, claim.began, grant)
    if grant.kept:
        values["settings"] = _told_anew(database, means, found, secrets, grant)
    database.execute(standing.same_credentials(row).values(secret=sealed, **values))
    standing.recovered(database, found)
    standing.mended(database, found)


def _waits_for_it(found: Row[Any], row: Row[Any]) -> bool:
    """Whether a connection still has the credentials of `row`, which were renewed, and a use for
    new ones."""
    if found.generation != row.generation:
        return False
    code = (found.reason or {}).get("code")
    given_up = found.state == "needs_reauth" and code == REFRESH_INTERRUPTED
    return found.state in KEPT_STATES or given_up


def _renewed(found: Row[Any], began: datetime, grant: Grant) -> dict[str, Any]:
    now = clock.now()
    expires = began + timedelta(seconds=grant.lives_s) if grant.lives_s else None
    due = timing.refresh_due_at(began, expires, renewable=True, random=random.random())
    return {
        "generation": found.generation + 1,
        "state": standing.held_or("active"),
        "state_since": now if found.state in _TROUBLED else found.state_since,
        "reason": None,
        "refreshed_at": began,
        "access_expires_at": expires,
        "refresh_due_at": due,
        "refresh_failures": 0,
        # Who needs a person is not looked at.
        "check_due_at": now if found.state == "needs_reauth" else found.check_due_at,
        "ready_at": now,
        **NOTHING_IN_FLIGHT,
    }


def _told_anew(
    database: DatabaseConnection, means: Means, found: Row[Any], secrets: Secrets, grant: Grant
) -> Mapping[str, Any]:
    """The settings with what a provider says again of the account, such as where it answers; as
    they were where that cannot be called."""
    told = {**found.settings, **grant.kept}
    try:
        access = access_of(means.settings, manifest_of(database, found), found, secrets, told)
        if access.base_url:
            outbound.check_url(access.base_url)
    except (NotFilled, outbound.UrlRefused):
        log.warning("connection %s was told of an address that cannot be called", found.id)
        return dict(found.settings)
    return told


def _try_later(database: DatabaseConnection, row: Row[Any], outcome: NoGrant) -> None:
    """Nothing is lost: ask again later, and use the token as long as it lives."""
    failures = row.refresh_failures + 1
    values: dict[str, Any] = {
        "refresh_failures": failures,
        "refresh_due_at": timing.next_try_at(
            failures,
            clock.now(),
            random=random.random(),
            retry_after_s=outcome.retry_after_s,
        ),
        **NOTHING_IN_FLIGHT,
    }
    if outcome.kind == "refused":
        standing.degrade(database, row, outcome.reason, **values)
    elif failures >= _DEGRADED_AFTER:
        standing.degrade(database, row, reasons.refresh_failing(row.name), **values)
    else:
        database.execute(_ours(row).values(**values))


def _still_ours(database: DatabaseConnection, row: Row[Any]) -> bool:
    query = standing.row_query(row.organization_id, row.id).with_for_update()
    found = database.execute(query).first()
    return found is not None and found.refresh_fence == row.refresh_fence


def _ours(row: Row[Any]) -> Update:
    """Change the row only while our fence holds."""
    return update(TABLE).where(
        TABLE.c.organization_id == row.organization_id,
        TABLE.c.id == row.id,
        TABLE.c.refresh_fence == row.refresh_fence,
    )

"""Carrying out an attempt: exchange the code, ask whose account it is, keep what came of it.

Done in the request that brought it, within five seconds, or by a drain; whoever claims it does
it, once. No transaction is open while anybody is asked.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias, cast
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Row, Table, text, update

from wedsync.connections import account, credentials, reasons, standing
from wedsync.connections.account import Account
from wedsync.connections.connecting import endings, gained
from wedsync.connections.connecting.gained import Gained
from wedsync.connections.grants import Grant, NoGrant, Provider
from wedsync.connections.means import Means, access_of, provider_of, write_down
from wedsync.connections.models import Authorization
from wedsync.connections.reasons import Reason
from wedsync.connections.tokens import revoking
from wedsync.connectors.contract import Failed
from wedsync.connectors.filling import NotFilled
from wedsync.connectors.manifest import Manifest
from wedsync.errors import WedSyncError
from wedsync.listings import manifests
from wedsync.platform import clock, crypto, documents, outbound

DECIDE_WITHIN = timedelta(minutes=10)
"""How long the credentials of another account are kept until somebody decided about them."""

_ATTEMPTS = cast(Table, Authorization.__table__)
_UNANSWERED = ("not_sent", "maybe", "rate_limit")
_LEAST_S = 0.3

# Before its attempt, as whoever disconnects it does.
_LOCK_CONNECTION = text(
    "SELECT FROM connections c JOIN authorizations a"
    " ON c.organization_id = a.organization_id AND c.id = a.connection_id"
    " WHERE a.organization_id = :organization_id AND a.id = :id FOR NO KEY UPDATE OF c"
)
_CLAIM = text(
    "UPDATE authorizations SET outcome = 'exchanging', claimed_at = clock_timestamp()"
    " WHERE organization_id = :organization_id AND id = :id AND outcome = 'to_exchange'"
    " RETURNING *"
)
_STILL_OURS = text(
    "SELECT 1 FROM authorizations WHERE id = :id AND outcome = 'exchanging' FOR UPDATE"
)


@dataclass(frozen=True, slots=True)
class _Task:
    """A claimed attempt, and everything of the database that it needs."""

    attempt: Row[Any]
    row: Row[Any]
    manifest: Manifest
    held: Mapping[str, Any]
    provider: Provider | None


@dataclass(frozen=True, slots=True)
class _Found:
    """Good credentials, and whose account they open."""

    gained: Gained
    whose: Account


@dataclass(frozen=True, slots=True)
class _Unanswered:
    """Good credentials, and nobody said yet whose account they open."""

    gained: Gained
    reason: Reason


_Result: TypeAlias = _Found | _Unanswered | Reason


def carry_out(
    means: Means, organization_id: UUID, attempt_id: UUID, *, within_s: float, last: bool
) -> None:
    """Do what an attempt is for, unless somebody else does. `last`: an account that does not
    answer now ends it; else it is left for the drain."""
    with means.engine.begin() as database:
        given = {"organization_id": organization_id, "id": attempt_id}
        database.execute(_LOCK_CONNECTION, given)
        attempt = database.execute(_CLAIM, given).first()
        task = _task(database, means, attempt) if attempt is not None else None
    if task is None:
        return
    result = _ask(means, task, time.monotonic() + within_s)
    if isinstance(result, _Unanswered) and last:
        result = result.reason
    _write_down(means, task, result)


def _task(database: DatabaseConnection, means: Means, attempt: Row[Any]) -> _Task | None:
    row = standing.find(database, attempt.organization_id, attempt.connection_id)
    if row is None or row.state == "deleted" or attempt.held is None:
        endings.fail(database, attempt, None)
        return None
    try:
        manifest = manifests.of(database, attempt.listing_version_id or row.listing_version_id)
        where = credentials.held_place(attempt.id)
        sealed = means.vault.open(database, attempt.organization_id, where, attempt.held)
        held = documents.read(sealed)
        provider = _provider(database, means, row, manifest, held)
    except crypto.Unsealable:
        endings.fail(database, attempt, reasons.secret_lost(row.name))
        return None
    except WedSyncError as error:  # no client of ours there, or an address that cannot be filled
        endings.fail(database, attempt, reasons.account_unreadable(row.name, error.detail))
        return None
    return _Task(attempt, row, manifest, held, provider)


def _provider(
    database: DatabaseConnection,
    means: Means,
    row: Row[Any],
    manifest: Manifest,
    held: Mapping[str, Any],
) -> Provider | None:
    if manifest.auth.oauth is None:
        return None
    return provider_of(
        database,
        means.vault,
        means.settings,
        row.listing_id,
        manifest,
        held["typed"],
        held["secrets"],
    )


def _ask(means: Means, task: _Task, until: float) -> _Result:
    found = _gain(task, until)
    if isinstance(found, Reason):
        return found
    name = task.manifest.name
    if missing := found.missing_scopes(task.manifest):
        return reasons.scope_missing(name, missing)
    if found.lacks_what_is_kept(task.manifest):
        return reasons.account_unsaid(name)
    try:
        access = access_of(means.settings, task.manifest, task.row, found.secrets, found.typed)
        _require_callable(access.base_url)
    except NotFilled as error:
        return reasons.account_unreadable(name, error.detail)
    except outbound.UrlRefused as error:
        return reasons.address_refused(name, error.message)
    whose = account.ask(task.manifest, access, _left(until))
    if isinstance(whose, Account):
        return _Found(found, whose)
    reason = account.reason_of(name, whose)
    return _Unanswered(found, reason) if _may_answer_yet(whose) else reason


def _require_callable(base_url: str) -> None:
    """Where an account answers may come from its provider. Raises UrlRefused."""
    if base_url:
        outbound.check_url(base_url)


def _gain(task: _Task, until: float) -> Gained | Reason:
    """The credentials: typed already, or granted now."""
    found = Gained.typed_in(dict(task.held))
    grant: Grant | NoGrant | None = None
    asked_at = clock.now()
    if task.provider is None:
        return found
    if "code" in task.held:
        verifier = task.held["verifier"]
        grant = task.provider.exchange(task.held["code"], verifier, _left(until))
    elif "access_token" not in found.secrets:
        grant = task.provider.by_credentials(_left(until))
    if isinstance(grant, NoGrant):
        return grant.reason
    return found.with_grant(grant, asked_at) if grant else found


def _write_down(means: Means, task: _Task, result: _Result) -> None:
    """A code is good only once."""
    write_down(
        means.engine,
        lambda database: _settle(database, means, task, result),
        f"what an attempt to connect {task.row.id} gained",
    )


def _settle(database: DatabaseConnection, means: Means, task: _Task, result: _Result) -> None:
    """Nothing is kept when it was settled before, by us or by who took us for interrupted; of a
    connection that was taken away meanwhile, its provider is told of what it granted.

    The connection is locked before its attempt, as whoever disconnects it does.
    """
    query = standing.row_query(task.row.organization_id, task.row.id).with_for_update()
    row = database.execute(query).first()
    if row is None:
        return
    if not database.execute(_STILL_OURS, {"id": task.attempt.id}).first():
        if isinstance(result, _Found | _Unanswered) and row.secret is None:
            revoking.keep_late_grant(database, means, task.row, result.gained.secrets)
        return
    if isinstance(result, Reason):
        endings.fail(database, task.attempt, result)
    elif isinstance(result, _Unanswered):
        _hold(database, means, task, result.gained.document(), outcome="to_exchange")
    else:
        _keep(database, means, task, row, result)


def _keep(
    database: DatabaseConnection, means: Means, task: _Task, row: Row[Any], found: _Found
) -> None:
    if row.state == "deleted":
        endings.fail(database, task.attempt, None)
    elif row.account_id is not None and found.whose.id != row.account_id:
        _ask_about_other_account(database, means, task, row, found)
    else:
        gained.keep(
            database, means.vault, row, task.attempt, task.manifest, found.gained, found.whose
        )
        database.execute(_of(task.attempt).values(outcome="connected", held=None))


def _ask_about_other_account(
    database: DatabaseConnection, means: Means, task: _Task, row: Row[Any], found: _Found
) -> None:
    """Nobody's account is swapped silently: keep what came, and let a person say."""
    whose = {"id": found.whose.id, "name": found.whose.name}
    reason = reasons.other_account(
        task.manifest.name,
        found.whose.name or "somebody we cannot name",
        row.account_name or row.account_id,
    )
    _hold(
        database,
        means,
        task,
        {**found.gained.document(), "account": whose},
        outcome="other_account",
        reason=reason.document(),
        expires_at=clock.now() + DECIDE_WITHIN,
    )


def _hold(
    database: DatabaseConnection, means: Means, task: _Task, held: dict[str, Any], **values: Any
) -> None:
    where = credentials.held_place(task.attempt.id)
    organization_id = task.attempt.organization_id
    sealed = means.vault.seal(database, organization_id, where, documents.write(held))
    database.execute(_of(task.attempt).values(held=sealed, **values))


def _of(attempt: Row[Any]) -> Any:
    """Change the attempt while it is ours: nobody else took it for interrupted."""
    return update(_ATTEMPTS).where(
        _ATTEMPTS.c.organization_id == attempt.organization_id,
        _ATTEMPTS.c.id == attempt.id,
        _ATTEMPTS.c.outcome == "exchanging",
    )


def _may_answer_yet(failed: Failed) -> bool:
    return failed.kind in _UNANSWERED


def _left(until: float) -> float:
    return max(until - time.monotonic(), _LEAST_S)

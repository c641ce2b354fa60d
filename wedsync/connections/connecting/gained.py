"""What an attempt gained: credentials of an account, kept as the connection's own in one change."""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, update

from wedsync.connections import credentials, naming, standing
from wedsync.connections.account import Account
from wedsync.connections.choosing import kept_choices
from wedsync.connections.credentials import Executor, Secrets
from wedsync.connections.grants import Grant
from wedsync.connections.means import can_be_checked
from wedsync.connections.models import Authorization
from wedsync.connections.standing import NOTHING_IN_FLIGHT, TABLE
from wedsync.connections.tokens import timing
from wedsync.connections.tokens.refreshing import is_renewable
from wedsync.connectors.manifest import Manifest
from wedsync.platform import clock
from wedsync.platform.identity import Identity
from wedsync.platform.vault import Vault


@dataclass(frozen=True, slots=True)
class Gained:
    """What the vendor typed and the provider said of the account, the secrets, and since when and
    how long the token lives.

    `scopes` is None where the provider did not say: then it is what was asked.
    """

    typed: dict[str, Any]
    secrets: Secrets = field(repr=False)
    at: datetime
    lives_s: float | None = None
    scopes: tuple[str, ...] | None = None

    @classmethod
    def typed_in(cls, held: dict[str, Any]) -> "Gained":
        """Read what an attempt holds."""
        at = held.get("at")
        scopes = held.get("scopes")
        return cls(
            typed=held["typed"],
            secrets=held["secrets"],
            at=datetime.fromisoformat(at) if at else clock.now(),
            lives_s=held.get("lives_s"),
            scopes=None if scopes is None else tuple(scopes),
        )

    def with_grant(self, grant: Grant, asked_at: datetime) -> "Gained":
        """A token's life counts from when it was asked for: its answer may have taken a while."""
        return replace(
            self,
            typed={**self.typed, **grant.kept},
            secrets=credentials.with_grant(self.secrets, grant),
            at=asked_at,
            lives_s=grant.lives_s,
            scopes=grant.scopes,
        )

    def document(self) -> dict[str, Any]:
        """As an attempt holds it."""
        return {
            "typed": self.typed,
            "secrets": self.secrets,
            "at": self.at.isoformat(),
            "lives_s": self.lives_s,
            "scopes": None if self.scopes is None else list(self.scopes),
        }

    def missing_scopes(self, manifest: Manifest) -> list[str]:
        """The words of the permissions that are needed and were not given."""
        oauth = manifest.auth.oauth
        if oauth is None or self.scopes is None:
            return []
        return [
            each.words for each in oauth.scopes if each.required and each.name not in self.scopes
        ]

    def lacks_what_is_kept(self, manifest: Manifest) -> bool:
        """Whether the provider did not say what the manifest wants to know of the account."""
        oauth = manifest.auth.oauth
        wanted = {*oauth.from_answer, *oauth.from_callback} if oauth else set()
        return not wanted.issubset(self.typed)


def keep(
    executor: Executor,
    vault: Vault,
    row: Row[Any],
    attempt: Row[Any] | Authorization,
    manifest: Manifest,
    gained: Gained,
    whose: Account,
    *,
    by: Identity | None = None,
) -> None:
    """Make the credentials the connection's, whatever was wrong before; it is active now, or
    paused again.

    The caller holds the row. A refresh in flight loses its fence.
    """
    secrets = _with_what_lasts(executor, vault, row, manifest, gained, whose)
    expires = gained.at + timedelta(seconds=gained.lives_s) if gained.lives_s else None
    now = clock.now()
    executor.execute(
        update(TABLE)
        .where(TABLE.c.organization_id == row.organization_id, TABLE.c.id == row.id)
        .values(
            name=naming.name_for(executor, row, manifest.name, whose.name),
            listing_version_id=attempt.listing_version_id or row.listing_version_id,
            state=standing.held_or("active"),
            state_since=now,
            reason=None,
            account_id=whose.id or None,
            account_name=whose.name or None,
            settings=gained.typed,
            secret=credentials.sealed(executor, vault, row.organization_id, row.id, secrets),
            scopes=_scopes(manifest, attempt.scopes, gained),
            generation=row.generation + 1,
            connected_at=now,
            refreshed_at=gained.at,
            access_expires_at=expires,
            refresh_due_at=_refresh_due_at(manifest, secrets, gained.at, expires),
            refresh_failures=0,
            refresh_fence=row.refresh_fence + 1,
            refused_at=None,
            checked_at=now,
            check_result=None,
            check_due_at=_check_due_at(manifest, now),
            ready_at=now,
            **NOTHING_IN_FLIGHT,
        )
    )
    kept_choices.forget(executor, row.organization_id, row.id)  # they were read as somebody else
    first = row.connected_at is None
    event = "connection.connected" if first else "connection.reconnected"
    kept = executor.execute(standing.row_query(row.organization_id, row.id)).one()
    standing.tell(executor, kept, event, by=by)
    standing.mended(executor, kept)


def _with_what_lasts(
    executor: Executor,
    vault: Vault,
    row: Row[Any],
    manifest: Manifest,
    gained: Gained,
    whose: Account,
) -> Secrets:
    """Some providers give a refresh token at the first consent only: then the old one lasts, for
    the same account at the same place. One that nobody can name may be another account."""
    oauth = manifest.auth.oauth
    if oauth is None or oauth.rotation or "refresh_token" in gained.secrets:
        return gained.secrets
    if not whose.id or (whose.id, gained.typed) != (row.account_id, row.settings):
        return gained.secrets
    before = credentials.opened(executor, vault, row.organization_id, row.id, row.secret)
    lasting = {"refresh_token": before["refresh_token"]} if "refresh_token" in before else {}
    return {**gained.secrets, **lasting}


def _scopes(manifest: Manifest, asked: list[str] | None, gained: Gained) -> list[str]:
    if gained.scopes is not None:
        return list(gained.scopes)
    if asked is not None:
        return asked
    oauth = manifest.auth.oauth
    return [each.name for each in oauth.scopes] if oauth else []


def _refresh_due_at(
    manifest: Manifest, secrets: Secrets, issued: datetime, expires: datetime | None
) -> datetime | None:
    if manifest.auth.oauth is None:
        return None
    return timing.refresh_due_at(
        issued, expires, renewable=is_renewable(manifest, secrets), random=random.random()
    )


def _check_due_at(manifest: Manifest, now: datetime) -> datetime | None:
    if not can_be_checked(manifest):
        return None
    return timing.next_check_at(now, well=True, random=random.random())

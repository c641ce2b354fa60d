"""The drain lane `connections`: what is due is done, a few at once, whoever provider hangs.

Due can be: a code to exchange, a token to renew, an account to look at, a token to revoke, a list
to choose from that somebody waits for. Each is claimed by the module that does it, so any number of
processes may keep. Who waits for a connection is told in the transaction that notes it as told.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Engine, Row, text

from wedsync.connections import checking, reasons
from wedsync.connections.choosing import choices, kept_choices
from wedsync.connections.connecting import endings, finishing
from wedsync.connections.means import Means
from wedsync.connections.tokens import refreshing, revoking
from wedsync.platform import batch, clock
from wedsync.platform.batch import recordset
from wedsync.platform.leases import OwnerLock
from wedsync.platform.rounds import keep_round
from wedsync.platform.vault import Vault
from wedsync.settings import Settings

AT_ONCE = 32
"""Threads that mostly wait: eight providers that hang leave nobody else without one."""

AT_ONCE_OF_ONE_CONNECTOR = 4
AT_ONCE_OF_ONE_ORGANIZATION = 2
ANY_HOST = frozenset({"rest-api", "rest-oauth", "smtp"})
"""Connectors whose vendor names the host: one that hangs says nothing about anybody else's, so
only its organization waits for a place."""

EXCHANGE_WITHIN_S = 40.0
INTERRUPTED_AFTER_S = 120
_TOLD_AT_ONCE = 200
_LOOK_S = 0.2
_MOST_SEEN = 64

OnReady = Callable[[DatabaseConnection, Sequence[UUID]], object]


@dataclass(frozen=True, slots=True)
class _Busy:
    """What is going on already, and who has all their places by it."""

    keys: set[tuple[str, UUID]] = field(default_factory=set)
    of_connector: Counter[str] = field(default_factory=Counter)
    of_organization: Counter[UUID] = field(default_factory=Counter)

    def add(self, row: Row[Any]) -> None:
        self.keys.add((row.kind, row.id))
        self.of_organization[row.organization_id] += 1
        if row.slug not in ANY_HOST:
            self.of_connector[row.slug] += 1

    def full_connectors(self) -> list[str]:
        most = AT_ONCE_OF_ONE_CONNECTOR
        return [slug for slug, going in self.of_connector.items() if going >= most]

    def full_organizations(self) -> list[UUID]:
        most = AT_ONCE_OF_ONE_ORGANIZATION
        return [each for each, going in self.of_organization.items() if going >= most]

    def has_place(self, row: Row[Any]) -> bool:
        """Whether it may begin: neither at it already nor out of places."""
        return (
            (row.kind, row.id) not in self.keys
            and len(self.keys) < AT_ONCE
            and self.of_connector[row.slug] < AT_ONCE_OF_ONE_CONNECTOR
            and self.of_organization[row.organization_id] < AT_ONCE_OF_ONE_ORGANIZATION
        )


_DUE = text(
    "(SELECT 'attempt' AS kind, a.organization_id, a.id, c.slug FROM authorizations a"
    "  JOIN connections c ON c.organization_id = a.organization_id AND c.id = a.connection_id"
    "  WHERE a.outcome = 'to_exchange' AND c.slug <> ALL(:full)"
    "  AND a.organization_id <> ALL(:full_organizations) ORDER BY a.used_at LIMIT :most)"
    " UNION ALL (SELECT 'refresh', organization_id, id, slug FROM connections"
    "  WHERE refresh_due_at <= :now AND state IN ('active', 'degraded', 'paused')"
    "  AND (refresh_until IS NULL OR refresh_until <= clock_timestamp())"
    "  AND slug <> ALL(:full)"
    "  AND organization_id <> ALL(:full_organizations) ORDER BY refresh_due_at LIMIT :most)"
    " UNION ALL (SELECT 'revoke', organization_id, id, slug FROM connections"
    "  WHERE refresh_due_at <= :now AND state IN ('revoked', 'deleted') AND secret IS NOT NULL"
    "  AND slug <> ALL(:full)"
    "  AND organization_id <> ALL(:full_organizations) ORDER BY refresh_due_at LIMIT :most)"
    " UNION ALL (SELECT 'check', organization_id, id, slug FROM connections"
    "  WHERE check_due_at <= :now AND state IN ('active', 'degraded')"
    "  AND slug <> ALL(:full)"
    "  AND organization_id <> ALL(:full_organizations) ORDER BY check_due_at LIMIT :most)"
    " UNION ALL (SELECT 'choices', l.organization_id, l.id, c.slug FROM account_choices l"
    "  JOIN connections c ON c.organization_id = l.organization_id AND c.id = l.connection_id"
    "  WHERE l.due_at <= clock_timestamp()"
    "  AND (l.claimed_until IS NULL OR l.claimed_until <= clock_timestamp())"
    "  AND c.slug <> ALL(:full)"
    "  AND l.organization_id <> ALL(:full_organizations) ORDER BY l.due_at LIMIT :most)"
)
_READY = text(
    "SELECT id, ready_at FROM connections WHERE ready_at IS NOT NULL"
    " AND state IN ('active', 'degraded') ORDER BY ready_at LIMIT :most"
)
_TOLD = text(
    "UPDATE connections SET ready_at = NULL WHERE id IN (SELECT c.id FROM connections c JOIN "
    + recordset("id uuid, ready_at timestamptz")
    + " ON c.id = t.id AND c.ready_at = t.ready_at FOR UPDATE OF c SKIP LOCKED)"
)
_INTERRUPTED = text(
    "SELECT a.*, c.name FROM authorizations a JOIN connections c"
    " ON c.organization_id = a.organization_id AND c.id = a.connection_id"
    " WHERE a.outcome = 'exchanging'"
    " AND a.claimed_at < clock_timestamp() - make_interval(secs => :seconds)"
    " FOR UPDATE OF c, a SKIP LOCKED"
)
_PRUNE_PENDING = text(
    "DELETE FROM connections c WHERE id IN (SELECT id FROM connections p WHERE state = 'pending'"
    " AND created_at < now() - interval '1 day' AND NOT EXISTS (SELECT FROM authorizations a"
    "  WHERE a.organization_id = p.organization_id AND a.connection_id = p.id"
    "  AND a.created_at > now() - interval '1 day') LIMIT 1000)"
)
_PRUNE_ATTEMPTS = text(
    "DELETE FROM authorizations WHERE id IN (SELECT id FROM authorizations"
    " WHERE created_at < now() - interval '7 days' LIMIT 1000)"
)
_FORGET_HELD = text(
    "UPDATE authorizations SET held = NULL WHERE held IS NOT NULL AND expires_at < now()"
    " AND (outcome IS NULL OR outcome IN ('failed', 'other_account'))"
)


class Keeper:
    """Keeps the connections of every organization; one per worker process.

    `on_ready` is called with connections that became usable, in the transaction that takes note.
    `owner` lets the death of this process give its leases back at once.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        settings: Settings,
        on_ready: OnReady,
        *,
        owner: OwnerLock | None = None,
    ) -> None:
        self._means = Means(engine, vault, settings)
        self._on_ready = on_ready
        self._owner = owner
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="connections")
        self._going: dict[Future[object], Row[Any]] = {}

    def work(self, stopping: threading.Event) -> None:
        """One round: begin what is due while there is room, and come back when nothing ends soon.

        What a hanging provider keeps going is looked at again in the next round. A process that
        owns nothing yet begins nothing: nobody would see it die over a token.
        """
        if self._owner is not None and self._owner.id is None:
            return
        self._tell()
        self._end_interrupted()
        keep_round(self._going, self._begin, stopping, look_s=_LOOK_S, after=self._tell)

    def _begin(self) -> None:
        """Begin what is due: of who has all their places, nothing is even looked at."""
        begun = True
        while begun and len(self._going) < AT_ONCE:
            busy = _Busy()
            for row in self._going.values():
                busy.add(row)
            begun = sum(self._begin_one(row, busy) for row in self._due(busy)) > 0

    def _begin_one(self, row: Row[Any], busy: _Busy) -> bool:
        if not busy.has_place(row):
            return False
        self._going[self._pool.submit(self._job(row))] = row
        busy.add(row)
        return True

    def _due(self, busy: _Busy) -> Sequence[Row[Any]]:
        given = {
            "now": clock.now(),
            "most": _MOST_SEEN,
            "full": busy.full_connectors(),
            "full_organizations": busy.full_organizations(),
        }
        with self._means.engine.connect() as database:
            return database.execute(_DUE, given).all()

    def _job(self, row: Row[Any]) -> Callable[[], object]:
        means, organization_id, row_id = self._means, row.organization_id, row.id
        if row.kind == "refresh":
            owner = self._owner.id if self._owner else None
            return partial(refreshing.refresh, means, organization_id, row_id, owner=owner)
        if row.kind == "check":
            look = partial(checking.check, means, organization_id, row_id)
            return partial(look, timeout_s=checking.TIMEOUT_S, due_by=clock.now())
        if row.kind == "choices":
            within_s = choices.BY_A_DRAIN_S
            return partial(
                choices.load, means, organization_id, row_id, within_s=within_s, last=True
            )
        if row.kind == "revoke":
            return partial(revoking.revoke, means, organization_id, row_id)
        within_s = EXCHANGE_WITHIN_S
        return partial(
            finishing.carry_out, means, organization_id, row_id, within_s=within_s, last=True
        )

    def _tell(self) -> None:
        """Tell who waits, and only then note it: a turn of the runs locks lanes and then
        connections, and so do we. Who is told twice finds nobody waiting."""
        with self._means.engine.begin() as database:
            ready = database.execute(_READY, {"most": _TOLD_AT_ONCE}).all()
            if ready:
                self._on_ready(database, [row.id for row in ready])
                database.execute(_TOLD, batch.rows([row._asdict() for row in ready]))

    def _end_interrupted(self) -> None:
        with self._means.engine.begin() as database:
            for attempt in database.execute(_INTERRUPTED, {"seconds": INTERRUPTED_AFTER_S}).all():
                endings.fail(database, attempt, reasons.attempt_interrupted(attempt.name))
            endings.end_closed_windows(database)


def prune(database: DatabaseConnection) -> None:
    """Forget connections that never came about for a day, then attempts nobody finished, which
    are locked after their connections, and lists nobody chose from for a month."""
    for statement in (_PRUNE_PENDING, _FORGET_HELD, _PRUNE_ATTEMPTS, kept_choices.PRUNE):
        database.execute(statement)

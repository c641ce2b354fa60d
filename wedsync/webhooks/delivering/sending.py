"""Sending deliveries: claimed by lane, attempted through the door, recorded under their fence.

An attempt's row is committed before its first byte leaves. A death in between resends with the
same `webhook-id`: at least once, never silently zero times. What is claimed is committed before
it is even read, so a row that kills whoever reads it is found (`deadly`).
"""

import logging
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from wedsync.platform import batch, clock, crypto, documents, leases, leaves
from wedsync.platform.batch import recordset
from wedsync.platform.outbound import Failure, Outcome, Request
from wedsync.platform.shares import Shares
from wedsync.platform.vault import Vault, place
from wedsync.platform.window import Turn
from wedsync.webhooks import signing
from wedsync.webhooks.delivering import claiming, heads, settling
from wedsync.webhooks.delivering.claiming import Claimed
from wedsync.webhooks.delivering.service import body_of
from wedsync.webhooks.delivering.verdicts import INTERRUPTED, Sending, judge

log = logging.getLogger(__name__)

TIMEOUT_S = 15.0
# What a row itself can cause: a destroyed key, a secret that is none, data that is no JSON.
_CULPABLE = (crypto.Unsealable, ValueError, TypeError, LookupError)
_NOT_READY = Failure("not_sent", "not_ready", "We could not sign what should be sent.")

_ATTEMPT = text(
    "INSERT INTO delivery_attempts (delivery_id, number, organization_id, url)"
    " SELECT id, number, organization_id, url FROM "
    + recordset("id uuid, number int, organization_id uuid, url text")
)
_RENEW = text(
    "UPDATE deliveries SET lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE id = ANY(:deliveries) AND owner = :owner AND state = 'in_flight'"
)
_UNWANTED = text(
    "SELECT t.id FROM unnest(CAST(:deliveries AS uuid[])) AS t(id) WHERE NOT EXISTS"
    " (SELECT FROM deliveries d JOIN endpoints e ON e.id = d.endpoint_id AND e.state = 'on'"
    "  WHERE d.id = t.id AND d.owner = :owner AND d.state = 'in_flight')"
)


class DeliverySource:
    """The deliveries of all organizations, as a window's work (see `platform/window.py`)."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        owner: leases.OwnerLock,
        deaths_before_giving_up: int,
    ) -> None:
        self.owner = owner
        self._engine = engine
        self._vault = vault
        self._deaths_before_giving_up = deaths_before_giving_up
        self._not_sent: list[tuple[Sending, Outcome]] = []
        self._free_at: list[float] = []
        self._further_looks = claiming.FurtherLooks()

    def turn(
        self,
        owner: UUID,
        finished: Sequence[tuple[Sending, Outcome]],
        room: int,
        shares: Shares,
    ) -> Turn[Sending]:
        began = time.monotonic()
        ended = [*self._not_sent, *finished]
        verdicts = [judge(sending, outcome, clock.now()) for sending, outcome in ended]
        allotment = shares.allotment(room)
        try:
            with self._engine.connect() as connection:
                with connection.begin():
                    settling.settle(connection, owner, verdicts)
                    claimed = claiming.claim(
                        connection,
                        owner,
                        allotment,
                        self._deaths_before_giving_up,
                        self._further_looks,
                    )
                    sendings = _begun(connection, claimed)
                self._not_sent = []
                return self._starts(connection, claimed, sendings, began)
        except settling.UNWRITABLE:
            log.exception("a batch of deliveries could not be recorded; recording them one by one")
        settling.settle_one_by_one(self._engine, owner, verdicts)
        self._not_sent = []
        return Turn()

    def renew(self, owner: UUID, rows: Sequence[UUID]) -> None:
        given = {"owner": owner, "deliveries": list(rows), "lease": leases.LEASE_SECONDS}
        with self._engine.begin() as connection:
            connection.execute(_RENEW, given)

    def unwanted(self, owner: UUID, rows: Sequence[UUID]) -> Collection[UUID]:
        """Those of these rows in flight that were cancelled, or whose endpoint is not on."""
        with self._engine.begin() as connection:
            given = {"owner": owner, "deliveries": list(rows)}
            return set(connection.scalars(_UNWANTED, given))

    def _starts(
        self,
        connection: Connection,
        claimed: Claimed,
        sendings: Sequence[Sending],
        looked_at: float,
    ) -> Turn[Sending]:
        """What leaves now. A delivery that cannot be read or signed fails alone, as one whose
        receiver is not there does; the next turn, which comes at once, writes that down."""
        secrets = _Secrets(self._vault, connection)
        self._vault.read(connection, _keys_of(claimed.rows))
        starts = []
        for sending, row in zip(sendings, claimed.rows, strict=True):
            if sending.id in claimed.hopeless:
                log.error("delivery %s kills who sends it; it is given up", sending.id)
                self._not_sent.append((sending, INTERRUPTED))
                continue
            try:
                starts.append(self._start(connection, sending, row, secrets))
            except _CULPABLE:
                log.exception("delivery %s cannot be made ready to send", sending.id)
                self._not_sent.append((sending, _NOT_READY))
        return Turn(
            starts,
            claimed=len(sendings),
            woke=bool(self._not_sent),
            again_in_s=self._again_in_s(claimed.again_in_s, looked_at),
        )

    def _start(
        self, connection: Connection, sending: Sending, row: Row[Any], secrets: "_Secrets"
    ) -> tuple[Sending, Request]:
        now = clock.now()
        data = leaves.open_what_is_left(
            row.data,
            row.organization_id,
            partial(self._vault.keys, connection, row.organization_id),
        )
        body = documents.write(body_of(row.event_id, row.type, row.occurred_at, data))
        signed = signing.sign(str(row.event_id), int(now.timestamp()), body, secrets.of(row, now))
        headers = {**signed, "content-type": "application/json"}
        sending.head = heads.of_request(headers)
        return sending, Request("POST", row.url, headers, body, timeout_s=TIMEOUT_S)

    def _again_in_s(self, free_in_s: float | None, looked_at: float) -> float | None:
        """In how many seconds a rate lets something leave, of all it was said of; at once what it
        has let leave since the look at `looked_at` (monotonic), which did not see that."""
        now = time.monotonic()
        if free_in_s is not None:
            self._free_at.append(now + free_in_s)
        self._free_at = [at for at in self._free_at if at > looked_at]
        return max(0.0, min(self._free_at) - now) if self._free_at else None


class _Secrets:
    """The secrets of endpoints, each opened once for all that leaves together."""

    def __init__(self, vault: Vault, connection: Connection) -> None:
        self._vault = vault
        self._connection = connection
        self._opened: dict[tuple[UUID, str], str] = {}

    def of(self, row: Row[Any], now: datetime) -> list[str]:
        """What signs now: secret and signing key and, while they overlap, those before."""
        until = row.previous_secret_until
        fields = ["secret", "signing_key"]
        if until is not None and until > now:
            fields += ["previous_secret", "previous_signing_key"]
        kept = ((field, getattr(row, field)) for field in fields)
        return [self._open(row, field, sealed) for field, sealed in kept if sealed is not None]

    def _open(self, row: Row[Any], field: str, sealed: bytes) -> str:
        kept = (row.endpoint_id, field)
        if kept not in self._opened:
            where = place("endpoints", row.endpoint_id, field)
            opened = self._vault.open(self._connection, row.organization_id, where, sealed)
            self._opened[kept] = opened.decode()
        return self._opened[kept]


def _keys_of(rows: Sequence[Row[Any]]) -> set[tuple[UUID, UUID]]:
    """What opens the leaves of all that leaves together, and its secrets: read at once."""
    sealed = ("secret", "previous_secret", "signing_key", "previous_signing_key")
    return {
        (row.organization_id, key_id)
        for row in rows
        for key_id in leaves.key_ids(row.data)
        | crypto.key_ids_of(getattr(row, field) for field in sealed)
    }


def _begun(connection: Connection, claimed: Claimed) -> list[Sending]:
    """Write an attempt for each claimed row: what may leave is on record first."""
    sendings = [_sending(row, claimed.probed) for row in claimed.rows]
    if sendings:
        rows = [
            {
                "id": each.id,
                "number": each.number,
                "organization_id": each.organization_id,
                "url": each.url,
            }
            for each in sendings
        ]
        connection.execute(_ATTEMPT, batch.rows(rows))
    return sendings


def _sending(row: Row[Any], probed: Collection[UUID]) -> Sending:
    return Sending(
        row.id,
        row.organization_id,
        row.endpoint_id,
        row.lane,
        row.fence,
        row.attempts,
        row.failures,
        row.event_id,
        row.type,
        row.url,
        is_suspect=row.deaths > 0,
        is_probe=row.endpoint_id in probed,
    )

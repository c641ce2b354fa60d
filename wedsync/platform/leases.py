"""Who is working on what: owners, lanes, and the claims of the dead.

A worker process is an *owner*: a row, and a session advisory lock on a connection of its own that
only its life holds. When the lock is free the owner is dead, and the sweep gives its claims back
at once instead of waiting for their lease to end.

A *lane* is what is claimed as a whole (a workflow, an endpoint). `next_due_at` says when it next
has work; the drain takes the lanes longest not served, a bounded number of rows from each, so
that nobody starves. Whoever makes a row due calls `touch_lanes` in the same transaction.
"""

import logging
import os
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, ForeignKey, Index, Row, TextClause, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform import batch, ids
from wedsync.platform.batch import recordset
from wedsync.platform.db import Base
from wedsync.platform.shares import Allotment

LEASE_SECONDS = 90

# Of the table being written: its claim belongs to an owner nobody knows any more. A turn may
# commit just after the sweep took its owner for dead and forgot it.
FORGOTTEN = "NOT EXISTS (SELECT FROM owners WHERE owners.id = owner)"

log = logging.getLogger(__name__)

_SEEN = text("UPDATE owners SET seen_at = clock_timestamp() WHERE id = :id")
_TOUCH = text(
    "INSERT INTO lanes (kind, key, organization_id, next_due_at, ordered)"
    " SELECT :kind, key, CAST(:organization_id AS uuid), due, strpos(key, ':') > 0 FROM "
    + recordset("key text, due timestamptz")
    + " ORDER BY key ON CONFLICT (kind, key) DO UPDATE SET next_due_at ="
    " least(lanes.next_due_at, excluded.next_due_at)"
)


class Lane(Base):
    """One lane of one kind (`runs`, `deliveries`); `next_due_at` empty means nothing to do. Its
    rows go one after the other (`ordered`) when there is a colon in its key, and what orders them
    behind it. Nobody looks at one that is `held_by` something until that lets it go."""

    __tablename__ = "lanes"
    __table_args__ = (
        Index(
            "ix_lanes_due",
            "kind",
            "served_at",
            postgresql_where=text("next_due_at IS NOT NULL AND held_by IS NULL"),
        ),
        Index(
            "ix_lanes_held", "held_by", "served_at", postgresql_where=text("held_by IS NOT NULL")
        ),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE")
    )
    ordered: Mapped[bool] = mapped_column(server_default="false")
    next_due_at: Mapped[datetime | None]
    served_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    held_by: Mapped[UUID | None]


class Owner(Base):
    """A worker process that may hold claims; `lock_key` is its advisory lock. `taking` are the
    runs it took up last, by id, with the fence it found; `passing_on` the ids of the events it
    fanned out last; `preparing` the ids of the suspect deliveries it makes ready to send."""

    __tablename__ = "owners"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    lock_key: Mapped[int] = mapped_column(BigInteger, unique=True)
    process: Mapped[str]
    seen_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    taking: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    passing_on: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    preparing: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)


class LostOwnership(Exception):
    """The session that held the owner's lock is gone; its claims may be somebody else's now."""


class OwnerLock:
    """This process's ownership: held as long as one database session lives.

    `id` is None while nothing is held. Read it once per transaction: another thread may lose the
    session and become a new owner at any moment.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self.id: UUID | None = None

    def acquire(self) -> UUID:
        """Become a new owner; returns its id."""
        self.release()
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        try:
            owner = _become_owner(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self.id = connection, owner
        return owner

    def check(self) -> None:
        """Show that the session lives. Raises LostOwnership when it does not."""
        if self._connection is None:
            raise LostOwnership("This process owns nothing yet.")
        try:
            known = self._connection.execute(_SEEN, {"id": self.id}).rowcount
        except DBAPIError as error:
            raise LostOwnership("The session that held the lock is gone.") from error
        if not known:
            raise LostOwnership("Somebody took this owner for dead.")

    def release(self) -> None:
        """Give the lock back by ending its session."""
        connection, self._connection, self.id = self._connection, None, None
        if connection is None:
            return
        try:
            connection.close()
        except DBAPIError:
            log.info("the owner's session had ended already")


def _become_owner(connection: Connection) -> UUID:
    """Take the lock first, then be known: who sees the row without its lock sees a dead owner."""
    owner = ids.new_id()
    lock_key = int.from_bytes(owner.bytes[8:], "big", signed=True)
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": lock_key})
    connection.execute(
        text("INSERT INTO owners (id, lock_key, process) VALUES (:id, :key, :process)"),
        {"id": owner, "key": lock_key, "process": f"{socket.gethostname()}:{os.getpid()}"},
    )
    return owner


def touch_lanes(
    connection: Connection, kind: str, organization_id: UUID, due: Mapping[str, datetime]
) -> None:
    """Say that lanes have work from a moment on, making lanes that are new.

    Keys are taken in order, so that two transactions touching the same lanes cannot deadlock.
    """
    if not due:
        return
    rows = [{"key": key, "due": due[key]} for key in sorted(due)]
    connection.execute(
        _TOUCH, {"kind": kind, "organization_id": organization_id, **batch.rows(rows)}
    )


def due_lanes(
    connection: Connection,
    statement: TextClause,
    kind: str,
    allotment: Allotment,
    *,
    besides: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """Lock lanes that have work by `statement`, which takes `kind`, `full`, `full_organizations`
    and `limit`; none of `besides`, and none where there is no room."""
    if allotment.room <= 0:
        return ()
    given = {
        "kind": kind,
        "full": [*allotment.full_lanes, *besides],
        "full_organizations": allotment.full_organizations,
        "limit": allotment.room,
    }
    return connection.execute(statement, given).all()


def grant_lanes(
    connection: Connection, statement: TextClause, kind: str, allotment: Allotment
) -> list[tuple[Row[Any], int]]:
    """Lock lanes that have work, longest unserved first; each with how many rows it may give.

    Lanes another worker is taking from are passed over, and so are those nothing is left for:
    they keep their place in the row.
    """
    lanes = due_lanes(connection, statement, kind, allotment)
    granted = [(lane, allotment.grant(lane.key, lane.organization_id)) for lane in lanes]
    return [(lane, places) for lane, places in granted if places]


def dead_owners(connection: Connection) -> list[UUID]:
    """Owners whose lock is free, each now locked by this transaction so that one sweep acts."""
    rows = connection.execute(
        text("SELECT id FROM owners WHERE pg_try_advisory_xact_lock(lock_key) ORDER BY id")
    )
    return [row.id for row in rows]


def forget_owners(connection: Connection, owners: list[UUID]) -> None:
    """Delete owners whose claims were given back."""
    connection.execute(text("DELETE FROM owners WHERE id = ANY(:owners)"), {"owners": owners})

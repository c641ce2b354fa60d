"""What ended and is not counted yet, and what was counted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base

_OFTEN_EMPTIED = {
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 20_000,
    "autovacuum_vacuum_insert_scale_factor": 0,
    "autovacuum_vacuum_insert_threshold": 100_000,
}
_GROWN_IN_PLACE = {"fillfactor": 70}


class Ending(Base):
    """A try or a run that ended, until it is counted; it comes and goes with a transaction.

    `kind` and `subject_id` are of the series it belongs to (`step` and `workflow` name a workflow,
    `endpoint` an endpoint); `part` is the step. `outcome` is the word its own row has. `weight` is
    -1 where one is taken back that was counted as something else.
    """

    __tablename__ = "endings"
    __table_args__ = ({"postgresql_with": _OFTEN_EMPTIED},)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    organization_id: Mapped[UUID]
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    part: Mapped[str] = mapped_column(server_default="")
    connection_id: Mapped[UUID | None]
    at: Mapped[datetime]
    outcome: Mapped[str]
    ms: Mapped[int | None] = mapped_column(BigInteger)
    weight: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))


class Series(Base):
    """One thing that is counted. Its id is made of the rest, see `tallies.series_id`.

    `organization_id` is empty for what is counted across all of them.
    """

    __tablename__ = "rollup_series"
    __table_args__ = (Index("ix_rollup_series_of_organization", "organization_id", "kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE")
    )
    kind: Mapped[str]
    subject: Mapped[str]
    part: Mapped[str]


class _Rollup:
    """What ended in the time that begins `at`: `succeeded` worked; `put_off` says nothing about
    the far end (we were interrupted, or asked to come later); the rest failed. `bins` are how long
    what succeeded took, see `bins`."""

    series_id: Mapped[UUID] = mapped_column(
        ForeignKey("rollup_series.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime] = mapped_column(primary_key=True)
    tried: Mapped[int] = mapped_column(BigInteger)
    succeeded: Mapped[int] = mapped_column(BigInteger)
    put_off: Mapped[int] = mapped_column(BigInteger)
    bins: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class MinuteRollup(_Rollup, Base):
    """One series in one minute."""

    __tablename__ = "rollup_minutes"
    __table_args__ = (
        Index("ix_rollup_minutes_oldest", "at"),
        {"postgresql_with": _GROWN_IN_PLACE},
    )


class HourRollup(_Rollup, Base):
    """One series in one hour, of UTC."""

    __tablename__ = "rollup_hours"
    __table_args__ = (
        Index("ix_rollup_hours_oldest", "at"),
        {"postgresql_with": _GROWN_IN_PLACE},
    )

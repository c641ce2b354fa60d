"""The canonical wedding records."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent

STATUSES = ("inquiry", "tentative", "booked", "completed", "cancelled", "postponed", "archived")


class Wedding(OrganizationRow, Base):
    """One couple's wedding. Dates are local to `zone` (IANA); money is in `currency` (ISO 4217).

    `date_generation` rises each time it is postponed: what is counted from its dates may then
    happen anew. `revision` rises with every change.
    """

    __tablename__ = "weddings"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        Index("ix_weddings_by_date", "organization_id", "date"),
    )

    title: Mapped[str]
    partners: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    date: Mapped[dt.date | None]
    rsvp_deadline: Mapped[dt.date | None]
    final_count_due: Mapped[dt.date | None]
    delivery_date: Mapped[dt.date | None]
    final_count: Mapped[int | None]
    zone: Mapped[str] = mapped_column(server_default="Europe/London")
    venue: Mapped[str] = mapped_column(server_default="")
    currency: Mapped[str] = mapped_column(server_default="GBP")
    status: Mapped[str] = mapped_column(server_default="booked")
    date_generation: Mapped[int] = mapped_column(server_default="0")
    revision: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=text("clock_timestamp()"))


class Household(OrganizationRow, Base):
    """People who are invited together."""

    __tablename__ = "households"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        parent("wedding_id", "weddings"),
        Index("ix_households_of_wedding", "organization_id", "wedding_id"),
    )

    wedding_id: Mapped[UUID]
    name: Mapped[str]


class Guest(OrganizationRow, Base):
    """One invited person."""

    __tablename__ = "guests"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        parent("wedding_id", "weddings"),
        parent("household_id", "households"),
        CheckConstraint("kind IN ('adult', 'child', 'infant', 'vendor')", name="kind"),
        Index("ix_guests_of_wedding", "organization_id", "wedding_id"),
    )

    wedding_id: Mapped[UUID]
    household_id: Mapped[UUID]
    name: Mapped[str]
    email: Mapped[str | None]
    kind: Mapped[str] = mapped_column(server_default="adult")

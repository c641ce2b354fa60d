"""The record of what a schedule already did: one row per name and slot, whoever comes first."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base


class ScheduleSlot(Base):
    """One occurrence of one scheduled job, claimed by inserting it."""

    __tablename__ = "schedule_slots"

    name: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))

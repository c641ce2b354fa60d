"""Remembered answers: what makes a repeated request safe."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base


class RememberedAnswer(Base):
    """The answer to one Idempotency-Key of one credential, for 24 hours.

    `key_hash` covers credential, method, path and key. `answer` is encrypted under a key derived
    from the Idempotency-Key and the credential, so the row alone tells nothing. Inserted in the
    transaction of the effect: a parallel twin waits for it and reads it.
    """

    __tablename__ = "remembered_answers"
    __table_args__ = (Index("ix_remembered_answers_old", "created_at"),)

    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE")
    )
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))

"""The outbox."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, Row


class MailMessage(Row, Base):
    """One e-mail on its way. `content` is sealed JSON (`subject`, `text`), emptied once sent.

    `kind` says what it is (`invitation`, `password_reset`, `notice`); `once_key` makes posting it
    a second time do nothing.
    """

    __tablename__ = "mail_messages"
    __table_args__ = (
        CheckConstraint("state IN ('due', 'sending', 'sent', 'given_up')", name="state"),
        Index(
            "ix_mail_messages_due",
            "due_at",
            postgresql_where=text("state IN ('due', 'sending')"),
        ),
    )

    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str]
    to_address: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    once_key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="due")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    sent_at: Mapped[datetime | None]
    last_error: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)

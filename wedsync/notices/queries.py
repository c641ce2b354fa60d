"""What an organization was told and is not over."""

from uuid import UUID

from sqlalchemy import select

from wedsync.notices.models import Notice
from wedsync.platform.db import db

_SHOWN = 50


def open_ones(organization_id: UUID, *, limit: int = _SHOWN) -> list[Notice]:
    """Open notices, the newest first."""
    return list(
        db.session.scalars(
            select(Notice)
            .where(Notice.organization_id == organization_id, Notice.closed_at.is_(None))
            .order_by(Notice.id.desc())
            .limit(limit)
        )
    )

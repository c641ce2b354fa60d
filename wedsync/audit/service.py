"""Writing audit entries, in the transaction of the change itself."""

from typing import Any
from uuid import UUID

from wedsync.audit.models import AuditEntry
from wedsync.platform.db import db
from wedsync.platform.identity import Identity


def record(
    action: str,
    object_kind: str,
    object_id: UUID | None,
    *,
    organization_id: UUID,
    by: Identity | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Note that `by` (None: the platform itself) did `action` (`"hook.created"`).

    `facts` holds codes and ids that explain the entry, never a secret and never personal data.
    """
    entry = AuditEntry(
        organization_id=organization_id,
        actor_kind=by.kind if by else "platform",
        actor_id=(by.user_id or by.credential_id) if by else None,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        facts=facts or {},
    )
    db.session.add(entry)

"""Writing audit entries, in the transaction of the change itself."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session, scoped_session

from wedsync.audit.models import AuditEntry
from wedsync.platform.db import db
from wedsync.platform.identity import Identity

Executor = Connection | Session | scoped_session[Any]


def record(
    action: str,
    object_kind: str,
    object_id: UUID | None,
    *,
    organization_id: UUID,
    by: Identity | None = None,
    facts: dict[str, Any] | None = None,
    executor: Executor | None = None,
) -> None:
    """Note that `by` (None: the platform itself) did `action` (`"hook.created"`).

    `facts` holds codes and ids that explain the entry, never a secret and never personal data.
    `executor` is the transaction of the change, where that is not the request's.
    """
    entry = {
        "organization_id": organization_id,
        "actor_kind": by.kind if by else "platform",
        "actor_id": (by.user_id or by.credential_id) if by else None,
        "action": action,
        "object_kind": object_kind,
        "object_id": object_id,
        "facts": facts or {},
    }
    if executor is None:
        db.session.add(AuditEntry(**entry))
    else:
        executor.execute(insert(AuditEntry), entry)

"""Reading incidents, and saying that one is looked after."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from wedsync.accounts.models import User
from wedsync.audit import service as audit
from wedsync.errors import NotFound
from wedsync.health.incidents.models import Incident
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity


@dataclass(frozen=True, slots=True)
class Looked:
    """An incident, and the name of who acknowledged it; empty where nobody did, or a key."""

    incident: Incident
    by: str


def latest(
    organization_id: UUID,
    *,
    is_open: bool | None = None,
    before: UUID | None = None,
    limit: int,
) -> Sequence[Looked]:
    """The newest first, open or closed ones only when asked, older than the id `before`."""
    query = (
        select(Incident, User.name)
        .outerjoin(User, User.id == Incident.acknowledged_by)
        .where(Incident.organization_id == organization_id)
        .order_by(Incident.id.desc())
        .limit(limit)
    )
    if is_open is not None:
        closed = Incident.closed_at
        query = query.where(closed.is_(None) if is_open else closed.is_not(None))
    if before is not None:
        query = query.where(Incident.id < before)
    return [Looked(incident, name or "") for incident, name in db.session.execute(query)]


def get(organization_id: UUID, incident_id: UUID) -> Looked:
    """Raises NotFound, also for one of somebody else."""
    found = db.session.execute(
        select(Incident, User.name)
        .outerjoin(User, User.id == Incident.acknowledged_by)
        .where(Incident.organization_id == organization_id, Incident.id == incident_id)
    ).first()
    if found is None:
        raise NotFound("There is no such incident.")
    return Looked(found.Incident, found.name or "")


def acknowledge(by: Identity, incident_id: UUID) -> None:
    """Say that `by` looks after it; who said so first stays. Raises NotFound."""
    row = _locked(by, incident_id)
    if row.acknowledged_at is not None or row.closed_at is not None:
        return
    row.acknowledged_at, row.acknowledged_by = clock.now(), by.user_id
    _note("incident.acknowledged", row, by)


def take_back(by: Identity, incident_id: UUID) -> None:
    """Say that nobody looks after it. Raises NotFound."""
    row = _locked(by, incident_id)
    if row.acknowledged_at is None or row.closed_at is not None:
        return
    row.acknowledged_at = row.acknowledged_by = None
    _note("incident.acknowledgement_taken_back", row, by)


def _locked(by: Identity, incident_id: UUID) -> Incident:
    query = (
        select(Incident)
        .where(Incident.organization_id == by.organization_id, Incident.id == incident_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("There is no such incident.")
    return found


def _note(action: str, row: Incident, by: Identity) -> None:
    facts = {"kind": row.kind, "subject": row.subject}
    audit.record(action, "incident", row.id, organization_id=by.organization_id, by=by, facts=facts)

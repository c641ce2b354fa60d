"""What an organization lets its workflows send to the people of a wedding, and when."""

from dataclasses import dataclass
from datetime import time
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from wedsync.audit import service as audit
from wedsync.errors import FieldError, Invalid
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.workflows.waiting_models import MessageRules

MOST_A_DAY = 50


@dataclass(frozen=True, slots=True)
class Rules:
    """Times are by the clocks at the wedding; the same one twice means no quiet hours."""

    messages_a_day: int = 3
    quiet_from: time = time(21, 0)
    quiet_until: time = time(8, 0)
    on_the_day: bool = False


def rules_of(organization_id: UUID) -> Rules:
    """What holds, the defaults where nobody chose."""
    found = db.session.get(MessageRules, organization_id)
    if found is None:
        return Rules()
    return Rules(found.messages_a_day, found.quiet_from, found.quiet_until, found.on_the_day)


def change(by: Identity, wanted: Rules) -> Rules:
    """Let other rules hold from here on. Raises Invalid."""
    if not 1 <= wanted.messages_a_day <= MOST_A_DAY:
        message = f"From 1 to {MOST_A_DAY} messages a day."
        raise Invalid(message, errors=[FieldError("/messages_a_day", "wrong_value", message)])
    values = {
        "messages_a_day": wanted.messages_a_day,
        "quiet_from": wanted.quiet_from.replace(second=0, microsecond=0),
        "quiet_until": wanted.quiet_until.replace(second=0, microsecond=0),
        "on_the_day": wanted.on_the_day,
    }
    row = insert(MessageRules).values(organization_id=by.organization_id, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["organization_id"], set_=values))
    db.session.expire_all()
    audit.record(
        "message_rules.changed",
        "organization",
        by.organization_id,
        organization_id=by.organization_id,
        by=by,
        facts={"messages_a_day": wanted.messages_a_day, "on_the_day": wanted.on_the_day},
    )
    return rules_of(by.organization_id)

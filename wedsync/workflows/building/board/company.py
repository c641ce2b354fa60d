"""Who else has a draft open just now."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from wedsync.accounts.models import Membership, User
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.presence import place_of_draft
from wedsync.platform.runtime import runtime
from wedsync.platform.wording import first_name, listing


@dataclass(frozen=True, slots=True)
class Company:
    """The others: `people` are their user ids in order, `words` say who they are."""

    people: tuple[str, ...] = ()
    words: str = ""


def company_of(person: Identity, workflow_id: UUID) -> Company:
    """Everybody else of the organization who has this draft open; nobody while Redis is away."""
    there = runtime().presence.among(place_of_draft(workflow_id)) - {str(person.user_id)}
    if not there:
        return Company()
    query = (
        select(User.id, User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.organization_id == person.organization_id,
            User.id.in_([ids.read(each) for each in there]),
        )
        .order_by(User.name, User.id)
    )
    rows = db.session.execute(query).all()
    return Company(tuple(sorted(str(row.id) for row in rows)), _words([row.name for row in rows]))


def _words(names: list[str]) -> str:
    """`Ana is here too`, `Ana and Beth are here too`; by their whole names where two share one."""
    if not names:
        return ""
    called = [first_name(each) for each in names]
    told = called if len(set(called)) == len(names) else names
    return f"{listing(told)} {'is' if len(names) == 1 else 'are'} here too"

"""How many e-mails runs may send to people outside a team, who never asked for any.

What is above that is held back and looked at again; whoever may answer can do so on the page
meanwhile. Counted over the last day, in letters, of which each tells up to fifty questions.
"""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import clock, ids
from wedsync.workflows.questions.approval_people import Person

LETTERS_A_DAY = 100
LETTERS_A_DAY_TO_ONE = 10
HELD_FOR = timedelta(minutes=15)
WORDS = (
    f"The e-mail waits: within a day we send at most {LETTERS_A_DAY} to people outside your team,"
    f" and {LETTERS_A_DAY_TO_ONE} to one address. It leaves when there is room again."
)

_SENT = text(
    "SELECT lower(m.to_address) AS address, count(*) AS many FROM mail_messages m"
    " WHERE m.organization_id = :organization_id AND m.kind = 'approval' AND m.id >= :since"
    " AND NOT EXISTS (SELECT FROM memberships ms JOIN users u ON u.id = ms.user_id"
    "  WHERE ms.organization_id = m.organization_id AND lower(u.email) = lower(m.to_address))"
    " GROUP BY 1"
)


class Room:
    """What may still be sent today, by organization; each is counted when it is asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sent: dict[UUID, Counter[str]] = {}

    def take(self, organization_id: UUID, person: Person) -> bool:
        """Whether one more letter to this person may leave; members of the team always have it."""
        if person.user_id is not None:
            return True
        sent, address = self._sent_by(organization_id), person.email.lower()
        if sent.total() >= LETTERS_A_DAY or sent[address] >= LETTERS_A_DAY_TO_ONE:
            return False
        sent[address] += 1
        return True

    def _sent_by(self, organization_id: UUID) -> Counter[str]:
        if organization_id not in self._sent:
            since = ids.first_at(clock.now() - timedelta(days=1))
            given = {"organization_id": organization_id, "since": since}
            rows = self._connection.execute(_SENT, given)
            self._sent[organization_id] = Counter({row.address: row.many for row in rows})
        return self._sent[organization_id]

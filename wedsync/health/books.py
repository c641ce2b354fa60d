"""The books: everything that was accepted is accounted for, said so that anybody can add it up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wedsync.platform.wording import count
from wedsync.workflows import queries


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the books: a total, and where all of it is now."""

    name: str
    total: int
    places: tuple[tuple[str, int], ...]

    @property
    def unaccounted(self) -> int:
        return self.total - sum(number for _, number in self.places)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The three accounts, read from one snapshot."""

    events: Account
    runs: Account
    deliveries: Account

    @property
    def accounts(self) -> tuple[Account, ...]:
        return (self.events, self.runs, self.deliveries)

    @property
    def in_words(self) -> str:
        """The balance in one line."""
        unaccounted = sum(account.unaccounted for account in self.accounts)
        return (
            f"{count(self.events.total, 'event')} came in, {count(self.runs.total, 'run')} began, "
            f"{count(self.deliveries.total, 'delivery was', 'deliveries were')} made; "
            f"unaccounted for {unaccounted}"
        )


_EVENTS = {"fanned_out": "Passed on", "to_fan_out": "About to be passed on", "parked": "Set aside"}
_RUNS = {
    "queued": "About to start",
    "running": "Going on",
    "waiting": "Waiting",
    "needs_attention": "Waiting for you",
    "succeeded": "Done",
    "filtered": "Not needed",
    "failed": "Did not work",
    "stopped": "Stopped",
}
_DELIVERIES = {
    "due": "Waiting to be sent",
    "in_flight": "On their way",
    "delivered": "Arrived",
    "exhausted": "Gave up",
    "cancelled": "Stopped",
}


def ledger(organization_id: UUID, *, since: datetime | None = None) -> Ledger:
    """The books of an organization, of all time or of what was made `since` then."""
    books = queries.books(organization_id, since=since)
    return Ledger(
        _account("Events that came in", books.accepted, books.events, _EVENTS),
        _account("Runs that began", books.started, books.runs, _RUNS),
        _account("Deliveries that were made", books.made, books.deliveries, _DELIVERIES),
    )


def _account(
    name: str, total: int, counted: Mapping[str, int], words: Mapping[str, str]
) -> Account:
    return Account(name, total, tuple((said, counted[state]) for state, said in words.items()))

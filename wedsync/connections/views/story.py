"""What happened to a connection, from what was noted, in words; and what was found there lately."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync.accounts.models import User
from wedsync.audit.models import AuditEntry
from wedsync.connections.models import Connection
from wedsync.platform.db import db
from wedsync.platform.wording import Wording, count, first_name

SHOWN = 12

_SAID = {
    "connection.connected": "Connected",
    "connection.reconnected": "Connected again",
    "connection.renamed": "Called something else",
    "connection.paused": "Paused",
    "connection.resumed": "Went on",
    "connection.needs_reauth": "Needed somebody",
    "connection.degraded": "Had trouble",
    "connection.recovered": "Was well again",
    "connection.disconnected": "Disconnected",
    "connection.answer_refused": "An answer of theirs was not taken",
    "connection.attempt_failed": "Asking came to nothing",
}
_ASKED = {
    None: "Asked for permission",
    "more": "Asked for more permissions",
}
_DECIDED = {
    "take": "The other account was chosen",
    "keep": "The account stayed as it was",
}
_BECAUSE = {
    "consent_denied": "it was not allowed there",
    "consent_failed": "they could not ask for it",
    "issuer_mismatch": "the answer did not come from them",
    "scope_missing": "a permission it needs was left out",
    "code_refused": "they did not accept their own answer",
    "not_understood": "they answered with something we could not read",
    "no_answer": "they did not answer in time",
    "unreachable": "we could not reach them",
    "provider_failed": "they had a fault of their own",
    "credentials_wrong": "what was entered was not accepted",
    "account_unreadable": "we could not find out whose account it is",
    "attempt_interrupted": "we were interrupted",
    "credentials_refused": "it did not know us any more",
    "access_ended": "the permission ran out",
    "refresh_interrupted": "a renewal was interrupted",
    "refresh_failing": "it did not answer when we renewed the permission",
    "client_refused": "it did not know this installation of WedSync",
    "secret_lost": "what we kept could not be opened",
    "account_changed": "it opened another account",
    "refused": "it did not accept us",
    "refused_again": "it did not accept us again",
    "consent_refused": "they would not ask for it",
    "window_closed": "nobody came back from there",
    "account_mismatch": "it was about another account than the address says",
    "account_unsaid": "they did not say where the account is",
    "address_refused": "they named an address that we do not call",
    "state_other_team": "it was begun in another team",
    "answer_malformed": "it could not be read",
    "state_unknown": "we had not begun that",
    "state_foreign": "it was begun with another sign-in or tool",
    "state_used": "it had been used before",
    "state_expired": "it took longer than ten minutes",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened: when, what, and who did it where somebody did."""

    at: datetime
    what: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found at the account, over as many looks as found the same."""

    when: str
    what: str
    is_well: bool


def happened_to(organization_id: UUID, connection_id: UUID) -> list[Happened]:
    """The latest first."""
    rows = db.session.execute(
        select(AuditEntry.created_at, AuditEntry.action, AuditEntry.facts, User.name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(
            AuditEntry.organization_id == organization_id,
            AuditEntry.object_id == connection_id,
        )
        .order_by(AuditEntry.id.desc())
        .limit(SHOWN)
    )
    return [
        Happened(at, _what(action, facts), first_name(name or ""))
        for at, action, facts, name in rows
    ]


def looks_of(connection: Connection, words: Wording) -> Iterator[Looked]:
    """The latest first."""
    for each in connection.looks:
        first, last = (datetime.fromisoformat(each[name]) for name in ("first_at", "last_at"))
        when = words.moment(last)
        if each["times"] > 1:
            when = f"{count(each['times'], 'look')}, {words.moment(first)} to {when}"
        yield Looked(when, each["words"], each["well"])


def _what(action: str, facts: dict[str, Any]) -> str:
    if action == "connection.asked":
        return _ASKED["more" if facts.get("for") else None]
    if action == "connection.account_decided":
        return _DECIDED.get(str(facts.get("choice")), "The account was decided")
    said = _SAID.get(action, "Something about it changed")
    why = _BECAUSE.get(str(facts.get("reason") or facts.get("code") or ""))
    return f"{said}: {why}" if why else said

"""What an organization has of all that steps and triggers name by id, and what people call it.

One statement, whatever there is.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, bindparam, cast, literal, null, select, union_all

from wedsync.accounts.models import Membership, User
from wedsync.connections.models import CONNECTION_STATES, Connection
from wedsync.events import meanings
from wedsync.listings import manifests
from wedsync.platform.db import db
from wedsync.platform.wording import first_name
from wedsync.webhooks.models import Hook
from wedsync.workflows.building.panel.field import Choice
from wedsync.workflows.building.panel.field_choices import Accounts
from wedsync.workflows.building.picking.step_picker import THERE
from wedsync.workflows.editing.checking import There
from wedsync.workflows.models import Workflow
from wedsync.workflows.page_queries import event_names

_KEPT = frozenset(CONNECTION_STATES) - {"deleted"}


@dataclass(frozen=True, slots=True)
class Named:
    """`names` are those of accounts, hooks, workflows and people, `accounts` those that steps can
    act through now, `choosable` all of them; `there` is the same as a definition is checked by."""

    names: Mapping[str, str]
    accounts: Accounts
    choosable: Accounts
    there: There


def named_in(organization_id: UUID) -> Named:
    """Everything that can be named in an organization."""
    rows = db.session.execute(_NAMED, {"organization_id": organization_id}).all()
    return Named(_called(rows), _accounts(rows, THERE), _accounts(rows, _KEPT), _there(rows))


def _called(
    rows: Sequence[Row[Any]],
) -> Mapping[str, str]:
    """People go by their first names, where no two of them share it."""
    known = manifests.of_many(db.session, {row.version for row in rows if row.version})
    names = dict(meanings.NAMES)
    called = Counter(first_name(row.name) for row in rows if row.kind == "user")
    for row in rows:
        is_known_by_first = row.kind == "user" and called[first_name(row.name)] == 1
        names[f"{row.kind}:{row.id}"] = first_name(row.name) if is_known_by_first else row.name
        if row.version in known:
            names |= event_names(f"connection:{row.id}", known[row.version])
    return names


def _accounts(rows: Sequence[Row[Any]], states: Container[str]) -> Mapping[str, Sequence[Choice]]:
    found: dict[str, list[Choice]] = {}
    for row in rows:
        if row.kind == "connection" and row.state in states:
            found.setdefault(row.slug, []).append(Choice(str(row.id), row.name))
    return found


def _there(rows: Sequence[Row[Any]]) -> There:
    """What of it definitions can name: no account that was deleted, and no hook of an account,
    since what comes to that comes from the account."""
    named = [row for row in rows if row.state != "deleted" and row.account is None]
    ids_of = {
        name: {row.id for row in named if row.kind == kind} for kind, name in _REFERENCES.items()
    }
    return There(ids_of, {row.id: row.slug for row in named if row.kind == "connection"})


def _everything_named() -> Any:
    own: Any = bindparam("organization_id")
    no_account = cast(null(), Connection.id.type)
    nothing = (cast(null(), Text), cast(null(), Text), no_account)

    def all_of(kind: str, model: Any, *more: Any) -> Any:
        return select(
            literal(kind).label("kind"),
            model.id.label("id"),
            model.name.label("name"),
            *(each.label(name) for each, name in zip(more, _MORE, strict=True)),
        )

    about = (Connection.slug, Connection.state, Connection.listing_version_id, no_account)
    hooks = all_of("hook", Hook, *nothing, Hook.connection_id)
    workflows = all_of("workflow", Workflow, *nothing, no_account)
    people = all_of("user", User, *nothing, no_account).join(
        Membership, Membership.user_id == User.id
    )
    return union_all(
        hooks.where(Hook.organization_id == own),
        workflows.where(Workflow.organization_id == own),
        people.where(Membership.organization_id == own),
        all_of("connection", Connection, *about).where(Connection.organization_id == own),
    ).order_by("name", "id")


_MORE = ("slug", "state", "version", "account")
_REFERENCES = {"hook": "hook", "workflow": "workflow", "user": "person", "connection": "connection"}
"""By what a row is, the kind of reference to it."""
_NAMED = _everything_named()

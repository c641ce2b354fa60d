"""What can be chosen in the fields of one panel: accounts, hooks, workflows, people, events.

Each kind is read once, and only when a field of it is shown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Row, Text, cast, func, or_, select

from wedsync import connectors
from wedsync.accounts.models import Membership, User
from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Manifest
from wedsync.events.meanings import MEANINGS
from wedsync.events.types import OURS, stored_event_type
from wedsync.listings import manifests
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.wording import capital
from wedsync.webhooks.models import Hook
from wedsync.workflows import page_queries
from wedsync.workflows.building.panel.field import Choice, FieldKind
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.panel.typed_rows import INPUT_KINDS, NEEDED
from wedsync.workflows.catalogue import entries_here
from wedsync.workflows.editing import poll_checks
from wedsync.workflows.engine.triggers import OF_AN_ACCOUNT
from wedsync.workflows.models import Workflow

_ROLES = (
    Choice("role:owner", "Any owner"),
    Choice("role:editor", "Any editor"),
    Choice("role:viewer", "Any viewer"),
)
_TELLING = "webhook.send"
_SOURCES = (
    Choice("ours", "WedSync itself"),
    Choice("any", "Anybody outside"),
    Choice("api", "The API"),
)


def _input_kinds() -> Iterable[Choice]:
    """The kinds of value a workflow may ask for, each as one that can be left out or not."""
    for kind in INPUT_KINDS:
        yield Choice(kind, kind)
        yield Choice(f"{kind}{NEEDED}", f"{kind}{NEEDED}")


Accounts: TypeAlias = Mapping[str, Sequence[Choice]]
"""The accounts of each connector, by its slug."""

_Account: TypeAlias = Row[UUID, str, str, UUID]


class Choices:
    """The choices for the fields of one step, or of what starts the workflow."""

    def __init__(
        self, organization_id: UUID, owner: Mapping[str, Any], accounts: Accounts | None = None
    ) -> None:
        self._organization_id = organization_id
        self._owner = owner
        self._named = accounts
        self._accounts: list[tuple[_Account, Manifest | None]] | None = None
        self._makers: Mapping[FieldKind, Callable[[], Iterable[Choice]]] = {
            "connection": self._connections,
            "workflow": self._workflows,
            "hook": self._hooks,
            "source": self._sources,
            "event_type": self._event_types,
            "stream": self._streams,
            "person": self._people,
            "action": self._actions,
            "inputs": _input_kinds,
        }

    def of(self, spec: Spec, present: str) -> tuple[Choice, ...]:
        """What can be chosen in a field; what stands there now is always among it."""
        make = self._makers.get(spec.kind)
        found = spec.choices if make is None else tuple(make())
        known = {choice.value for choice in found}
        is_chosen_here = make is not None and spec.kind not in ("event_type", "person")
        if present == OF_AN_ACCOUNT:
            return (Choice(present, "Choose an account"), *found)
        if is_chosen_here and present and present not in known:
            return (*found, Choice(present, "one that is gone"))
        return found

    def _connections(self) -> Iterable[Choice]:
        wanted = str(self._owner.get("use")).partition(".")[0]
        polls = self._owner.get("kind") == "poll"
        if self._named is not None and not polls:
            yield from self._named.get(wanted, ())
            return
        for row, manifest in self._all_accounts():
            fits = bool(manifest and manifest.streams) if polls else row.slug == wanted
            if fits:
                yield Choice(str(row.id), row.name)

    def _all_accounts(self) -> list[tuple[_Account, Manifest | None]]:
        if self._accounts is None:
            rows = db.session.execute(
                select(
                    Connection.id, Connection.name, Connection.slug, Connection.listing_version_id
                )
                .where(
                    Connection.organization_id == self._organization_id,
                    Connection.state != "deleted",
                )
                .order_by(Connection.name, Connection.id)
            ).all()
            known = manifests.of_many(db.session, {row.listing_version_id for row in rows})
            self._accounts = [(row, known.get(row.listing_version_id)) for row in rows]
        return self._accounts

    def _workflows(self) -> Iterable[Choice]:
        names = page_queries.workflow_names(self._organization_id)
        return [Choice(str(each), name) for each, name in names.items()]

    def _hooks(self) -> Iterable[Choice]:
        rows = db.session.execute(
            select(Hook.id, Hook.name)
            .where(Hook.organization_id == self._organization_id, Hook.connection_id.is_(None))
            .order_by(Hook.name, Hook.id)
        )
        return [Choice(str(hook_id), name) for hook_id, name in rows]

    def _sources(self) -> Iterable[Choice]:
        accounts = [
            Choice(f"connection:{row.id}", row.name)
            for row, manifest in self._all_accounts()
            if manifest is None or manifest.triggers or manifest.streams or manifest.hooks
        ]
        hooks = [Choice(f"hook:{each.value}", each.words) for each in self._hooks()]
        others = [
            Choice(f"workflow:{each}", f"The workflow “{name}”")
            for each, name in self._telling_workflows()
        ]
        return (*_SOURCES, *accounts, *hooks, *others)

    def _telling_workflows(self) -> Iterable[tuple[UUID, str]]:
        """The workflows that tell others of something, and the one that is chosen."""
        chosen = str(self._owner.get("source")).removeprefix("workflow:")
        rows = db.session.execute(
            select(Workflow.id, Workflow.name)
            .where(
                Workflow.organization_id == self._organization_id,
                or_(
                    cast(Workflow.draft, Text).contains(f'"{_TELLING}"'),
                    Workflow.id == ids.read(chosen),
                ),
            )
            .order_by(func.lower(Workflow.name), Workflow.id)
        )
        return [(workflow_id, name) for workflow_id, name in rows]

    def _event_types(self) -> Iterable[Choice]:
        """What the chosen account tells of, or we do; of a wait, what any of those tells of; where
        no account is chosen yet, what those tell of that can be connected."""
        source = self._owner.get("source")
        named = source.removeprefix("connection:") if isinstance(source, str) else None
        is_wait = self._owner.get("kind") == "wait"
        found: dict[str, str] = {}
        if is_wait or source == OURS:
            found = {event_type: capital(said) for event_type, said in MEANINGS.items()}
        for row, manifest in self._all_accounts():
            if manifest is not None and (is_wait or str(row.id) == named):
                for trigger in manifest.triggers:
                    stored = stored_event_type(trigger.event_type, f"connection:{row.id}")
                    found.setdefault(stored, f"{trigger.label} ({manifest.name})")
        for manifest in connectors.manifests().values() if source == OF_AN_ACCOUNT else ():
            for trigger in manifest.triggers:
                stored = stored_event_type(trigger.event_type, OF_AN_ACCOUNT)
                found.setdefault(stored, f"{trigger.label} ({manifest.name})")
        return [Choice(event_type, words) for event_type, words in found.items()]

    def _streams(self) -> Iterable[Choice]:
        connection = self._owner.get("connection")
        if ids.read(connection) is None:
            return []
        found = poll_checks.streams(self._organization_id, connection) or ()
        return [Choice(stream.key, stream.label) for stream in found]

    def _people(self) -> Iterable[Choice]:
        rows = db.session.execute(
            select(User.id, User.name)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.organization_id == self._organization_id)
            .order_by(User.name, User.id)
        )
        return (*_ROLES, *(Choice(f"user:{user_id}", name) for user_id, name in rows))

    def _actions(self) -> Iterable[Choice]:
        """What else the same connector can do."""
        connector = str(self._owner.get("use")).partition(".")[0]
        return [
            Choice(use, entry.info.label)
            for use, entry in entries_here().items()
            if entry.connector == connector
        ]

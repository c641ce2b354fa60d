"""What the steps of one turn act through: their actions, and their connections, opened once.

A step without a connection uses a built-in action; one with a connection uses the action of the
manifest that the connection pins. Nothing is asked of the database when no step has a connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync import connectors
from wedsync.connections import access as connections
from wedsync.connections import permissions
from wedsync.connections.limits import budgets
from wedsync.connections.limits.budgets import Budget
from wedsync.connectors.contract import Access, Action, Failed
from wedsync.connectors.manifest import Limits
from wedsync.listings import manifests
from wedsync.platform.vault import Vault
from wedsync.settings import Settings
from wedsync.workflows import actions

_FIND = text(
    "SELECT c.id, c.organization_id, c.listing_id, c.slug, c.name, c.state, c.scopes,"
    f" {budgets.COLUMNS} FROM connections c{budgets.JOINED}"
    " WHERE c.organization_id = :organization_id AND c.id = :id"
)
_GONE = Failed("permanent", "connection_gone", "The connection this step used was removed.")
_NEEDS_ACCOUNT = Failed(
    "permanent",
    "connection_missing",
    "This step needs an account. Choose one in the workflow and publish it again.",
)


@dataclass(frozen=True, slots=True)
class Reached:
    """An action ready to begin; `access` is None for those that need no connection.

    `is_message`: somebody gets a message by it. `budget` is what its call is counted against, and
    `limits` what the manifest says of it; without a connection, or where nothing is said, None.
    """

    action: Action
    access: Access | None
    is_message: bool = False
    budget: Budget | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A connection that is there and cannot be used now, whoever has to mend it: its run waits.

    `lacking` are the permissions without which it cannot be used for this, only.
    """

    connection_id: UUID
    lacking: tuple[str, ...] = ()


class Reach:
    """One turn's, over the SQL connection of its transaction. Every connection is opened once,
    however many runs use it."""

    def __init__(self, connection: Connection, vault: Vault, settings: Settings) -> None:
        self._connection = connection
        self._vault = vault
        self._settings = settings
        self._rows: dict[tuple[UUID, UUID], Row[Any] | None] = {}
        self._opened: dict[tuple[UUID, UUID], Access | Unreachable] = {}

    def of(
        self, organization_id: UUID, use: str, connection_id: str | None
    ) -> Reached | Unreachable | Failed:
        """What a step acts through, or why it cannot."""
        if connection_id is None:
            return _without_connection(use)
        row = self._row(organization_id, connection_id)
        if row is None or _is_gone(row):
            return _GONE
        action = self._action(row, use)
        if action is None:
            return _unfit(use, row)
        opened = self._open(organization_id, row.id)
        if isinstance(opened, Unreachable):
            return opened
        manifest = manifests.of(self._connection, row.listing_version_id)
        if lacking := permissions.lacking(row.scopes, manifest, use.partition(".")[2]):
            return Unreachable(row.id, tuple(scope.name for scope in lacking))
        budget = budgets.budget_of(self._connection, row, manifest)
        return Reached(action, opened, self._is_message(row, use), budget, manifest.limits)

    def action(self, organization_id: UUID, use: str, connection_id: str | None) -> Action | None:
        """The action of a step, whatever became of its connection."""
        if connection_id is None:
            found = _without_connection(use)
            return found.action if isinstance(found, Reached) else None
        row = self._row(organization_id, connection_id)
        return self._action(row, use) if row is not None else None

    def opens(self, organization_id: UUID, connection_id: UUID) -> bool:
        """Whether whoever waits for this connection has something to do: use it, or give up."""
        row = self._row(organization_id, str(connection_id))
        return _is_gone(row) or isinstance(self._open(organization_id, connection_id), Access)

    @property
    def connection(self) -> Connection:
        """The transaction of this turn."""
        return self._connection

    @property
    def recoveries_allowed(self) -> int:
        """The recovery of one step at which its run is parked."""
        return self._settings.recoveries_before_parking

    def _row(self, organization_id: UUID, connection_id: str) -> Row[Any] | None:
        try:
            place = (organization_id, UUID(connection_id))
        except ValueError:
            return None
        if place not in self._rows:
            given = {"organization_id": organization_id, "id": place[1]}
            self._rows[place] = self._connection.execute(_FIND, given).one_or_none()
        return self._rows[place]

    def _action(self, row: Row[Any], use: str) -> Action | None:
        slug, _, key = use.partition(".")
        if slug != row.slug:
            return None
        manifest = manifests.of(self._connection, row.listing_version_id)
        found: Mapping[str, Action] = connectors.actions(manifest)
        return found.get(key)

    def _is_message(self, row: Row[Any], use: str) -> bool:
        """As the connection's version of the manifest says, or ours of today."""
        said = [manifests.of(self._connection, row.listing_version_id)]
        said += [each for each in (connectors.manifests().get(row.slug),) if each is not None]
        key = use.partition(".")[2]
        return any(entry.message for each in said for entry in each.actions if entry.key == key)

    def _open(self, organization_id: UUID, connection_id: UUID) -> Access | Unreachable:
        place = (organization_id, connection_id)
        if place not in self._opened:
            found = connections.open_for_work(
                self._connection, self._vault, self._settings, organization_id, connection_id
            )
            self._opened[place] = found if isinstance(found, Access) else Unreachable(connection_id)
        return self._opened[place]


def _is_gone(row: Row[Any] | None) -> bool:
    return row is None or row.state == "deleted"


def _without_connection(use: str) -> Reached | Failed:
    """A built-in action, or one of a connector that asks for no account."""
    action = actions.find(use)
    if action is not None:
        return Reached(action, None)
    slug, _, key = use.partition(".")
    manifest = connectors.manifests().get(slug)
    if manifest is None:
        message = f"There is no action “{use}” any more."
        return Failed("permanent", "action_unknown", message)
    if manifest.auth.kind != "none":
        return _NEEDS_ACCOUNT
    found = connectors.actions(manifest).get(key)
    if found is None:
        message = f"There is no action “{use}” any more."
        return Failed("permanent", "action_unknown", message)
    return Reached(found, None)


def _unfit(use: str, row: Row[Any]) -> Failed:
    if use.partition(".")[0] == row.slug:
        message = f"“{row.name}” cannot do “{use}” any more."
        return Failed("permanent", "action_unknown", message)
    message = f"“{row.name}” is an account of another kind than this step needs."
    return Failed("permanent", "connection_unfit", message)

"""What can be added to a workflow, by what it is for: steps of every kind, and every action.

A pick goes by a key: `step:wait:anchor` is a kind of step, perhaps one of its ways; `do:smtp.send`
an action. `made` makes a fresh step of one, with what is usually meant filled in.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from sqlalchemy import select

from wedsync.connections.models import Connection
from wedsync.errors import Invalid
from wedsync.platform.db import db
from wedsync.workflows.building.picking.finding import score
from wedsync.workflows.catalogue import Entry, entries
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.words.step_lines import LOOKS

GOALS = ("Messages", "Money", "Calendar", "Guests", "Files")
FLOW = "Flow"
_MOST_PICKS = 200
_FOR_DEVELOPERS = "developer"
"""The keyword of connectors for those who build their own."""
_DAY = 86_400
THERE = ("active", "degraded", "needs_reauth", "paused")
"""The states of an account that can be chosen."""


@dataclass(frozen=True, slots=True)
class Pick:
    """One thing that can be added. Without an account of a connector that needs one it is not
    `is_connected`, and `connect_url` is where one gets it."""

    key: str
    words: str
    icon: str
    connector_name: str = ""
    is_connected: bool = True
    connect_url: str | None = None
    help: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The picks that serve one goal."""

    goal: str
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of step, or one way of it, as people choose it."""

    words: str
    help: str
    also: str
    step: Mapping[str, Any]


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "step:choose": _Kind(
            "If",
            "Go one way or another, by what is known.",
            "if branch condition",
            {
                "kind": "choose",
                "branches": [{"label": "Yes", "when": None, "steps": []}],
                "otherwise": [],
            },
        ),
        "step:filter": _Kind(
            "Go on only if",
            "Stop quietly unless something is so.",
            "only if filter",
            {"kind": "filter", "when": None},
        ),
        "step:wait:seconds": _Kind(
            "Wait for some time",
            "Minutes, hours or days.",
            "wait time",
            {"kind": "wait", "seconds": 3 * _DAY},
        ),
        "step:wait:anchor": _Kind(
            "Wait for a day of the wedding",
            "Such as 14 days before the wedding, at 09:00.",
            "wait wedding date before after",
            {
                "kind": "wait",
                "anchor": "wedding.date",
                "offset_days": -14,
                "at": "09:00",
                "late": "run",
            },
        ),
        "step:wait:event": _Kind(
            "Wait until something happens",
            "An answer, a payment, a signature.",
            "wait event until",
            {"kind": "wait", "event": {"event_type": "", "timeout_s": 7 * _DAY}},
        ),
        "step:approval": _Kind(
            "Ask somebody",
            "Go on when they say yes.",
            "ask approve",
            {"kind": "approval", "ask": "", "who": {"role": "owner"}, "expires_after_s": 7 * _DAY},
        ),
        "step:for_each": _Kind(
            "Do the same for each",
            "For every guest, every payment, every answer of a list.",
            "each loop",
            {"kind": "for_each", "items": None, "steps": []},
        ),
        "step:set": _Kind(
            "Note something",
            "Work a value out once, and use it below.",
            "note value",
            {"kind": "set", "values": {}},
        ),
        "step:call": _Kind(
            "Start another workflow",
            "One of yours, with what it needs to know.",
            "start workflow",
            {"kind": "call", "workflow": None},
        ),
        "step:stop": _Kind(
            "End here",
            "As done, or as failed.",
            "end stop",
            {"kind": "stop", "outcome": "done"},
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of an organization, by connector, the newest last."""

    by_connector: Mapping[str, Sequence[UUID]]

    def has(self, slug: str) -> bool:
        return bool(self.by_connector.get(slug))

    def only(self, slug: str) -> str | None:
        """The account of a connector, where there is exactly one."""
        found = self.by_connector.get(slug, ())
        return str(found[0]) if len(found) == 1 else None


def accounts_of(organization_id: UUID) -> Accounts:
    """Those that were connected and not ended since."""
    rows = db.session.execute(
        select(Connection.slug, Connection.id)
        .where(Connection.organization_id == organization_id, Connection.state.in_(THERE))
        .order_by(Connection.id)
    )
    found: dict[str, list[UUID]] = {}
    for slug, connection_id in rows:
        found.setdefault(slug, []).append(connection_id)
    return Accounts(found)


def choices(
    organization_id: UUID, query: str = "", *, back: str | None = None
) -> tuple[Group, ...]:
    """What can be added, by goal, that fits what is typed; the best first where something is.

    `back` is the page, on this site, that connecting an account comes back to.
    """
    accounts = accounts_of(organization_id)
    found = [
        (score(query, (each.words, each.also, each.help)), FLOW, _kind_pick(key, each))
        for key, each in _KINDS.items()
    ]
    for entry in sorted(entries(organization_id).values(), key=lambda each: _rank(each, accounts)):
        said = (entry.info.label, entry.connector_name, entry.group, *entry.keywords)
        found.append((score(query, said), entry.group, _action_pick(entry, accounts, back)))
    return grouped(found, is_typed=bool(query.strip()))


def grouped(found: Iterable[tuple[int, str, Pick]], *, is_typed: bool) -> tuple[Group, ...]:
    """Picks with how well they fit and their goal, as groups: where something is typed the group of
    the best first, else in our order; what fits as well as another stays where it came."""
    fitting = sorted((each for each in found if each[0] > 0), key=lambda each: -each[0])
    goals = {goal: number for number, goal in enumerate((*GOALS, FLOW))}
    by_goal: dict[str, list[Pick]] = {}
    for _, goal, pick in fitting[:_MOST_PICKS]:
        by_goal.setdefault(goal if goal in goals else FLOW, []).append(pick)
    order = list(by_goal) if is_typed else sorted(by_goal, key=lambda goal: goals[goal])
    return tuple(Group(goal, tuple(by_goal[goal])) for goal in order)


def made(organization_id: UUID, key: str) -> dict[str, Any]:
    """A fresh step of a pick, without an id: what is usually meant filled in, and the account where
    there is only one. Raises Invalid for a key of nothing."""
    if key in _KINDS:
        return copy.deepcopy(dict(_KINDS[key].step))
    use = key.removeprefix("do:")
    entry = entries(organization_id).get(use) if key.startswith("do:") else None
    if entry is None:
        raise Invalid("This cannot be added.", code="unknown_pick")
    step = {"kind": "action", "use": use, "input": _defaults(entry.input)}
    only = accounts_of(organization_id).only(entry.connector) if entry.needs_account else None
    return {**step, "connection": only} if only else step


def newest_account(organization_id: UUID, use: str) -> str | None:
    """The account connected last of those an action can act through: what a step is given when
    somebody comes back from connecting one."""
    entry = entries(organization_id).get(use)
    if entry is None or not entry.needs_account:
        return None
    found = accounts_of(organization_id).by_connector.get(entry.connector, ())
    return str(found[-1]) if found else None


def connect_url(slug: str, back: str | None) -> str:
    """Where an account of a connector is connected, coming back to a page of ours."""
    page = f"/connect/{quote(slug, safe='')}"
    return f"{page}?{urlencode({'next': back})}" if back else page


def _rank(entry: Entry, accounts: Accounts) -> tuple[bool, bool]:
    """What only developers know how to fill in comes last, and before that what has no account."""
    is_connected = not entry.needs_account or accounts.has(entry.connector)
    return _FOR_DEVELOPERS in entry.keywords, not is_connected


def _kind_pick(key: str, kind: _Kind) -> Pick:
    return Pick(key, kind.words, LOOKS[kind.step["kind"]]["icon"], help=kind.help)


def _action_pick(entry: Entry, accounts: Accounts, back: str | None) -> Pick:
    is_connected = not entry.needs_account or accounts.has(entry.connector)
    return Pick(
        key=f"do:{entry.info.key}",
        words=entry.info.label,
        icon=entry.icon,
        connector_name=entry.connector_name,
        is_connected=is_connected,
        connect_url=None if is_connected else connect_url(entry.connector, back),
    )


def _defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults that the form of an action names."""
    fields = mapping(schema.get("properties")).items()
    return {
        name: copy.deepcopy(said["default"])
        for name, said in fields
        if isinstance(said, dict) and said.get("default") is not None
    }

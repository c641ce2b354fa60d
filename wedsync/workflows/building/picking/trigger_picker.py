"""What can start a workflow, by what it is about.

Keys: `start:manual` a kind of trigger, perhaps one of its ways; `ours:wedding.created` something
WedSync says; `hook:<id>` a hook; `on:sandbox.rsvp_changed` something an integration tells, and
`look:sandbox.answers` one of its lists that is looked at now and then, both perhaps with `@` and
the account where there are more than one.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync import connectors
from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Manifest, StreamEntry, TriggerEntry
from wedsync.errors import Invalid
from wedsync.events.meanings import MEANINGS
from wedsync.events.types import stored_event_type
from wedsync.listings import manifests
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.webhooks.models import Hook
from wedsync.workflows.building.picking.finding import score
from wedsync.workflows.building.picking.step_picker import (
    FLOW,
    Group,
    Pick,
    accounts_of,
    connect_url,
    grouped,
)
from wedsync.workflows.words.step_lines import TRIGGER_LOOKS

EVERY_S = 900
"""How often a list is looked at unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of start, as people choose it."""

    words: str
    help: str
    also: str
    goal: str
    trigger: Mapping[str, Any]


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "start:manual": _Kind(
            "When somebody starts it",
            "You press a button.",
            "by hand manual button",
            FLOW,
            {"kind": "manual"},
        ),
        "start:workflow": _Kind(
            "When another workflow starts it",
            "One of yours has a step that says so.",
            "call workflow",
            FLOW,
            {"kind": "workflow"},
        ),
        "start:schedule": _Kind(
            "At a time that comes round",
            "Such as every weekday at 09:00.",
            "schedule every day week month",
            "Calendar",
            {"kind": "schedule", "cron": "0 9 * * 1-5", "zone": "Europe/London", "missed": "once"},
        ),
        "start:before": _Kind(
            "Some days before or after the wedding",
            "Such as 14 days before, at 09:00 where they marry.",
            "wedding date before after anniversary",
            "Calendar",
            {
                "kind": "wedding_date",
                "anchor": "wedding.date",
                "offset_days": -14,
                "at": "09:00",
                "late": "run",
            },
        ),
        "start:webhook": _Kind(
            "When a webhook arrives",
            "Another tool sends word to an address of yours.",
            "webhook hook",
            "Messages",
            {"kind": "webhook", "hook": None},
        ),
        "start:event": _Kind(
            "When something else happens",
            "Something a tool tells of, by its name.",
            "event api anything",
            FLOW,
            {"kind": "event", "event_type": "", "source": "any"},
        ),
    }
)
_GOALS: Mapping[str, str] = MappingProxyType({"wedding": "Calendar"})
"""What our own events are about, by their first word; the others are about what goes on here."""


def choices(
    organization_id: UUID, query: str = "", *, back: str | None = None
) -> tuple[Group, ...]:
    """What can start a workflow, by goal, that fits what is typed; see `step_picker.choices`."""
    found = [
        (score(query, (each.words, each.also)), each.goal, _kind_pick(key, each))
        for key, each in _KINDS.items()
    ]
    for event_type, meaning in MEANINGS.items():
        pick = Pick(f"ours:{event_type}", f"When {meaning}", _icon("event"))
        fits = score(query, (pick.words, event_type.replace("_", " ")))
        found.append((fits, _GOALS.get(event_type.partition(".")[0], FLOW), pick))
    for hook_id, name in _hooks(organization_id):
        pick = Pick(f"hook:{hook_id}", f"When a webhook arrives at {name}", _icon("webhook"))
        found.append((score(query, (pick.words, "webhook hook")), "Messages", pick))
    for said, goal, pick in _of_connectors(organization_id, back):
        found.append((score(query, said), goal, pick))
    return grouped(found, is_typed=bool(query.strip()))


def made(organization_id: UUID, key: str) -> dict[str, Any]:
    """A fresh trigger of a pick, with the account where there is only one. Raises Invalid for a key
    of nothing."""
    if key in _KINDS:
        return copy.deepcopy(dict(_KINDS[key].trigger))
    sort, _, rest = key.partition(":")
    if sort == "ours" and rest in MEANINGS:
        return {"kind": "event", "event_type": rest, "source": "ours"}
    if sort == "hook" and ids.read(rest) in {each for each, _ in _hooks(organization_id)}:
        return {"kind": "webhook", "hook": rest}
    name, _, account = rest.partition("@")
    if sort in ("on", "look") and (found := _told(organization_id, sort, name, account)):
        return found
    raise Invalid("This cannot start a workflow.", code="unknown_pick")


def _told(organization_id: UUID, sort: str, name: str, account: str) -> dict[str, Any] | None:
    slug, _, key = name.partition(".")
    accounts = accounts_of(organization_id)
    mine = {str(each) for each in accounts.by_connector.get(slug, ())}
    manifest = _manifests(organization_id).get(slug)
    if manifest is None or (account and account not in mine):
        return None
    connection = account or accounts.only(slug)
    for trigger in manifest.triggers if sort == "on" else ():
        if trigger.key == key:
            source = f"connection:{connection or ''}"
            event_type = stored_event_type(trigger.event_type, source)
            return {"kind": "event", "event_type": event_type, "source": source}
    if sort == "look" and any(stream.key == key for stream in manifest.streams):
        return {"kind": "poll", "connection": connection, "stream": key, "every_s": EVERY_S}
    return None


def _of_connectors(
    organization_id: UUID, back: str | None
) -> Iterator[tuple[tuple[str, ...], str, Pick]]:
    """What integrations tell, once for each account where there are more than one."""
    names = _account_names(organization_id)
    known = _manifests(organization_id)
    for slug in sorted(known, key=lambda each: each not in names):
        manifest = known[slug]
        own = names.get(slug, {})
        told: list[tuple[str, TriggerEntry | StreamEntry]] = [
            *(("on", each) for each in manifest.triggers),
            *(("look", each) for each in manifest.streams),
        ]
        keywords = manifest.shelf.keywords if manifest.shelf else ()
        for sort, each in told:
            key = f"{sort}:{slug}.{each.key}"
            keys = {f"{key}@{account}": name for account, name in own.items()}
            for own_key, name in (keys if len(own) > 1 else {key: manifest.name}).items():
                pick = Pick(
                    key=own_key,
                    words=each.sentence,
                    icon=manifest.icon,
                    connector_name=name,
                    is_connected=bool(own),
                    connect_url=None if own else connect_url(slug, back),
                )
                yield (each.sentence, each.label, name, manifest.name, *keywords), each.group, pick


def _manifests(organization_id: UUID) -> Mapping[str, Manifest]:
    """Of the built-in connectors, and of the partners' those that are connected."""
    pinned = db.session.scalars(
        select(Connection.listing_version_id)
        .where(Connection.organization_id == organization_id, Connection.state != "deleted")
        .distinct()
    ).all()
    built_in = connectors.manifests()
    partners = manifests.of_many(db.session, list(pinned)).values()
    return {**{each.slug: each for each in partners}, **built_in}


def _account_names(organization_id: UUID) -> Mapping[str, Mapping[str, str]]:
    accounts = accounts_of(organization_id).by_connector
    rows = db.session.execute(
        select(Connection.id, Connection.name).where(
            Connection.organization_id == organization_id, Connection.state != "deleted"
        )
    )
    names = dict(rows.all())
    return {
        slug: {str(each): names[each] for each in found if each in names}
        for slug, found in accounts.items()
    }


def _hooks(organization_id: UUID) -> list[tuple[UUID, str]]:
    """The hooks people made; what comes to a connection's hook comes from the connection."""
    rows = db.session.execute(
        select(Hook.id, Hook.name)
        .where(Hook.organization_id == organization_id, Hook.connection_id.is_(None))
        .order_by(Hook.name, Hook.id)
    )
    return [(hook_id, name) for hook_id, name in rows]


def _kind_pick(key: str, kind: _Kind) -> Pick:
    return Pick(key, kind.words, _icon(kind.trigger["kind"]), help=kind.help)


def _icon(kind: str) -> str:
    return TRIGGER_LOOKS[kind]["icon"]

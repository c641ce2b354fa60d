"""The actions there are, as validation, sentences and pages know them, read from the manifests.

The reserved ones (`actions/`), the built-in connectors' (`wedsync.connectors`), and for an
organization the partners': what is published, and what its connections have pinned of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from flask import g, has_app_context
from sqlalchemy import bindparam, select, union

from wedsync import connectors
from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Manifest
from wedsync.connectors.manifest_rules.inputs import recipient
from wedsync.events.types import is_ours, problem_with
from wedsync.listings import manifests
from wedsync.listings.models import Listing
from wedsync.platform.db import db
from wedsync.workflows import actions
from wedsync.workflows.engine import ActionInfo
from wedsync.workflows.engine.steps.kind import InputCheck


@dataclass(frozen=True, slots=True)
class ChosenFrom:
    """A list at the account that an input is chosen from, by its key; `label` says what they are:
    “Guests”."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One action. `done` is its sentence for what has happened, `titles` what its inputs are
    called, `input` their JSON Schema, `output_sample` an example of what it gives; a step that uses
    it must name a connection when it `needs_account`. `group` is the goal it serves, `keywords`
    what its connector is found by; `is_message` says that somebody gets a message by it, and the
    input `recipient`, where there is one, who."""

    connector: str
    connector_name: str
    icon: str
    needs_account: bool
    done: str
    info: ActionInfo
    titles: Mapping[str, str] = field(default_factory=dict)
    output_sample: Any = None
    input: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    keywords: tuple[str, ...] = ()
    choose_from: Mapping[str, ChosenFrom] = field(default_factory=dict)
    """By input, where what it takes can be chosen from."""
    is_message: bool = False
    recipient: str | None = None


Entries = Mapping[str, Entry]
"""By the action's name in a definition, `<connector>.<key>`."""


def entries(organization_id: UUID | None = None) -> Entries:
    """Every action there is: without an organization those that are built in."""
    if organization_id is None:
        return _built_in()
    return entries_here() if organization_id == _here() else _all_of(organization_id)


def entries_here() -> Entries:
    """Those of the organization this request acts for, looked up once; else the built-in ones."""
    organization_id = _here()
    if organization_id is None:
        return _built_in()
    if "catalogue" not in g:
        g.catalogue = _all_of(organization_id)
    found: Entries = g.catalogue
    return found


def infos_here() -> Mapping[str, ActionInfo]:
    """The same for sentences, of which a page has many."""
    if _here() is None:
        return infos_of(_built_in())
    if "action_infos" not in g:
        g.action_infos = infos_of(entries_here())
    found: Mapping[str, ActionInfo] = g.action_infos
    return found


def infos_of(found: Entries) -> Mapping[str, ActionInfo]:
    """What the engine's validation and sentences need of them."""
    return {use: entry.info for use, entry in found.items()}


def _here() -> UUID | None:
    """Whom this request acts for."""
    identity = g.get("identity") if has_app_context() else None
    return identity.organization_id if identity else None


def _all_of(organization_id: UUID) -> Entries:
    return {**_partners(organization_id), **_built_in()}


@cache
def _built_in() -> Entries:
    reserved = [
        _entry(manifest, action, actions.find(f"{slug}.{action['key']}"))
        for slug, manifest in actions.manifests().items()
        for action in manifest["actions"]
    ]
    ours = [entry for each in connectors.manifests().values() for entry in _entries_of(each)]
    return {entry.info.key: entry for entry in (*ours, *reserved)}


_OF_PARTNERS: Any = union(
    select(Listing.published_version_id).where(
        Listing.state == "open",
        Listing.built_in.is_(False),
        Listing.published_version_id.is_not(None),
    ),
    select(Connection.listing_version_id)
    .join(Listing, Listing.id == Connection.listing_id)
    .where(Connection.organization_id == bindparam("organization_id"), Listing.built_in.is_(False)),
)
"""What is published, and what an organization's connections have pinned."""


def _partners(organization_id: UUID) -> Entries:
    ids = list(db.session.scalars(_OF_PARTNERS, {"organization_id": organization_id}))
    found = manifests.of_many(db.session, [each for each in ids if each is not None])
    return {entry.info.key: entry for each in found.values() for entry in _entries_of(each)}


def _entries_of(manifest: Manifest) -> Iterable[Entry]:
    """A connector's actions; a partner's manifest may name what its code does not know."""
    found = connectors.actions(manifest)
    document: Mapping[str, Any] = {
        "slug": manifest.slug,
        "name": manifest.name,
        "icon": manifest.icon,
        "needs_account": manifest.auth.kind != "none" or bool(manifest.base_url),
        "keywords": manifest.shelf.keywords if manifest.shelf else (),
        "lists": {listed.key: listed.label for listed in manifest.choices},
    }
    for action in manifest.actions:
        if action.key in found:
            yield _entry(document, action.model_dump(), found[action.key])


def _entry(manifest: Mapping[str, Any], action: Mapping[str, Any], code: Any) -> Entry:
    fields: Mapping[str, Any] = action["input"].get("properties", {})
    info = ActionInfo(
        key=f"{manifest['slug']}.{action['key']}",
        label=action["label"],
        required=tuple(action["input"].get("required", ())),
        fields=tuple(fields),
        effect=code.effect if code else "once",
        sentence=action.get("sentence"),
        check=_CHECKS.get(manifest["slug"]),
        told=action.get("told", {}),
    )
    return Entry(
        connector=manifest["slug"],
        connector_name=manifest["name"],
        icon=str(manifest["icon"]),
        needs_account=bool(manifest.get("needs_account")),
        done=action.get("done") or action["label"],
        info=info,
        titles={name: str(said["title"]) for name, said in fields.items() if said.get("title")},
        output_sample=action.get("output_sample"),
        input=action["input"],
        group=str(action.get("group", "")),
        keywords=tuple(manifest.get("keywords", ())),
        choose_from=_choose_from(manifest.get("lists", {}), action.get("choose_from", {})),
        is_message=bool(action.get("message")),
        recipient=recipient(action["input"]),
    )


def _choose_from(lists: Mapping[str, str], chosen: Mapping[str, str]) -> Mapping[str, ChosenFrom]:
    return {name: ChosenFrom(key, lists[key]) for name, key in chosen.items() if key in lists}


def _check_event_type(given: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """An action that publishes must give its event a name that is not one of ours."""
    event_type = given.get("event_type")
    if not isinstance(event_type, str):
        return []  # worked out when it runs, and looked at there
    if problem := problem_with(event_type):
        return [("event_type", problem, "Choose a name such as seating.guest_added.")]
    if is_ours(event_type):
        first = event_type.partition(".")[0]
        message = f"Names that begin with “{first}.” are WedSync's own."
        return [("event_type", message, "Choose a name that begins with another word.")]
    return []


def _check_changes(given: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """An action that changes a wedding must say what of it."""
    if any(value not in (None, "") for name, value in given.items() if name != "wedding"):
        return []
    return [("final_count", "It is not said what changes.", "Fill in what should.")]


_CHECKS: Mapping[str, InputCheck] = {"webhook": _check_event_type, "wedding": _check_changes}

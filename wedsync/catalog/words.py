"""What a listing's page says: what it does, what it may do, what it is tried against."""

import re
from dataclasses import dataclass
from typing import Any

from wedsync.connectors.manifest import ActionEntry, Manifest
from wedsync.listings.differences import Permission, permissions
from wedsync.platform import wording

_SLOT = re.compile(r"\{([^{}]*)\}")
_SEEING = frozenset(("see", "sees", "read", "reads", "look", "view", "know"))
_REFUSING = frozenset(("cannot", "never", "not"))
_GROUP_ICONS = {
    "Messages": {"icon": "mail"},
    "Money": {"icon": "cash"},
    "Calendar": {"icon": "calendar"},
    "Guests": {"icon": "users"},
    "Files": {"icon": "folder"},
}


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing it does: what it is called, and the sentence that says it."""

    icon: str
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PermissionLine:
    """A permission as it is shown: the verb that stands out, the rest, a drawing, what changed."""

    verb: str
    rest: str
    kind: str
    change: str


def triggers_of(manifest: Manifest) -> list[Doing]:
    """What can begin a workflow."""
    return [
        Doing(_GROUP_ICONS[entry.group]["icon"], entry.label, wording.sentence_end(entry.sentence))
        for entry in manifest.triggers
    ]


def actions_of(manifest: Manifest) -> list[Doing]:
    """What a step can do."""
    return [
        Doing(_GROUP_ICONS[entry.group]["icon"], entry.label, action_sentence(entry))
        for entry in manifest.actions
    ]


def action_sentence(entry: ActionEntry) -> str:
    """The sentence with its gaps named: “Add the guest's name to the list.”"""
    properties: Any = entry.input.get("properties", {})

    def named(gap: re.Match[str]) -> str:
        said = properties.get(gap[1], {}) if isinstance(properties, dict) else {}
        title = said.get("title") if isinstance(said, dict) else None
        return title[:1].lower() + title[1:] if title else gap[1].replace("_", " ")

    return wording.sentence_end(wording.capital(_SLOT.sub(named, entry.sentence)))


def permission_lines(before: Manifest | None, after: Manifest) -> list[PermissionLine]:
    """What it may do, as a vendor reads it; new ones first where there was a version before."""
    return [_line(each) for each in permissions(before, after)]


def _line(permission: Permission) -> PermissionLine:
    verb, _, rest = permission.words.partition(" ")
    plain = verb.casefold().strip(".,:")
    kind = "see" if plain in _SEEING else "not" if plain in _REFUSING else "change"
    return PermissionLine(verb, rest, kind, permission.kind)

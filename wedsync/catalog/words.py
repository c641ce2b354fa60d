"""What a listing's page says: what it does, what it may do, what it is tried against."""

import re
from dataclasses import dataclass
from typing import Any

from wedsync.connectors.manifest import ActionEntry, Manifest
from wedsync.listings.differences import Permission, permissions
from wedsync.platform import wording

_SLOT = re.compile(r"\{([^{}]*)\}")
_SEEING = frozenset(("see", "sees", "read", "reads", "look", "view", "know", "be"))
_REFUSING = frozenset(("cannot", "never", "not"))
_GROUP_ICONS = {
    "Messages": {"icon": "mail"},
    "Money": {"icon": "cash"},
    "Calendar": {"icon": "calendar"},
    "Guests": {"icon": "users"},
    "Files": {"icon": "folder"},
}


@dataclass(frozen=True, slots=True)
class Part:
    """Some words of a sentence, or a gap of it by its title."""

    is_gap: bool
    words: str


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing it does: what it is called, and the sentence that says it."""

    icon: str
    title: str
    sentence: tuple[Part, ...]


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
        Doing(
            _GROUP_ICONS[entry.group]["icon"],
            entry.label,
            (Part(False, wording.sentence_end(entry.sentence)),),
        )
        for entry in manifest.triggers
    ]


def actions_of(manifest: Manifest) -> list[Doing]:
    """What a step can do."""
    return [
        Doing(_GROUP_ICONS[entry.group]["icon"], entry.label, sentence_parts(entry))
        for entry in manifest.actions
    ]


def sentence_parts(entry: ActionEntry) -> tuple[Part, ...]:
    """A step's sentence with its gaps by their titles: what a workflow fills in."""
    pieces = _SLOT.split(wording.sentence_end(wording.capital(entry.sentence)))
    return tuple(
        Part(at % 2 == 1, _title(entry, piece) if at % 2 else piece)
        for at, piece in enumerate(pieces)
        if piece
    )


def _title(entry: ActionEntry, name: str) -> str:
    if name == "told" and entry.told:
        return "what you fill in"
    properties: Any = entry.input.get("properties")
    said = properties.get(name) if isinstance(properties, dict) else None
    title = said.get("title") if isinstance(said, dict) else None
    return str(title or name.replace("_", " "))


def permission_lines(before: Manifest | None, after: Manifest) -> list[PermissionLine]:
    """What it may do, as a vendor reads it; new ones first where there was a version before."""
    return [_line(each) for each in permissions(before, after)]


def _line(permission: Permission) -> PermissionLine:
    verb, _, rest = permission.words.partition(" ")
    plain = verb.casefold().strip(".,:")
    kind = "see" if plain in _SEEING else "not" if plain in _REFUSING else "change"
    return PermissionLine(verb, rest, kind, permission.kind)

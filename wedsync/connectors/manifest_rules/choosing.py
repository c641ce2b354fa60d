"""Lists at the account to choose from: each can be read, and what is chosen fits its field."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from wedsync.connectors import filling
from wedsync.connectors.manifest import ActionEntry, ChoicesEntry, Manifest
from wedsync.connectors.manifest_rules.inputs import properties
from wedsync.connectors.manifest_rules.problem import Problem

_PLACE = re.compile(r"[^\s.]{1,100}(\.[^\s.]{1,100}){0,31}")
_PAGE = "cursor.page"
_CHOSEN_TYPES = (None, "string", "integer")


def problems(manifest: Manifest) -> Iterator[Problem]:
    oauth = manifest.auth.oauth
    scopes = {scope.name for scope in oauth.scopes} if oauth else set()
    for index, listed in enumerate(manifest.choices):
        yield from _list(listed, f"choices.{index}", scopes)
    known = {listed.key for listed in manifest.choices}
    for index, entry in enumerate(manifest.actions):
        yield from _chosen(entry, f"actions.{index}.choose_from", known)


def _list(listed: ChoicesEntry, path: str, scopes: set[str]) -> Iterator[Problem]:
    if listed.request.method != "GET":
        yield Problem(f"{path}.request.method", "Looking changes nothing, so it is a GET.")
    for name in ("value", "name"):
        if not _PLACE.fullmatch(getattr(listed, name)):
            yield Problem(f"{path}.{name}", "Name a place in a record, such as id.")
    if listed.note and not _PLACE.fullmatch(listed.note):
        yield Problem(f"{path}.note", "Name a place in a record, such as email.")
    for name in ("records", "next_path"):
        written = getattr(listed, name)
        if written and not _PLACE.fullmatch(written):
            yield Problem(f"{path}.{name}", "Name a place in the answer, such as data.items.")
    if listed.request.output:
        yield Problem(f"{path}.request.output", "Say in “records” where the list is.")
    for scope in listed.scopes:
        if scope not in scopes:
            yield Problem(f"{path}.scopes", f"The permission “{scope}” is not among those asked.")
    yield from _pages(listed, path)


def _pages(listed: ChoicesEntry, path: str) -> Iterator[Problem]:
    names = set(filling.names(listed.request.model_dump()))
    if listed.next_path and _PAGE not in names:
        words = "Say where the next page is asked for: write {cursor.page} there."
        yield Problem(f"{path}.request", words)
    if _PAGE in names and not listed.next_path:
        yield Problem(f"{path}.next_path", "Say what in the answer names the next page.")


def _chosen(entry: ActionEntry, path: str, known: set[str]) -> Iterator[Problem]:
    fields = properties(entry)
    for name, key in entry.choose_from.items():
        if name not in fields:
            yield Problem(f"{path}.{name}", f"“{name}” is not a field of the input.")
        elif not _can_be_chosen(fields[name]):
            words = "Only a text or a whole number without choices of its own is chosen so."
            yield Problem(f"{path}.{name}", words)
        if key not in known:
            yield Problem(f"{path}.{name}", f"There is no list “{key}” among the choices.")


def _can_be_chosen(field: Any) -> bool:
    if not isinstance(field, Mapping) or "enum" in field or "const" in field:
        return False
    kind = field.get("type")
    return (kind is None or isinstance(kind, str)) and kind in _CHOSEN_TYPES

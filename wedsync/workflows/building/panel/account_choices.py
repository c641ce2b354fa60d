"""Choosing what a field takes from a list at the step's account: its guests, its calendars.

What is offered is what was read last (`connections.choices`); reading it is begun by the page. The
value can always be typed instead, and data be put there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync.connections.choosing import choices
from wedsync.connections.choosing.kept_choices import Kept
from wedsync.connections.models import Connection
from wedsync.connectors.choices import Choice
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.runtime import vault
from wedsync.platform.wording import Wording
from wedsync.workflows.building.picking.finding import score, words_of
from wedsync.workflows.building.typed.texts_with_data import escaped
from wedsync.workflows.catalogue import ChosenFrom, Entries
from wedsync.workflows.engine.operators import unescape_key
from wedsync.workflows.engine.steps.kind import mapping

MOST_SHOWN = 50
LONGEST_QUERY = 100


@dataclass(frozen=True, slots=True)
class Source:
    """The list a field is chosen from, and the account it is at: None while none is chosen."""

    field: str
    listed: ChosenFrom
    connector: str
    connector_name: str
    connection_id: UUID | None = None
    account: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """One entry: `typed` is what the field then holds, `note` tells two of one name apart."""

    typed: str
    name: str
    note: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be chosen in a field, the best first where something is looked for.

    `words` say how many there are and from when, or that they are being read; `failure` is why
    they could not be, with what to do. `more` fit and are not shown. `is_loading`: look again soon.
    """

    source: Source
    query: str
    entries: tuple[Offered, ...]
    words: str
    failure: str = ""
    more: int = 0
    is_loading: bool = False
    is_empty: bool = False


class Lists:
    """The lists that the fields of one step are chosen from; each is read once."""

    def __init__(self, organization_id: UUID, step: Mapping[str, Any], entries: Entries) -> None:
        self._organization_id = organization_id
        self._step = step
        use = step.get("use")
        self._entry = entries.get(use) if isinstance(use, str) else None
        self._names: dict[str, Mapping[str, str]] = {}

    def is_listed(self, field: str) -> bool:
        return self._listed(field) is not None

    def name_of(self, field: str, value: Any) -> str:
        """What the list calls a value; nothing where it was not read, or does not know it."""
        listed = self._listed(field)
        connection_id = ids.read(self._step.get("connection"))
        if listed is None or connection_id is None or not _is_plain(value):
            return ""
        if listed.key not in self._names:
            found = _kept(self._organization_id, connection_id, listed.key)
            self._names[listed.key] = {str(each.value): each.name for each in found.choices}
        return self._names[listed.key].get(str(value), "")

    def source(self, field: str) -> Source | None:
        """Where a field is chosen from; None where it is not."""
        listed = self._listed(field)
        if listed is None or self._entry is None:
            return None
        source = Source(field, listed, self._entry.connector, self._entry.connector_name)
        named = ids.read(self._step.get("connection"))
        account = _account(self._organization_id, named, self._entry.connector)
        if named is None or account is None:
            return source
        return replace(source, connection_id=named, account=account)

    def _listed(self, field: str) -> ChosenFrom | None:
        if self._entry is None or not field.startswith("input."):
            return None
        return self._entry.choose_from.get(field.removeprefix("input."))


def present_in(step: Mapping[str, Any], field: str) -> Any:
    """What a step has in a field of its input."""
    given = mapping(step.get("input")).items()
    return {f"input.{unescape_key(name)}": value for name, value in given}.get(field)


def offer(organization_id: UUID, source: Source, present: Any, query: str, words: Wording) -> Offer:
    """What was read last, narrowed to what fits what is typed; `present` is what is chosen now."""
    query = query.strip()[:LONGEST_QUERY]
    if source.connection_id is None:
        todo = f"Connect {source.connector_name}, or choose which account this step uses."
        return Offer(source, query, (), todo)
    kept = _kept(organization_id, source.connection_id, source.listed.key)
    fitting = _fitting(kept.choices, query)
    chosen = str(present) if _is_plain(present) else None
    shown = tuple(_offered(each, chosen) for each in fitting[:MOST_SHOWN])
    return Offer(
        source,
        query,
        shown,
        _words(kept, source, words),
        failure=kept.failure or "",
        more=len(fitting) - len(shown),
        is_loading=kept.is_wanted,
        is_empty=not kept.choices,
    )


def _fitting(known: tuple[Choice, ...], query: str) -> list[Choice]:
    """In their order where nothing is typed; else the best first."""
    if not query:
        return list(known)
    if len(query) == 1:
        return [each for each in known if _has_word_with(each, query)]
    ranked = [(score(query, (each.name, each.note, str(each.value))), each) for each in known]
    found = sorted((pair for pair in ranked if pair[0] > 0), key=lambda pair: -pair[0])
    return [each for _, each in found]


def _has_word_with(choice: Choice, letter: str) -> bool:
    begun = "".join(words_of(letter)) or letter
    return any(word.startswith(begun) for word in words_of(choice.name))


def _offered(choice: Choice, chosen: str | None) -> Offered:
    value = str(choice.value)
    return Offered(escaped(value), choice.name, choice.note, is_chosen=value == chosen)


def _words(kept: Kept, source: Source, words: Wording) -> str:
    if kept.loaded_at is None:
        return f"Asking {source.account} …" if kept.is_wanted else ""
    count = f"{len(kept.choices):,} to choose from" if kept.choices else "None there"
    said = f"The first {len(kept.choices):,} of them" if kept.is_cut else count
    seen = f"{said}, read {words.ago(kept.loaded_at)}."
    return f"{seen} Asking again …" if kept.is_wanted else seen


def _kept(organization_id: UUID, connection_id: UUID, key: str) -> Kept:
    return choices.kept(db.session, vault(), organization_id, connection_id, key)


def _account(organization_id: UUID, connection_id: UUID | None, slug: str) -> str | None:
    """The name of a connection of ours to this connector."""
    return db.session.scalar(
        select(Connection.name).where(
            Connection.organization_id == organization_id,
            Connection.id == connection_id,
            Connection.slug == slug,
            Connection.state != "deleted",
        )
    )


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)

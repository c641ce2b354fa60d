"""What of a workflow can be asked each time it is made again, the likeliest first.

Accounts always are. People, addresses and what is chosen at an account are asked or left open,
since they are nobody else's; a length of time or a subject line is asked or stays as it is.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from wedsync.accounts.models import Membership, User
from wedsync.connections.models import Connection
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.webhooks.models import Hook
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.panel.sheets import TEMPLATES, Sheet, sheet_of
from wedsync.workflows.building.typed.typed_times import shown_duration, shown_offset
from wedsync.workflows.catalogue import Entries
from wedsync.workflows.editing.draft_operations import located
from wedsync.workflows.editing.patches import Path
from wedsync.workflows.editing.references import Reference, references
from wedsync.workflows.engine.operators import unescape_key
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.words import clip
from wedsync.workflows.ready_made.own.leaving_out import Privacy, is_own, is_secret
from wedsync.workflows.ready_made.own.own_recipe import OwnQuestion, Place
from wedsync.workflows.ready_made.recipe import MOST_QUESTIONS, Kind

FEWEST_SUGGESTED = 2
LONGEST_TEXT = 300
_LONGEST_CALLED = 60
_LARGEST = 1_000_000
_LENGTHS = ("seconds", "expires_after_s", "remind_after_s", "event.timeout_s")
_ACCOUNT, _WHO, _LENGTH, _SUBJECT, _REST = range(5)
_KINDS_CALLED = {
    "wait": "Wait",
    "approval": "Ask somebody",
    "choose": "Which way it goes",
    "for_each": "Go through a list",
    "call": "Start another workflow",
}
_MISSING: Mapping[Kind, str] = {
    "connection": "Choose the account that it works through.",
    "hook": "Choose the webhook that tells it.",
    "person": "Choose who is asked.",
    "email": "Where does whoever gets it read e-mail?",
    "listed": "Choose one of the list.",
    "duration": "Say how long, for example 3 days.",
    "day_offset": "Say how many days before or after.",
    "number": "Write a number.",
    "link": "Write the link.",
    "text": "Write what should stand there.",
}


@dataclass(frozen=True, slots=True)
class Possible:
    """A value that can be asked. `now` is what stands there. One that `is_own` is never kept: it is
    asked or left open. `rank`: the likeliest question has the lowest."""

    question: OwnQuestion
    now: str
    is_own: bool
    is_always: bool
    rank: int


def possible(
    organization_id: UUID, definition: Any, entries: Entries, privacy: Privacy
) -> tuple[Possible, ...]:
    """Everything that can be asked, the likeliest first, then in reading order."""
    finder = _Finder(organization_id, definition, entries, privacy)
    found = _joined([*finder.named(), *finder.written()])
    return tuple(sorted(found, key=lambda each: each.rank))


def suggested(found: Sequence[Possible]) -> tuple[Possible, ...]:
    """The likeliest: every account there is room for, then people, lengths of time and subjects."""
    likely = [each for each in found if each.rank < _REST][:MOST_QUESTIONS]
    others = [each for each in found if each.rank == _REST]
    return (*likely, *others[: max(FEWEST_SUGGESTED - len(likely), 0)])


def called(step: Any, entries: Entries, privacy: Privacy) -> str:
    """What a step is called where no one may be named."""
    written = mapping(step)
    label, kind, use = (written.get(name) for name in ("label", "kind", "use"))
    entry = entries.get(use) if isinstance(use, str) else None
    said = entry.info.label if entry else _KINDS_CALLED.get(str(kind), "A step")
    if isinstance(label, str) and label.strip():
        said = " ".join(label.split())
    return clip(privacy.clean(said)[0], _LONGEST_CALLED)


def _joined(found: Iterable[Possible]) -> list[Possible]:
    """What stands in several places is one question with all of them."""
    by_key: dict[str, Possible] = {}
    for each in found:
        there = by_key.setdefault(each.question.key, each)
        if there is not each:
            places = (*there.question.places, *each.question.places)
            question = there.question.model_copy(update={"places": places})
            by_key[each.question.key] = replace(there, question=question)
    return list(by_key.values())


class _Finder:
    """Looks through one definition."""

    def __init__(
        self, organization_id: UUID, definition: Any, entries: Entries, privacy: Privacy
    ) -> None:
        self._organization_id = organization_id
        self._definition = definition
        self._entries = entries
        self._privacy = privacy
        self._steps = {str(each.step.get("id")): each for each in located(definition)}

    def named(self) -> Iterator[Possible]:
        """The accounts, hooks and people of the team that it names."""
        found = [each for each in references(self._definition) if is_own(each.kind)]
        accounts = self._accounts(found)
        slugs = [slug for _, slug in accounts.values()]
        for each in found:
            if each.kind == "connection":
                yield from self._account(each, accounts, slugs)
            elif each.kind == "hook":
                name = self._hook_name(each.id)
                title = "Which webhook starts it?" if each.step is None else "Which webhook?"
                yield self._of(each, "hook", title, name, _ACCOUNT, is_always=True)
            else:
                yield self._person(each)

    def written(self) -> Iterator[Possible]:
        """What is typed into its fields."""
        seen: set[str | None] = set()
        owners: list[tuple[str | None, Path]] = [(None, ("trigger",))]
        owners += [(str(each.step.get("id")), each.path) for each in located(self._definition)]
        for step_id, path in owners:
            sheet = sheet_of(self._definition, step_id, self._entries)
            if step_id not in seen and sheet is not None:
                seen.add(step_id)
                for spec in sheet.specs:
                    if spec.part == "main":
                        yield from self._field(sheet, spec, (*path, *_path_in(sheet, spec)))

    def _account(
        self, each: Reference, accounts: Mapping[str, tuple[str, str]], slugs: Sequence[str]
    ) -> Iterator[Possible]:
        name, slug = accounts.get(each.id, ("", self._connector_of(each)))
        if not slug:
            return
        connector = self._connector_name(slug)
        title = f"Which {connector} account?"
        if slugs.count(slug) > 1:
            title = f"Which {connector} account, for “{self._called(each.step)}”?"
        yield self._of(each, "connection", title, name, _ACCOUNT, is_always=True, connector=slug)

    def _person(self, each: Reference) -> Possible:
        name = self._member_name(each.id)
        whom = "Who is asked next" if "then_ask" in each.path else "Who is asked"
        made = self._of(each, "person", f"{whom} at “{self._called(each.step)}”", name, _WHO)
        place = Place(path=each.path[:-1])
        return replace(made, question=made.question.model_copy(update={"places": (place,)}))

    def _of(
        self,
        each: Reference,
        kind: Kind,
        title: str,
        now: str,
        rank: int,
        *,
        is_always: bool = False,
        connector: str | None = None,
    ) -> Possible:
        question = OwnQuestion(
            key=_key(kind, each.id),
            kind=kind,
            title=clip(title, LONGEST_TEXT),
            missing=_MISSING[kind],
            connector=connector,
            places=(Place(path=each.path, prefix=each.prefix),),
        )
        return Possible(question, now, is_own=True, is_always=is_always, rank=rank)

    def _field(self, sheet: Sheet, spec: Spec, path: Path) -> Iterator[Possible]:
        value = sheet.value(spec)
        name = self._called(str(sheet.owner.get("id"))) if path[0] != "trigger" else "the start"
        listed = self._listed(sheet, spec, value)
        if listed:
            title = f"{spec.title}, for “{name}”"
            key = _key("listed", *listed, value)
            slug, own = listed
            yield _field_question(
                key,
                "listed",
                title,
                path,
                str(value),
                _WHO,
                connector=slug,
                listed=own,
                whole=isinstance(value, int),
            )
        elif spec.kind == "duration" and spec.name in _LENGTHS and _is_whole(value):
            rank = _LENGTH if spec.name == "seconds" else _REST
            title = "How long does it wait?" if rank == _LENGTH else f"{spec.title}, at “{name}”"
            yield _field_question(
                _key(path), "duration", title, path, shown_duration(value), rank, is_kept=True
            )
        elif spec.kind == "day_offset" and isinstance(value, int):
            title = "How many days before or after?"
            yield _field_question(
                _key(path), "day_offset", title, path, shown_offset(value), _LENGTH, is_kept=True
            )
        elif spec.kind == "number" and _is_whole(value):
            yield _number(spec, f"{spec.title}, for “{name}”", path, int(value))
        elif spec.kind == "person" and isinstance(address := mapping(value).get("email"), str):
            title = f"Who is asked at “{name}”: which e-mail?"
            yield _field_question(
                _key("email", address), "email", title, (*path, "email"), address, _WHO
            )
        elif spec.kind == "text" and isinstance(value, str):
            yield from self._text(spec, value, path, name)

    def _text(self, spec: Spec, value: str, path: Path, name: str) -> Iterator[Possible]:
        said = value.strip()
        if not said or "\n" in said or len(said) > LONGEST_TEXT or path[0] == "trigger":
            return
        if _is_email(said):
            title = f"To which e-mail does “{name}” go?" if spec.name == "input.to" else spec.title
            yield _field_question(_key("email", said), "email", title, path, said, _WHO)
            return
        kind: Kind = "link" if said.startswith(("https://", "http://")) else "text"
        is_kept = not is_secret(str(path[-1])) and not self._privacy.is_private(said)
        rank = _SUBJECT if spec.name.endswith("subject") else _REST
        title = f"{spec.title}, of “{name}”"
        yield _field_question(_key(path), kind, title, path, said, rank, is_kept=is_kept)

    def _listed(self, sheet: Sheet, spec: Spec, value: Any) -> tuple[str, str] | None:
        """The connector and the list that a value was chosen from."""
        use = sheet.owner.get("use")
        entry = self._entries.get(use) if isinstance(use, str) else None
        name = spec.name.removeprefix("input.")
        if entry is None or not spec.name.startswith("input.") or not _is_plain(value):
            return None
        chosen = entry.choose_from.get(name)
        return (entry.connector, chosen.key) if chosen else None

    def _accounts(self, found: Iterable[Reference]) -> Mapping[str, tuple[str, str]]:
        """The name and connector of each account, by its id as it is written."""
        wanted = {each.id: ids.read(each.id) for each in found if each.kind == "connection"}
        rows = db.session.execute(
            select(Connection.id, Connection.name, Connection.slug).where(
                Connection.organization_id == self._organization_id,
                Connection.id.in_([each for each in wanted.values() if each]),
            )
        )
        known = {row.id: (row.name, row.slug) for row in rows}
        return {written: known[own] for written, own in wanted.items() if own in known}

    def _connector_of(self, each: Reference) -> str:
        """The connector of an account that is gone, by the action that used it."""
        found = self._steps.get(str(each.step)) if each.step else None
        use = found.step.get("use") if found else None
        return use.partition(".")[0] if isinstance(use, str) and use in self._entries else ""

    def _connector_name(self, slug: str) -> str:
        names = (each.connector_name for each in self._entries.values() if each.connector == slug)
        return next(names, slug)

    def _hook_name(self, written: str) -> str:
        query = select(Hook.name).where(
            Hook.organization_id == self._organization_id, Hook.id == ids.read(written)
        )
        return db.session.scalar(query) or ""

    def _member_name(self, written: str) -> str:
        query = (
            select(User.name)
            .join(Membership, Membership.user_id == User.id)
            .where(
                Membership.organization_id == self._organization_id, User.id == ids.read(written)
            )
        )
        return db.session.scalar(query) or ""

    def _called(self, step_id: str | None) -> str:
        found = self._steps.get(str(step_id))
        return called(found.step, self._entries, self._privacy) if found else "the start"


def _field_question(
    key: str,
    kind: Kind,
    title: str,
    path: Path,
    now: str,
    rank: int,
    *,
    is_kept: bool = False,
    **more: Any,
) -> Possible:
    """A question about a field; what is kept stands in the form as its answer."""
    question = OwnQuestion(
        key=key,
        kind=kind,
        title=clip(title, LONGEST_TEXT),
        missing=_MISSING[kind],
        default=now if is_kept else "",
        places=(Place(path=path),),
        **more,
    )
    return Possible(question, now, is_own=not is_kept, is_always=False, rank=rank)


def _number(spec: Spec, title: str, path: Path, value: int) -> Possible:
    least = 0 if spec.least is None else max(int(spec.least), 0)
    most = max(_LARGEST if spec.most is None else int(spec.most), value)
    return _field_question(
        _key(path), "number", title, path, str(value), _REST, is_kept=True, least=least, most=most
    )


def _path_in(sheet: Sheet, spec: Spec) -> Path:
    """The way to a field from its step, with the names of inputs as they are written."""
    if spec.path[0] in TEMPLATES and len(spec.path) > 1:
        names = mapping(sheet.owner.get(spec.path[0]))
        own = next((each for each in names if unescape_key(each) == spec.path[1]), spec.path[1])
        return (spec.path[0], own)
    return spec.path


def _key(*parts: Any) -> str:
    """The same for the same draft, whoever asks."""
    return f"q{hashlib.sha256(orjson.dumps(parts)).hexdigest()[:12]}"


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**15


def _is_email(said: str) -> bool:
    try:
        return bool(validate_email(said, check_deliverability=False))
    except EmailNotValidError:
        return False

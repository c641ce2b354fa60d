"""What is typed into the fields of a workflow, as questions."""

from collections.abc import Iterator
from typing import Any

from email_validator import EmailNotValidError, validate_email

from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.panel.sheets import TEMPLATES, Sheet, sheet_for
from wedsync.workflows.building.typed.typed_times import shown_duration, shown_offset
from wedsync.workflows.editing.draft_operations import located, path_of
from wedsync.workflows.editing.patches import Path
from wedsync.workflows.engine.operators import unescape_key
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.words import clip
from wedsync.workflows.ready_made.own.leaving_out import is_secret
from wedsync.workflows.ready_made.own.own_recipe import OwnQuestion, Place
from wedsync.workflows.ready_made.own.possible_question import (
    LENGTH,
    LONGEST_TEXT,
    MISSING,
    REST,
    SUBJECT,
    WHO,
    Looked,
    Possible,
    key_of,
)
from wedsync.workflows.ready_made.recipe import Kind

_LARGEST = 1_000_000
_LENGTHS = ("seconds", "expires_after_s", "remind_after_s", "event.timeout_s")


def questions(looked: Looked) -> Iterator[Possible]:
    """A question for each value that could be another one, in reading order."""
    yield from _Fields(looked).found()


class _Fields:
    """Looks through one definition."""

    def __init__(self, looked: Looked) -> None:
        self._looked = looked

    def found(self) -> Iterator[Possible]:
        """What is typed into its fields."""
        trigger = mapping(self._looked.definition.get("trigger"))
        yield from self._of(sheet_for(trigger, None, self._looked.entries), ("trigger",))
        for each in located(self._looked.definition):
            sheet = sheet_for(each.step, str(each.step.get("id")), self._looked.entries)
            yield from self._of(sheet, each.path)

    def _of(self, sheet: Sheet, path: Path) -> Iterator[Possible]:
        for spec in sheet.specs:
            if spec.part == "main":
                yield from self._field(sheet, spec, (*path, *_path_in(sheet, spec)))

    def _field(self, sheet: Sheet, spec: Spec, path: Path) -> Iterator[Possible]:
        value = sheet.value(spec)
        name = (
            self._looked.called(str(sheet.owner.get("id"))) if path[0] != "trigger" else "the start"
        )
        listed = self._listed(sheet, spec, value)
        if listed:
            title = f"{spec.title}, for “{name}”"
            key = key_of("listed", *listed, value)
            slug, own = listed
            yield _field_question(
                key,
                "listed",
                title,
                path,
                str(value),
                WHO,
                connector=slug,
                listed=own,
                whole=isinstance(value, int),
            )
        elif spec.kind == "duration" and spec.name in _LENGTHS and _is_whole(value):
            rank = LENGTH if spec.name == "seconds" else REST
            title = "How long does it wait?" if rank == LENGTH else f"{spec.title}, at “{name}”"
            yield _field_question(
                key_of(path), "duration", title, path, shown_duration(value), rank, is_kept=True
            )
        elif spec.kind == "day_offset" and isinstance(value, int):
            title = "How many days before or after?"
            yield _field_question(
                key_of(path), "day_offset", title, path, shown_offset(value), LENGTH, is_kept=True
            )
        elif spec.kind == "number" and _is_whole(value):
            yield _number(spec, f"{spec.title}, for “{name}”", path, int(value))
        elif spec.kind == "person" and isinstance(address := mapping(value).get("email"), str):
            title = f"Who is asked at “{name}”: which e-mail?"
            yield _field_question(
                key_of("email", address), "email", title, (*path, "email"), address, WHO
            )
        elif spec.kind == "text" and isinstance(value, str):
            yield from self._text(spec, value, path, name)

    def _text(self, spec: Spec, value: str, path: Path, name: str) -> Iterator[Possible]:
        said = value.strip()
        if not said or "\n" in said or len(said) > LONGEST_TEXT or path[0] == "trigger":
            return
        if _is_email(said):
            title = f"To which e-mail does “{name}” go?" if spec.name == "input.to" else spec.title
            yield _field_question(key_of("email", said), "email", title, path, said, WHO)
            return
        kind: Kind = "link" if said.startswith(("https://", "http://")) else "text"
        is_kept = not is_secret(str(path[-1])) and not self._looked.privacy.is_private(said)
        rank = SUBJECT if spec.name.endswith("subject") else REST
        title = f"{spec.title}, of “{name}”"
        yield _field_question(key_of(path), kind, title, path, said, rank, is_kept=is_kept)

    def _listed(self, sheet: Sheet, spec: Spec, value: Any) -> tuple[str, str] | None:
        """The connector and the list that a value was chosen from."""
        use = sheet.owner.get("use")
        entry = self._looked.entries.get(use) if isinstance(use, str) else None
        name = spec.name.removeprefix("input.")
        if entry is None or not spec.name.startswith("input.") or not _is_plain(value):
            return None
        chosen = entry.choose_from.get(name)
        return (entry.connector, chosen.key) if chosen else None


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
        missing=MISSING[kind],
        default=now if is_kept else "",
        places=(Place(path=path),),
        **more,
    )
    return Possible(question, now, is_own=not is_kept, is_always=False, rank=rank)


def _number(spec: Spec, title: str, path: Path, value: int) -> Possible:
    least = 0 if spec.least is None else max(int(spec.least), 0)
    most = max(_LARGEST if spec.most is None else int(spec.most), value)
    return _field_question(
        key_of(path), "number", title, path, str(value), REST, is_kept=True, least=least, most=most
    )


def _path_in(sheet: Sheet, spec: Spec) -> Path:
    """The way to a field from its step, with the names of inputs as they are written."""
    if spec.path[0] in TEMPLATES and len(spec.path) > 1:
        names = mapping(sheet.owner.get(spec.path[0]))
        own = next((each for each in names if unescape_key(each) == spec.path[1]), spec.path[1])
        return (spec.path[0], own)
    return path_of(spec.name)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**15


def _is_email(said: str) -> bool:
    try:
        return bool(validate_email(said, check_deliverability=False))
    except EmailNotValidError:
        return False

"""What two people made of one field of a step, as each would stand in the panel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.building.gestures.contradictions import Clash, StepChanged
from wedsync.workflows.building.panel.field_choices import Choices
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.panel.sheets import TEMPLATES, Sheet, sheet_of
from wedsync.workflows.building.panel.typed_values import shown_value
from wedsync.workflows.engine.clauses import condition_words
from wedsync.workflows.engine.operators import unescape_key
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.engine.words import expression_words

_NOTHING = "nothing"
_YES_NO = {"yes": "Yes", "no": "No"}


@dataclass(frozen=True, slots=True)
class ShownClash:
    """A field by its title, and what each of the two would have in it."""

    title: str
    yours: str
    theirs: str


def clashes_of(setting: Setting, changed: StepChanged) -> tuple[ShownClash, ...]:
    """The fields that two people gave different values, in the words of the panel."""
    sheet = sheet_of(setting.definition, changed.step, setting.entries, setting.known)
    if sheet is None:
        return ()
    saying = _Saying(sheet, Choices(setting.person.organization_id, sheet.owner))
    return tuple(shown for each in changed.clashes for shown in saying.clash(each))


class _Saying:
    """Says what would stand in the fields of one step."""

    def __init__(self, sheet: Sheet, choices: Choices) -> None:
        self._sheet, self._choices = sheet, choices

    def clash(self, clash: Clash) -> Iterator[ShownClash]:
        """A clash is of one field, of a part of one, or of all that stand in one place."""
        path = _path_of(clash)
        specs = [(spec, list(spec.path)) for spec in self._sheet.specs]
        around = [(spec, path[len(own) :]) for spec, own in specs if own == path[: len(own)]]
        inside = [(spec, own[len(path) :]) for spec, own in specs if own[: len(path)] == path]
        if around:
            spec, rest = around[0]
            title = " · ".join((spec.title, *rest))
            say = self._words if not rest else _plain
            yield ShownClash(title, *(say(spec, each) for each in (clash.yours, clash.theirs)))
            return
        for spec, rest in inside:
            both = [_at(each, rest) for each in (clash.yours, clash.theirs)]
            if both[0] != both[1]:
                yield ShownClash(spec.title, *(self._words(spec, each) for each in both))
        if not inside:
            title = " · ".join(path).replace("_", " ")
            yield ShownClash(title, _plain(None, clash.yours), _plain(None, clash.theirs))

    def _words(self, spec: Spec, value: Any) -> str:
        if value is None:
            return _NOTHING
        if spec.kind == "condition":
            return condition_words(value)
        typed = shown_value(spec, value, self._sheet.vocabulary)
        known = {each.value: each.words for each in self._choices.of(spec, typed)}
        if spec.kind == "switch":
            known = _YES_NO
        return known.get(typed, typed) or _NOTHING


def _path_of(clash: Clash) -> list[str]:
    path = [str(part) for part in clash.path]
    path = path[1:] if path[:1] == ["trigger"] else path
    return [*path[:1], *map(unescape_key, path[1:])] if path[:1] in _ESCAPED else path


_ESCAPED = tuple([name] for name in TEMPLATES)


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        if isinstance(value, list):
            items = sequence(value)
            value = items[int(name)] if name.isdecimal() and int(name) < len(items) else None
            continue
        held = mapping(value)
        value = held.get(name, next((held[own] for own in held if unescape_key(own) == name), None))
    return value


def _plain(_spec: Spec | None, value: Any) -> str:
    if value is None or value == "":
        return _NOTHING
    return value if isinstance(value, str) else expression_words(value)

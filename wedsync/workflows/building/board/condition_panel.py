"""A condition as the rows of the panel, with what each gives for the example couple."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wedsync.errors import Invalid
from wedsync.workflows.building.board.panel_parts import (
    Answer,
    ConditionPanel,
    Opened,
    ShownGroup,
    ShownInput,
    ShownPill,
    ShownRow,
    Verdict,
)
from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.building.conditions.compared_values import shown_typed
from wedsync.workflows.building.conditions.condition_gestures import DEEPEST
from wedsync.workflows.building.conditions.condition_patterns import is_blank
from wedsync.workflows.building.conditions.condition_rows import (
    Expression,
    Group,
    Opaque,
    Part,
    Row,
    tree_of,
)
from wedsync.workflows.building.conditions.condition_shapes import Kind
from wedsync.workflows.building.conditions.condition_verbs import VerbChoice, choices_for, kind_of
from wedsync.workflows.building.conditions.condition_verdicts import Gives, verdicts
from wedsync.workflows.building.known.pills import label_of
from wedsync.workflows.building.panel.field import Choice
from wedsync.workflows.engine.steps.kind import mapping, sequence

_ANSWERS: Mapping[bool | None, Answer] = {True: "yes", False: "no", None: "unknown"}
_AN_EXAMPLE = "Example couple: "
_KINDS: Mapping[Kind, str] = {
    "text": "a text",
    "number": "a number",
    "money": "an amount of money",
    "date": "a date",
    "list": "a list",
    "yes_no": "a yes or no",
    "wedding": "the wedding",
    "anything": "a value",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """What somebody typed in a row that could not be taken: it stays there, with the reason."""

    field: str
    place: str
    typed: Mapping[str, str]
    said: Mapping[str, str]

    @classmethod
    def of(cls, form: Mapping[str, str] | None, refused: Invalid | None) -> "Refused | None":
        if form is None or refused is None or "place" not in form:
            return None
        said = {error.pointer.removeprefix("/"): error.message for error in refused.errors}
        return cls(form.get("field", ""), form["place"], form, said)


def tree_in(setting: Setting, step_id: str | None, when: Any) -> Group:
    """A condition as rows, each of the kind of the value it looks at."""
    return tree_of(when, lambda expression: kind_in(setting, step_id, expression))


def kind_in(setting: Setting, step_id: str | None, expression: Expression) -> Kind | None:
    item = setting.known.item(expression, step_id)
    return item.kind if item else kind_of(expression)


def condition_of(
    setting: Setting,
    opened: Opened,
    field: str,
    title: str,
    when: Any,
    refused: Refused | None,
) -> ConditionPanel:
    """The condition that stands in `field` of what is opened."""
    tree = tree_in(setting, opened.step, when)
    found = verdicts(tree, setting.sample.sight(opened.step))
    rows = _Rows(setting, opened, found, refused if refused and refused.field == field else None)
    rows.is_open = opened.field == field
    return ConditionPanel(
        field=field,
        title=title,
        tree=rows.group("", tree),
        gives=verdict_of(found[""]),
        result=_result(setting, opened, field, found[""]),
        can_be_removed=opened.step is None and bool(tree.parts),
    )


def verdict_of(gives: Gives) -> Verdict:
    return Verdict(_ANSWERS[gives.fits], gives.answer, gives.because)


@dataclass(slots=True)
class _Rows:
    setting: Setting
    opened: Opened
    found: Mapping[str, Gives]
    refused: Refused | None
    is_open: bool = False

    def group(self, place: str, group: Group) -> ShownGroup:
        depth = place.count(".") + 1 if place else 0
        parts = tuple(
            self._part(f"{place}.{number}" if place else str(number), part)
            for number, part in enumerate(group.parts)
        )
        return ShownGroup(
            place=place,
            joined=group.joined,
            parts=parts,
            gives=verdict_of(self.found[place]) if place in self.found else None,
            can_add_group=depth + 1 < DEEPEST,
        )

    def _part(self, place: str, part: Part) -> ShownRow | ShownGroup:
        if isinstance(part, Group):
            return self.group(place, part)
        gives = verdict_of(self.found[place]) if place in self.found else None
        if isinstance(part, Opaque):
            return ShownRow(place, None, "", (), "", (), gives, False, True, part.words)
        return self._row(place, part, gives)

    def _row(self, place: str, row: Row, gives: Verdict | None) -> ShownRow:
        own = kind_in(self.setting, self.opened.step, row.subject) or row.kind
        offered = choices_for(row.verb, own, in_trigger=self.opened.step is None)
        typed = self._typed_at(place)
        return ShownRow(
            place=place,
            subject=None if is_blank(row.subject) else self._pill(row.subject),
            verb=row.verb,
            verbs=tuple(_verbs(offered)),
            verbs_title=f"How to compare {_KINDS[own]}",
            inputs=tuple(
                self._input(place, row, number, typed) for number in range(len(row.choice.inputs))
            ),
            gives=gives,
            is_open=self._is_picked(f"subject:{place}"),
        )

    def _input(
        self, place: str, row: Row, number: int, typed: Mapping[str, str] | None
    ) -> ShownInput:
        asked = row.choice.inputs[number]
        own = row.others[number] if number < len(row.others) else {}
        shown = shown_typed(asked.kind, own)
        pill = self._pill(own) if shown is None else None
        posted = typed.get(f"others.{number}") if typed else None
        said = self.refused.said if self.refused and typed else {}
        return ShownInput(
            number=number,
            kind=asked.kind,
            label=asked.label,
            before=asked.before,
            after=asked.after,
            typed=(shown or "") if posted is None else posted,
            pill=pill if posted is None else None,
            takes_data=asked.takes_data,
            is_open=self._is_picked(f"other:{place}:{number}"),
            error=said.get(f"others/{number}", ""),
        )

    def _typed_at(self, place: str) -> Mapping[str, str] | None:
        refused = self.refused
        return refused.typed if refused is not None and refused.place == place else None

    def _is_picked(self, pick: str) -> bool:
        return self.is_open and self.opened.pick == pick

    def _pill(self, expression: Expression) -> ShownPill:
        pill = label_of(expression, self.setting.known, self.opened.step)
        return ShownPill(pill.words, pill.icon, pill.is_missing)


def _verbs(offered: Sequence[VerbChoice]) -> list[Choice]:
    """The verbs as choices; of a value of any kind some are said alike, and tell their kind."""
    alike = Counter(verb.words for verb in offered)
    kinds = {
        verb.key: f" ({_KINDS[verb.kind]})" if alike[verb.words] > 1 else "" for verb in offered
    }
    return [Choice(verb.key, f"{verb.words}{kinds[verb.key]}") for verb in offered]


def _result(setting: Setting, opened: Opened, field: str, gives: Gives) -> str:
    """What becomes of it for the example: “For Ada & Ben this branch is not taken.”"""
    name = setting.sample.name.removeprefix(_AN_EXAMPLE)
    if gives.fits is None:
        return f"For {name} this cannot be told yet: {gives.because}." if gives.because else ""
    if opened.step is None:
        return f"For {name} it {'starts' if gives.fits else 'does not start'}."
    if not field.startswith("branches."):
        return f"For {name} it {'goes on' if gives.fits else 'ends here'}."
    earlier = _taken_before(setting, opened.step, field) if gives.fits else ""
    if earlier:
        return f"For {name} this would fit, but “{earlier}” comes first and is taken."
    if gives.fits:
        return f"For {name} this branch is taken."
    given = mapping(setting.sample.outputs.steps.get(opened.step))
    instead = f", but “{given['branch'] or 'Otherwise'}” is" if "branch" in given else ""
    return f"For {name} this branch is not taken{instead}."


def _taken_before(setting: Setting, step_id: str, field: str) -> str:
    """The name of the branch before this one that is taken, if there is one."""
    taken = mapping(setting.sample.outputs.steps.get(step_id)).get("branch")
    placed = setting.known.placed.get(step_id)
    branches = sequence(placed.step.get("branches")) if placed else ()
    number = int(field.split(".")[1])
    before = [mapping(branch).get("label") for branch in branches[:number]]
    return taken if isinstance(taken, str) and taken in before else ""

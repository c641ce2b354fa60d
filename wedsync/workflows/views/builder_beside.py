"""What stands beside the steps: the panel or a picker, and the tools of a phone, part by part.

Where the same panel is open before and after, only those of its parts are drawn that differ; what
is not drawn anew keeps what somebody goes on typing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wedsync.workflows.building.board.board_changes import digest
from wedsync.workflows.building.board.board_parts import Board
from wedsync.workflows.building.board.panel_parts import (
    ConditionPanel,
    Panel,
    PanelField,
    ShownGroup,
)
from wedsync.workflows.building.panel.account_choices import Offer
from wedsync.workflows.building.panel.fields import rows_in
from wedsync.workflows.building.tries.offer import Offer as TryOffer
from wedsync.workflows.views.builder_state import Here

PANEL, TOOLS = "panel", "page-tools"
UNFOLDED = "open-"
"""What a page says that it holds of a fold of the panel that stands open."""
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,80}")


@dataclass(frozen=True, slots=True)
class Beside:
    """What is open beside `board`: a `panel`, with what an account `offer`s in it, else something
    `other`, such as a picker; `tries` says how its step can be tried, and `here` what is open."""

    board: Board
    panel: Panel | None
    offer: Offer | None
    other: Any
    here: Here
    tries: TryOffer | None

    def parts(self) -> dict[str, str]:
        """By part, a digest of what it shows."""
        opens = (self.panel.field, self.panel.place) if self.panel else ()
        bar = self.board.bar.publishing, self.board.errors
        may_edit = self.board.may_edit
        found = {TOOLS: digest(opens, self.board.end, bar, self.here, may_edit)}
        if self.panel is None or self.other is not None:
            return {**found, PANEL: digest(self.other, may_edit, self.here)}
        return {**found, **dict(self._of_panel(self.panel))}

    def _of_panel(self, panel: Panel) -> Iterator[tuple[str, str]]:
        lasting = self.here.step, self.here.sample, panel.may_edit
        yield PANEL, digest(self._frame(panel), lasting)
        yield "panel-head", digest(panel.place, panel.title, lasting)
        yield "panel-seen", digest(panel.seen)
        yield "panel-notes", digest(panel.is_off, _unsaid(panel), lasting)
        if panel.tabs:
            yield "panel-tabs", digest(panel.tabs, lasting)
        if panel.condition is not None:
            yield from _of_condition(panel.condition, panel.picker, lasting)
        for each in panel.fields:
            if self.is_alone(each):
                yield _part(each), digest(each, _problems_of(panel, each), lasting)
        if self.tries is not None:
            yield "panel-foot", digest(self.tries, self.here)
        if panel.may_edit:
            yield "panel-mends", digest([each.repairs for each in panel.problems])

    def _frame(self, panel: Panel) -> Any:
        """The panel as far as none of its parts says it."""
        fields = [
            (each.field.name, each.field.part, bool(each.field.error))
            if self.is_alone(each)
            else (each, _problems_of(panel, each))
            for each in panel.fields
        ]
        has = bool(panel.tabs), panel.condition is not None, self.tries is not None
        frame = replace(panel, field="", title="", place="", seen="", tabs=(), condition=None)
        frame = replace(frame, fields=(), problems=(), repairs=(), is_off=False)
        picks = (self.here, self.offer) if panel.picker or self.offer else bool(self.here.field)
        return frame, fields, has, picks

    def is_alone(self, each: PanelField) -> bool:
        """Whether a field can be drawn alone: it has an element that can be named, and no picker
        stands open in it."""
        name = each.field.name
        offered = self.offer.source.field if self.offer else None
        of_branch = f"branches.{self.panel.branch}.label" if self.panel else None
        is_named = _PLAIN.fullmatch(name) is not None
        return is_named and not each.is_open and name not in (offered, of_branch)

    def unsent(self, held: Mapping[str, str]) -> frozenset[str]:
        """The fields that a page which says what it has `held` never got: they are folded there."""
        fields = self.panel.fields if self.panel else ()
        folded = (_part(each) for each in fields if each.field.part != "main")
        return frozenset(part for part in folded if part not in held)

    def retyped(self, typed: Mapping[str, str]) -> frozenset[str]:
        """The fields that show something else than what was typed into them."""
        panel = self.panel
        if panel is None or "seen" not in typed or typed.get("step", "") != (panel.step or ""):
            return frozenset()
        return frozenset(_part(each) for each in panel.fields if _is_retyped(each, typed))


def _of_condition(asked: ConditionPanel, picker: Any, lasting: Any) -> Iterator[tuple[str, str]]:
    """The condition as far as none of its rows says it, and each row."""
    frame = asked.field, asked.title, asked.result, asked.can_be_removed, _layout(asked.tree)
    yield "condition", digest(frame, lasting)
    for row in asked.tree.rows:
        is_open = row.is_open or any(each.is_open for each in row.inputs)
        yield row.element, digest(row, picker if is_open else None, asked.field, lasting)


def _layout(group: ShownGroup) -> Any:
    parts = [_layout(each) if isinstance(each, ShownGroup) else each.place for each in group.parts]
    return group.place, group.joined, group.can_add_group, parts


def _part(each: PanelField) -> str:
    return f"field-{each.field.name}"


def _problems_of(panel: Panel, each: PanelField) -> Any:
    name = each.field.name
    return [(at, found) for at, found in enumerate(panel.problems) if found.field == name]


def _unsaid(panel: Panel) -> Any:
    """What is to mend and no field says."""
    said = {each.field.name for each in panel.fields}
    if panel.condition is not None:
        said.add(panel.condition.field)
    return [each for each in panel.problems if each.field not in said]


def _is_retyped(each: PanelField, typed: Mapping[str, str]) -> bool:
    name = each.field.name
    if rows_in(typed, name):
        return True
    return name in typed and typed[name].replace("\r\n", "\n") != each.field.typed

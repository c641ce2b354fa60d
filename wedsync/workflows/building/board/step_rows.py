"""The steps of a draft as rows: each a sentence with its slots, how it stands, and its branches."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wedsync.platform.wording import State, count
from wedsync.workflows.building.board import coming_dates
from wedsync.workflows.building.board.bar import ago
from wedsync.workflows.building.board.board_parts import (
    BoardBranch,
    BoardStep,
    BoardTrigger,
    Repair,
)
from wedsync.workflows.building.board.folded import folded_words, summary_of
from wedsync.workflows.building.board.panel_parts import Opened
from wedsync.workflows.building.board.repairs import account_repairs, field_of
from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.building.conditions.condition_rows import tree_in_draft, unanswered
from wedsync.workflows.building.gestures.spots import Spot, lists_of
from wedsync.workflows.building.known.happened import COMES_IN, happened_words
from wedsync.workflows.building.known.pills import name_in
from wedsync.workflows.building.sentences.slots import (
    Piece,
    Slot,
    plain_said,
    questions,
    said_in_draft,
    without_account,
)
from wedsync.workflows.engine import Problem
from wedsync.workflows.engine.clauses import STILL_OPEN, condition_words
from wedsync.workflows.engine.limits import MAX_BRANCHES
from wedsync.workflows.engine.plain_words import clip
from wedsync.workflows.engine.steps.kind import Child, is_off, mapping, sequence
from wedsync.workflows.engine.triggers import TRIGGERS
from wedsync.workflows.words.step_lines import (
    TRIGGER_LOOKS,
    if_it_fails,
    inside_quotes,
    look_of,
)

START = "step-start"
"""The element of what starts the workflow; a step called so has another."""

_CALLED = 60
_FIRST_CALENDARS = 3
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
_BRANCH = re.compile(r"branches\.(\d+)(\..*)?")


def element_of(step_id: str) -> str:
    """The element of a step, whatever it is called; no two steps share one."""
    if _PLAIN.fullmatch(step_id) and step_id != "start":
        return f"step-{step_id}"
    written = step_id.encode("utf-8", "replace")
    return f"step--{hashlib.sha256(written).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class _List:
    """A list of steps, and what is around it. `owner` is the step it lies in; in one that has no
    id, or stands in such a list, nothing can be moved (`is_held`)."""

    steps: Any
    owner: str | None = None
    field: str = "steps"
    label: str | None = None
    place: str = ""
    is_off: bool = False
    is_held: bool = True

    def spot(self, after: str | None) -> Spot:
        return Spot(self.owner, self.field, after, self.label)


@dataclass(slots=True)
class Rows:
    """Makes the rows in one pass, and notes what others need of it: by step its number in words
    and the step itself, in reading order, what is `said` of it (None: the start) and when its
    branches are taken, and the fields that are still to be answered."""

    setting: Setting
    opened: Opened | None
    numbers: dict[str, str] = field(default_factory=dict)
    steps: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: set[tuple[str | None, str]] = field(default_factory=set)
    said: dict[str | None, Sequence[Piece | Slot]] = field(default_factory=dict)
    whens: dict[tuple[str, str], str] = field(default_factory=dict)
    count: int = 0
    _faults: dict[str | None, list[str]] = field(default_factory=dict)
    _recent: dict[str | None, str] = field(default_factory=dict)
    _calendars: int = 0

    def __post_init__(self) -> None:
        for problem in self.setting.problems:
            if problem.severity == "error" and _is_of_row(problem):
                self._faults.setdefault(problem.step, []).append(field_of(problem))
        for each in self.setting.around.done:
            if not each.is_mine and each.step is not None:
                when = ago(each.at, self.setting.words)
                self._recent.setdefault(each.step, f"{each.who} changed this step {when}.")

    def trigger(self) -> BoardTrigger:
        """What starts the workflow."""
        trigger = mapping(self.setting.written.get("trigger"))
        kind = trigger.get("kind")
        is_chosen = isinstance(kind, str) and kind in TRIGGERS
        parts = self._said(trigger) if is_chosen else (Slot("", "What starts it?", True),)
        self._ask(None, parts)
        if is_chosen:
            self.said[None] = parts
        look = TRIGGER_LOOKS.get(str(kind), TRIGGER_LOOKS["later"])
        return BoardTrigger(
            element=START,
            icon=look["icon"],
            is_chosen=is_chosen,
            said=parts,
            state=self._state(None, parts, is_passed_over=False) if is_chosen else _NEEDS_START,
            more=tuple(self._happened(trigger)) if is_chosen else (),
            recent=self._recent.get(None, ""),
            is_selected=self.opened is not None and self.opened.step is None,
            leaves=coming_dates.leaves_of_trigger(
                trigger, self.setting.couples, self.setting.words
            ),
            after=Spot(),
        )

    def _happened(self, trigger: Mapping[str, Any]) -> Iterator[str]:
        """How often it happened lately, and which event the draft is shown with if another."""
        sample, words, happened = self.setting.sample, self.setting.words, self.setting.happened
        is_published = self.setting.workflow.live_version_id is not None
        told = happened_words(trigger, happened, words, is_published=is_published)
        if told:
            yield told
        if trigger.get("kind") not in COMES_IN:
            return
        at = sample.trigger.get("occurred_at")
        if not sample.is_real or not isinstance(at, str):
            yield "Nothing came in lately, so it is shown with an example"
        elif datetime.fromisoformat(at) != happened.last_at:
            yield f"Shown with what came in {words.moment(datetime.fromisoformat(at))}"

    def top(self) -> tuple[BoardStep, ...]:
        """The workflow's own steps."""
        return self._rows(_List(self.setting.written.get("steps")))

    def _rows(self, among: _List) -> tuple[BoardStep, ...]:
        rows: list[BoardStep] = []
        number = 0
        all_here = sequence(among.steps)
        for at, step in enumerate(all_here):
            if isinstance(step, dict):
                number += 1
                rows.append(self._row(step, among, number, at, len(all_here) - 1))
        return tuple(rows)

    def _row(
        self, step: Mapping[str, Any], among: _List, order: int, at: int, last: int
    ) -> BoardStep:
        self.count += 1
        own = step.get("id")
        has_id = isinstance(own, str) and bool(own) and own not in self.steps
        name = own if has_id and isinstance(own, str) else None
        number = among.place or str(order)
        if name:
            self.numbers[name], self.steps[name] = number, step
        parts = self._said(step)
        if name:
            self.said[name] = parts
            self._ask(name, parts)
        is_passed_over = among.is_off or is_off(step)
        is_held = among.is_held and name is not None
        element = element_of(name) if name else f"step-unnamed-{self.count}"
        state = self._state(name, parts, is_passed_over=is_passed_over)
        needs_account = state.words == _NEEDS_ACCOUNT
        is_selected = self.opened is not None and name is not None and self.opened.step == name
        label = step.get("label")
        called = label.strip() if isinstance(label, str) else ""
        return BoardStep(
            id=name or "",
            element=element,
            has_id=name is not None,
            number=number,
            order=order,
            role=(look := look_of(step))["role"],
            icon=look["icon"],
            name=clip(called),
            called=clip(called or told_as(step, parts, self.setting), _CALLED),
            said=parts,
            state=state,
            note=_text(step.get("note")),
            needs_account=needs_account,
            more=tuple(self._more(name, step)),
            recent=self._recent.get(name, "") if name else "",
            repairs=self._repairs(name, step) if needs_account and name else (),
            is_off=is_off(step),
            is_passed_over=is_passed_over,
            is_selected=is_selected,
            can_move_up=is_held and (at > 0 or among.owner is not None),
            can_move_down=is_held and (at < last or among.owner is not None),
            is_last=at == last,
            is_choice=step.get("kind") == "choose",
            can_add_branch=is_held and _can_grow(step),
            branches=tuple(
                self._branch(child, step, number, element, is_passed_over, is_held)
                for child in lists_of(step)
            ),
            leaves=() if is_passed_over else self._leaves(step, among, is_selected),
            after=among.spot(name),
        )

    def _leaves(
        self, step: Mapping[str, Any], among: _List, is_selected: bool
    ) -> tuple[coming_dates.Leaf, ...]:
        """When a wait for a date of the wedding is over: of the first few in the workflow's own
        list, and of the one that is open wherever it stands. More would make a long page longer,
        and branches are narrow."""
        if not coming_dates.is_counted(step):
            return ()
        is_first = not among.place and self._calendars < _FIRST_CALENDARS
        self._calendars += is_first
        if not (is_first or is_selected):
            return ()
        setting = self.setting
        return coming_dates.leaves_of_wait(step, setting.couples, setting.words)

    def _branch(
        self,
        child: Child,
        step: Mapping[str, Any],
        place: str,
        element: str,
        off: bool,
        held: bool,
    ) -> BoardBranch:
        found = _BRANCH.fullmatch(child.field)
        own = step.get("id")
        owner = own if isinstance(own, str) and self.steps.get(own) is step else None
        when = self._when(child, step, owner)
        here = _List(
            child.steps, owner, child.field, child.label, f"{place}, {child.label}", off, held
        )
        steps = self._rows(here)
        last = next((step.id for step in reversed(steps) if step.has_id), None)
        return BoardBranch(
            element=f"{element}-{child.field.replace('.', '-')}",
            field=child.field,
            label=child.label,
            when=when,
            number=int(found[1]) if found else None,
            is_otherwise=child.field == "otherwise",
            is_selected=self._is_open(owner, child.field),
            steps=steps,
            start=here.spot(None),
            end=here.spot(last),
            summary=summary_of(steps),
            folded=folded_words(steps),
        )

    def _when(self, child: Child, step: Mapping[str, Any], owner: str | None) -> str:
        """What leads into a list of steps, in the names of the picker."""
        found = _BRANCH.fullmatch(child.field)
        if child.field == "otherwise":
            return "always here, so nobody falls through"
        if not found:
            return child.lead
        written = mapping(step["branches"][int(found[1])]).get("when")
        said = STILL_OPEN
        if written not in (None, {}) and not unanswered(tree_in_draft(written)):
            said = condition_words(written, name_in(self.setting.known, owner))
        if owner:
            self.whens[owner, child.field] = said
        return f"when {said}"

    def _is_open(self, owner: str | None, field: str) -> bool:
        """Whether the panel shows this branch of a choice."""
        if self.opened is None or owner is None or self.opened.step != owner:
            return False
        return branch_opened(self.opened.field) == field.removesuffix(".steps")

    def _said(self, written: Mapping[str, Any]) -> tuple[Piece | Slot, ...]:
        setting = self.setting
        return said_in_draft(written, setting.names, setting.entries, setting.known)

    def _ask(self, step_id: str | None, parts: Sequence[Piece | Slot]) -> None:
        self.asked |= {(step_id, slot.field) for slot in questions(parts)}

    def _more(self, name: str | None, step: Mapping[str, Any]) -> Iterator[str]:
        """When it was tried, and what if it fails, where somebody said."""
        tried = self.setting.tried.get(name or "")
        if tried is not None:
            how = "Really done" if tried.is_real else "Pretended"
            yield f"{how} {ago(tried.at, self.setting.words)}"
        told = if_it_fails(step) if step.get("on_error") is not None else ""
        if told:
            yield told

    def _repairs(self, name: str, step: Mapping[str, Any]) -> tuple[Repair, ...]:
        entry = self.setting.entries.get(str(step.get("use")))
        if entry is None or not self.setting.may_edit:
            return ()
        return tuple(account_repairs(self.setting, name, entry))

    def _state(
        self, step_id: str | None, parts: Sequence[Piece | Slot], *, is_passed_over: bool
    ) -> State:
        if is_passed_over:
            return State("off", "Off")
        asked = {slot.field for slot in questions(parts)}
        others = {each for each in self._faults.get(step_id, ()) if not _is_asked(each, asked)}
        if asked == {"connection"} and not others:
            return State("needs", _NEEDS_ACCOUNT)
        if asked and not others:
            return State("needs", f"Needs {count(len(asked), 'answer')}")
        if asked or others:
            return State("needs", f"{count(len(asked | others), 'thing')} to mend")
        if step_id is not None and step_id in self.setting.tried:
            return State("tried", "Tried")
        return State("ready", "Ready")


_NEEDS_ACCOUNT = "Needs account"
_NEEDS_START = State("needs", "Needs 1 answer")


def branch_opened(field: str) -> str:
    """The branch that an opened field of a choice is in: `branches.1`, or `otherwise`."""
    found = _BRANCH.fullmatch(field)
    return f"branches.{found[1]}" if found else "otherwise" if field == "otherwise" else ""


def _is_of_row(problem: Problem) -> bool:
    return problem.step is not None or problem.field.startswith("trigger")


def _is_asked(fault: str, asked: set[str]) -> bool:
    """Whether a problem is about what a slot asks for already."""
    return any(fault == each or fault.startswith(f"{each}.") or each.startswith(f"{fault}.")
               for each in asked)  # fmt: skip


def told_as(step: Mapping[str, Any], parts: Sequence[Piece | Slot], setting: Setting) -> str:
    """What a step does: its sentence, or what its action is called until that is filled in."""
    use = step.get("use")
    entry = setting.entries.get(use) if isinstance(use, str) else None
    if entry and questions(parts):
        return entry.info.label
    return inside_quotes(plain_said(without_account(parts)))


def _can_grow(step: Mapping[str, Any]) -> bool:
    return step.get("kind") == "choose" and len(sequence(step.get("branches"))) < MAX_BRANCHES


def _text(written: Any) -> str:
    return written.strip() if isinstance(written, str) else ""

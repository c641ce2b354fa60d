"""The problems of a draft, in reading order, each with the buttons that mend it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from wedsync import connectors
from wedsync.events.types import stored_event_type
from wedsync.workflows.building.board.board_parts import BoardProblem, Repair
from wedsync.workflows.building.board.mending import holds_gone
from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.catalogue import Entry
from wedsync.workflows.editing.checking import LACKS
from wedsync.workflows.engine import Problem
from wedsync.workflows.engine.limits import MAX_STEPS
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.triggers import OF_AN_ACCOUNT, TRIGGERS
from wedsync.workflows.words.workflow_words import message_of, place_of

MOST_ACCOUNTS = 3
"""Accounts that are offered beside a problem; more are in the panel."""

_OF_TRIGGER = "trigger."


def problems_of(
    setting: Setting,
    numbers: Mapping[str, str],
    steps: Mapping[str, Mapping[str, Any]],
    questions: Collection[tuple[str | None, str]],
    *,
    of_step: Collection[str | None] | None = None,
) -> tuple[BoardProblem, ...]:
    """`numbers` and `steps` are those of the draft by id, in reading order; `questions` the fields
    that are still to be answered, by step; only those `of_step`, where that is said."""
    order = {step: place for place, step in enumerate(numbers)}
    among = [
        each
        for each in setting.problems
        if of_step is None or (each.step in of_step and (each.step or _is_of_start(each)))
    ]
    found = sorted(among, key=lambda each: order.get(each.step or "", -1))
    found = [each for each in found if steps or not _is_of_no_steps(each)]
    mending = _Mending(setting, steps, questions)
    if not mending.has_trigger:
        found = [each for each in found if not _is_of_start(each)]
        first = (_NO_START,) if of_step is None or None in of_step else ()
        found = [*first, *found]
    return tuple(_shown(each, numbers, steps, tuple(mending.of(each))) for each in found)


def _shown(
    problem: Problem,
    numbers: Mapping[str, str],
    steps: Mapping[str, Mapping[str, Any]],
    repairs: tuple[Repair, ...],
) -> BoardProblem:
    shown = BoardProblem(
        step=problem.step if problem.step in steps else None,
        field=field_of(problem),
        place=place_of(problem, numbers),
        message=message_of(problem, str(steps.get(problem.step or "", {}).get("use"))),
        fix=problem.fix,
        is_error=problem.severity == "error",
        repairs=repairs,
    )
    if is_of_gone(shown) and problem.message.startswith(_READS_STEP):
        return replace(shown, message="It reads a step that is gone.", fix=_FIX_OF_GONE)
    return shown


def is_of_gone(problem: BoardProblem) -> bool:
    """Whether it is that something is read which is not there."""
    return any(each.gesture == "take_out" for each in problem.repairs)


_READS_STEP = "It reads step “"
_FIX_OF_GONE = "Take that out, or choose another value."


_NO_START = Problem(None, "trigger", "Nothing starts it yet.", "Choose what starts it.")


def _is_of_no_steps(problem: Problem) -> bool:
    """That it does nothing yet: the paragraph says so, and a step is added right below."""
    return (problem.step, problem.field, problem.severity) == (None, "steps", "warning")


def _is_of_start(problem: Problem) -> bool:
    return problem.step is None and problem.field.split(".")[0] == "trigger"


def field_of(problem: Problem) -> str:
    """The field of the panel a problem is about."""
    return problem.field.removeprefix(_OF_TRIGGER) if problem.step is None else problem.field


class _Mending:
    """Finds the buttons for a problem by where it is and what stands there."""

    def __init__(
        self,
        setting: Setting,
        steps: Mapping[str, Mapping[str, Any]],
        questions: Collection[tuple[str | None, str]],
    ) -> None:
        self._setting = setting
        self._steps = steps
        self._questions = questions

    def of(self, problem: Problem) -> Iterator[Repair]:
        if not self._setting.may_edit:
            return
        if self._setting.refusal:
            yield from anew(self._setting)
            return
        if problem.step is None and not problem.field.startswith("trigger"):
            yield from self._of_workflow(problem)
            return
        step = self._steps.get(problem.step or "")
        if problem.step is not None and step is None:
            yield Repair("Give every step an id", "name_steps")
            return
        owner = step if step is not None else self._trigger
        yield from self._of_step(problem, owner)

    def _of_workflow(self, problem: Problem) -> Iterator[Repair]:
        """Of the document itself, and of what in it is no step."""
        definition = self._setting.definition
        if not isinstance(definition, dict):
            yield from anew(self._setting)
        elif problem.field.split(".")[-1] == "id":
            yield Repair("Give every step an id", "name_steps")
        elif problem.field.split(".")[-1].isdecimal():
            yield Repair("Take it away", "tidy_steps")
        elif problem.field == "steps" and isinstance(definition.get("steps"), list):
            yield from self._of_all_steps()
        elif problem.field in ("format", "steps") and problem.severity == "error":
            yield from anew(self._setting)
        elif problem.field not in definition:  # it is of a step that cannot be named
            yield Repair("Give every step an id", "name_steps")

    def _of_all_steps(self) -> Iterator[Repair]:
        """Too many: to the first that is one too many. All of them off: the first turned on."""
        if len(self._steps) > MAX_STEPS:
            yield Repair("See where it is too long", step=list(self._steps)[MAX_STEPS])
        elif first := next(iter(self._steps), None):
            yield Repair("Turn the first one on", "turn_on", {"step": first})

    def _of_step(self, problem: Problem, step: Mapping[str, Any]) -> Iterator[Repair]:
        own, field = problem.step, field_of(problem)
        if field == "id":
            yield Repair("Give every step an id", "name_steps")
            return
        is_gone = bool(field) and field != "connection" and self._holds_gone(own, step, field)
        if field == "connection" and problem.message.startswith(LACKS):
            words = "Ask for this permission"
            yield Repair(words, account=str(step.get("connection")), step=own, field=field)
        elif field == "connection" and own is not None:
            yield from self._accounts(own, step)
        elif own is None and step.get("source") == OF_AN_ACCOUNT and field == "source":
            yield from _connecting(self._setting, step.get("event_type"))
        elif is_gone:
            yield Repair("Take it out", "take_out", {"step": own or "", "field": field})
        if own is not None and not self._can_be_set(step):
            yield Repair("Remove this step", "remove", {"step": own})
        words = self._link_words(problem, field, is_gone)
        yield Repair(words, step=own, field=self._opened(own, field))

    def _accounts(self, step_id: str, step: Mapping[str, Any]) -> Iterator[Repair]:
        """Accounts it could act through, and connecting one."""
        entry = self._entry(step)
        if entry is None:
            return
        yield from account_repairs(self._setting, step_id, entry)

    def _entry(self, step: Mapping[str, Any]) -> Entry | None:
        use = step.get("use")
        return self._setting.entries.get(use) if isinstance(use, str) else None

    def _can_be_set(self, step: Mapping[str, Any]) -> bool:
        """Whether there is such a kind of step, and such an action."""
        kind = step.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            return False
        return kind != "action" or not step.get("use") or self._entry(step) is not None

    def _link_words(self, problem: Problem, field: str, is_gone: bool) -> str:
        if (problem.step, field) in self._questions:
            return "Choose another" if is_gone else "Answer"
        if problem.step is None and not self.has_trigger:
            return "Choose what starts it"
        return "Choose another" if is_gone or "no such" in problem.message else "See"

    @property
    def has_trigger(self) -> bool:
        kind = self._trigger.get("kind")
        return isinstance(kind, str) and kind in TRIGGERS

    @property
    def _trigger(self) -> Mapping[str, Any]:
        return mapping(mapping(self._setting.definition).get("trigger"))

    def _holds_gone(self, step_id: str | None, step: Mapping[str, Any], field: str) -> bool:
        return holds_gone(step, field, self._setting.known.placed, step_id)

    def _opened(self, step_id: str | None, field: str) -> str:
        return "" if step_id is None and not self.has_trigger else field


def account_repairs(setting: Setting, step_id: str, entry: Entry) -> Iterator[Repair]:
    """The accounts a step could act through, and where another is connected."""
    accounts = setting.accounts.get(entry.connector, ())
    for account in accounts[:MOST_ACCOUNTS]:
        values = {"step": step_id, "connection": account.value}
        yield Repair(f"Use “{account.words}”", "use_connection", values, step=step_id)
    if not accounts:
        yield Repair(f"Connect {entry.connector_name}", connect=entry.connector, step=step_id)


def _connecting(setting: Setting, event_type: Any) -> Iterator[Repair]:
    """Whose account tells of such an event, where there is none yet to choose."""
    for manifest in connectors.manifests().values():
        told = {stored_event_type(each.event_type, OF_AN_ACCOUNT) for each in manifest.triggers}
        if event_type in told and not setting.accounts.get(manifest.slug):
            yield Repair(f"Connect {manifest.name}", connect=manifest.slug)


def anew(setting: Setting) -> Iterator[Repair]:
    """The ways out of a draft that is no workflow: what was done last, or an empty one."""
    if setting.around.undo:
        operation = str(setting.workflow.draft_operation)
        yield Repair(f"Undo: {setting.around.undo}", "undo", {"operation": operation})
    yield Repair("Begin anew", "start_anew")

"""`validate`: everything that can be said of a definition before it runs, as sentences.

The same list serves builder, API and import. Errors are kept to what cannot run or could never
work; a published version must stay valid for as long as its runs wait, so a rule that is added
to format 1 later may only warn.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from wedsync.workflows.engine import steps as step_kinds
from wedsync.workflows.engine import triggers as trigger_kinds
from wedsync.workflows.engine.checks import check_fields, check_off, check_text, nearest
from wedsync.workflows.engine.limits import MAX_LABEL, MAX_NOTE, MAX_STEPS
from wedsync.workflows.engine.outline import Placed, steps_of
from wedsync.workflows.engine.problems import Field, Findings, Problem, Sees
from wedsync.workflows.engine.shape import Readable, looked_through
from wedsync.workflows.engine.steps.kind import Actions, Kind, all_off, is_off, mapping
from wedsync.workflows.engine.trigger_kind import IsOurs
from wedsync.workflows.engine.words import clip

FORMAT = 1

_STEP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DEFINITION_FIELDS = frozenset(("format", "trigger", "steps"))
_STEP_FIELDS = frozenset(("id", "kind", "label", "note", "off"))
_TRIGGER_ROOTS = frozenset(("trigger",))
_STEP_ROOTS = frozenset(("trigger", "steps", "wedding", "run", "now"))


def validate(
    definition: object,
    *,
    actions: Actions | None = None,
    is_ours: IsOurs | None = None,
    own_id: str | None = None,
    written: Readable | None = None,
) -> list[Problem]:
    """The problems of a definition, in reading order; an empty list when there are none.

    `actions` are the known actions; without them inputs are not compared with what actions want.
    `is_ours` says whether an event type is one only WedSync itself uses; `own_id` is the id of the
    workflow, which may not call itself. `written` is the whole of it, where it was asked about
    before (`shape.readable`).
    Never raises, whatever `definition` is, and gives at most `limits.MAX_PROBLEMS`.
    """
    findings = Findings()
    whole, problem = looked_through(definition) if written is None else (written, None)
    if problem:
        findings.error(None, "", problem, "Split the workflow into smaller ones.")
    elif not isinstance(definition, dict):
        findings.error(None, "", "This is not a workflow.", "Give it a trigger and steps.")
    else:
        _Validation(findings, actions, is_ours, own_id).definition(whole)
    return findings.problems


class _Validation:
    """One look through one definition that can be looked through."""

    def __init__(
        self,
        findings: Findings,
        actions: Actions | None,
        is_ours: IsOurs | None,
        own_id: str | None,
    ) -> None:
        self._own_id = own_id
        self._findings = findings
        self._actions = actions
        self._is_ours = is_ours
        self._every: frozenset[str] = frozenset()
        self._seen: set[str] = set()

    def definition(self, definition: Readable) -> None:
        whole = Field(self._findings, None, "", definition, Sees(_TRIGGER_ROOTS))
        check_fields(whole, _DEFINITION_FIELDS, _DEFINITION_FIELDS)
        if "format" in definition and not _is_format(definition["format"]):
            whole.at("format", None).error(
                "This workflow was written for another version of WedSync.",
                f"Use format {FORMAT}.",
            )
        if "trigger" in definition:
            self._trigger(whole.at("trigger", definition["trigger"]))
        if "steps" in definition:
            self._all_steps(whole.at("steps", definition["steps"]), definition)

    def _trigger(self, field: Field) -> None:
        if not isinstance(field.value, dict):
            field.error("Nothing starts this workflow.", "Choose what starts it.")
            return
        kind = self._known(field, trigger_kinds.TRIGGERS)
        if kind and check_fields(field, kind.required, kind.fields | {"kind"}):
            kind.check(field, self._is_ours)

    def _all_steps(self, field: Field, definition: Readable) -> None:
        placed = list(steps_of(definition))
        if len(placed) > MAX_STEPS:
            field.error(f"There are more than {MAX_STEPS} steps.", "Split the workflow.")
            return
        if not placed and field.value == []:
            field.warn("This workflow does nothing yet.", "Add a first step.")
        if all_off(field.value):
            field.warn("Every step is turned off, so nothing happens.", "Turn one of them on.")
        self._every = _ids(placed)
        trigger = mapping(definition.get("trigger")).get("kind")
        self._steps(
            field,
            Sees(
                _STEP_ROOTS,
                every=self._every,
                trigger=trigger if isinstance(trigger, str) else None,
                own_id=self._own_id,
                off=_ids(each for each in placed if each.off),
            ),
        )

    def _steps(self, field: Field, sees: Sees) -> Sees:
        """Check a list of steps; gives what may be read after it."""
        if not isinstance(field.value, list):
            field.error("This is not a list of steps.", "Add steps one after the other.")
            return sees
        ended = False
        for number, step in enumerate(field.value):
            if self._findings.full:
                break
            if not isinstance(step, dict):
                field.at(number, step).error("This is not a step.", "Remove it.")
                continue
            if ended and not is_off(step):
                self._unreachable(step)
                ended = False
            sees, ends = self._step(step, sees)
            ended = ended or ends
        return sees

    def _unreachable(self, step: Mapping[str, Any]) -> None:
        self._findings.warn(
            _name(step), "", "This step is never reached.", "Move it before the stop, or remove it."
        )

    def _step(self, step: Mapping[str, Any], sees: Sees) -> tuple[Sees, bool]:
        field = Field(self._findings, _name(step), "", step, _as(sees, False))
        self._id(field)
        off = sees.is_off or is_off(step)
        after, ends = self._own(replace(field, sees=_as(sees, True)) if off else field)
        return _as(after, sees.is_off), ends and not off

    def _own(self, field: Field) -> tuple[Sees, bool]:
        """Check a step beside its id, and the steps inside it."""
        step, sees = field.value, field.sees
        for name, check in _OPTIONAL.items():
            if (written := step.get(name)) is not None:
                check(field.at(name, written))
        kind = self._known(field, step_kinds.KINDS)
        if kind is None:
            return _having(sees, step), False
        if check_fields(field, kind.required, kind.fields | _STEP_FIELDS):
            kind.check(field, self._actions)
        return self._children(field, kind, sees), kind.ends

    def _children(self, field: Field, kind: Kind, sees: Sees) -> Sees:
        """Check the steps inside a step; gives what may be read after it."""
        own = _having(sees, field.value)
        inside: set[str] = set()
        looped: set[str] = set()
        for child in kind.children(field.value):
            before = _inside_loop(sees) if child.each else own
            after = self._steps(
                Field(self._findings, field.step, child.field, child.steps, before), before
            )
            within = (after.certainly | after.perhaps) - before.certainly - before.perhaps
            (looped if child.each else inside).update(within)
        return _having(own, field.value, inside, looped)

    def _id(self, field: Field) -> None:
        written = field.value.get("id")
        if not isinstance(written, str) or not _STEP_ID.fullmatch(written):
            field.at("id", None).error(
                "This step has no name the others could use.",
                "Give it letters, digits, - and _ only, at most 64.",
            )
        elif written in self._seen:
            field.at("id", None).error(
                f"Another step is called “{written}” too.", "Give each step an id of its own."
            )
        else:
            self._seen.add(written)

    def _known(self, field: Field, kinds: Mapping[str, Any]) -> Any:
        """The kind a step or trigger says it is; None, and a problem, when there is none."""
        named = field.value.get("kind")
        if isinstance(named, str) and named in kinds:
            return kinds[named]
        here = field.at("kind", None)
        if isinstance(named, str):
            fix = nearest(named, kinds.keys())
            here.error(f"There is no kind called “{clip(named, 40)}”.", fix)
        else:
            here.error("It does not say what kind it is.", "Choose a kind.")
        return None


_OPTIONAL: Mapping[str, Callable[[Field], None]] = {
    "off": check_off,
    "label": partial(check_text, longest=MAX_LABEL),
    "note": partial(check_text, longest=MAX_NOTE),
}
"""What every step may say beside what its kind says."""


def _is_format(written: object) -> bool:
    return written == FORMAT and not isinstance(written, bool)


def _name(step: Mapping[str, Any]) -> str | None:
    written = step.get("id")
    return clip(written) if isinstance(written, str) else None


def _ids(placed: Iterable[Placed]) -> frozenset[str]:
    found = (each.step.get("id") for each in placed)
    return frozenset(name for name in found if isinstance(name, str))


def _having(
    sees: Sees, step: Mapping[str, Any], perhaps: Iterable[str] = (), looped: Iterable[str] = ()
) -> Sees:
    """What may be read after a step: its own output, of what is inside it perhaps something, and
    of a loop lists."""
    own = step.get("id")
    lists = frozenset(looped)
    return replace(
        sees,
        certainly=sees.certainly | lists | ({own} if isinstance(own, str) else set()),
        perhaps=sees.perhaps | frozenset(perhaps),
        lists=sees.lists | lists,
    )


def _as(sees: Sees, is_off: bool) -> Sees:
    return sees if sees.is_off is is_off else replace(sees, is_off=is_off)


def _inside_loop(sees: Sees) -> Sees:
    return replace(sees, roots=sees.roots | {"item", "index"}, loops=sees.loops + 1)

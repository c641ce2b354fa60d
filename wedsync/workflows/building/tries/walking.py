"""The way through a draft that nothing is done on: each thing the engine wants is answered here.

A walk goes forward only, so it ends; how many items, lines and seconds it may have is bounded.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from wedsync.workflows.building.known.made_up import example_event
from wedsync.workflows.building.known.samples import Sample
from wedsync.workflows.building.tries.tried import TriedStep
from wedsync.workflows.building.tries.tryable import Tryable
from wedsync.workflows.building.tries.would import Telling, problem_of
from wedsync.workflows.catalogue import Entry
from wedsync.workflows.engine import (
    Decision,
    EngineEvent,
    Finish,
    NeedsAttention,
    Perform,
    Program,
    Record,
    Standing,
    State,
    WaitUntil,
    advance,
)
from wedsync.workflows.engine.protocol import Ask, Listen, Loop, StartRun
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.view import instant
from wedsync.workflows.running import guardrails, message_rules

MOST_ITEMS = 3
MOST_TOLD = 500
MOST_LETTERS = 200_000
LONGEST_S = 1.0
FURTHEST = timedelta(days=20 * 366)

_RUN_ID = "0198c0de-0000-7000-8000-000000000002"
_YES = {"approved": True, "by": "Somebody of your team", "note": None}
_OVER = ("succeeded", "failed", "skipped")
_THROUGH = "It goes through to the end."
_TOO_FAR = "That is too far ahead to be tried; the rest was left out."
_NO_DATE = "It waits there until the wedding has that date."
_HELD: Mapping[str, str] = {
    guardrails.QUIET_HOURS: "The quiet hours at the wedding hold it back until {}.",
    guardrails.WEDDING_DAY: "Held back over the wedding day, until {}.",
}


@dataclass(slots=True)
class Path:
    """One way through: a run, or one item of a loop in it. `seen` is what its expressions see
    beside the steps, `steps` what those gave so far, `own` what it gave itself. With `only` it is
    over when that step is."""

    seen: Mapping[str, Any]
    steps: dict[str, Any]
    now: datetime
    item: int | None = None
    place: str = ""
    only: str | None = None
    own: dict[str, Any] = field(default_factory=dict)
    failed: bool = False

    def event(self, kind: Any, standing: Standing | None = None, **told: Any) -> EngineEvent:
        """Something the engine is told now; of a `standing`, about its step."""
        if standing is not None:
            told["step"] = standing.step
        scope = {**self.seen, "steps": self.steps}
        return EngineEvent(kind=kind, now=self.now, random=0.5, scope=scope, item=self.item, **told)

    def keep(self, step: str, output: Any) -> None:
        self.steps[step] = self.own[step] = output


def path_to(program: Program, sample: Sample, step: str | None, *, only: str | None = None) -> Path:
    """The way that begins at a step, or at the beginning, with what stands before it."""
    seen = sample.seen_by(step) if step else dict(sample.scope)
    run = {"id": _RUN_ID, "started_at": instant(sample.now)}
    steps = dict(seen.get("steps") or {})
    inside = 0 if step in program.loops else None
    return Path({**seen, "run": run}, steps, sample.now, inside, only=only)


def first_event(program: Program, sample: Sample, step: str) -> EngineEvent:
    """What the engine is told so that it is this step's turn."""
    return replace(path_to(program, sample, step).event("start"), step=step)


class Walker:
    """Walks through one draft and tells what would be done: `lines`, and what steps gave first,
    by id, as `outputs`. `ended` says how the run went out, `cut` that not all of it was told."""

    def __init__(
        self,
        program: Program,
        sample: Sample,
        telling: Telling,
        can: Tryable,
        rules: message_rules.Rules,
    ) -> None:
        self.lines: list[TriedStep] = []
        self.outputs: dict[str, Any] = {}
        self.ended = ""
        self.cut = False
        self._room = MOST_LETTERS
        self._told: set[tuple[str, str]] = set()
        self._program = program
        self._sample = sample
        self._telling = telling
        self._can = can
        self._wedding = mapping(sample.wedding)
        self._rules = _rules(rules, self._wedding)
        self._until = time.monotonic() + LONGEST_S

    def begin(self, *, only: str | None = None, onwards: str | None = None) -> None:
        """Walk from the beginning, from a step `onwards`, or through one step `only`."""
        step = only or onwards
        self._walk(path_to(self._program, self._sample, step, only=only), step)

    def _walk(self, path: Path, first: str | None) -> None:
        state: State | None = None
        event: EngineEvent | None = replace(path.event("start"), step=first)
        while event is not None:
            if time.monotonic() > self._until or len(self.lines) >= MOST_TOLD:
                self.cut = True
                return
            decision = advance(self._program, state, event)
            if decision.stale:
                return
            state = decision.state
            event = self._follow(path, decision)

    def _follow(self, path: Path, decision: Decision) -> EngineEvent | None:
        """Tell a decision; what happens next, None when it is over."""
        following: EngineEvent | None = None
        for action in decision.actions:
            if isinstance(action, Record):
                self._record(path, action)
                if action.step == path.only and action.state in _OVER:
                    return None
            elif isinstance(action, Finish):
                self._finish(path, action)
            elif path.only in (None, action.step):
                following = self._answer(path, action)
        return following

    def _record(self, path: Path, record: Record) -> None:
        if path.only not in (None, record.step):
            return
        if record.state == "succeeded":
            path.keep(record.step, record.output)
            self.outputs.setdefault(record.step, record.output)
        else:
            path.steps[record.step] = record.output
        line = self._line_of(path, record)
        if line is not None:
            self._tell(line)

    def _line_of(self, path: Path, record: Record) -> TriedStep | None:
        """The line of a step that is told when it is over; the others are where they began."""
        step, told = record.step, mapping(record.explanation)
        if record.state == "failed":
            message = str(mapping(record.error).get("message") or "")
            self._take_back(path, step)
            return self._telling.failed(step, message, path.place)
        if record.state == "skipped":
            said = str(mapping(record.error).get("message") or told.get("why") or "")
            self._take_back(path, step)
            return self._telling.passed(step, said or "Left out", path.place)
        if record.state != "succeeded" or (step, path.place) in self._told:
            return None
        return self._telling.done(step, record.output, told, path.place)

    def _tell(self, line: TriedStep) -> None:
        self._room -= sum(len(name) + len(words) for name, words in line.rows)
        self.lines.append(line if self._room >= 0 else replace(line, rows=()))
        self._told.add((line.id, line.place))

    def _take_back(self, path: Path, step: str) -> None:
        """What was told of a step that does not work after all."""
        if self.lines and (self.lines[-1].id, self.lines[-1].place) == (step, path.place):
            self.lines.pop()

    def _finish(self, path: Path, finish: Finish) -> None:
        path.failed = finish.outcome == "failed"
        if path.item is None and path.only is None:
            self.ended = finish.reason or _THROUGH

    def _answer(self, path: Path, wanted: Standing) -> EngineEvent | None:
        place = path.place
        if isinstance(wanted, Perform):
            return self._perform(path, wanted)
        if isinstance(wanted, WaitUntil):
            return self._wait(path, wanted)
        if isinstance(wanted, Loop):
            return self._loop(path, wanted)
        if isinstance(wanted, Listen):
            self._tell(self._telling.listen(wanted, place))
            return path.event("arrived", wanted, output=self._arrived(wanted))
        if isinstance(wanted, Ask):
            self._tell(self._telling.ask(wanted, place))
            return path.event("answered", wanted, output=_YES)
        if isinstance(wanted, StartRun):
            self._tell(self._telling.call(wanted.step, wanted.input, place))
            ended = {"outcome": "succeeded", "output": None} if wanted.waits else {}
            return path.event("returned", wanted, output={"run_id": _RUN_ID, **ended})
        return self._decide(path, wanted)

    def _decide(self, path: Path, wanted: NeedsAttention) -> EngineEvent | None:
        if wanted.code != "late":
            return None
        self._tell(self._telling.passed(wanted.step, wanted.reason, path.place))
        return path.event("decide", wanted, decision="go_on")

    def _perform(self, path: Path, wanted: Perform) -> EngineEvent:
        entry = self._telling.entry(wanted.step)
        needs = self._can.unfinished.get(wanted.step, ())
        error = None if needs else self._refused(entry, wanted)
        line = self._telling.action(wanted.step, wanted.input, path.place)
        if needs:
            line = replace(line, state="unfinished", problems=needs)
        elif entry is not None and entry.is_message and error is None:
            line = self._held(path, line)
        self._tell(line)
        output = None if error else self._given_by(wanted.step, entry)
        told = {"attempt": wanted.attempt, "input": wanted.input, "effect": "none"}
        return path.event("result", wanted, output=output, error=error, **told)

    def _refused(self, entry: Entry | None, wanted: Perform) -> dict[str, Any] | None:
        """How an action ends that is given what it cannot use, or writes about a wedding that is
        over."""
        over = guardrails.of_over(self._wedding.get("status"))
        if entry is not None and entry.is_message and over is not None:
            return {"class": over.kind, "code": over.code, "message": over.message}
        problem = problem_of(wanted.input, entry) if entry else None
        if problem is None:
            return None
        return {"class": "permanent", "code": "input_invalid", "message": problem}

    def _given_by(self, step: str, entry: Entry | None) -> Any:
        """What an action gave when it was tried, else its manifest's sample."""
        tried = self._sample.outputs.steps.get(step)
        return tried if tried is not None or entry is None else entry.output_sample

    def _held(self, path: Path, line: TriedStep) -> TriedStep:
        """A message as the hours at the wedding let it leave."""
        if self._rules is None:
            return line
        free, why = guardrails.free_moment(self._rules, path.now)
        if why is None:
            return line
        path.now = free
        said = _HELD[why].format(self._telling.moment(free))
        return replace(line, why=said, until=free)

    def _wait(self, path: Path, wanted: WaitUntil) -> EngineEvent | None:
        self._tell(self._telling.wait(wanted.step, wanted.due_at, path.place))
        if wanted.due_at is None or wanted.due_at - self._sample.now > FURTHEST:
            self.ended = _NO_DATE if wanted.due_at is None else _TOO_FAR
            return None
        path.now = max(path.now, wanted.due_at)
        return path.event("resume", wanted)

    def _arrived(self, wanted: Listen) -> dict[str, Any]:
        return {
            "type": wanted.event_type,
            "source": "ours",
            "data": example_event(wanted.event_type),
            "wedding_id": self._wedding.get("id"),
        }

    def _loop(self, path: Path, wanted: Loop) -> EngineEvent:
        total = len(wanted.items)
        shown = wanted.items[:MOST_ITEMS]
        line = self._telling.loop(wanted.step, total, len(shown), path.place)
        self._tell(line)
        inner = [self._item(path, wanted, number, item) for number, item in enumerate(shown)]
        for step, loops in self._program.loops.items():
            if wanted.step in loops:
                path.keep(step, [one.own.get(step) for one in inner])
        failed = sum(one.failed for one in inner)
        output = {"total": total, "succeeded": total - failed, "failed": failed}
        path.now = max([path.now, *(one.now for one in inner)])
        return path.event("items_over", wanted, output=output)

    def _item(self, path: Path, wanted: Loop, number: int, item: Any) -> Path:
        seen = {**path.seen, "item": item, "index": number}
        place = f"{path.place}, {number + 1}".removeprefix(", ")
        one = Path(seen, dict(path.steps), path.now, number, place)
        self._walk(one, wanted.first)
        return one


def _rules(rules: message_rules.Rules, wedding: Mapping[str, Any]) -> guardrails.Rules | None:
    """When people of this wedding may be written to."""
    zone, day = wedding.get("zone"), wedding.get("date")
    if not isinstance(zone, str):
        return None
    at = datetime.fromisoformat(day).date() if isinstance(day, str) else None
    return guardrails.Rules(zone, at, rules.quiet_from, rules.quiet_until, rules.on_the_day)

"""A runner in memory: commits what the engine decides, does it, and can die at any point.

    take a run ─▶ advance ─▶ [before commit] ─▶ commit ─▶ [after commit] ─▶ effect ─▶ [after effect]
      ─▶ advance with the result ─▶ [before commit] ─▶ commit ─▶ [after record] ─▶ effect …

What is committed survives a death, what was only in memory does not; the far end honours keys.
Time passes only when nothing is due.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tests.engine.building import NOW, WEDDING, scope
from tests.engine.definitions import DATA
from wedsync.workflows.engine import (
    Ask,
    Decision,
    EngineEvent,
    Finish,
    Listen,
    Loop,
    NeedsAttention,
    Perform,
    Program,
    Record,
    StartRun,
    WaitUntil,
    advance,
)

Outcome = dict[str, Any]
Answer = Callable[[str, Any], Outcome]
"""How something a run stands at ends, as the fields of the event: of its key, and the action."""

Point = Literal["before commit", "after commit", "after effect", "after record"]
NEVER_PARKED = 10**6


class Died(Exception):
    """The process is gone."""


@dataclass
class Run:
    """What the database holds of one run, or of one item."""

    id: str
    parent: "Run | None" = None
    loop: str | None = None
    item: int | None = None
    value: Mapping[str, Any] = field(default_factory=dict)
    first: str | None = None
    state: Any = None
    at: Any = None
    due_at: datetime | None = NOW
    outputs: dict[str, Any] = field(default_factory=dict)
    items: list["Run"] = field(default_factory=list)
    outcome: str | None = None
    told: list[EngineEvent] = field(default_factory=list)

    def seen(self) -> dict[str, Any]:
        above = self.parent.seen() if self.parent else {}
        return {**above, **self.outputs}


@dataclass
class World:
    """All runs of one workflow's run, their journal, and the far end."""

    program: Program
    answer: Answer
    deaths: frozenset[int] = frozenset()
    wedding: dict[str, Any] = field(default_factory=lambda: dict(WEDDING))
    now: datetime = NOW
    runs: list[Run] = field(default_factory=list)
    journal: dict[tuple[str, int | None], tuple[str, Any]] = field(default_factory=dict)
    reads: list[Mapping[str, Any]] = field(default_factory=list)
    committed: list[tuple[Any, ...]] = field(default_factory=list)
    far_end: dict[str, int] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)

    def play(self, most: int = 3_000) -> "World":
        """Until the run is over, or it waits for what never comes."""
        self.begin()
        for _ in range(most):
            if not self.step():
                return self
        raise AssertionError("the run goes round in circles")

    def begin(self) -> None:
        self.runs.append(Run("r"))

    def step(self) -> bool:
        """Move the run whose turn it is; False when it is nobody's."""
        run = self._next()
        if run is None:
            return False
        try:
            self._move(run)
        except Died:
            if isinstance(run.at, Perform):
                run.due_at = self.now
        return True

    @property
    def root(self) -> Run:
        return self.runs[0]

    def _next(self) -> Run | None:
        due = [run for run in self.runs if run.due_at is not None and run.outcome is None]
        if not due:
            return None
        run = min(due, key=lambda each: each.due_at or NOW)
        self.now = max(self.now, run.due_at or NOW)
        return run

    def _point(self, name: Point) -> None:
        """A point at which the process may die."""
        self.points.append(name)
        if len(self.points) in self.deaths:
            raise Died

    def _move(self, run: Run) -> None:
        decision, said = self._advance(run, self._event(run))
        while True:
            self._point("before commit")
            self._commit(run, decision, said)
            self._point("after record" if said.kind == "result" else "after commit")
            if not isinstance(run.at, Perform):
                return
            outcome = self._effect(run, run.at)
            self._point("after effect")
            decision, said = self._advance(run, self._said(run, **outcome))

    def _advance(self, run: Run, said: EngineEvent) -> tuple[Decision, EngineEvent]:
        before = json.dumps([run.state, said.scope])
        decision = advance(self.program, run.state, said, recoveries_before_parking=NEVER_PARKED)
        assert json.dumps([run.state, said.scope]) == before, "what goes in must not change"
        assert not decision.stale, (run.state, said)
        return decision, said

    def _said(self, run: Run, **fields: Any) -> EngineEvent:
        seen = {**scope(DATA), "wedding": self.wedding, **run.value, "steps": run.seen()}
        about = {"step": run.at.step if run.at else run.first, "item": run.item}
        return EngineEvent(
            now=self.now, random=0.5, scope=json.loads(json.dumps(seen)), **about, **fields
        )

    def _event(self, run: Run) -> EngineEvent:
        """Why it is this run's turn."""
        at = run.at
        if at is None:
            return self._said(run, kind="start")
        if isinstance(at, Perform):
            return self._said(run, kind="recovered", attempt=at.attempt, effect="idempotent")
        if isinstance(at, WaitUntil):
            return self._said(run, kind="resume")
        if isinstance(at, Loop):
            done = [each.outcome for each in run.items]
            failed = sum(outcome == "failed" for outcome in done)
            over = {"total": len(done), "succeeded": len(done) - failed, "failed": failed}
            return self._said(run, kind="items_over", output=over)
        return self._said(run, **self.answer(self._key(run, at), at))

    def _key(self, run: Run, at: Any) -> str:
        return f"{at.step}:{run.item}"

    def _effect(self, run: Run, perform: Perform) -> Outcome:
        """The far end does what it has not done under this key before, and answers the same."""
        key = f"{self._key(run, perform)}:{perform.key_generation}"
        self.far_end[key] = self.far_end.get(key, 0) + 1
        outcome = self.answer(key, perform)
        return {"kind": "result", "attempt": perform.attempt, "effect": "idempotent", **outcome}

    def _commit(self, run: Run, decision: Decision, said: EngineEvent) -> None:
        run.state = json.loads(json.dumps(decision.state))
        run.told.append(said)
        run.at, run.due_at = None, None
        for action in decision.actions:
            if isinstance(action, Record):
                self._record(run, action)
            elif isinstance(action, Finish):
                self._over(run, action)
            else:
                self._stand(run, action)

    def _record(self, run: Run, record: Record) -> None:
        assert record.item == run.item
        self.journal[record.step, run.item] = (record.state, record.output)
        if record.reads is not None:
            self.reads.append(record.reads)
        if record.state not in ("started", "waiting"):
            run.outputs[record.step] = record.output

    def _stand(self, run: Run, action: Any) -> None:
        assert action.item == run.item
        run.at = action
        if isinstance(action, WaitUntil):
            run.due_at = action.due_at
            return
        begun = (type(action).__name__, action.step, action.item)
        if isinstance(action, Perform):
            begun = (*begun, action.attempt, action.key_generation)
        self.committed.append(begun)
        if isinstance(action, Loop):
            run.items = list(self._items(run, action))
            self.runs.extend(run.items)
        else:
            assert isinstance(action, Perform | Ask | Listen | StartRun | NeedsAttention)
            run.due_at = self.now

    def _items(self, run: Run, loop: Loop) -> Iterator[Run]:
        first = 0 if run.item is None else run.item * 10_000
        for index, value in enumerate(loop.items):
            seen = {"item": value, "index": index}
            name = f"{run.id}/{loop.step}.{index}"
            yield Run(name, run, loop.step, first + index, seen, loop.first, due_at=self.now)

    def _over(self, run: Run, finish: Finish) -> None:
        run.outcome = finish.outcome
        parent = run.parent
        if parent is None or any(each.outcome is None for each in parent.items):
            return
        for step, around in self.program.loops.items():
            if run.loop in around:
                parent.outputs[step] = [each.outputs.get(step) for each in parent.items]
        parent.due_at = self.now

"""A wait while it goes on: for a time, for a date of the wedding, for an event.

entered ── WaitUntil ──▶ waiting ── resume ──▶ over, or still not: WaitUntil
                                      └─ moved into the past: run, skip or ask, as `late` says
entered ── Listen ─────▶ listening ── arrived ──▶ over
                                   └─ timed_out ──▶ otherwise
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

from wedsync.workflows.engine.anchors import ANCHORS, moment
from wedsync.workflows.engine.expressions import EvaluationFailed, Template
from wedsync.workflows.engine.limits import MAX_WAIT_S
from wedsync.workflows.engine.protocol import Choice, Listen, NeedsAttention, WaitUntil
from wedsync.workflows.engine.state import Phase, Position
from wedsync.workflows.engine.times import moment_words
from wedsync.workflows.engine.view import instant
from wedsync.workflows.engine.walk import StandingStep, Walk, expression_error, told_error
from wedsync.workflows.engine.zones import instant_of, zone_named

Late = Literal["run", "skip", "ask"]

_STOPPED = {"why": "It was stopped while it waited."}


@dataclass(frozen=True, slots=True)
class TimeWait(StandingStep):
    """So many `seconds` from now, or `until` an instant. Gives `{"until": <instant>}`.

    `until` is filled in as `{"until": …}`; a time without a zone is read as clocks at the wedding
    show it.
    """

    phases: ClassVar[frozenset[Phase]] = frozenset(("waiting",))

    id: str
    title: str
    next: str | None
    seconds: float | None
    until: Template | None

    def enter(self, walk: Walk) -> None:
        try:
            until = self._until(walk)
        except EvaluationFailed as failure:
            walk.fail(self, expression_error(str(failure)))
            return
        self._look(walk, until, {"until": instant(until)})

    def follow(self, walk: Walk, position: Position) -> None:
        plan = position.plan or {}
        self._look(walk, _written_instant(plan.get("until")) or walk.event.now, plan)

    def leave(self, walk: Walk, position: Position) -> None:
        walk.record(self, "skipped", explanation=_STOPPED)

    def _until(self, walk: Walk) -> datetime:
        if self.until is None:
            return walk.event.now + timedelta(seconds=self.seconds or 0)
        until = _as_instant(self.until.fill(walk.view)["until"], walk)
        if until > walk.event.now + timedelta(seconds=MAX_WAIT_S):
            raise EvaluationFailed("It would wait for more than ten years.")
        return until

    def _look(self, walk: Walk, until: datetime, plan: Mapping[str, Any]) -> None:
        if until <= walk.event.now:
            walk.succeed(self, {"until": plan.get("until")})
            walk.go_on(self.next)
            return
        walk.record(self, "waiting")
        waiting_for = {"kind": "time", **plan}
        walk.stand(
            Position(self.id, walk.item, "waiting", plan=plan),
            WaitUntil(self.id, walk.item, until, waiting_for),
        )


def _as_instant(value: Any, walk: Walk) -> datetime:
    try:
        said = datetime.fromisoformat(value) if isinstance(value, str) else None
        if said is None:
            raise EvaluationFailed("What it waits until is not a date or a time.")
        if said.tzinfo is None:
            return instant_of(said, zone_named(_wedding(walk).get("zone")) or UTC)
        return said.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise EvaluationFailed("What it waits until is not a date or a time.") from error


def _wedding(walk: Walk) -> Mapping[str, Any]:
    wedding = walk.event.scope.get("wedding")
    return wedding if isinstance(wedding, Mapping) else {}


def _written_instant(written: Any) -> datetime | None:
    try:
        read = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
    return read if read is None or read.tzinfo else read.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AnchorWait(StandingStep):
    """Until a time counted from a date of the wedding, wherever that date moves meanwhile.

    Gives `{"until": <instant>}`. While the date is not known it waits for that; when the time
    has passed before the wait began, or because the date moved, `late` says what follows.
    """

    phases: ClassVar[frozenset[Phase]] = frozenset(("waiting", "asking"))
    choices: ClassVar[frozenset[Choice]] = frozenset(("go_on", "end"))

    id: str
    title: str
    next: str | None
    anchor: str
    offset_days: int
    at: str
    late: Late

    def enter(self, walk: Walk) -> None:
        self._look(walk, None)

    def follow(self, walk: Walk, position: Position) -> None:
        if walk.event.kind == "resume":
            walk.reading(self.id)
            self._look(walk, position)
        elif walk.event.decision == "go_on":
            self._go_on(walk, position)
        else:
            why = {"decision": "end", "why": "Somebody chose to end it here."}
            walk.record(self, "skipped", explanation=why)
            walk.finish("stopped", f"It was too late for “{self.title}”, so it ended.", self.id)

    def leave(self, walk: Walk, position: Position) -> None:
        walk.record(self, "skipped", explanation=_STOPPED)

    def _go_on(self, walk: Walk, position: Position) -> None:
        """Late or not, at once; unless the date has moved again, and its time is still to come."""
        walk.reading(self.id)
        due_at = moment(_wedding(walk), self.anchor, self.offset_days, self.at)
        if due_at is not None and due_at > walk.event.now:
            self._wait(walk, due_at, {"decision": "go_on", "why": self._moved(walk, due_at)})
            return
        why = {"decision": "go_on", "why": "Somebody chose to go on."}
        self._over(walk, (position.plan or {}).get("until"), why)

    def _look(self, walk: Walk, before: Position | None) -> None:
        """See what the wedding's dates say now. `before` is what they said, if it waited."""
        if not _wedding(walk):
            walk.fail(self, _NO_WEDDING)
            return
        due_at = moment(_wedding(walk), self.anchor, self.offset_days, self.at)
        until = instant(due_at) if due_at else None
        planned = (before.plan or {}).get("until") if before else None
        if due_at is None or due_at > walk.event.now:
            moved = before is not None and planned != until
            self._wait(walk, due_at, {"why": self._moved(walk, due_at)} if moved else None)
        elif planned == until:
            self._over(walk, until, None)
        else:
            self._late(walk, due_at)

    def _wait(self, walk: Walk, due_at: datetime | None, why: Mapping[str, Any] | None) -> None:
        plan = self._plan(due_at)
        walk.record(self, "waiting", explanation=why)
        walk.stand(
            Position(self.id, walk.item, "waiting", plan=plan),
            WaitUntil(self.id, walk.item, due_at, {"kind": "time", **plan}),
        )

    def _over(self, walk: Walk, until: str | None, why: Mapping[str, Any] | None) -> None:
        walk.succeed(self, {"until": until}, why)
        walk.go_on(self.next)

    def _late(self, walk: Walk, due_at: datetime) -> None:
        passed = f"{self._when(walk, due_at)} had already passed."
        if self.late == "run":
            self._over(walk, instant(due_at), {"why": f"{passed} It went on at once."})
        elif self.late == "skip":
            walk.record(self, "skipped", explanation={"why": passed})
            walk.finish("filtered", f"Too late for “{self.title}”: {passed}", self.id)
        else:
            walk.record(self, "waiting", explanation={"why": passed})
            reason = f"“{self.title}” is late: {passed} Should it still go on?"
            walk.stand(
                Position(self.id, walk.item, "asking", plan=self._plan(due_at)),
                NeedsAttention(self.id, walk.item, reason, "late"),
            )

    def _plan(self, due_at: datetime | None) -> dict[str, Any]:
        return {
            "anchor": self.anchor,
            "offset_days": self.offset_days,
            "at": self.at,
            "late": self.late,
            "until": instant(due_at) if due_at else None,
        }

    def _moved(self, walk: Walk, due_at: datetime | None) -> str:
        if due_at is None:
            return f"It waits until there is a date for {ANCHORS[self.anchor]}."
        return f"The date moved: it now waits until {self._when(walk, due_at)}."

    def _when(self, walk: Walk, due_at: datetime) -> str:
        return moment_words(due_at, _wedding(walk).get("zone"))


_NO_WEDDING = {
    "class": "permanent",
    "code": "no_wedding",
    "message": "This run is about no wedding, so there is no date to count from.",
}


@dataclass(frozen=True, slots=True)
class EventWait(StandingStep):
    """Until an event comes. Gives the event, or null when it did not come in time, and then goes
    on at `otherwise`."""

    phases: ClassVar[frozenset[Phase]] = frozenset(("listening",))

    id: str
    title: str
    next: str | None
    event_type: str
    match: Template
    timeout_s: float | None
    otherwise: str | None

    def enter(self, walk: Walk) -> None:
        try:
            match = self.match.fill(walk.view)
            _refuse_vague(match)
        except EvaluationFailed as failure:
            walk.fail(self, expression_error(str(failure)))
            return
        until = after(walk, self.timeout_s)
        walk.record(self, "waiting", given={"event_type": self.event_type, "match": match})
        walk.stand(
            Position(self.id, walk.item, "listening", plan={"until": until and instant(until)}),
            Listen(self.id, walk.item, self.event_type, match, until),
        )

    def follow(self, walk: Walk, position: Position) -> None:
        if walk.event.kind == "timed_out":
            walk.succeed(self, None, {"why": "It did not come in time."})
            walk.go_on(self.otherwise)
        elif walk.event.error is not None:
            walk.fail(self, told_error(walk.event.error))
        elif walk.keep(self, walk.event.output):
            walk.go_on(self.next)

    def leave(self, walk: Walk, position: Position) -> None:
        walk.record(self, "skipped", explanation=_STOPPED)


def _refuse_vague(match: Mapping[str, Any]) -> None:
    """A value that is not there would match every event that does not have it either."""
    for path, wanted in match.items():
        if wanted is None:
            raise EvaluationFailed(f"There is no value to look for at “{path}”.")
        if isinstance(wanted, dict | list):
            raise EvaluationFailed(f"What to look for at “{path}” is not a single value.")


def after(walk: Walk, seconds: float | None) -> datetime | None:
    """So long from now; None for ever."""
    return None if seconds is None else walk.event.now + timedelta(seconds=seconds)

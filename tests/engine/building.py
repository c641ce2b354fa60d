"""Definitions, scopes and events for the engine's tests, and a runner that only remembers."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from wedsync.workflows.engine import (
    ActionInfo,
    Decision,
    EngineEvent,
    Finish,
    NeedsAttention,
    Perform,
    Problem,
    Program,
    Record,
    WaitUntil,
    advance,
    validate,
)

NOW = datetime(2027, 5, 11, 12, 40, tzinfo=UTC)
HOOK = "0198c0de-0000-7000-8000-000000000001"
OTHER = "0198c0de-0000-7000-8000-000000000002"

WEDDING = {"id": "w1", "date": "2027-06-12", "city": "Florence", "zone": "Europe/Rome"}

ACTIONS: Mapping[str, ActionInfo] = {
    "webhook.send": ActionInfo(
        "webhook.send",
        "Send an event",
        required=("event_type", "data"),
        fields=("event_type", "data"),
        effect="local",
        sentence="Send {event_type} to whoever listens",
    ),
    "http.request": ActionInfo(
        "http.request",
        "Call a web address",
        required=("method", "url"),
        effect=lambda given: "none" if given.get("method") == "GET" else "once",
        sentence="Call {url}",
    ),
}


def workflow(*steps: dict[str, Any], trigger: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "format": 1,
        "trigger": {"kind": "manual"} if trigger is None else trigger,
        "steps": list(steps),
    }


def var(path: str) -> dict[str, Any]:
    return {"var": path}


def act(step_id: str = "tell", **fields: Any) -> dict[str, Any]:
    step = {"id": step_id, "kind": "action", "use": "http.request"}
    return {**step, "input": {"method": "POST", "url": "https://far.example/"}, **fields}


def choose(
    step_id: str, *branches: tuple[str, Any, list[Any]], otherwise: Any = ()
) -> dict[str, Any]:
    return {
        "id": step_id,
        "kind": "choose",
        "branches": [
            {"label": label, "when": when, "steps": steps} for label, when, steps in branches
        ],
        "otherwise": list(otherwise),
    }


def wait(step_id: str = "hold", **fields: Any) -> dict[str, Any]:
    return {"id": step_id, "kind": "wait", **fields}


def before_the_wedding(step_id: str = "hold", **fields: Any) -> dict[str, Any]:
    at = {"anchor": "wedding.date", "offset_days": -14, "at": "09:00", "late": "run"}
    return wait(step_id, **{**at, **fields})


def loop(step_id: str, items: Any, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": step_id, "kind": "for_each", "items": items, "steps": list(steps), **fields}


def ask(step_id: str = "ask", **fields: Any) -> dict[str, Any]:
    step = {"id": step_id, "kind": "approval", "ask": "Send the gallery?"}
    return {**step, "who": {"role": "owner"}, **fields}


def call(step_id: str = "other", **fields: Any) -> dict[str, Any]:
    return {"id": step_id, "kind": "call", "workflow": OTHER, **fields}


def note(step_id: str = "note", **values: Any) -> dict[str, Any]:
    return {"id": step_id, "kind": "set", "values": values or {"done": True}}


def scope(data: Any = None, **steps: Any) -> dict[str, Any]:
    return {
        "trigger": {"id": "e1", "type": "external.rsvp.received", "data": data or {}},
        "steps": steps,
        "wedding": WEDDING,
        "run": {"id": "r1"},
    }


def event(kind: str, seen: Mapping[str, Any] | None = None, **fields: Any) -> EngineEvent:
    given = {"now": NOW, "random": 0.5, "scope": seen if seen is not None else scope()}
    return EngineEvent(kind=kind, **{**given, **fields})  # type: ignore[arg-type]


def error(kind: str, **fields: Any) -> dict[str, Any]:
    return {"class": kind, "code": "http_503", "message": "They are closed.", **fields}


def the(decision: Decision, kind: type) -> Any:
    """The one action of this kind."""
    (found,) = [each for each in decision.actions if isinstance(each, kind)]
    return found


def records(decision: Decision) -> list[tuple[str, str]]:
    return [(each.step, each.state) for each in decision.actions if isinstance(each, Record)]


@dataclass
class Journal:
    """What a runner would have: the state, the recorded outputs, and every event it told."""

    program: Program
    data: Any = None
    state: Any = None
    now: datetime = NOW
    outputs: dict[str, Any] = field(default_factory=dict)
    told: list[EngineEvent] = field(default_factory=list)
    performed: list[Perform] = field(default_factory=list)
    last: Decision | None = None
    parked_at: int = 3
    wedding: Any = field(default_factory=lambda: dict(WEDDING))

    def tell(self, kind: str, **fields: Any) -> Decision:
        """Feed an event; what goes in must come out unchanged."""
        seen = {**scope(self.data, **copy.deepcopy(self.outputs)), "wedding": self.wedding}
        said = event(kind, seen, **{"now": self.now, **fields})
        before = json.dumps([self.state, seen])
        decision = advance(self.program, self.state, said, recoveries_before_parking=self.parked_at)
        assert json.dumps([self.state, seen]) == before
        self.told.append(said)
        self._remember(decision)
        return decision

    def result(self, **fields: Any) -> Decision:
        """The end of the attempt that is under way."""
        perform = self.performed[-1]
        return self.tell("result", step=perform.step, attempt=perform.attempt, **fields)

    def died(self, effect: str) -> Decision:
        perform = self.performed[-1]
        return self.tell("recovered", step=perform.step, attempt=perform.attempt, effect=effect)

    def ended(self) -> Finish | None:
        return self._last_of(Finish)

    def asked(self) -> NeedsAttention | None:
        return self._last_of(NeedsAttention)

    def waiting(self) -> WaitUntil | None:
        return self._last_of(WaitUntil)

    def performing(self) -> Perform | None:
        return self._last_of(Perform)

    def _last_of(self, kind: type) -> Any:
        found = [each for each in self.last.actions if isinstance(each, kind)] if self.last else []
        return found[0] if found else None

    def _remember(self, decision: Decision) -> None:
        self.state = json.loads(json.dumps(decision.state))
        if decision.stale:
            return
        self.last = decision
        for each in decision.actions:
            if isinstance(each, Record) and each.state not in ("started", "waiting"):
                self.outputs[each.step] = each.output
            elif isinstance(each, Perform):
                self.performed.append(each)
            elif isinstance(each, WaitUntil) and each.due_at:
                self.now = each.due_at + timedelta(seconds=1)


def problems(definition: Any, own_id: str | None = None) -> list[Problem]:
    """What validation finds, where names of these families are ours."""
    return validate(definition, actions=ACTIONS, is_ours=_is_ours, own_id=own_id)


def _is_ours(event_type: str) -> bool:
    return event_type.partition(".")[0] in ("rsvp", "payment", "contract")

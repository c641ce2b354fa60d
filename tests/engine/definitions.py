"""Definitions of every kind of step, nested, some turned off, for properties."""

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.engine.building import OTHER, var, workflow
from wedsync.workflows.engine import steps_in_order
from wedsync.workflows.engine.limits import MAX_LOOPS
from wedsync.workflows.engine.steps.approval import ON_EXPIRY

DATA = {"status": "accepted", "party_size": 3, "guests": [{"name": "Ada"}, {"name": "Ben"}]}
POLICY = {"attempts": 3, "first_delay_s": 1, "factor": 2, "max_delay_s": 60}

_DEEPEST = 3

whens = st.sampled_from(
    [
        True,
        False,
        {"==": [var("trigger.data.status"), "accepted"]},
        {">": [var("trigger.data.party_size"), 5]},
        {"+": [var("trigger.data.status"), 1]},
        {">": [var("trigger.data.party_size"), 1]},
        {"==": [var("wedding.zone"), "Europe/Rome"]},
    ]
)
_seconds = st.sampled_from([1, 90, 86_400])
_offsets = st.sampled_from([-400, -14, 30])


def _of(kind: str, **fields: Any) -> st.SearchStrategy[Any]:
    """Steps of one kind; a field may be a strategy of its own."""
    drawn = {
        name: field if isinstance(field, st.SearchStrategy) else st.just(field)
        for name, field in fields.items()
    }
    return st.fixed_dictionaries({"kind": st.just(kind), **drawn})


_goes_on = st.one_of(
    _of("set", values={"seats": var("trigger.data.party_size"), "on": var("wedding.date")}),
    _of("wait", seconds=_seconds),
    _of("wait", until="2027-06-01T09:00"),
    _of("wait", anchor="wedding.date", offset_days=_offsets, at="09:00", late="run"),
    _of("approval", ask="Send it?", who={"role": "owner"}, expires_after_s=3600).flatmap(
        lambda step: st.sampled_from([{**step, "on_expiry": end} for end in ON_EXPIRY[:2]])
    ),
    _of("call", workflow=OTHER, input={"seats": var("trigger.data.party_size")}),
    _of("call", workflow=OTHER, wait=st.booleans()),
)
_may_end = st.one_of(
    _of("filter", when=whens),
    _of("stop", outcome=st.sampled_from(["done", "failed"])),
    _of("wait", until=var("trigger.data.status")),
    _of(
        "wait",
        anchor=st.sampled_from(["wedding.date", "rsvp_deadline"]),
        offset_days=_offsets,
        at="09:00",
        late=st.sampled_from(["run", "skip", "ask"]),
    ),
    _of("approval", ask="Send it?", who={"role": "owner"}, expires_after_s=3600, on_expiry="stop"),
)
_leaves = st.integers(0, 5).flatmap(lambda number: _goes_on if number else _may_end)


def _action(on_unsure: str, then: str, inside: list[Any]) -> dict[str, Any]:
    on_error: dict[str, Any] = {"retry": POLICY, "then": then}
    if then == "steps":
        on_error["steps"] = inside
    step = {"kind": "action", "use": "http.request", "input": {"method": "POST", "url": "x"}}
    return {**step, "on_unsure": on_unsure, "on_error": on_error}


@cache
def _step(depth: int, loops: int) -> st.SearchStrategy[Any]:
    """One step, at most so deep, with at most so many loops inside one another."""
    on_unsure = st.sampled_from(["ask", "retry", "skip"])
    plain = st.builds(_action, on_unsure, st.sampled_from(["continue", "stop"]), st.just([]))
    if depth == 0:
        return _leaves | plain
    inside = several(depth - 1, loops)
    branches = st.lists(whens, min_size=1, max_size=2).flatmap(
        lambda drawn: st.tuples(
            *(
                st.fixed_dictionaries(
                    {"label": st.just(f"B{number}"), "when": st.just(when), "steps": inside}
                )
                for number, when in enumerate(drawn)
            )
        ).map(list)
    )
    signed = st.fixed_dictionaries(
        {
            "event_type": st.just("contract.signed"),
            "match": st.just({"data.id": var("trigger.data.status")}),
            "timeout_s": st.just(3600),
            "otherwise": inside,
        }
    )
    kinds = [
        _leaves,
        st.builds(_action, on_unsure, st.sampled_from(["continue", "steps", "stop"]), inside),
        _of("choose", branches=branches, otherwise=inside),
        _of("wait", event=signed),
    ]
    if loops:
        items = st.sampled_from([[1, 2, 3], var("trigger.data.guests"), [1], []])
        body = several(depth - 1, loops - 1)
        kinds.append(_of("for_each", items=items, steps=body, batch_size=st.sampled_from([1, 2])))
    return st.one_of(kinds)


def several(depth: int, loops: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(_perhaps_off(depth, loops), min_size=1, max_size=3)


def _perhaps_off(depth: int, loops: int) -> st.SearchStrategy[Any]:
    """One step; one of eight is turned off."""
    step = st.deferred(lambda: _step(depth, loops))
    return st.builds(
        lambda drawn, of: _turned_off(drawn) if of == 7 else drawn, step, st.integers(0, 7)
    )


def _turned_off(step: dict[str, Any]) -> dict[str, Any]:
    return {**step, "off": True}


def _numbered(steps: list[Any]) -> list[Any]:
    """The same steps with ids of their own; a step drawn twice is two steps."""
    copied: list[Any] = json.loads(json.dumps(steps))
    for number, placed in enumerate(steps_in_order(workflow(*copied))):
        placed.step["id"] = f"s{number}"  # type: ignore[index]
    return copied


definitions = st.lists(_perhaps_off(_DEEPEST, MAX_LOOPS), min_size=1, max_size=4).map(
    lambda steps: workflow(*_numbered(steps))
)

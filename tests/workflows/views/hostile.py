"""Drafts as nobody would make them, and forms as no page sends them: whole ones that were broken in
a few places, since what is odd everywhere is not looked at for long."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.engine.definitions import definitions
from wedsync.workflows.catalogue import entries
from wedsync.workflows.editing.draft_operations import located
from wedsync.workflows.editing.patches import Path

ACCOUNT = "0198c0de-0000-7000-8000-000000000001"
SCRIPT = '<script>document.title = "taken over"</script><img src=x onerror=alert(1)>'
TEXTS = (
    "",
    " ",
    "3",
    "12 June 2027",
    "n" * 10_000,
    SCRIPT,
    "\u202eכלה וחתן\u202c عروس",
    "👰🏽‍♀️💍" * 20,
    "\u202e",
    "%s {0} {{ 7 * 7 }} {% for %} ${x}",
    "[Couple’s e-mail] [gone] \\[ ]",
    "'\"`\\ & <b>",
    "../../etc",
    "a.b.c",
    "0.0.0.0",
    "9" * 5_000,
    "-1",
    "²",
    "١",
    "None",
    "£1e400",
    "step\tname\r\nSet-Cookie: x=1",
)
NUMBERS = (0, -1, 1, 1.5, -0.0, 1e308, 2**63 - 1, -(2**63), True, False)
KINDS = ("action", "choose", "set", "wait", "approval", "for_each", "call", "stop", "filter")
TRIGGERS: tuple[Any, ...] = (
    {"kind": "manual", "inputs": {"name": {"kind": "text", "needed": True}}},
    {"kind": "event", "event_type": "external.rsvp.received", "source": "connection:any"},
    {"kind": "event", "event_type": "wedding.updated", "source": "ours", "filter": {"==": [1, 1]}},
    {"kind": "webhook", "hook": ACCOUNT},
    {"kind": "schedule", "cron": "0 9 * * 1", "zone": "Europe/London"},
    {"kind": "wedding", "anchor": "wedding.date", "offset_days": -14, "at": "09:00"},
    {"kind": "poll", "connection": ACCOUNT, "stream": "rsvps", "every_s": 900},
    {"kind": "teleport", "to": "the moon"},
    None,
)


def read(path: str) -> dict[str, str]:
    return {"var": path}


def _action(use: str, number: int) -> dict[str, Any]:
    fields = entries()[use].input.get("properties", {})
    values = ["Ada", read("trigger.data.x"), read("steps.gone.y"), {"cat": ["To ", read("item")]}]
    given = {name: values[place % len(values)] for place, name in enumerate(fields)}
    step = {"id": f"do{number}", "kind": "action", "use": use, "input": given}
    return {**step, "connection": ACCOUNT, "on_error": {"then": "steps", "steps": []}}


def everything() -> dict[str, Any]:
    """A draft in which every kind of step and every action there is stands once, and much is
    wrong."""
    acts = [_action(use, number) for number, use in enumerate(sorted(entries()))]
    rows = {"or": [{"==": [read("steps.gone.a"), "b"]}, {">": [read("wedding.final_count"), 3]}]}
    branches = [
        {"label": "Yes", "when": {"and": [rows, {"!": read("item.x")}]}, "steps": acts[:2]},
        {"label": "Yes", "when": None, "steps": []},
        {"label": SCRIPT, "when": {"text.of": [1]}, "steps": acts[2:3]},
    ]
    event = {"event_type": "contract.signed", "match": {"data.id": read("steps.gone.id")}}
    guests = {"id": "each", "kind": "for_each", "items": read("steps.gone.guests")}
    steps: list[Any] = [
        {"id": "said", "kind": "set", "values": {"a.b": {"text.body": ["{{ steps.gone.x }} hi"]}}},
        {"id": "which", "kind": "choose", "branches": branches, "otherwise": acts[3:4]},
        {"id": "wait", "kind": "wait", "seconds": "3"},
        {"id": "until", "kind": "wait", "event": {**event, "timeout_s": 60, "otherwise": []}},
        {"id": "day", "kind": "wait", "anchor": "wedding.date", "offset_days": -3, "at": "9"},
        {"id": "ask", "kind": "approval", "ask": "Send?", "who": {"email": "a@b"}},
        {**guests, "steps": [{"id": "in", "kind": "set", "values": {"x": read("item.y")}}]},
        {"id": "run", "kind": "call", "workflow": ACCOUNT, "input": {"a": read("steps.in.x")}},
        {"id": "only", "kind": "filter", "when": {"in": [read("trigger.data.s"), ["a"]]}},
        {"id": "which", "kind": "set", "values": {}},
        {"kind": "stop", "outcome": "done"},
        {"id": "later", "kind": "teleport", "to": ["the moon"]},
        *acts[4:],
    ]
    return {"format": 1, "trigger": {**TRIGGERS[1], "filter": rows}, "steps": steps}


odd: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS).filter(lambda text: "\x00" not in text),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
    st.sampled_from(
        [
            [],
            {},
            [[]],
            [None],
            {"": None},
            {"id": []},
            {"kind": {}},
            {"var": None},
            {"var": ["steps", 1]},
            read(""),
            read("steps.which"),
            read("item"),
            read("trigger.data." + "x." * 40),
            {"cat": None},
            {"cat": ["a", read("steps.gone.b")]},
            {"text.body": ["{{ steps.gone.a | date: 'x' }} {% if %}"]},
            {"text.body": 3},
            {"date.add_days": [read("wedding.date"), "x"]},
            {"and": [True, {"or": []}]},
            {"==": [1]},
            {"$sealed": "hidden"},
        ]
    ),
)
"""What may stand anywhere."""


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for name, part in inside:
        yield from places(part, (*path, name))


def put(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    holder = document
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    return document


@st.composite
def drafts(draw: st.DrawFn) -> Any:
    """A whole draft, broken in up to six places: something odd stands there, or another part of
    it, or nothing."""
    definition = draw(st.one_of(st.builds(everything), definitions))
    definition = copy.deepcopy(definition)
    if isinstance(definition, dict) and draw(st.booleans()):
        definition["trigger"] = copy.deepcopy(draw(st.sampled_from(TRIGGERS)))
    for _ in range(draw(st.integers(0, 6))):
        ways = list(places(definition))
        way = draw(st.sampled_from(ways))
        other = draw(st.booleans())
        value = _at(definition, draw(st.sampled_from(ways))) if other else draw(odd)
        definition = put(definition, way, copy.deepcopy(value))
    return definition


def _at(document: Any, path: Path) -> Any:
    for name in path:
        document = document[name]
    return document


def ids_of(definition: Any) -> list[str]:
    found = (each.step.get("id") for each in located(definition))
    return [own for own in found if isinstance(own, str)]

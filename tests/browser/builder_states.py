"""Drafts that show what the builder can show, and the addresses at which it shows it."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from tests.live_site import LiveSite

_GUEST = {"var": "trigger.data.guest.name"}
_BIG = {">": [{"var": "wedding.final_count"}, 50]}
_BIG_AND_BOOKED = {
    "and": [
        _BIG,
        {"or": [{"==": [{"var": "wedding.status"}, "booked"]}, {"==": [_GUEST, "Ada"]}]},
        {"reduce": [[1], {"+": [{"var": "current"}, 1]}, 0]},
    ]
}
"""A row, a group, and what rows cannot say."""

ASK = {
    "id": "ask",
    "kind": "approval",
    "ask": "Tell the caterer?",
    "who": {"role": "owner"},
    "note": "Olive & Thyme close on Mondays.",
}
TELL = {
    "id": "tell",
    "kind": "action",
    "use": "http.request",
    "label": "Tell the caterer",
    "input": {"method": "POST", "url": {"cat": ["https://caterer.example/", _GUEST]}},
}
GONE = {
    "id": "gone",
    "kind": "action",
    "use": "sandbox.release_seat",
    "connection": "00000000-0000-0000-0000-000000000000",
    "input": {"guest_id": {"var": "steps.left.guest"}},
}
INNER = {
    "id": "inner",
    "kind": "choose",
    "branches": [{"label": "Early", "when": _BIG, "steps": [{"id": "end", "kind": "stop"}]}],
    "otherwise": [],
}
CHOICE = {
    "id": "choice",
    "kind": "choose",
    "label": "Is it a big one?",
    "branches": [
        {"label": "Yes", "when": _BIG_AND_BOOKED, "steps": [ASK, TELL, INNER]},
        {"label": "Not sure", "when": {}, "steps": []},
    ],
    "otherwise": [{"id": "quiet", "kind": "wait", "seconds": 259_200, "off": True}],
}
BEFORE_A_WEDDING = {"anchor": "wedding.date", "offset_days": -14, "at": "09:00", "late": "ask"}
BEFORE = {"id": "before", "kind": "wait", **BEFORE_A_WEDDING}
EACH = {
    "id": "each",
    "kind": "for_each",
    "items": ["Ada", "Ben"],
    "steps": [{"id": "who", "kind": "set", "values": {"who": {"var": "item"}, "seats": 2}}],
}
CHANGED = {"kind": "event", "event_type": "wedding.changed", "source": "ours"}


def draft(*steps: Any, trigger: Any = None) -> dict[str, Any]:
    return {"format": 1, "trigger": trigger or {"kind": "manual"}, "steps": list(steps)}


NOTHING: dict[str, Any] = {"format": 1, "steps": []}
BRANCHED = draft(CHOICE, BEFORE, EACH, {"id": "later", "kind": "wait"}, GONE, trigger=CHANGED)
"""Branches and branches in them, conditions, an off step, a note, what is gone, what is missing."""

WAITS: Mapping[str, Any] = {
    "seconds": 259_200,
    "until": {"var": "wedding.date"},
    "event": {"event_type": "contract.signed", "match": {"data.guest.id": _GUEST}},
    "anchor": "wedding.date",
}
STEPS: list[dict[str, Any]] = [
    *(BEFORE if way == "anchor" else {"kind": "wait", way: given} for way, given in WAITS.items()),
    {"kind": "filter", "when": _BIG_AND_BOOKED},
    {"kind": "set", "values": {"guest": _GUEST, "seats": 2}},
    {"kind": "for_each", "items": {"var": "trigger.data.guests"}, "steps": []},
    {"kind": "approval"},
    {"kind": "call", "workflow": "somewhere", "input": {"guest": _GUEST}, "wait": True},
    {"kind": "stop", "outcome": "failed", "reason": "Nobody came."},
    {"kind": "choose", "branches": [{"label": "Yes", "when": {}, "steps": []}], "otherwise": []},
    *(
        {"kind": "action", "use": use, "input": {}}
        for use in ("http.request", "smtp.send", "sandbox.release_seat", "stripe.refund_payment")
    ),
]
"""A step of each kind, and of each way to wait."""

STARTS: list[dict[str, Any]] = [
    {**CHANGED, "filter": _BIG_AND_BOOKED},
    {"kind": "webhook", "hook": "gone"},
    {"kind": "schedule", "cron": "0 9 * * 1-5", "zone": "Europe/London", "missed": "once"},
    {"kind": "wedding_date", **BEFORE_A_WEDDING},
    {"kind": "poll", "every_s": 900},
    {"kind": "manual", "input": {"guest": "text"}},
    {"kind": "workflow"},
]

VIEWS: Mapping[str, Mapping[str, str]] = {
    "the steps": {},
    "adding a step": {"pick": "step", "list": "steps"},
    "looking for a step": {"pick": "step", "list": "steps", "q": "tell somebody"},
    "finding no step": {"pick": "step", "list": "steps", "q": "zeppelin"},
    "a step's tools": {"step": "before"},
    "an off step": {"step": "quiet", "field": "off"},
    "a repair": {"step": "gone", "field": "connection"},
    "a condition": {"step": "choice", "field": "branches.0.when"},
    "otherwise": {"step": "choice", "field": "otherwise"},
    "data for a condition": {
        "step": "choice",
        "field": "branches.0.when",
        "pick": "subject:0",
    },
    "data for a text": {"step": "tell", "field": "input.url", "pick": "field"},
    "finding no data": {"step": "tell", "field": "input.url", "pick": "field", "q": "zeppelin"},
    "functions": {"step": "each", "field": "items", "pick": "field", "q": "/"},
    "a function's questions": {
        "step": "choice",
        "field": "branches.0.when",
        "pick": "subject:0",
        "q": "/",
        "function": "number.round",
    },
}
"""What the page of `BRANCHED` shows, by its query."""


def page_of(site: LiveSite, name: str, definition: Any) -> str:
    """A workflow of this draft; the path of its page."""
    made = site.api("POST", "/workflows", {"name": name, "definition": definition})
    return f"/workflows/{made['id']}"


def address(path: str, **query: str) -> str:
    """Of the builder, showing something."""
    return f"{path}/edit?{urlencode(query)}"


def panels(site: LiveSite) -> Iterator[tuple[str, str]]:
    """What every panel is of, and its address."""
    path = page_of(site, "Every kind of step", draft(*named_steps()))
    for step in named_steps():
        yield f"{step['kind']} {step['id']}", address(path, step=step["id"], field="all")
    for start in STARTS:
        path = page_of(site, f"Started by {start['kind']}", draft(trigger=start))
        yield f"started by {start['kind']}", address(path, step="-start", field="all")


def named_steps() -> list[dict[str, Any]]:
    return [{**step, "id": f"s{number}"} for number, step in enumerate(STEPS)]

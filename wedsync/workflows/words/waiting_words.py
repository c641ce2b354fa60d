"""What a waiting run waits for, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from wedsync.connections.limits.lines import line_in
from wedsync.connections.models import USABLE_STATES
from wedsync.platform import ids
from wedsync.platform.wording import Wording, count, name_words
from wedsync.workflows.engine.anchors import ANCHORS
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.times import offset_words, zone_words
from wedsync.workflows.engine.words import clip, expression_words
from wedsync.workflows.engine.zones import zone_named


class Waiting(Protocol):
    """The columns that say what a run waits for. The connection is the one it names, if any."""

    @property
    def waiting_for(self) -> Any: ...

    @property
    def connection_name(self) -> str | None: ...

    @property
    def connection_state(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What only the page of one run looks up: whose clock its wedding goes by, how many of its
    workflow may move at once (or begin in an hour) and how many come before it, who is asked, about
    when it is its turn at a service that lets only so much be done at a time."""

    zone: str = ""
    limit: int | None = None
    before: int | None = None
    asked: str = ""
    turn_at: datetime | None = None


_NEEDS = {
    "pending": ("it is not connected yet", "Finish connecting it"),
    "paused": ("it is paused", "Let it go on"),
    "revoked": ("it is disconnected", "Connect it again"),
    "needs_reauth": ("it does not know us any more", "Reconnect it"),
}
"""By the connection's state: what is the matter with it, and what a person does about it."""

_HELD_BACK = {
    "quiet_hours": "these are quiet hours",
    "wedding_day": "it is the wedding day",
    "messages_a_day": "they have had their messages of the day",
    "wedding": "another message to them is just leaving",
}
NO_CIRCUMSTANCES = Circumstances()
_LONGEST_TYPE = 60


def waits_until(waiting_for: Any) -> datetime | None:
    """When a waiting run goes on by itself."""
    until = (waiting_for or {}).get("until")
    try:
        return datetime.fromisoformat(until) if isinstance(until, str) else None
    except ValueError:
        return None


def waiting_sentence(
    row: Waiting,
    step: Mapping[str, Any],
    words: Wording,
    circumstances: Circumstances = NO_CIRCUMSTANCES,
) -> str:
    """What a run waits for, without the full stop: `Waiting for Ana's yes`. `step` is the one
    it stands at, empty where that is not known."""
    waits = row.waiting_for or {}
    kind = waits.get("kind")
    if kind == "connection":
        return connection_words(row).removesuffix(".")
    if kind == "limit":
        return _limit(row, words, circumstances)
    if kind == "approval":
        return _approval(waits, words, circumstances)
    if kind == "event":
        return _event(waits, step, words)
    if kind == "items":
        return f"Going through {things(waits.get('total'), step)}"
    if kind == "call":
        return "Waiting for another workflow to be done"
    return _time(waits, words, circumstances)


def _time(waits: Mapping[str, Any], words: Wording, circumstances: Circumstances) -> str:
    until, anchor = waits_until(waits), waits.get("anchor")
    if anchor is None:
        return f"Waiting until {words.moment(until)}" if until else "Waiting"
    if until is None:
        return f"Waiting until there is a date for {ANCHORS.get(anchor, 'that')}"
    counted = offset_words(anchor, waits.get("offset_days"), waits.get("at")).rpartition(", at ")[0]
    return f"Waiting until {moment_there(until, words, circumstances.zone)} ({counted})"


def moment_there(moment: datetime, words: Wording, zone: str) -> str:
    """`Sat 12 June 2027, 09:00 in Rome`: as clocks show it at the wedding."""
    there = zone_named(zone) if zone else None
    if there is None or zone == words.zone:
        local = words.local(moment)
        return f"{words.day(local.date(), year=_other_year(local.date(), words))}, {local:%H:%M}"
    local = moment.astimezone(there)
    day = words.day(local.date(), year=_other_year(local.date(), words))
    return f"{day}, {local:%H:%M} in {zone_words(zone)}"


def _other_year(day: date, words: Wording) -> bool | None:
    return True if day.year != words.today.year else None


def _approval(waits: Mapping[str, Any], words: Wording, circumstances: Circumstances) -> str:
    until = waits_until(waits)
    by_then = f", until {words.moment(until)}" if until else ""
    if not circumstances.asked:
        return f"Waiting for somebody's yes{by_then}"
    ending = "'" if circumstances.asked.endswith("s") else "'s"
    return f"Waiting for {circumstances.asked}{ending} yes{by_then}"


def _event(waits: Mapping[str, Any], step: Mapping[str, Any], words: Wording) -> str:
    event = mapping(step.get("event"))
    named = waits.get("event_type") or event.get("event_type")
    what = f"“{clip(name_words(str(named)), _LONGEST_TYPE)}”" if named else "something to come in"
    until = waits_until(waits)
    ending = f", until {words.moment(until)}" if until else ", for as long as it takes"
    return f"Waiting for {what}{_about(event.get('match'))}{ending}"


def _about(match: Any) -> str:
    """Whom the event has to be about: `data.guest.id` is ` about this guest`."""
    for path in mapping(match):
        if path == "wedding_id":
            return " about this wedding"
        named = [part for part in str(path).split(".")[1:] if part.lower() != "id"]
        if named:
            return f" about this {name_words(named[-1].removesuffix('_id')).lower()}"
    return ""


def things(number: Any, step: Mapping[str, Any]) -> str:
    """`12 guests`: how many a loop goes through, called as its list is."""
    said = expression_words(step.get("items")) if "items" in step else ""
    noun = said.rpartition(" ")[2].lower()
    if not noun.isalpha() or not noun.endswith("s"):
        return count(int(number), "item") if isinstance(number, int) else "a list"
    return count(number, noun.removesuffix("s"), noun) if isinstance(number, int) else noun


def _limit(row: Waiting, words: Wording, circumstances: Circumstances) -> str:
    waits = row.waiting_for or {}
    name, until = str(waits.get("id")), waits_until(waits)
    if line_in(waits) is not None:
        return _turn_at_a_service(row, words, circumstances)
    if name in _HELD_BACK:
        ending = f" until {words.moment(until)}" if until else ""
        return f"Held back{ending}: {_HELD_BACK[name]}"
    if name == "at_once":
        return _at_once(circumstances)
    if name == "per_hour":
        most = f"At most {circumstances.limit} an hour" if circumstances.limit else "Enough for now"
        return f"{most}; it continues {words.at(until) if until else 'by itself'}"
    return turn_words(row).removesuffix(".")


def _turn_at_a_service(row: Waiting, words: Wording, circumstances: Circumstances) -> str:
    far_end = row.connection_name or "this service"
    turn_at = circumstances.turn_at or waits_until(row.waiting_for)
    on = "it goes on in a moment"
    if turn_at is not None and turn_at > words.now:
        on = f"it goes on {words.at(turn_at)}, as far as we can tell"
    before = circumstances.before
    waits = f"{count(before, 'action')} before this one; {on}" if before else on
    return f"{far_end} takes only so many calls at a time: {waits}"


def _at_once(circumstances: Circumstances) -> str:
    limit, before = circumstances.limit, circumstances.before
    most = f"At most {limit} at the same time" if limit else "Others of this workflow are going on"
    if before is None:
        return f"{most}; it waits for its turn"
    return f"{most}; {before} before this one" if before else f"{most}; this one is next"


def connection_waited_for(row: Waiting) -> UUID | None:
    """The connection a run waits for; None when it waits for something else."""
    waits = row.waiting_for or {}
    if waits.get("kind") != "connection":
        return None
    return ids.read(waits.get("id"))


def connection_called(row: Waiting) -> str:
    return row.connection_name or "a connection"


def needs_a_person(row: Waiting) -> bool:
    """Whether the connection comes back only when somebody mends it."""
    return row.connection_state in _NEEDS or _lacks_permission(row)


def connection_words(row: Waiting) -> str:
    """Why a run waits for its connection, and what follows."""
    waiting = f"Waiting for {connection_called(row)}"
    matter, what_to_do = _NEEDS.get(row.connection_state or "", ("", ""))
    if what_to_do:
        return f"{waiting}: {matter}. {what_to_do} and this goes on by itself."
    if _lacks_permission(row):
        return (
            f"{waiting}: it is not allowed to do this there. "
            "Ask for the permission and this goes on by itself."
        )
    if row.connection_state in USABLE_STATES:
        return f"{waiting}: we are renewing our permission there. This goes on by itself."
    return f"{waiting}. This goes on by itself."


def _lacks_permission(row: Waiting) -> bool:
    return bool((row.waiting_for or {}).get("permissions"))


def turn_words(row: Waiting) -> str:
    """Who else is at the far end, where so many at a time may be."""
    waits = row.waiting_for or {}
    far_end = row.connection_name or str(waits.get("id")).removeprefix("host:")
    if waits.get("until"):
        return f"Much else is going on with {far_end}. We try again in a few seconds."
    return f"It waits for its turn: one at a time goes to {far_end}."

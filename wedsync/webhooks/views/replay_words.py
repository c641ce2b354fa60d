"""Replays in words: what is asked for, what it would come to, and how far it is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wedsync.platform.wording import State, Wording, capital, count, listing, number
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.replays.models import Replay
from wedsync.webhooks.replays.replaying import AHEAD, BROKE_OFF, MOST_COUNTED
from wedsync.webhooks.replays.service import MOST_LOOKED_AT, THE_BEGINNING, Preview, Wish
from wedsync.webhooks.views.endpoint_words import endpoint_name, event_words

IN_LINE_COUNTED = 10_000
"""How many that are still to arrive are counted; more is said as “more than”."""

_STATES = {
    "running": State("running", "Going on"),
    "paused": State("paused", "Paused"),
    "done": State("done", "Done"),
    "cancelled": State("stopped", "Stopped"),
}
_WHICH = {
    "all": "everything",
    "not_delivered": "what had not arrived",
    "failed": "what had given up",
}
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class PreviewStory:
    """What a page says before it begins; `button` is empty when there is nothing to send."""

    title: str
    news: str
    button: str


@dataclass(frozen=True, slots=True)
class ReplayStory:
    """Everything its page says; `share` of `whole` was looked at, None while nobody knows how many
    there are. With `is_settled` nothing of it changes by itself any more."""

    id: UUID
    endpoint_id: UUID
    endpoint: str
    title: str
    news: str
    line: str
    sum: str
    state: State
    at: datetime
    share: int
    whole: int | None
    counting: str
    figures: tuple[tuple[str, str, str], ...]
    may_pause: bool
    may_resume: bool
    is_over: bool
    is_settled: bool


def tell_preview(endpoint: Endpoint, wish: Wish, preview: Preview, words: Wording) -> PreviewStory:
    """What sending it again would come to."""
    since = _since(wish.since, words)
    if preview.is_more:
        return PreviewStory(
            f"Send {_asked_for(wish)} again?",
            f"More than {number(MOST_LOOKED_AT)} things happened {since}, too many to count here. "
            "How many of them go out shows while it goes on.",
            "Send them again",
        )
    if not preview.wanted:
        return PreviewStory("There is nothing to send again", _nothing(wish, preview, since), "")
    these = count(preview.wanted, "thing")
    most = "at most " if endpoint.filter is not None else ""
    happened = f"{count(preview.happened, 'thing')} happened {since}."
    if wish.which == "failed":
        happened = f"{capital(count(preview.happened, 'delivery', 'deliveries'))} gave up {since}."
    only = " Only those that fit its condition are sent." if most else ""
    return PreviewStory(
        f"Send {most}{these} again?",
        f"{happened}{only}",
        "Send it again" if preview.wanted == 1 and not most else f"Send {most}{these} again",
    )


def _asked_for(wish: Wish) -> str:
    return {
        "all": "everything",
        "not_delivered": "what has not arrived",
        "failed": "what gave up",
    }[wish.which]


def _nothing(wish: Wish, preview: Preview, since: str) -> str:
    if wish.which == "failed" or not preview.happened:
        gave_up = "Nothing gave up" if wish.which == "failed" else "Nothing happened"
        return f"{gave_up} {since}."
    if wish.which == "not_delivered":
        return (
            f"{capital(count(preview.happened, 'thing'))} happened {since}. What this endpoint is "
            "told of has arrived or is on its way."
        )
    return f"Nothing happened {since} that this endpoint is told of, or it is on its way already."


def _since(since: datetime, words: Wording) -> str:
    return "so far" if since <= THE_BEGINNING else f"since {words.moment(since)}"


def tell_replay(replay: Replay, endpoint: Endpoint, in_line: int, words: Wording) -> ReplayStory:
    """The story of one replay; `in_line` deliveries of it are still to arrive."""
    name = endpoint_name(endpoint)
    is_over = replay.state in ("done", "cancelled")
    return ReplayStory(
        id=replay.id,
        endpoint_id=endpoint.id,
        endpoint=name,
        title=_title(replay, name, in_line),
        news=_news(replay, endpoint, in_line, words),
        line=capital(_line(replay, words)),
        sum=f"{count(replay.queued, 'thing')} of {number(replay.seen)} looked at",
        state=_state(replay, endpoint),
        at=replay.created_at,
        share=replay.seen,
        whole=_whole(replay),
        counting=_counting(replay),
        figures=_figures(replay, endpoint, in_line),
        may_pause=replay.state == "running",
        may_resume=replay.state == "paused",
        is_over=is_over,
        is_settled=replay.state != "running" and not in_line,
    )


def _state(replay: Replay, endpoint: Endpoint) -> State:
    if replay.state == "running" and endpoint.state != "on":
        return State("waiting", "Waits until it is on")
    return _STATES[replay.state]


def _title(replay: Replay, name: str, in_line: int) -> str:
    if replay.state == "done":
        done = count(replay.queued, "thing")
        if not replay.queued:
            return f"Nothing was to be sent again to {name}"
        return f"{done} went to {name} again" if not in_line else f"{done} go to {name} again"
    return f"Sending again to {name}"


def _line(replay: Replay, words: Wording) -> str:
    """`what had not arrived since Mon 10 May, 14:00`."""
    asked = f"{_WHICH[replay.which]} {_since(replay.since, words)}"
    if not replay.event_types:
        return asked
    named = [event_words(each) for each in replay.event_types]
    shown, left = named[:_MOST_NAMED], len(named) - _MOST_NAMED
    return f"{asked}: {listing([*shown, f'{left} more'] if left > 0 else shown)}"


def _news(replay: Replay, endpoint: Endpoint, in_line: int, words: Wording) -> str:
    began = f"This began {words.at(replay.created_at)} with {_line(replay, words)}."
    fetched = endpoint.receives == "polls"
    rest = "What is in line waits to be fetched." if fetched else "What is in line still goes out."
    if replay.state == "running":
        if endpoint.state != "on":
            return f"{began} The endpoint is off; it goes on by itself when that is turned on."
        ahead = f"About {number(AHEAD)} stand in line at a time"
        return f"{began} {ahead}, so what happens meanwhile does not wait behind all of it."
    if replay.state == "paused":
        if replay.reason == BROKE_OFF:
            why = "Something went wrong on our side each time we went on, so we paused it."
            return f"{began} {why} Nothing is lost: it can go on from where it stands."
        return f"{began} It is paused. {rest}"
    at = f" {words.at(replay.finished_at)}" if replay.finished_at else ""
    if replay.state == "cancelled":
        return f"{began} It was stopped{at}. {rest if in_line else ''}".rstrip()
    open_ones = f" {_still(in_line, fetched=fetched)}" if in_line else ""
    return f"{began} It was done{at}.{open_ones}"


def _still(in_line: int, *, fetched: bool) -> str:
    wait = "to be fetched" if fetched else "to arrive"
    if in_line > IN_LINE_COUNTED:
        return f"More than {number(IN_LINE_COUNTED)} are still {wait}."
    return f"{'One is' if in_line == 1 else f'{number(in_line)} are'} still {wait}."


def _figures(replay: Replay, endpoint: Endpoint, in_line: int) -> tuple[tuple[str, str, str], ...]:
    still = "Still to be fetched" if endpoint.receives == "polls" else "Still to arrive"
    more = in_line > IN_LINE_COUNTED
    return (
        ("Looked at", number(replay.seen), _of_how_many(replay)),
        ("Sent again", number(replay.queued), ""),
        (still, number(min(in_line, IN_LINE_COUNTED)), "or more" if more else ""),
    )


def _whole(replay: Replay) -> int | None:
    if replay.state == "done":
        return replay.seen
    if replay.total is None or replay.total > MOST_COUNTED:
        return None
    return max(replay.total, replay.seen)


def _counting(replay: Replay) -> str:
    """Why nobody can say how far it is, with a space behind; empty where that can be said."""
    if _whole(replay) is not None:
        return ""
    if replay.total is None:
        return "We are counting how many there are. "
    return f"More than {number(MOST_COUNTED)} is too many to count first. "


def _of_how_many(replay: Replay) -> str:
    whole = _whole(replay)
    if whole is not None:
        return f"of {number(whole)}"
    return f"of more than {number(MOST_COUNTED)}" if replay.total is not None else ""

"""The lines of the health page: each thing with its judgement, in words and in figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row as DatabaseRow

from wedsync.health import figures, judging, measures
from wedsync.health.judging import Health
from wedsync.health.pages_of_things import page_of
from wedsync.platform.wording import State, Wording, count, number, percent
from wedsync.rollups.reading import ENOUGH_OF_ALL, Recent
from wedsync.rollups.tallies import SeriesName
from wedsync.webhooks.hooks import traffic
from wedsync.webhooks.views import endpoint_news, hook_words
from wedsync.webhooks.views.endpoint_news import HourBar
from wedsync.workflows.history.failures import failed_by_workflow

_WELL, _SLOW, _OFF = State("done", "Well"), State("waiting", "Slow"), State("off", "Off")
_PAUSED = State("paused", "Paused")
_NEEDS = State("needs", "Needs you")
_NOTHING = measures.Pace()


@dataclass(frozen=True, slots=True)
class Line:
    """One thing: who it is, how it does in a word, in figures and, when not well, in sentences.

    `kind` is `connection`, `hook`, `endpoint` or `workflow`; `url` the path of its page.
    """

    kind: str
    id: UUID
    name: str
    url: str
    meta: str
    health: Health
    state: State
    day: measures.Pace = _NOTHING
    share: str = ""
    bars: tuple[HourBar, ...] = ()


Rows = Sequence[DatabaseRow[Any]]
Counted = Mapping[SeriesName, Recent]


def connections(
    organization_id: UUID, rows: Rows, counted: Counted, words: Wording
) -> Iterator[Line]:
    """How each of these connections does; `rows` are `figures.connections`."""
    if not rows:
        return
    waiting = figures.runs_waiting_for_connections(organization_id)
    for row in rows:
        told = counted[SeriesName(organization_id, "connection", str(row.id))]
        pace = measures.pace(told.day)
        health = judging.connection(
            measures.ConnectionFigures(
                state=row.state,
                since=row.state_since,
                reason=(row.reason or {}).get("message", ""),
                refresh_failures=row.refresh_failures,
                next_at=min(filter(None, (row.refresh_due_at, row.check_due_at)), default=None),
                waiting=waiting.get(str(row.id), 0),
                pace=pace,
                lately=_lately(told, "connection"),
            ),
            words,
        )
        yield _line(
            "connection",
            row,
            page_of("connection", row.id),
            row.account_name or row.connector,
            health,
            words,
            pace,
            is_paused=row.state == "paused",
        )


def hooks(organization_id: UUID, rows: Rows, words: Wording) -> Iterator[Line]:
    """How each of these hooks does; `rows` are `figures.hooks`."""
    if not rows:
        return
    taken = traffic.taken(organization_id, words.now)
    for row in rows:
        health = judging.hook(
            measures.HookFigures(
                state=row.state,
                made_at=row.created_at,
                subscription=row.subscription,
                subscription_error=(row.subscription_error or {}).get("message", ""),
                next_at=row.subscription_due_at,
                taken=taken.get(row.id, 0),
                seen_at=row.last_seen_at,
                refused=int(row.refused or 0),
                refused_at=row.refused_at,
                refused_as=hook_words.refusal(row.refused_code or ""),
            ),
            words,
        )
        yield _line(
            "hook",
            row,
            _page_of_hook(row),
            _heard(row, taken.get(row.id, 0), words),
            health,
            words,
        )


def endpoints(
    organization_id: UUID, rows: Rows, counted: Counted, words: Wording
) -> Iterator[Line]:
    """How each of these endpoints does; `rows` are `figures.endpoints`."""
    if not rows:
        return
    waiting = figures.waiting_deliveries(organization_id)
    for row in rows:
        told = counted[SeriesName(organization_id, "endpoint", str(row.id))]
        waits = waiting.get(row.id)
        pace = measures.pace(told.day)
        next_at = waits.next_at if waits else None
        health = judging.endpoint(
            measures.EndpointFigures(
                state=row.state,
                reason=row.state_reason,
                failing_since=row.failing_since,
                waiting=waits.waiting if waits else 0,
                next_at=next_at,
                due_since=next_at if next_at and next_at < words.now else None,
                pace=pace,
                lately=_lately(told, "endpoint"),
            ),
            words,
        )
        url = page_of("endpoint", row.id)
        share = _share(pace)
        bars = _bars(told, words.now)
        yield _line("endpoint", row, url, "", health, words, pace, share=share, bars=bars)


def workflows(
    organization_id: UUID, rows: Rows, counted: Counted, words: Wording
) -> Iterator[Line]:
    """How each of these workflows does; `rows` are `figures.workflows`."""
    if not rows:
        return
    asking, due = figures.asking(organization_id), figures.due_since(organization_id)
    failed = failed_by_workflow(organization_id)
    for row in rows:
        told = counted[SeriesName(organization_id, "workflow", str(row.id))]
        asks, fails = asking.get(row.id), failed.get(row.id)
        pace = measures.pace(told.day)
        health = judging.workflow(
            measures.WorkflowFigures(
                state=row.state,
                is_published=row.live_version_id is not None,
                asking=asks.asking if asks else 0,
                asking_since=asks.since if asks else None,
                failed=fails.n if fails else 0,
                failed_since=fails.since if fails else None,
                due_since=due.get(row.id),
                pace=pace,
                lately=_lately(told, "workflow"),
            ),
            words,
        )
        url = page_of("workflow", row.id)
        yield _line(
            "workflow",
            row,
            url,
            _ran(health, pace),
            health,
            words,
            pace,
            bars=_bars(told, words.now),
            is_paused=row.state == "paused",
        )


def _line(
    kind: str,
    row: DatabaseRow[Any],
    url: str,
    meta: str,
    health: Health,
    words: Wording,
    pace: measures.Pace = _NOTHING,
    *,
    share: str = "",
    bars: tuple[HourBar, ...] = (),
    is_paused: bool = False,
) -> Line:
    state = _PAUSED if is_paused and health.state == "off" else _state(health, words)
    return Line(kind, row.id, row.name, url, meta, health, state, pace, share, bars)


def _state(health: Health, words: Wording) -> State:
    if health.state == "failing":
        return _failing(health.next_at, words)
    return {"well": _WELL, "slow": _SLOW, "needs_you": _NEEDS, "off": _OFF}[health.state]


def _failing(next_at: datetime | None, words: Wording) -> State:
    if next_at is None:
        return State("waiting", "Not well")
    when = f" {words.at(next_at)}" if next_at > words.now else ""
    return State("retrying", f"Trying again{when}")


@dataclass(frozen=True, slots=True)
class ConnectorLine:
    """An integration for everybody together, in a few words: how much of it worked, and never how
    much there was, which is nobody else's business."""

    name: str
    said: str


def connectors(rows: Rows, lines: Sequence[Line], counted: Counted) -> Iterator[ConnectorLine]:
    """Connectors of these connections as they do for everybody, so that one can tell whether it is
    them; of those through which next to nothing went nothing is told."""
    own: dict[tuple[str, str], list[Line]] = {}
    for row, line in zip(rows, lines, strict=True):
        own.setdefault((row.connector, row.slug), []).append(line)
    for (name, slug), mine in sorted(own.items(), key=lambda each: each[0]):
        recent = counted[SeriesName(None, "connector", slug)]
        if recent.day.judged >= ENOUGH_OF_ALL:
            yield ConnectorLine(name, _for_everybody(recent, mine))


def _for_everybody(recent: Recent, mine: Sequence[Line]) -> str:
    day = measures.pace(recent.day)
    health = judging.connector(_lately(recent, "connection"), day)
    share = f"{percent(day.succeeded / day.attempts)} worked"
    if health.state == "well":
        unwell = any(line.health.state in ("failing", "needs_you") for line in mine)
        return f"{share}, well{'; it is only yours' if unwell else ''}"
    return f"{share}, {'slow' if health.state == 'slow' else 'failing'} for everybody"


def _lately(told: Recent, kind: str) -> measures.Pace:
    return measures.pace_lately(told, judging.THRESHOLDS[kind].fewest)


def _share(pace: measures.Pace) -> str:
    succeeded = number(pace.succeeded)
    if pace.succeeded == pace.attempts:
        return succeeded
    return f"{succeeded} of {count(pace.attempts, 'try', 'tries')}"


def _bars(told: Recent, now: datetime) -> tuple[HourBar, ...]:
    hours = {at: (tally.tried, tally.failed) for at, tally in told.hours.items()}
    return tuple(endpoint_news.hour_bars(hours, now))


def _page_of_hook(row: DatabaseRow[Any]) -> str:
    """A connection's hook has no page but the connection's."""
    if row.connection_id is not None:
        return page_of("connection", row.connection_id)
    return page_of("hook", row.id)


def _heard(row: DatabaseRow[Any], taken: int, words: Wording) -> str:
    """What came in at a hook, and what was refused."""
    if row.last_seen_at is None:
        said = "Nothing has come in yet"
    elif taken:
        said = f"{count(taken, 'request')} in the last day"
    else:
        said = f"Something last came in {words.ago(row.last_seen_at)}"
    refused = f"; {number(int(row.refused))} refused since it was made" if row.refused else ""
    return said + refused


def _ran(health: Health, pace: measures.Pace) -> str:
    if health.state in ("well", "slow") and pace.in_words:
        return f"{health.reason.rstrip('.')}: {pace.in_words}"
    return health.reason

"""Today: what needs somebody, what is next, what happened, and whether everything is well."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from flask import url_for

from wedsync.health import today_queries
from wedsync.health.books import Ledger, ledger
from wedsync.health.needs import Need, needs_of
from wedsync.health.today_queries import Wait
from wedsync.platform.wording import State, Wording, capital, count, in_words, number
from wedsync.weddings import queries as weddings
from wedsync.workflows import page_queries
from wedsync.workflows.history import run_list
from wedsync.workflows.words.run_words import RunLine

DAY = timedelta(days=1)
FORTNIGHT = 14
_RUNS_SHOWN = 8
_COUPLES_SHOWN = 5
_WIDEST, _NARROWEST = 4, 3
_WELL = State("done", "Well")
_BEGINNINGS = ("connections", "workflows", "hooks", "endpoints")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on a line of the fortnight, from its day `first` (1 is today) to before `after`."""

    at: str
    what: str
    first: int
    after: int
    is_wedding: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One couple, or what waits without one, and what is next there."""

    name: str
    meta: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Pulse:
    """One row of the health column."""

    name: str
    detail: str
    state: State
    url: str


@dataclass(frozen=True, slots=True)
class Today:
    """Everything the page says."""

    title: str
    news: str
    needs: tuple[Need, ...]
    days: tuple[tuple[str, str], ...]
    lanes: tuple[Lane, ...]
    happened: tuple[RunLine, ...]
    pulses: tuple[Pulse, ...]
    books: str
    is_new: bool


def tell(organization_id: UUID, words: Wording) -> Today:
    """The day of an organization, as `words.now` finds it."""
    needs = needs_of(organization_id, words)
    rows = page_queries.list_run_rows(organization_id, limit=_RUNS_SHOWN)
    waits = today_queries.waits_until(organization_id, words.now + timedelta(days=FORTNIGHT))
    counts = today_queries.counts(organization_id)
    kept = ledger(organization_id, since=words.now - DAY)
    return Today(
        title=_title(len(needs)),
        news=_news(kept, waits, words, needs),
        needs=tuple(needs),
        days=_days(words),
        lanes=tuple(_lanes(organization_id, waits, words)),
        happened=tuple(run_list.run_lines(organization_id, rows, words)),
        pulses=tuple(_pulses(counts, kept)),
        books=f"In the last day {kept.in_words}",
        is_new=not (needs or rows or any(counts[kind] for kind in _BEGINNINGS)),
    )


def _title(needing: int) -> str:
    if needing == 0:
        return "Nothing needs you"
    return f"{capital(in_words(needing))} {'thing needs' if needing == 1 else 'things need'} you"


def _news(kept: Ledger, waits: Sequence[Wait], words: Wording, needs: Sequence[Need]) -> str:
    """How much was done by itself, and what happens next by itself."""
    done = dict(kept.runs.places)["Done"]
    were = "run was" if done == 1 else "runs were"
    said = f"{capital(in_words(done))} {were} done in the last day"
    if waits:
        return f"{said}, and the next thing happens by itself {words.at(waits[0].at)}."
    # What needs somebody may be what something else waits for: the page tells of it below.
    return f"{said}." if needs else f"{said}. Nothing is waiting."


def _days(words: Wording) -> tuple[tuple[str, str], ...]:
    days = (words.today + timedelta(days=ahead) for ahead in range(FORTNIGHT))
    return tuple((f"{day:%a}", str(day.day)) for day in days)


def _lanes(organization_id: UUID, waits: Sequence[Wait], words: Wording) -> Iterator[Lane]:
    """The couples whose day comes next, then what waits without one of them."""
    told: set[UUID] = set()
    for line in weddings.coming(organization_id, words.today, limit=_COUPLES_SHOWN):
        wedding = line.wedding
        if wedding.date is None:
            continue
        told.add(wedding.id)
        marks = [_wait(wait, words) for wait in waits if wait.wedding_id == wedding.id]
        if (wedding.date - words.today).days < FORTNIGHT:
            marks.append(_wedding_day(wedding.date, words))
        meta = ", ".join(filter(None, (words.days_until(wedding.date), wedding.venue)))
        yield Lane(wedding.title, meta, tuple(marks))
    rest = [_wait(wait, words) for wait in waits if wait.wedding_id not in told]
    if rest:
        yield Lane("Everything else", count(len(rest), "thing"), tuple(rest))


def _wedding_day(day: date, words: Wording) -> Mark:
    first, after = _span((day - words.today).days + 1)
    return Mark(words.day(day), "The wedding", first, after, is_wedding=True)


def _wait(wait: Wait, words: Wording) -> Mark:
    first, after = _span((words.local(wait.at).date() - words.today).days + 1)
    at = capital(words.moment(wait.at))
    if wait.run_id is not None:
        return Mark(at, wait.what, first, after, url=url_for("workflows.run", run_id=wait.run_id))
    url = url_for("webhooks.endpoint", endpoint_id=wait.endpoint_id)
    return Mark(at, f"Next try: {wait.what}", first, after, url=url)


def _span(first: int) -> tuple[int, int]:
    """From a day on, wide enough for a few words, inside the fortnight."""
    begin = max(1, min(first, FORTNIGHT + 1 - _NARROWEST))
    return begin, min(begin + _WIDEST, FORTNIGHT + 1)


def _pulses(counts: Mapping[str, int], kept: Ledger) -> Iterator[Pulse]:
    overview = url_for("webhooks.overview")
    if counts["connections"] or counts["connections_needing"]:
        yield Pulse(
            "Connections",
            f"{count(counts['connections'], 'tool')} you are connected to",
            _asking(counts["connections_needing"]),
            url_for("connections.connection_list"),
        )
    yield Pulse(
        "Hooks",
        f"{count(counts['hooks'], 'address', 'addresses')} for others to tell you things",
        _asking(counts["hooks_needing"]),
        overview,
    )
    arrived = dict(kept.deliveries.places)["Arrived"]
    yield Pulse(
        "Deliveries",
        f"{number(arrived)} arrived in the last day, {number(counts['waiting'])} waiting",
        _asking(counts["endpoints_needing"]),
        overview,
    )
    paused = f", {counts['paused']} paused" if counts["paused"] else ""
    yield Pulse(
        "Workflows",
        f"{counts['on_']} on{paused}",
        _asking(counts["asking"]),
        url_for("workflows.workflow_list"),
    )


def _asking(needing: int) -> State:
    if needing == 0:
        return _WELL
    return State("needs", f"{needing} {'needs' if needing == 1 else 'need'} you")

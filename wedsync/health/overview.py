"""The health page: what is not well and what happens about it, then everything, kind by kind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from wedsync.health import figures, judging, lines
from wedsync.health.books import Ledger, ledger
from wedsync.health.judging import Health
from wedsync.health.lines import ConnectorLine, Line, Rows
from wedsync.platform.wording import Wording, capital, count, in_words, number
from wedsync.rollups import reading
from wedsync.rollups.tallies import SeriesName

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that is not well now. It is calm when nobody has to do anything."""

    icon: str
    title: str
    text: str
    url: str
    action: str
    is_calm: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page says."""

    title: str
    news: str
    figures: tuple[tuple[str, str, bool], ...]
    asks: tuple[Ask, ...]
    connections: tuple[Line, ...]
    connectors: tuple[ConnectorLine, ...]
    hooks: tuple[Line, ...]
    endpoints: tuple[Line, ...]
    workflows: tuple[Line, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.connections or self.hooks or self.endpoints or self.workflows)


def tell(organization_id: UUID, words: Wording) -> Overview:
    """How everything of an organization does, as `words.now` finds it."""
    rows = {
        "connection": figures.connections(organization_id),
        "endpoint": figures.endpoints(organization_id),
        "workflow": figures.workflows(organization_id),
    }
    counted = reading.recent(_series(organization_id, rows), words.now)
    connected = rows["connection"]
    connections = tuple(lines.connections(organization_id, connected, counted, words))
    hooks = tuple(lines.hooks(organization_id, words))
    endpoints = tuple(lines.endpoints(organization_id, rows["endpoint"], counted, words))
    workflows = tuple(lines.workflows(organization_id, rows["workflow"], counted, words))
    kept = ledger(organization_id, since=words.now - DAY)
    everything = (*connections, *hooks, *endpoints, *workflows)
    needing = sum(line.health.state == "needs_you" for line in everything)
    return Overview(
        title=_title(everything, needing),
        news=_news(kept),
        figures=_figures(kept, needing),
        asks=tuple(_asks(everything, words)),
        connections=connections,
        connectors=tuple(lines.connectors(connected, connections, counted)),
        hooks=hooks,
        endpoints=endpoints,
        workflows=workflows,
    )


def _series(organization_id: UUID, rows: Mapping[str, Rows]) -> Iterator[SeriesName]:
    """Of all these things, and of their connectors for everybody."""
    for kind, things in rows.items():
        for row in things:
            yield SeriesName(organization_id, kind, str(row.id))
    for row in rows["connection"]:
        yield SeriesName(None, "connector", row.slug)


def _title(told: Sequence[Line], needing: int) -> str:
    if needing:
        things = "thing needs" if needing == 1 else "things need"
        return f"{capital(in_words(needing))} {things} you"
    return _but_for(told, "failing", "Well, but for {}") or (
        _but_for(told, "slow", "Well, but slow in {}") or "Everything is well"
    )


def _but_for(told: Sequence[Line], state: judging.State, words: str) -> str:
    found = sum(line.health.state == state for line in told)
    if not found:
        return ""
    return words.format(f"{in_words(found)} {'place' if found == 1 else 'places'}")


def _news(kept: Ledger) -> str:
    """What came in, what became of it, and that nothing was lost."""
    return " ".join(filter(None, (_came_in(kept), _began(kept))))


def _came_in(kept: Ledger) -> str:
    unaccounted = sum(account.unaccounted for account in kept.accounts)
    lost = f"{number(unaccounted)} are not accounted for" if unaccounted else "none is lost"
    if not kept.events.total and not unaccounted:
        return "Nothing came in over the last 24 hours."
    return f"{count(kept.events.total, 'thing')} came in over the last 24 hours, {lost}."


def _began(kept: Ledger) -> str:
    if not kept.runs.total:
        return ""
    done = dict(kept.runs.places)["Done"]
    are = {0: "none is", 1: "one is"}.get(done, f"{number(done)} are")
    return f"{count(kept.runs.total, 'run')} began and {are} done."


def _figures(kept: Ledger, needing: int) -> tuple[tuple[str, str, bool], ...]:
    runs, deliveries = dict(kept.runs.places), dict(kept.deliveries.places)
    waiting = runs["About to start"] + runs["Going on"] + runs["Waiting"]
    waiting += deliveries["Waiting to be sent"] + deliveries["On their way"]
    unaccounted = sum(account.unaccounted for account in kept.accounts)
    return (
        ("Came in", number(kept.events.total), False),
        ("Runs done", number(runs["Done"]), False),
        ("Waiting", number(waiting), False),
        ("Needs you" if needing == 1 else "Need you", number(needing), needing > 0),
        ("Unaccounted for", number(unaccounted), unaccounted > 0),
    )


_SAID: dict[str, Callable[[str], str]] = {
    "needs_you": "“{}” needs you".format,
    "failing": "“{}” does not work as it should".format,
    "slow": "“{}” is slow".format,
}


def _asks(told: Sequence[Line], words: Wording) -> Iterator[Ask]:
    """What is not well, the gravest first and then the oldest."""
    unwell = [line for line in told if line.health.state in _SAID]
    gravity = judging.GRAVITY.index
    for line in sorted(
        unwell, key=lambda line: (gravity(line.health.state), line.health.since or words.now)
    ):
        needs = line.health.state == "needs_you"
        yield Ask(
            icon="rotate-clockwise" if line.health.next_at else "alert-circle",
            title=_SAID[line.health.state](line.name),
            text=_story(line.health, words),
            url=line.url,
            action="Look and mend" if needs else "Look at it",
            is_calm=not needs,
        )


def _story(health: Health, words: Wording) -> str:
    since = f"Since {words.moment(health.since)}." if health.since else ""
    calm = "Nothing for you to do." if health.next_at or health.state == "slow" else ""
    return " ".join(filter(None, (since, health.reason, health.by_itself, calm)))

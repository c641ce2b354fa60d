"""The health page: what is not well and what happens about it, then everything, kind by kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from wedsync.health import everything, judging
from wedsync.health.books import Ledger, ledger
from wedsync.health.incidents import service as incidents
from wedsync.health.incidents import stories
from wedsync.health.incidents.service import Looked
from wedsync.health.incidents.stories import Past
from wedsync.health.judging import Health
from wedsync.health.lines import ConnectorLine, Line
from wedsync.platform.wording import Wording, capital, count, in_words, number

DAY = timedelta(days=1)
_PAST_SHOWN = 5
_LOOKED_UP = 400  # a hundred of each of the four kinds are shown


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that is not well now. It is calm when nobody has to do anything.

    `incident_id` is of its incident, once that is open, and `looked_after` who said so.
    """

    icon: str
    title: str
    text: str
    url: str
    action: str
    is_calm: bool
    incident_id: UUID | None = None
    looked_after: str = ""


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
    past: tuple[Past, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.connections or self.hooks or self.endpoints or self.workflows)


def tell(organization_id: UUID, words: Wording) -> Overview:
    """How everything of an organization does, as `words.now` finds it."""
    all_of_it = everything.of(organization_id, words)
    kept = ledger(organization_id, since=words.now - DAY)
    needing = sum(line.health.state == "needs_you" for line in all_of_it.lines)
    return Overview(
        title=_title(all_of_it.lines, needing),
        news=_news(kept),
        figures=_figures(kept, needing),
        asks=tuple(_asks(organization_id, all_of_it.lines, words)),
        connections=all_of_it.connections,
        connectors=all_of_it.connectors,
        hooks=all_of_it.hooks,
        endpoints=all_of_it.endpoints,
        workflows=all_of_it.workflows,
        past=_past(organization_id, words),
    )


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


def _past(organization_id: UUID, words: Wording) -> tuple[Past, ...]:
    """The latest that are over."""
    found = incidents.latest(organization_id, is_open=False, limit=_PAST_SHOWN)
    return tuple(stories.past(looked.incident, words) for looked in found)


def _asks(organization_id: UUID, told: Sequence[Line], words: Wording) -> Iterator[Ask]:
    """What is not well, the gravest first and then the oldest."""
    unwell = [line for line in told if line.health.state in stories.IS]
    going_on = _going_on(organization_id) if unwell else {}
    gravity = judging.GRAVITY.index
    for line in sorted(
        unwell, key=lambda line: (gravity(line.health.state), line.health.since or words.now)
    ):
        needs = line.health.state == "needs_you"
        looked = going_on.get((line.kind, str(line.id)))
        yield Ask(
            icon="rotate-clockwise" if line.health.next_at else "alert-circle",
            title=stories.IS[line.health.state].format(line.name),
            text=_story(line.health, words),
            url=line.url,
            action="Look and mend" if needs else "Look at it",
            is_calm=not needs,
            incident_id=looked.incident.id if looked else None,
            looked_after=stories.looked_after(looked, words) if looked else "",
        )


def _going_on(organization_id: UUID) -> dict[tuple[str, str], Looked]:
    """Open incidents by what they are about."""
    found = incidents.latest(organization_id, is_open=True, limit=_LOOKED_UP)
    return {(each.incident.kind, each.incident.subject): each for each in found}


def _story(health: Health, words: Wording) -> str:
    since = f"Since {words.moment(health.since)}." if health.since else ""
    calm = "Nothing for you to do." if health.next_at or health.state == "slow" else ""
    return " ".join(filter(None, (since, health.reason, health.by_itself, calm)))

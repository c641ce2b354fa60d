"""How a workflow does, as its page tells it: a sentence, figures, bars with their numbers, rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from wedsync.platform.wording import (
    State,
    Wording,
    capital,
    count,
    duration,
    milliseconds,
    number,
    sentence_end,
)
from wedsync.workflows.history.performance import MEASURED, Day, Ending, Performance, StepTimes
from wedsync.workflows.words.run_words import run_state
from wedsync.workflows.words.step_lines import step_name

Figure = tuple[str, str, str]

WIDTH, HEIGHT = 320, 56
_FEW = 5
_HALF_A_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One day's runs: the whole bar, and of it the part that did not work, from the base up."""

    x: float
    width: float
    y: float
    height: float
    bad_y: float
    bad_height: float


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: what it is, how long it took in words and as a share of the slowest, and how
    often it was done, tried again, or failed."""

    name: str
    half: str
    most: str
    share: int
    said: str
    is_wait: bool


@dataclass(frozen=True, slots=True)
class EndingRow:
    """Why so many runs did not go through, the latest of them, and how to see the others."""

    title: str
    text: str
    number: str
    state: State
    latest: UUID


@dataclass(frozen=True, slots=True)
class PerformanceStory:
    """Everything the page says."""

    title: str
    news: str
    figures: tuple[Figure, ...]
    bars: tuple[Bar, ...]
    days: tuple[tuple[str, str, str, str], ...]
    shares: tuple[tuple[State, str, str], ...]
    steps: tuple[StepRow, ...]
    endings: tuple[EndingRow, ...]
    measured: str


def tell_performance(found: Performance, words: Wording) -> PerformanceStory:
    """The story of these days, for somebody who looks at `words.now`."""
    return PerformanceStory(
        title=_title(found),
        news=_news(found, words),
        figures=tuple(_figures(found)),
        bars=tuple(_bars(found.by_day)),
        days=tuple(_days(found.by_day, words)),
        shares=tuple(_shares(found)),
        steps=tuple(_steps(found.steps)),
        endings=tuple(_ending(ending) for ending in found.endings),
        measured=_measured(found.times.measured),
    )


def _measured(runs: int) -> str:
    steps = f"Steps are those of the latest {number(MEASURED)} runs at most."
    if not runs:
        return steps
    of = "the one run" if runs == 1 else f"the latest {number(runs)} runs"
    return f"Times are those of {of} that worked, without what it was told to wait for. {steps}"


def _title(found: Performance) -> str:
    if not found.started:
        return "It did not run in these days"
    went = found.share("succeeded", "filtered")
    if went in (0, 1):
        return "Every run went through" if went else "No run went through"
    return f"{capital(_share(went))} of its runs went through"


def _share(part: float) -> str:
    """`97 %`; never all or nothing where it is not."""
    percent = round(part * 100)
    if 0 < part < 1:
        percent = min(max(percent, 1), 99)
    return f"{percent} %"


def _news(found: Performance, words: Wording) -> str:
    days = found.days
    between = f"From {words.day(days.first)} to {words.day(days.last)}"
    if not found.started:
        return f"{between} nothing started it."
    bad = found.states["failed"] + found.states["needs_attention"]
    ended = f"{number(bad)} did not work or asked somebody" if bad else "none of them failed"
    return f"{between} it ran {count(found.started, 'time')}; {ended}."


def _figures(found: Performance) -> Iterator[Figure]:
    yield "Runs", number(found.started), ""
    times = found.times
    if times.half_work_ms is not None and times.most_work_ms is not None:
        yield _figure("Half within", times.half_work_ms)
        if times.measured >= _FEW:
            yield _figure("95 % within", times.most_work_ms)
    again = found.tried_again
    yield "Tried again", number(again), "time" if again == 1 else "times"


def _figure(label: str, ms: float) -> Figure:
    figure, _, unit = length(ms).rpartition(" ")
    return label, figure, unit


def length(ms: float) -> str:
    """Milliseconds as a reader compares them; from a minute on in minutes, hours and days."""
    if ms < _HALF_A_MINUTE_MS:
        return milliseconds(ms)
    return duration(timedelta(milliseconds=ms), parts=1)


def _bars(days: tuple[Day, ...]) -> Iterator[Bar]:
    most = max((day.started for day in days), default=0)
    step = WIDTH / max(len(days), 1)
    for index, day in enumerate(days):
        height = max(round(day.started / most * HEIGHT, 1), 1.0) if most else 1.0
        bad = round(day.badly / most * HEIGHT, 1) if most else 0.0
        yield Bar(
            x=round(index * step, 1),
            width=round(step * 0.7, 1),
            y=round(HEIGHT - height, 1),
            height=height,
            bad_y=round(HEIGHT - bad, 1),
            bad_height=bad,
        )


def _days(days: tuple[Day, ...], words: Wording) -> Iterator[tuple[str, str, str, str]]:
    """The numbers behind the bars, the latest day first; days without a run are left out."""
    for day in reversed(days):
        if day.started:
            said = (number(day.started), number(day.well), number(day.badly))
            yield (words.day(day.day), *said)


def _shares(found: Performance) -> Iterator[tuple[State, str, str]]:
    for state, runs in found.states.items():
        if runs:
            yield run_state(state), number(runs), _share(found.share(state))


def _steps(steps: tuple[StepTimes, ...]) -> Iterator[StepRow]:
    slowest = max((step.most_ms or 0 for step in steps if not step.is_wait), default=0)
    for step in steps:
        if step.half_ms is None and not step.failed:
            continue
        share = round((step.most_ms or 0) / slowest * 100) if slowest and not step.is_wait else 0
        yield StepRow(
            name=step_name(step.definition) if step.definition else step.step_id,
            half=length(step.half_ms) if step.half_ms is not None else "",
            most=length(step.most_ms) if step.most_ms is not None else "",
            share=min(share, 100),
            said=_done(step),
            is_wait=step.is_wait,
        )


def _done(step: StepTimes) -> str:
    said = [f"done {count(step.done, 'time')}"] if step.done else []
    if step.tried_again:
        said.append(f"{number(step.tried_again)} needed another try")
    if step.failed:
        said.append(f"did not work {count(step.failed, 'time')}")
    return ", ".join(said)


def _ending(ending: Ending) -> EndingRow:
    named = f"“{step_name(ending.definition)}”" if ending.definition else ""
    titles = {
        "failed": f"{named or 'It'} did not work",
        "needs_attention": f"{named or 'It'} waits for somebody",
        "stopped": "Somebody stopped it" if not named else f"It was stopped at {named}",
        "filtered": f"{named or 'It'} found nothing to do",
    }
    title = titles[ending.state]
    return EndingRow(
        title=title,
        text=_why(ending.message, title),
        number=count(ending.number, "run"),
        state=run_state(ending.state),
        latest=ending.latest,
    )


def _why(message: str, title: str) -> str:
    """The reason without what the title says already."""
    return sentence_end(capital(message.removeprefix(f"{title}: "))) if message else ""

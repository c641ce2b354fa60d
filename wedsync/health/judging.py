"""How something does: five words, each with its reason, since when, and what happens by itself.

Pure functions from figures to a `Health`. What decides is one table, `THRESHOLDS`; all figures
are of the last 24 hours unless they say otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wedsync.health.measures import (
    ConnectionFigures,
    EndpointFigures,
    HookFigures,
    Pace,
    WorkflowFigures,
)
from wedsync.platform.wording import (
    Wording,
    capital,
    count,
    in_words,
    number,
)

State = Literal["well", "slow", "failing", "needs_you", "off"]

GRAVITY: tuple[State, ...] = ("needs_you", "failing", "slow", "well", "off")
"""The gravest first. What is off is nobody's concern, so it stands last."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From where on it is said.

    `fewest` attempts make a share mean something; `failing` is the share that did not work;
    `slow_ms` what one attempt in twenty takes longer than; `late` how long due things may wait.
    """

    fewest: int
    failing: float
    slow_ms: float
    late: timedelta


THRESHOLDS = {
    "connection": Threshold(fewest=5, failing=0.25, slow_ms=10_000, late=timedelta(minutes=5)),
    "endpoint": Threshold(fewest=5, failing=0.25, slow_ms=5_000, late=timedelta(minutes=5)),
    "workflow": Threshold(fewest=5, failing=0.25, slow_ms=float("inf"), late=timedelta(minutes=5)),
}


@dataclass(frozen=True, slots=True)
class Health:
    """A judgement. `reason` and `by_itself` are sentences; `next_at` is when we try again.

    It `only_asks` where somebody is waited for and nothing went wrong.
    """

    state: State
    reason: str
    since: datetime | None = None
    by_itself: str = ""
    next_at: datetime | None = None
    only_asks: bool = False

    @property
    def is_trouble(self) -> bool:
        """Whether something went wrong and still is."""
        return self.state in ("needs_you", "failing", "slow") and not self.only_asks


def connection(figures: ConnectionFigures, words: Wording) -> Health:
    """How a connection does."""
    if figures.state in ("revoked", "deleted"):
        return Health("off", "It is disconnected.", figures.since)
    if figures.state == "paused":
        return Health("off", "It is paused: nothing goes through it.", figures.since)
    if figures.state == "pending" and not figures.reason:
        return Health("off", "It was begun and is not finished yet.", figures.since)
    if figures.state in ("needs_reauth", "pending"):
        again = "They do not know us any more. Connect again."
        return Health(
            "needs_you",
            figures.reason or again,
            figures.since,
            _goes_on(figures.waiting),
            only_asks=figures.state == "pending",
        )
    if figures.state == "degraded" or figures.refresh_failures:
        reason = figures.reason or "They do not answer when we renew our permission."
        by_itself = f"We try again {_when(figures.next_at, words)}."
        return Health("failing", reason, figures.since, by_itself, figures.next_at)
    threshold = THRESHOLDS["connection"]
    idle = "Nothing had to go through it."
    return _by_pace(figures.lately, threshold, _tried(figures.pace, threshold) or idle)


def endpoint(figures: EndpointFigures, words: Wording) -> Health:
    """How an endpoint does."""
    if figures.state == "off":
        return Health("off", "It is off: nothing is sent.")
    if figures.state == "disabled":
        gone = "They answered that this address is gone, so we stopped sending."
        silent = "Nothing has arrived there for days, so we stopped sending."
        reason = gone if figures.reason == "gone" else silent
        return Health("needs_you", reason, figures.failing_since, _kept(figures.waiting))
    if figures.failing_since is not None:
        return Health(
            "failing",
            "They do not take what we send.",
            figures.failing_since,
            _trying(figures.waiting, figures.next_at, words),
            figures.next_at,
        )
    threshold = THRESHOLDS["endpoint"]
    idle = "Nothing had to be sent."
    return _late(figures.due_since, threshold, words) or _by_pace(
        figures.lately, threshold, _tried(figures.pace, threshold) or idle
    )


def hook(figures: HookFigures, words: Wording) -> Health:
    """How a hook does."""
    if figures.state == "off":
        return Health("off", "It is off: whoever posts here finds nothing.")
    if figures.subscription in ("unwanted", "gone"):
        return Health("off", "Its connection is over, and they were told to stop sending.")
    if figures.subscription in ("wanted", "failed", "by_hand"):
        told = _subscription(figures, words)
        if told is not None:
            return told
    if figures.state == "needs_secret":
        reason = "It has no secret yet, so nothing is taken."
        return Health("needs_you", reason, figures.made_at, only_asks=True)
    if _refuses_lately(figures, words.now):
        lately = f"The latest thing that came in was refused: {_lower(figures.refused_as)}."
        compare = "If this lasts, compare its secret with the sender's."
        return Health("failing", f"{lately} {compare}", figures.refused_at)
    if figures.seen_at is None:
        return Health("well", "Nothing has come in yet.")
    return Health("well", f"{count(figures.taken, 'request')} came in.")


def workflow(figures: WorkflowFigures, words: Wording) -> Health:
    """How a workflow does. What failed needs somebody until it is taken up again."""
    if figures.asking or figures.failed:
        since = min(filter(None, (figures.asking_since, figures.failed_since)), default=None)
        said = " ".join(filter(None, (_asks(figures.asking), _did_not_work(figures.failed))))
        return Health("needs_you", said, since, only_asks=not figures.failed)
    if not figures.is_published:
        return Health("off", "It is not published yet.")
    if figures.state != "on":
        paused = "It is paused: what comes in waits."
        return Health("off", paused if figures.state == "paused" else "It is off.")
    return _late(figures.due_since, THRESHOLDS["workflow"], words) or _by_pace(
        figures.lately, THRESHOLDS["workflow"], _done(figures.pace), "runs"
    )


def connector(lately: Pace, day: Pace) -> Health:
    """How a connector does for everybody together."""
    threshold = THRESHOLDS["connection"]
    return _by_pace(lately, threshold, _tried(day, threshold) or "Nothing went through it.")


def worst(healths: Iterable[Health]) -> Health:
    """The gravest; of two alike the first. Raises ValueError when there is none."""
    return min(healths, key=lambda health: GRAVITY.index(health.state))


def _by_pace(pace: Pace, threshold: Threshold, well: str, what: str = "tries") -> Health:
    if pace.attempts >= threshold.fewest and pace.failed_share >= threshold.failing:
        failed = pace.attempts - pace.succeeded
        reason = f"{number(failed)} of {number(pace.attempts)} {what} {pace.within} did not work."
        return Health("failing", reason, by_itself="What can be tried again is.")
    if pace.attempts >= threshold.fewest and (pace.most_ms or 0) > threshold.slow_ms:
        return Health("slow", "They take long to answer.", by_itself="Nothing is lost by it.")
    return Health("well", well)


def _late(since: datetime | None, threshold: Threshold, words: Wording) -> Health | None:
    if since is None or words.now - since < threshold.late:
        return None
    reason = "What is due waits longer than it should."
    return Health("slow", reason, since, "It is done in order, as fast as we can.")


def _subscription(figures: HookFigures, words: Wording) -> Health | None:
    if figures.subscription == "failed":
        could_not = "We could not tell them where to send."
        return Health("needs_you", figures.subscription_error or could_not, figures.made_at)
    if figures.subscription == "by_hand":
        if figures.seen_at is not None and figures.state != "needs_secret":
            return None
        reason = "They have to be told this address by you; until then nothing comes in."
        return Health("needs_you", reason, figures.made_at, only_asks=True)
    if figures.subscription_error:
        by_itself = f"We try again {_when(figures.next_at, words)}."
        return Health(
            "failing", figures.subscription_error, figures.made_at, by_itself, figures.next_at
        )
    return Health("well", "We are telling them where to send.")


def _refuses_lately(figures: HookFigures, now: datetime) -> bool:
    at = figures.refused_at
    if at is None or now - at > timedelta(days=1):
        return False
    return figures.seen_at is None or figures.seen_at < at


def _goes_on(waiting: int) -> str:
    if waiting == 0:
        return ""
    one = waiting == 1
    runs = (
        "One run waits for it and goes" if one else f"{_capital(waiting)} runs wait for it and go"
    )
    return f"{runs} on once it is mended."


def _kept(waiting: int) -> str:
    if waiting == 0:
        return ""
    return "One delivery is kept." if waiting == 1 else f"{_capital(waiting)} deliveries are kept."


def _trying(waiting: int, next_at: datetime | None, words: Wording) -> str:
    if waiting == 0:
        return "Nothing waits to be sent."
    one = waiting == 1
    tried = "One delivery is tried" if one else f"{_capital(waiting)} deliveries are tried"
    return f"{tried} again {_when(next_at, words)}."


def _when(at: datetime | None, words: Wording) -> str:
    return words.at(at) if at is not None and at > words.now else "in a moment"


def _tried(pace: Pace, threshold: Threshold) -> str:
    if not pace.attempts:
        return ""
    if pace.attempts < threshold.fewest and pace.succeeded < pace.attempts:
        worked = number(pace.succeeded) if pace.succeeded else "none"
        return f"Too few tries yet to judge: {number(pace.attempts)}, {worked} worked."
    return f"{number(pace.succeeded)} of {count(pace.attempts, 'try', 'tries')} worked."


def _done(pace: Pace) -> str:
    if not pace.attempts:
        return "It did not happen."
    return f"{number(pace.succeeded)} of {count(pace.attempts, 'run')} worked."


def _asks(value: int) -> str:
    if value == 0:
        return ""
    return f"{'One run asks' if value == 1 else f'{_capital(value)} runs ask'} you to decide."


def _did_not_work(value: int) -> str:
    return f"It did not work {_times(value)}. What was done before stays done." if value else ""


def _times(value: int) -> str:
    return {1: "once", 2: "twice"}.get(value, f"{in_words(value)} times")


def _capital(value: int) -> str:
    return capital(in_words(value))


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

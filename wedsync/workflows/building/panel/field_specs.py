"""What can be set of every kind of step and of trigger: name, title and kind of each field.

The inputs of actions are in `input_fields`, since they come from manifests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from wedsync.workflows.building.panel.field import Choice, FieldKind, Part
from wedsync.workflows.engine.anchors import ANCHORS
from wedsync.workflows.engine.limits import (
    MAX_ATTEMPTS,
    MAX_DELAY_S,
    MAX_FACTOR,
    MAX_ITEMS,
    MAX_LABEL,
    MAX_NOTE,
    MAX_PARALLEL,
    MAX_POLL_S,
    MAX_TIMEOUT_S,
    MAX_WAIT_S,
    MIN_POLL_S,
    MIN_REMIND_S,
)
from wedsync.workflows.engine.retry import DEFAULTS
from wedsync.workflows.engine.steps.action import DEFAULT_ON_UNSURE, DEFAULT_TIMEOUT_S
from wedsync.workflows.engine.steps.approval import DEFAULT_ON_EXPIRY
from wedsync.workflows.engine.steps.for_each import DEFAULT_PARALLEL


@dataclass(frozen=True, slots=True)
class Spec:
    """A field before it is filled in. `default` is what holds where nothing is written; `least`
    and `most` bound numbers, lengths of time (seconds) and texts (characters); `enum` are the
    values behind the choices where they are not all texts."""

    name: str
    title: str
    kind: FieldKind
    help: str = ""
    required: bool = False
    choices: tuple[Choice, ...] = ()
    default: Any = None
    least: float | None = None
    most: float | None = None
    whole: bool = False
    takes_data: bool = False
    example: str = ""
    part: Part = "main"
    enum: tuple[Any, ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """The way to it in the step; the name of an input may hold dots."""
        if self.name.startswith("input."):
            return ("input", self.name.removeprefix("input."))
        return tuple(self.name.split("."))


def _choices(**words: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, said) for value, said in words.items())


_LATE = _choices(
    run="do it at once", skip="leave it out and end here", ask="ask me what should happen"
)
_ANCHORS = tuple(Choice(name, f"{said[:1].upper()}{said[1:]}") for name, said in ANCHORS.items())

COMMON = (
    Spec("label", "What you call this step", "text", most=MAX_LABEL, part="more"),
    Spec("note", "Note for your team", "long_text", most=MAX_NOTE, part="more"),
    Spec("off", "Turned off", "switch", "It is passed over, as if it were not there.", part="more"),
)
"""Of every step."""

AFTER_INPUT = (
    Spec(
        "on_error.then", "If it fails", "choice", default="stop", part="if_it_fails",
        choices=_choices(
            stop="stop here and tell me", **{"continue": "go on without it"},
            steps="do other steps, which you add below it",
        ),
    ),
    Spec(
        "on_error.retry.attempts", "Tried how often", "number", least=1, most=MAX_ATTEMPTS,
        whole=True, default=DEFAULTS["attempts"], part="if_it_fails",
    ),
    Spec(
        "on_error.retry.first_delay_s", "Tried again after", "duration", least=0, most=MAX_DELAY_S,
        default=DEFAULTS["first_delay_s"], part="if_it_fails",
    ),
    Spec(
        "on_error.retry.factor", "Then each time longer by", "number", least=1, most=MAX_FACTOR,
        help="3 waits three times as long before each further try.",
        default=DEFAULTS["factor"], part="if_it_fails",
    ),
    Spec(
        "on_error.retry.max_delay_s", "But never longer than", "duration", least=0,
        most=MAX_DELAY_S, default=DEFAULTS["max_delay_s"], part="if_it_fails",
    ),
    Spec(
        "on_unsure", "If nobody can tell whether it happened", "choice", default=DEFAULT_ON_UNSURE,
        choices=_choices(
            ask="ask me", retry="do it again, even if it may happen twice",
            skip="take it as done and go on",
        ),
        part="if_it_fails",
    ),
    Spec(
        "timeout_s", "Give up on an answer after", "duration", least=1, most=MAX_TIMEOUT_S,
        default=DEFAULT_TIMEOUT_S, part="if_it_fails",
    ),
)  # fmt: skip
"""Of an action, after what it is given."""

_ANCHORED = (
    Spec("offset_days", "How many days before or after", "day_offset", required=True,
         example="14 days before"),
    Spec("anchor", "Counted from", "choice", required=True, choices=_ANCHORS),
    Spec("at", "At", "time", "As clocks at the wedding show it.", required=True, example="09:00"),
    Spec("late", "If that time has passed already", "choice", required=True, choices=_LATE),
)  # fmt: skip

WAY = Spec(
    "way", "Wait", "choice", required=True,
    choices=_choices(
        seconds="for a length of time", anchor="for a date of the wedding",
        event="until something happens", until="until a time from the data",
    ),
)  # fmt: skip

WAYS: Mapping[str, tuple[Spec, ...]] = MappingProxyType(
    {
        "seconds": (
            Spec("seconds", "For how long", "duration", required=True, least=1, most=MAX_WAIT_S,
                 example="3 days"),
        ),
        "until": (
            Spec("until", "Until", "moment", "A day, with a time or without.", required=True,
                 takes_data=True, example="12 June 2027 at 09:00"),
        ),
        "anchor": _ANCHORED,
        "event": (
            Spec("event.event_type", "Until this happens", "event_type", required=True),
            Spec("event.match", "And it is about", "key_values",
                 "A name in what comes in, such as data.guest.id, and what must stand there.",
                 takes_data=True),
            Spec("event.timeout_s", "Wait at most", "duration", "For ever, if this is empty.",
                 least=1, most=MAX_WAIT_S, example="2 weeks"),
        ),
    }
)  # fmt: skip
"""The fields of each way to wait."""

STEPS: Mapping[str, tuple[Spec, ...]] = MappingProxyType(
    {
        "filter": (Spec("when", "Go on only if", "condition", required=True),),
        "set": (
            Spec("values", "What to note", "key_values", required=True, takes_data=True),
        ),
        "for_each": (
            Spec("items", "Go through", "data", "A list.", required=True, takes_data=True),
            Spec("batch_size", "How many together", "number", default=1, least=1, most=MAX_ITEMS,
                 whole=True, part="more"),
            Spec("parallel", "How many at the same time", "number", default=DEFAULT_PARALLEL,
                 least=1, most=MAX_PARALLEL, whole=True, part="more"),
        ),
        "approval": (
            Spec("ask", "What do you ask?", "long_text", required=True, takes_data=True,
                 most=MAX_NOTE),
            Spec("who", "Whom?", "person", required=True, takes_data=True),
            Spec("remind_after_s", "Remind after", "duration", least=MIN_REMIND_S, most=MAX_WAIT_S,
                 example="1 day"),
            Spec("then_ask", "Then ask also", "person", takes_data=True),
            Spec("expires_after_s", "Wait for an answer at most", "duration",
                 "For ever, if this is empty.", least=MIN_REMIND_S, most=MAX_WAIT_S,
                 example="1 week"),
            Spec("on_expiry", "If nobody answers in time", "choice", default=DEFAULT_ON_EXPIRY,
                 choices=_choices(approve="take it as a yes", refuse="take it as a no",
                                  stop="stop here")),
        ),
        "call": (
            Spec("workflow", "Which workflow?", "workflow", required=True),
            Spec("input", "What it is given", "key_values", takes_data=True),
            Spec("wait", "Wait until it is done", "switch"),
        ),
        "stop": (
            Spec("outcome", "It ends", "choice", required=True,
                 choices=_choices(done="as done", failed="as failed")),
            Spec("reason", "Because", "long_text", most=MAX_NOTE),
        ),
    }
)  # fmt: skip
"""Of kinds of step whose fields do not depend on what stands in them."""

_INPUT = (Spec("input", "What to ask for", "inputs"),)

TRIGGERS: Mapping[str, tuple[Spec, ...]] = MappingProxyType(
    {
        "event": (
            Spec("source", "Where it comes from", "source", required=True),
            Spec("event_type", "What happens", "event_type", required=True),
            Spec("filter", "Only if", "condition"),
        ),
        "webhook": (Spec("hook", "Which hook?", "hook", required=True),),
        "schedule": (
            Spec("cron", "When", "schedule", required=True, example="every weekday at 09:00"),
            Spec("zone", "Time zone", "zone", required=True, example="Europe/London"),
            Spec("missed", "If a time was missed", "choice", required=True,
                 choices=_choices(skip="leave it out", once="do it once, late")),
        ),
        "wedding_date": _ANCHORED,
        "poll": (
            Spec("connection", "Which account?", "connection", required=True),
            Spec("stream", "Which list?", "stream", required=True),
            Spec("every_s", "Look every", "duration", required=True, least=MIN_POLL_S,
                 most=MAX_POLL_S, example="15 minutes"),
        ),
        "manual": _INPUT,
        "workflow": _INPUT,
    }
)  # fmt: skip


def way_of(step: Mapping[str, Any]) -> str:
    """How a wait waits; empty while that is not chosen."""
    ways = ("anchor", "event", "until", "seconds")
    return next((way for way in ways if step.get(way) is not None), "")

"""One thing the panel of a step, or of what starts the workflow, lets a person set."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

FieldKind: TypeAlias = Literal[
    "text",  # one line
    "long_text",  # several lines
    "number",
    "choice",
    "switch",  # `yes` or `no`
    "data",  # one value
    "list",  # a value, or its parts one below the other
    "any",  # a value, or a text or number as typed
    "duration",  # `3 days`
    "day_offset",  # `14 days before`
    "time",  # `09:00`
    "moment",  # `12 June 2027 at 09:00`, or one value
    "zone",
    "schedule",  # `every weekday at 09:00`
    "connection",
    "workflow",
    "hook",
    "source",
    "event_type",
    "stream",
    "person",  # `role:owner`, `user:<id>` or an e-mail address
    "key_values",  # rows of a name and a value
    "inputs",  # rows of a name and what kind of value is asked for
    "condition",  # its rows are set elsewhere; told in words, never typed
    "action",  # what the step does; chosen in the step picker
]

Part: TypeAlias = Literal["main", "if_it_fails", "more"]


@dataclass(frozen=True, slots=True)
class Choice:
    """`value` is what a form sends, `words` what people read."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of named values, both sides as typed."""

    name: str
    typed: str


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is the form's name and the dotted path of the step; `typed` what stands in the field.

    `takes_data`: values may stand in it as `[guest name]`. `example` is shown while it is empty.
    `part` says under which heading of the panel it stands; `error` what is wrong with it.
    `is_listed`: what it takes can also be chosen from a list at the account (`account_choices`),
    and `chosen` is what that list calls what stands there.
    """

    name: str
    title: str
    kind: FieldKind
    typed: str = ""
    help: str = ""
    required: bool = False
    choices: tuple[Choice, ...] = ()
    rows: tuple[Row, ...] = ()
    takes_data: bool = False
    example: str = ""
    part: Part = "main"
    error: str | None = None
    is_listed: bool = False
    chosen: str = ""

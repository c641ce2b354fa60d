"""What every kind of step answers, so that the engine knows no kind by name."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.reading import Path
from wedsync.workflows.engine.walk import CompiledStep
from wedsync.workflows.engine.words import clip

InputCheck = Callable[[Mapping[str, Any]], Sequence[tuple[str, str, str]]]


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """What validation and sentences know of one action.

    `key` is `connector.action`. `required` names the inputs that must be given; `fields` all that
    may be (None: any). `effect` is the word, or asked of the input as written. `sentence` is a
    template whose `{input}` slots are filled with words ("Send {event_type}"); `{told}` says all of
    the inputs in `told` that are given, by what each is called there. `check` looks at the input as
    written and gives `(field, message, fix)` for each problem it knows of.
    """

    key: str
    label: str
    required: Sequence[str] = ()
    fields: Sequence[str] | None = None
    effect: str | Callable[[Mapping[str, Any]], str] = "once"
    sentence: str | None = None
    check: InputCheck | None = None
    told: Mapping[str, str] = field(default_factory=dict)


Actions = Mapping[str, ActionInfo]


@dataclass(frozen=True, slots=True)
class Child:
    """A list of steps inside a step: the words that lead to it, and where it lies. Those of a
    loop happen once for `each` item."""

    label: str
    told: Callable[[], str]
    field: str
    steps: Any
    each: bool = False

    @property
    def lead(self) -> str:
        """Put into words when somebody reads them: lists of steps are gone through far oftener."""
        return self.told()


class Compiler(Protocol):
    """Given to a kind while it compiles a step."""

    def steps(self, steps: Any, then: str | None) -> str | None:
        """Compile a list of steps after which the flow goes on at `then`; gives its first id."""

    def body(self, loop: str, steps: Any) -> str | None:
        """Compile the steps inside a loop, after which the item is over; gives the first id, None
        when all of them are turned off."""

    def inside(self, loop: str) -> tuple[str, ...]:
        """The steps inside a loop whose body is compiled, in no order."""

    def compiled_step(self, step: str) -> CompiledStep: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of step.

    `fields` are its own beside `id, kind, label, note, off`, with those `required`. `check` looks
    at one step; `children` are its lists of steps; `phrase` says what it does ("send the welcome"),
    also of an unfinished draft; `reads` are the paths of the wedding it reads. A kind that
    `splits` is told by its branches alone; after one that `ends` nothing in the same list happens.
    """

    name: str
    required: frozenset[str]
    fields: frozenset[str]
    check: Callable[[Field, Actions | None], None]
    compile: Callable[[Mapping[str, Any], str | None, Compiler], CompiledStep]
    phrase: Callable[[Mapping[str, Any], Actions], str]
    children: Callable[[Mapping[str, Any]], Iterator[Child]] = lambda step: iter(())
    reads: Callable[[Mapping[str, Any]], Iterable[Path]] = lambda step: ()
    splits: bool = False
    ends: bool = False


def title_of(step: Mapping[str, Any]) -> str:
    """What people call a step: its label, else its id."""
    label = step.get("label")
    return clip(label) if isinstance(label, str) and label.strip() else str(step.get("id"))


def is_off(step: Any) -> bool:
    """Whether a step is turned off: it is passed over with all that is inside it."""
    return mapping(step).get("off") is True


def all_off(steps: Any) -> bool:
    """Whether there are steps, and none of them is on."""
    return bool(sequence(steps)) and all(is_off(step) for step in sequence(steps))


def mapping(value: Any) -> Mapping[str, Any]:
    """The value when it is an object, else an empty one: drafts may hold anything."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def text(value: Any, otherwise: str = "") -> str:
    return clip(value) if isinstance(value, str) and value.strip() else otherwise

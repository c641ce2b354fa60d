"""How a function is described: once, for the picker, for validation, for words and for running."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from wedsync.workflows.engine.functions.kinds import ANY, YES_NO, Kind, Unusable

MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Argument:
    """One thing a function is given; the last may be `several`."""

    name: str
    kind: Kind
    default: Any = MISSING
    several: bool = False

    @property
    def needed(self) -> bool:
        return self.default is MISSING and not self.several

    @property
    def words(self) -> str:
        return self.name.replace("_", " ")


def optional(kind: Kind, default: Any = None) -> tuple[Kind, Any]:
    return kind, default


def several(kind: Kind) -> tuple[Kind, str]:
    return kind, "several"


@dataclass(frozen=True, slots=True)
class Example:
    """A call as written, and what it gives."""

    given: tuple[Any, ...]
    gives: Any


@dataclass(frozen=True, slots=True)
class Function:
    """`name` is `<group>.<verb>` and frozen for format 1; `label` is what a person picks; `about`
    says what it gives. `verb` names how a test reads in a condition (`clauses.VERBS`), `says` is
    how anything else does (`{0}`: its first argument). `reads` are the fields of the wedding it
    looks at when it is given one."""

    name: str
    label: str
    about: str
    arguments: tuple[Argument, ...]
    gives: Kind
    example: Example
    run: Callable[..., Any]
    verb: str | None = None
    says: str = "{0}"
    reads: tuple[str, ...] = ()
    fewest: int = field(init=False)
    most: float = field(init=False)

    def __post_init__(self) -> None:
        endless = bool(self.arguments) and self.arguments[-1].several
        object.__setattr__(self, "fewest", sum(argument.needed for argument in self.arguments))
        object.__setattr__(self, "most", inf if endless else len(self.arguments))

    def __call__(self, given: Sequence[Any]) -> Any:
        """The result as JSON; raises `Unusable` with a whole sentence.

        A test of something that is not there (`None`) is not fulfilled, rather than an error.
        """
        if fault := self.count_fault(len(given)):
            raise Unusable(fault)
        if self.gives is YES_NO and given and given[0] is None and not self._of_nothing:
            return False
        values = self._read(given)
        try:
            return self.run(*values)
        except Unusable as fault:
            raise Unusable(f"{str(fault).rstrip('.')}.") from None

    @property
    def _of_nothing(self) -> bool:
        return self.arguments[0].kind.reads_nothing

    def _read(self, given: Sequence[Any]) -> list[Any]:
        values = [self._one(self.argument_at(place), value) for place, value in enumerate(given)]
        values.extend(
            argument.default for argument in self.arguments[len(given) :] if not argument.several
        )
        return values

    def _one(self, argument: Argument, value: Any) -> Any:
        if value is None and argument.default is not MISSING:
            return argument.default
        if value is None and not argument.kind.reads_nothing:
            raise Unusable(f"{self._needs(argument)} and was given nothing.")
        try:
            return argument.kind.read(value)
        except Unusable as fault:
            raise Unusable(f"{self._needs(argument)}: {str(fault).rstrip('.')}.") from None

    def _needs(self, argument: Argument) -> str:
        return f"“{self.name}” needs {argument.kind.words} for “{argument.words}”"

    def argument_at(self, place: int) -> Argument:
        return self.arguments[min(place, len(self.arguments) - 1)]

    def count_fault(self, count: int) -> str | None:
        """A sentence when a call has too few or too many arguments."""
        if self.fewest <= count <= self.most:
            return None
        wanted = ", ".join(f"“{argument.words}”" for argument in self.arguments)
        return f"“{self.name}” is not given what it needs: {wanted or 'nothing'}."

    def literal_fault(self, place: int, value: Any) -> str | None:
        """A sentence when a value written into the text could never be used there."""
        argument = self.argument_at(place)
        if value is None or argument.kind is ANY:
            return None
        try:
            self._one(argument, value)
        except Unusable as fault:
            return str(fault)
        return None


class Group:
    """The functions of one prefix, described where they are written."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.functions: list[Function] = []

    def function(
        self,
        label: str,
        gives: Kind,
        *example: Any,
        verb: str | None = None,
        says: str = "{0}",
        reads: tuple[str, ...] = (),
        **takes: Kind | tuple[Kind, Any],
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Describe the decorated function; the last of `example` is its result."""
        arguments = tuple(_argument(name, taken) for name, taken in takes.items())

        def describe(run: Callable[..., Any]) -> Callable[..., Any]:
            self.functions.append(
                Function(
                    name=f"{self.prefix}.{run.__name__.rstrip('_')}",
                    label=label,
                    about=inspect.cleandoc(run.__doc__ or ""),
                    arguments=arguments,
                    gives=gives,
                    example=Example(tuple(example[:-1]), example[-1]),
                    run=run,
                    verb=verb,
                    says=says,
                    reads=reads,
                )
            )
            return run

        return describe


def _argument(name: str, taken: Kind | tuple[Kind, Any]) -> Argument:
    if isinstance(taken, Kind):
        return Argument(name, taken)
    kind, default = taken
    if default == "several":
        return Argument(name, kind, several=True)
    return Argument(name, kind, default)

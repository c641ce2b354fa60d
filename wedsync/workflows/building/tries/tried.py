"""What a try came to, as a page tells it: step by step, in words."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from wedsync.workflows.engine.steps.kind import mapping, sequence

TriedState = Literal["would", "went_on", "ended", "failed", "unfinished"]
"""`would`: it is something that is done; `went_on`: it only leads on; `ended`: all ended here;
`failed`: it did not work, or would not; `unfinished`: it cannot be tried before it is filled in."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TriedStep:
    """One step in its turn. `place` is the number of the item of a loop it was tried for (`2`, or
    `2, 1` in a loop inside a loop), empty outside. `rows` are what it is given, by name, `others`
    the branches not taken and why not, `until` what it would wait for."""

    id: str
    name: str
    state: TriedState
    words: str
    place: str = ""
    why: str = ""
    rows: tuple[Pair, ...] = ()
    others: tuple[Pair, ...] = ()
    problems: tuple[str, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """A whole try with one couple. `ended` says how it went out; `problems` are those of no step.
    `outputs` are what the steps gave, as the steps beside them read it; a page needs them not."""

    sample_name: str
    steps: tuple[TriedStep, ...] = ()
    problems: tuple[str, ...] = ()
    ended: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False)


def written(tried: Tried) -> dict[str, Any]:
    """A try as its row keeps it."""
    return {
        "sample_name": tried.sample_name,
        "steps": [_written_step(step) for step in tried.steps],
        "problems": list(tried.problems),
        "ended": tried.ended,
    }


def read(told: Any) -> Tried:
    """What `written` wrote; what an earlier release wrote otherwise is left out."""
    kept = mapping(told)
    return Tried(
        sample_name=str(kept.get("sample_name", "")),
        steps=tuple(_read_step(step) for step in sequence(kept.get("steps"))),
        problems=tuple(map(str, sequence(kept.get("problems")))),
        ended=str(kept.get("ended", "")),
    )


def _written_step(step: TriedStep) -> dict[str, Any]:
    return {
        **asdict(step),
        "rows": [list(row) for row in step.rows],
        "others": [list(other) for other in step.others],
        "problems": list(step.problems),
        "until": step.until.isoformat() if step.until else None,
    }


def _read_step(kept: Any) -> TriedStep:
    said = mapping(kept)
    until = said.get("until")
    return TriedStep(
        id=str(said.get("id", "")),
        name=str(said.get("name", "")),
        state=said.get("state", "would"),
        words=str(said.get("words", "")),
        place=str(said.get("place", "")),
        why=str(said.get("why", "")),
        rows=_pairs(said.get("rows")),
        others=_pairs(said.get("others")),
        problems=tuple(map(str, sequence(said.get("problems")))),
        until=datetime.fromisoformat(until) if isinstance(until, str) else None,
    )


def _pairs(kept: Any) -> tuple[Pair, ...]:
    return tuple((str(name), str(words)) for name, words in sequence(kept))

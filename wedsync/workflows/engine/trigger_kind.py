"""What every kind of trigger answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.engine.problems import Field

Names = Mapping[str, str]
IsOurs = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class TriggerKind:
    """One kind of trigger; `words` says when it starts ("When …", without the end)."""

    name: str
    required: frozenset[str]
    fields: frozenset[str]
    check: Callable[[Field, IsOurs | None], None]
    words: Callable[[Mapping[str, Any], Names], str]

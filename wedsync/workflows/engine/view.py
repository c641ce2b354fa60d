"""What expressions see during one advance: the caller's scope and what this advance added."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from datalogic_py import DataHandle, DataLogicError

from wedsync.workflows.engine.expressions import EvaluationFailed

SIGHTS = ("trigger", "steps", "wedding", "item", "index", "run", "now")
"""The first words a path may begin with."""


class View:
    """The scope of one advance. Never changes the mapping it was made from.

    datalogic wants the data as a handle, a copy of the whole scope; the handle is kept until an
    expression reads a step whose output arrived after it was made.
    """

    def __init__(self, scope: Mapping[str, Any], now: datetime) -> None:
        steps = scope.get("steps")
        self._steps: dict[str, Any] = dict(steps) if isinstance(steps, Mapping) else {}
        self._data = {name: scope.get(name) for name in SIGHTS}
        self._data["steps"] = self._steps
        self._data["now"] = instant(now)
        self._handle: DataHandle | None = None
        self._newer: set[str] = set()

    def learn(self, step: str, output: Any) -> None:
        """Let later expressions read what a step gave."""
        self._steps[step] = output
        self._newer.add(step)

    def handle(self, reads: frozenset[str] | None) -> DataHandle:
        """The data for an expression that reads these steps (None: perhaps any)."""
        outdated = self._newer if reads is None else self._newer & reads
        if self._handle is None or outdated:
            try:
                self._handle = DataHandle(self._data)
            except DataLogicError as error:
                raise EvaluationFailed("The data holds something that is not JSON.") from error
            self._newer.clear()
        return self._handle


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC to the millisecond; a moment without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""What expressions see during one advance: the caller's scope and what this advance added."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from datalogic_py import DataHandle, DataLogicError

from wedsync.workflows.engine.expressions import EvaluationFailed, Reads, picked

SIGHTS = ("trigger", "steps", "wedding", "item", "index", "run", "now")
"""The first words a path may begin with."""


class View:
    """The scope of one advance. Never changes the mapping it was made from.

    datalogic wants the data as a handle, a copy. What a calculation reads is known, so only that
    is copied; for one that may read anything the whole is, and kept until a step gives more.
    """

    def __init__(self, scope: Mapping[str, Any], now: datetime) -> None:
        steps = scope.get("steps")
        self._scope = scope
        self._now = now
        self._steps: dict[str, Any] = dict(steps) if isinstance(steps, Mapping) else {}
        self._whole: DataHandle | None = None

    def learn(self, step: str, output: Any) -> None:
        """Let later expressions read what a step gave."""
        self._steps[step] = output
        self._whole = None

    def handle(self, reads: Reads | None) -> DataHandle:
        """The data for a calculation that reads this of it (None: perhaps anything)."""
        if reads is not None:
            return _handle({name: self._part(name, reads[name]) for name in reads})
        if self._whole is None:
            self._whole = _handle({name: self._part(name, None) for name in SIGHTS})
        return self._whole

    def _part(self, name: str, reads: Reads | None) -> Any:
        if name == "now":
            return instant(self._now)
        found = self._steps if name == "steps" else self._scope.get(name)
        return found if reads is None else picked(found, reads)


def _handle(data: Mapping[str, Any]) -> DataHandle:
    try:
        return DataHandle(data)
    except DataLogicError as error:
        raise EvaluationFailed("The data holds something that is not JSON.") from error


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC to the millisecond; a moment without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""The switches for faults, and the counters tests judge by. Both live in memory only."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args, get_origin

from wedsync.sandbox.refusals import wrong

HTTP_ANSWERS = ("500", "429", "html", "drop")
CONSENT_ANSWERS = ("error_page", "server_error")
SMTP_ANSWERS = ("busy", "refuse", "drop", "auth")
LEFT_OUT = ("expires_in", "refresh_token")
_CHOICES = {
    "api_answers": HTTP_ANSWERS,
    "token_answers": HTTP_ANSWERS,
    "consent_answers": CONSENT_ANSWERS,
    "smtp_answers": SMTP_ANSWERS,
}
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Faults:
    """README.md says what each does."""

    api_slow_s: float = 0.0
    api_answers: str | None = None
    api_times: int | None = None
    api_path: str = ""
    retry_after_s: int = 3
    token_life_s: float = 3600.0
    token_slow_s: float = 0.0
    token_answers: str | None = None
    token_times: int | None = None
    token_leaves_out: tuple[str, ...] = ()
    consent_answers: str | None = None
    hook_wrong_signature: bool = False
    hook_copies: int = 1
    hook_out_of_order: bool = False
    smtp_answers: str | None = None
    smtp_times: int | None = None
    days_ahead: int = 0


class Switches:
    """The faults as they are now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = Faults()

    @property
    def now(self) -> Faults:
        return self._now

    def today(self) -> date:
        """The date on Petal Practice's own calendar."""
        return datetime.now(UTC).date() + timedelta(days=self._now.days_ahead)

    def merge(self, given: Mapping[str, Any]) -> Faults:
        """Switch what is named; raises `Refusal` and changes nothing when one cannot be used."""
        checked = {name: _checked(name, value) for name, value in given.items()}
        with self._lock:
            self._now = replace(self._now, **checked)
            return self._now

    def off(self) -> None:
        with self._lock:
            self._now = Faults()

    def take(self, kind: str) -> str | None:
        """The answer that `kind` (`api`, `token`, `smtp`) is to give now; uses one of its times."""
        with self._lock:
            answer: str | None = getattr(self._now, f"{kind}_answers")
            times: int | None = getattr(self._now, f"{kind}_times")
            if answer is None or times is None:
                return answer
            over = times <= 1
            left: dict[str, Any] = {f"{kind}_times": None if over else times - 1}
            if over:
                left[f"{kind}_answers"] = None
            self._now = replace(self._now, **left)
            return answer if times > 0 else None


def shown(faults: Faults) -> dict[str, Any]:
    return {**asdict(faults), "token_leaves_out": list(faults.token_leaves_out)}


class Seen:
    """What was asked of it, by method and rule."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()

    def note(self, request: str) -> None:
        with self._lock:
            self._requests[request] += 1

    @property
    def requests(self) -> dict[str, int]:
        with self._lock:
            return dict(self._requests)

    def forget(self) -> None:
        with self._lock:
            self._requests.clear()


_KINDS = {field.name: field.type for field in fields(Faults)}


def _checked(name: str, value: Any) -> Any:
    if name not in _KINDS:
        raise wrong(f"There is no fault called {name}.")
    if name in _CHOICES:
        return _one_of(name, value, _CHOICES[name])
    if name == "token_leaves_out":
        return tuple(_one_of(name, one, LEFT_OUT) for one in value or ())
    kind = _KINDS[name]
    optional = get_origin(kind) is not None and type(None) in get_args(kind)
    if value in (None, "") and (optional or kind is str):
        return "" if kind is str else None
    return _typed(name, value, kind)


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> str | None:
    if value in (None, ""):
        return None
    if str(value) not in choices:
        raise wrong(f"{name} should be one of {', '.join(choices)}, or null.")
    return str(value)


def _typed(name: str, value: Any, kind: Any) -> Any:
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    if kind not in (bool, str) and not isinstance(value, bool):
        try:
            number = float(value) if kind is float else int(value)
        except (TypeError, ValueError):
            number = -1
        if 0 <= number <= _MOST:
            return number
    raise wrong(f"{name} cannot be “{value}”.")

"""What an answer says of how much more may be asked, pure.

`Retry-After` (RFC 9110, 10.2.3) with 429 and 503; the headers a manifest names; else `RateLimit`
(draft-ietf-httpapi-ratelimit-headers: `"hour";r=12;t=60`, of several the one with the least left;
before that a header each for `RateLimit-Limit`, `-Remaining` and `-Reset`) and the customary
`X-RateLimit-*`, whose reset is seconds from now or, being as large, since 1970.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from wedsync.connectors.manifest_limits import LimitHeaders
from wedsync.platform.outbound import Answer
from wedsync.platform.retry_after import LONGEST_S, retry_after_s

_ASKED_TO_WAIT = (429, 503)
_MOST = 1_000_000_000
_AN_EPOCH = 100_000_000.0
_ITEM = re.compile(r'(?:"[^"]*"|[^,"])+')
_PARAMETER = re.compile(r";\s*([a-z]+)\s*=\s*\"?(\d{1,12})")
_CUSTOMARY = (
    ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a far end said. `wait_s`: nothing before that; `left` calls more until `reset_s` from
    now, of `limit`. What it did not say is None."""

    wait_s: float | None = None
    limit: int | None = None
    left: int | None = None
    reset_s: float | None = None

    def __bool__(self) -> bool:
        return self.wait_s is not None or self.left is not None


def said_by(answer: Answer, named: LimitHeaders | None, now: datetime) -> Said:
    """What this answer says; nothing where it says nothing that can be understood."""
    counted = _named(answer.headers, named, now) if named else _usual(answer.headers, now)
    if answer.status not in _ASKED_TO_WAIT:
        return counted
    wait_s = retry_after_s(answer)
    if wait_s is None and answer.status == _ASKED_TO_WAIT[0]:
        wait_s = counted.reset_s
    return Said(wait_s, counted.limit, counted.left, counted.reset_s)


def _named(headers: Mapping[str, str], named: LimitHeaders, now: datetime) -> Said:
    left = _number(headers.get(named.remaining.lower()))
    reset_s = _reset(headers.get(named.reset.lower(), ""), named.reset_in, now)
    return _counted(_number(headers.get(named.limit.lower())), left, reset_s)


def _usual(headers: Mapping[str, str], now: datetime) -> Said:
    if draft := headers.get("ratelimit"):
        return _by_draft(draft, headers.get("ratelimit-policy", ""))
    for limit, remaining, reset in _CUSTOMARY:
        if remaining in headers:
            reset_s = _customary_reset(headers.get(reset, ""), now)
            return _counted(_number(headers.get(limit)), _number(headers[remaining]), reset_s)
    return Said()


def _by_draft(line: str, policies: str) -> Said:
    """Of several policies the one with the least left."""
    limits = {name: each.get("q") for name, each in _items(policies)}
    found = [
        _counted(limits.get(name), each.get("r"), _float(each.get("t")))
        for name, each in _items(line)
    ]
    told = [each for each in found if each.left is not None]
    return min(told, key=lambda each: each.left or 0, default=Said())


def _items(line: str) -> list[tuple[str, dict[str, int]]]:
    """The items of a list of structured fields (RFC 9651), as far as this needs them."""
    named = [each.strip() for each in _ITEM.findall(line) if each.strip()]
    return [
        (each.partition(";")[0].strip(), {name: int(n) for name, n in _PARAMETER.findall(each)})
        for each in named
    ]


def _counted(limit: int | None, left: int | None, reset_s: float | None) -> Said:
    if left is None or reset_s is None:
        return Said()
    return Said(None, limit, min(left, _MOST), reset_s)


def _customary_reset(said: str, now: datetime) -> float | None:
    number = _decimal(said)
    if number is None:
        return _reset(said, "date", now)
    if number > _AN_EPOCH * 1_000:
        return _reset(said, "epoch_ms", now)
    return _reset(said, "epoch" if number > _AN_EPOCH else "seconds", now)


def _reset(said: str, form: str, now: datetime) -> float | None:
    """Seconds from now; None for what cannot be understood."""
    if form == "date":
        moment = _moment(said)
        return _within((moment - now).total_seconds()) if moment else None
    number = _decimal(said)
    if number is None:
        return None
    if form == "seconds":
        return _within(number)
    return _within(number / (1_000 if form == "epoch_ms" else 1) - now.timestamp())


def _moment(said: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(said.strip())
        except (ValueError, TypeError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _decimal(said: str) -> float | None:
    text = said.strip().partition(",")[0][:20]
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) else None


def _number(said: str | None) -> int | None:
    number = _decimal(said or "")
    return None if number is None else min(int(number), _MOST)


def _float(number: int | None) -> float | None:
    return None if number is None else _within(float(number))


def _within(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_S)

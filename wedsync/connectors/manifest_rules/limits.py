"""How often a service may be called: numbers that can be kept, headers that can be read."""

import re
from collections.abc import Iterator

from wedsync.connectors.manifest import Manifest
from wedsync.connectors.manifest_limits import LimitHeaders, Rate
from wedsync.connectors.manifest_rules.problem import Problem

MOST_CALLS = 1_000_000
LONGEST_S = 31 * 86_400

_NAME_OF_A_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, 5.6.2


def problems(manifest: Manifest) -> Iterator[Problem]:
    limits = manifest.limits
    if limits is None:
        return
    for name in ("connection", "connector"):
        rate: Rate | None = getattr(limits, name)
        if rate is not None:
            yield from _rate(rate, f"limits.{name}")
    if limits.headers is not None:
        yield from _headers(limits.headers)


def _rate(rate: Rate, path: str) -> Iterator[Problem]:
    if not 1 <= rate.calls <= MOST_CALLS:
        yield Problem(f"{path}.calls", f"This should be between 1 and {MOST_CALLS:,} calls.")
    if not 1 <= rate.seconds <= LONGEST_S:
        yield Problem(f"{path}.seconds", "This should be between one second and 31 days.")


def _headers(headers: LimitHeaders) -> Iterator[Problem]:
    for name in ("limit", "remaining", "reset"):
        said = getattr(headers, name)
        if said and not _NAME_OF_A_HEADER.fullmatch(said):
            yield Problem(f"limits.headers.{name}", "This is not the name of a header.")
    if not headers.remaining:
        yield Problem("limits.headers.remaining", "Name the header that says how much is left.")
    if not headers.reset:
        words = "Name the header that says when there is more again."
        yield Problem("limits.headers.reset", words)

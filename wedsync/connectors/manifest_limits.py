"""What a manifest says of how often a service may be called, and how its answers tell."""

from typing import Literal

from wedsync.connectors.manifest_base import Part, Text


class Rate(Part):
    """At most so many calls within any so many seconds."""

    calls: int
    seconds: int


class LimitHeaders(Part):
    """The headers in which answers tell the limit, what is left of it, and when it begins anew.

    Without this, `RateLimit`, `RateLimit-Limit` and `X-RateLimit-Limit` with theirs are understood
    as they are usually meant; `Retry-After` always is.
    """

    limit: Text = ""
    remaining: Text = ""
    reset: Text = ""
    reset_in: Literal["seconds", "epoch", "epoch_ms", "date"] = "seconds"
    """Seconds from now; seconds or milliseconds since 1970; or a date (ISO 8601, HTTP)."""


class Limits(Part):
    """How often this service may be called: over one connection, and by all connections of an
    installation together, where its client is one account there."""

    connection: Rate | None = None
    connector: Rate | None = None
    headers: LimitHeaders | None = None

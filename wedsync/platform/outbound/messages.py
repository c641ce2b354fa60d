"""What goes out through the door and what comes back. None of it shows a secret in its repr."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request.

    `timeout_s` bounds the whole exchange, `connect_timeout_s` name, connection and TLS together
    (never longer than `timeout_s`). Of the answer's body at most `max_answer_bytes` are kept.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float = 15.0
    connect_timeout_s: float = 10.0
    max_answer_bytes: int = 262_144

    @property
    def host(self) -> str:
        """Whom it goes to, as it was written; empty where the door will find nobody to ask."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""

    def __repr__(self) -> str:
        # Headers and bodies carry keys; so do paths and queries (chat hooks, signed links).
        scheme, is_url, _ = self.url.partition("://")
        place = f"{scheme}://{self.host}" if is_url and self.host else "nowhere"
        return f"Request({self.method} {place}, {self.timeout_s:g} s)"


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds. `dns`, `connect` and `tls` are lengths, 0 where a kept connection served;
    `first_byte` and `total` count from the start of the call."""

    dns_ms: float = 0.0
    connect_ms: float = 0.0
    tls_ms: float = 0.0
    first_byte_ms: float = 0.0
    total_ms: float = 0.0


class Headers(Mapping[str, str]):
    """An answer's headers by lower-case name; repeated ones are joined with ", " (RFC 9110, 5.3).

    Kept as received until somebody looks: most deliveries never do.
    """

    __slots__ = ("_fields", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._fields: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._read()[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"

    def lines(self) -> str:
        """The fields as they came, one a line, without the status line."""
        head = _final_head(self._raw).decode("latin-1")
        return head.partition("\n")[2].strip("\n")

    def _read(self) -> dict[str, str]:
        if self._fields is None:
            self._fields = _fields(self._raw)
        return self._fields


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """A full answer, of any status. `truncated`: the body went on after `max_answer_bytes`."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    timings: Timings
    truncated: bool = False

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes, {self.timings.total_ms:.1f} ms)"


@dataclass(frozen=True, slots=True)
class Failure:
    """No full answer. `not_sent`: the far end cannot have acted; `maybe`: it may have.

    | code | kind | |
    |---|---|---|
    | `url_refused`, `request_refused` | not_sent | the address or the request is not one we send |
    | `address_refused` | not_sent | it leads to a private or special network |
    | `dns_failed` | not_sent | the name is unknown, or was not found in time |
    | `connect_failed`, `connect_timeout`, `tls_failed` | not_sent | no connection came about |
    | `timeout` | maybe | sent, and no full answer in time |
    | `reset` | maybe | sent, and the connection ended before a full answer |
    | `answer_invalid`, `answer_too_large` | maybe | what came is not HTTP, or its head is endless |
    | `aborted` | either | we ended it ourselves, as nobody wanted it any more |
    """

    kind: Literal["not_sent", "maybe"]
    code: str
    message: str
    timings: Timings = field(default_factory=Timings)


Outcome: TypeAlias = Answer | Failure


def _fields(raw: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in _final_head(raw).split(b"\n")[1:]:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            continue
        key, text = name.strip().lower(), value.strip()
        fields[key] = f"{fields[key]}, {text}" if key in fields else text
    return fields


def _final_head(raw: bytes) -> bytes:
    """The last head, without the interim 1xx ones before it or the trailers after the body."""
    heads = raw.replace(b"\r\n", b"\n").split(b"\n\n")
    return next((head for head in reversed(heads) if head.startswith(b"HTTP/")), b"")

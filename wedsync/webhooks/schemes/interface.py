"""What a scheme is given, and what it says of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

RejectionCode = Literal["signature_missing", "signature_invalid", "signature_stale", "body_invalid"]

DEFAULT_TYPE = "webhook.received"
"""What an event is called when neither its sender nor its hook has a name for it."""


class Headers:
    """The raw header pairs of one request, names in small letters.

    RFC 9110 joins a name sent twice with a comma. Nothing here does: which of two signatures, ids
    or moments was meant would be a guess.
    """

    __slots__ = ("_repeated", "_values")

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[bytes, bytes] = {}
        self._repeated: set[bytes] = set()
        for name, value in pairs:
            if name in self._values:
                self._repeated.add(name)
            self._values[name] = value

    def get(self, name: bytes) -> bytes | None:
        """The value of a header; None when absent or empty."""
        return self._values.get(name) or None

    def repeats(self, *names: bytes) -> bool:
        """Whether one of these came more than once."""
        return bool(self._repeated) and not self._repeated.isdisjoint(names)


@dataclass(slots=True)
class Request:
    """What came: `url` is the address as its sender knows it, query included."""

    headers: Headers
    body: bytes
    url: str = ""
    method: str = "POST"

    @property
    def query(self) -> str:
        """What stands behind the question mark, as it was written."""
        return self.url.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Verified:
    """The sender is who they say, and what their headers name: the event, its kind, its moment."""

    sender_event_id: str | None = None
    type: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Handshake:
    """The sender asks whether this address wants to hear from them.

    `echo` is what they want to see, and is only said while it is awaited. Without one, the status
    of the answer is all they look at.
    """

    echo: bytes = b""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not taken: a stable code and a sentence for the sender's developer."""

    code: RejectionCode
    message: str


Verdict: TypeAlias = Verified | Handshake | Rejected


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a verified body says. `type` is the sender's word, not yet the stored name."""

    sender_event_id: str | None
    type: str
    occurred_at: datetime
    data: Any


@dataclass(frozen=True, slots=True)
class Sample:
    """A request as the sender would make it, for a person to look at. Headers by written name.

    `concealed` texts are secrets, as written in it; each is shown as what stands beside it.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    concealed: Mapping[str, str] = field(default_factory=dict)


class Scheme(Protocol):
    """One way of signing. A module with these names is a scheme."""

    SUCCESS_STATUS: int
    """What the sender wants to see when a request was taken."""

    SIGNED_HEADERS: frozenset[str]
    """Names whose values are masked wherever a request is shown."""

    METHODS: frozenset[str]
    """What the sender calls with: POST, and GET where a handshake comes so."""

    ANSWERED_BARE: bool
    """Whether the sender wants no body in any answer."""

    HAS_HANDSHAKE: bool
    """Whether the sender wants an echo before it sends anything."""

    def option_problems(self, options: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What is wrong with a hook's options: (option, sentence) each."""

    def names_events(self, options: Mapping[str, Any]) -> bool:
        """Whether what comes says which event it is; otherwise every request is one."""

    def new_secret(self) -> str | None:
        """A secret of our making; None when only the sender can make one."""

    def secret_problem(self, secret: str) -> str | None:
        """Why a secret cannot be used, as a sentence."""

    def verify(
        self, secrets: Sequence[str], options: Mapping[str, Any], request: Request, now: datetime
    ) -> Verdict:
        """Judge the raw bytes, in constant time, before anything parses them. Never raises.

        Any of `secrets` may have signed: two are live while one replaces the other.
        """

    def parse(self, body: bytes) -> Any:
        """The document in a verified body. Raises documents.BadDocument."""

    def read(
        self, document: Any, event_type: str | None, verified: Verified, received_at: datetime
    ) -> Incoming:
        """Find id, type, moment and data in a verified body.

        `event_type` is the hook's own word for bodies without one. Raises documents.BadDocument
        when the body is not of this scheme.
        """

    def data_of(self, document: Any) -> Any:
        """Only the data, as `read` gives it."""

    def example(self, event_type: str | None, now: datetime) -> str:
        """A body as this sender writes it."""

    def sample(
        self, secret: str, options: Mapping[str, Any], body: bytes, url: str, now: datetime
    ) -> Sample | None:
        """`body` signed as the sender signs; None when a secret does not let us."""

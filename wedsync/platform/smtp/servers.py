"""Where messages are handed over."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

Security = Literal["none", "offered", "starttls", "implicit"]

_PORTS: dict[str, tuple[int, Security]] = {"smtp": (587, "offered"), "smtps": (465, "implicit")}


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, and how it is talked to.

    `security`: `implicit` TLS from the first byte, `starttls` or nothing, STARTTLS when it is
    `offered` (not needed on this machine itself), or `none`. A name and password are never sent
    without TLS, except to this machine itself. `ours`: named by the operator, may be private.
    """

    host: str
    port: int
    security: Security = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ours: bool = False

    @classmethod
    def from_url(cls, url: str) -> "Server":
        """The operator's server: `smtp://[user:password@]host[:port]`, STARTTLS where offered, or
        `smtps://…`. Raises ValueError, without the URL in it, when it is neither."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("A mail server is named by smtp:// or smtps:// and a host.")
        port, security = _PORTS[parts.scheme]
        return cls(
            host=parts.hostname,
            port=parts.port or port,
            security=security,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            ours=True,
        )

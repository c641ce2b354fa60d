"""What the practice partner is told by its environment; README.md has the table."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class SettingError(ValueError):
    """A variable cannot be used; `str(error)` is one sentence that names it."""


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client; its redirect URIs are compared exactly (RFC 9700, 2.1)."""

    id: str
    secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    port: int = 8001
    smtp_port: int = 8002
    url: str = "http://localhost:8001"
    home: Path | None = None
    clients: tuple[Client, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        source = os.environ if environ is None else environ
        values = {name: text for name, raw in source.items() if (text := raw.strip())}
        port = _port(values, "SANDBOX_PORT", 8001)
        home = values.get("SANDBOX_HOME")
        return cls(
            port=port,
            smtp_port=_port(values, "SANDBOX_SMTP_PORT", 8002),
            url=_url(values, port),
            home=Path(home).expanduser().absolute() if home else None,
            clients=_clients(values),
        )

    @property
    def hosts(self) -> frozenset[str]:
        """The names it answers to: others were led here by somebody else's DNS."""
        return frozenset({"localhost", "127.0.0.1", "::1", urlsplit(self.url).hostname or ""})


def client_of(written: Any) -> Client:
    """A client as JSON has it; raises `ValueError`."""
    match written:
        case {"id": str(id_), "secret": str(secret), "redirect_uris": [*uris]} if id_ and secret:
            if all(isinstance(uri, str) for uri in uris):
                return Client(id_, secret, str(written.get("name") or id_), tuple(uris))
    raise ValueError("A client has an id, a secret and a list of redirect_uris.")


def _port(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise SettingError(f"{name} should be a number from 1 to 65535, not “{text}”.")
    return int(text)


def _url(values: Mapping[str, str], port: int) -> str:
    text = values.get("SANDBOX_URL", f"http://localhost:{port}").rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        raise SettingError(
            f"SANDBOX_URL should be an http or https address without a path, not “{text}”."
        )
    return text


def _clients(values: Mapping[str, str]) -> tuple[Client, ...]:
    """The value holds secrets, so it is never repeated."""
    try:
        listed = json.loads(values.get("SANDBOX_CLIENTS", "[]"))
        return tuple(client_of(one) for one in listed)
    except (TypeError, ValueError):
        raise SettingError(
            "SANDBOX_CLIENTS should be a JSON list of clients with id, secret and redirect_uris."
        ) from None

"""What this installation is told from outside, read once from the environment.

| variable | meaning | default |
|---|---|---|
| `PORT` | port the web process listens on | 8000 |
| `WEDSYNC_HOST` | address it listens on | 127.0.0.1 |
| `PUBLIC_URL` | how people and partners reach it | `http://localhost:$PORT` |
| `DATABASE_URL` | a PostgreSQL server | a private one under `WEDSYNC_HOME` |
| `REDIS_URL` | a Redis server | a private one under `WEDSYNC_HOME` |
| `WEDSYNC_HOME` | where this installation keeps its files | `var/home` of the checkout |
| `WEDSYNC_MASTER_KEY` | 32 random bytes in base64; several by commas | a file in the home |
| `WEDSYNC_PROXY_HOPS` | how many reverse proxies stand in front, exactly | 0 |
| `WEDSYNC_ALLOW_LOOPBACK` | `1` lets deliveries reach this machine; development only | off |
| `MAIL_URL` | the server that carries our own e-mail, `smtp://user:password@host:587` | none |
| `MAIL_FROM` | the address our e-mail comes from | `wedsync@` the public host, if dotted |
| `SANDBOX_URL` | where the practice partner answers | `http://localhost:` `PORT` + 1 |
| `WEDSYNC_CLIENT_<SLUG>` | `id:secret` of our OAuth client at a built-in connector | none |
| `WEDSYNC_RECOVERIES_BEFORE_PARKING` | the recovery of one step at which its run stops | 3 |

A variable that is set but empty counts as unset. Anything else that cannot be used raises
`SettingError`, whose text is one sentence for the person who set it.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

CHECKOUT = Path(__file__).resolve().parent.parent
MASTER_KEY_BYTES = 32
_POSTGRES_SCHEMES = ("postgresql+psycopg://", "postgresql://", "postgres://")
_REDIS_SCHEMES = ("redis", "rediss", "unix")
_MAIL_SCHEMES = ("smtp", "smtps")
_CLIENT = "WEDSYNC_CLIENT_"
_NO_HOST = "wedsync.example"
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


class SettingError(ValueError):
    """A setting cannot be used. `str(error)` names the variable and says what it should be."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process. Secrets are left out of its `repr`."""

    home: Path
    public_url: str
    port: int = 8000
    host: str = "127.0.0.1"
    # `postgresql://…`; None when a private server is to be used.
    libpq_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    # The one in use first; none when they are kept in `master_key_file`.
    master_keys: tuple[bytes, ...] = field(default=(), repr=False)
    proxy_hops: int = 0
    allow_loopback: bool = False
    # `smtp://[user:password@]host[:port]` (STARTTLS where offered) or `smtps://…`.
    mail_url: str | None = field(default=None, repr=False)
    mail_from: str = f"wedsync@{_NO_HOST}"
    sandbox_url: str = "http://localhost:8001"
    # The recovery of one step, its worker having died, at which its run is parked.
    recoveries_before_parking: int = 3
    # Our OAuth client at each built-in connector, by slug: (id, secret).
    connector_clients: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read every variable; the first one that cannot be used raises `SettingError`."""
        source = os.environ if environ is None else environ
        values = {name: text for name, raw in source.items() if (text := raw.strip())}
        port = _whole_number(values, "PORT", 8000, 1, 65535)
        public_url = _public_url(values, port)
        return cls(
            home=_home(values),
            port=port,
            host=_host(values),
            public_url=public_url,
            libpq_url=_libpq_url(values),
            redis_url=_redis_url(values),
            master_keys=_master_keys(values),
            proxy_hops=_whole_number(values, "WEDSYNC_PROXY_HOPS", 0, 0, 9),
            allow_loopback=_switch(values, "WEDSYNC_ALLOW_LOOPBACK"),
            mail_url=_mail_url(values),
            mail_from=_mail_from(values, public_url),
            sandbox_url=_bare_url(values, "SANDBOX_URL", f"http://localhost:{port + 1}"),
            recoveries_before_parking=_whole_number(
                values, "WEDSYNC_RECOVERIES_BEFORE_PARKING", 3, 1, 1_000_000
            ),
            connector_clients=_connector_clients(values),
        )

    @property
    def secure(self) -> bool:
        """True when people reach this installation over https: HSTS, `Secure` cookies."""
        return self.public_url.startswith("https://")

    @property
    def database_url(self) -> str:
        """The database for SQLAlchemy, its driver named; raises `SettingError` without one."""
        return self.require_libpq_url().replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def master_key_file(self) -> Path:
        """Where the master keys are kept when `WEDSYNC_MASTER_KEY` is unset; mode 0600."""
        return self.home / "master.key"

    def require_libpq_url(self) -> str:
        """The database for psycopg and libpq; raises `SettingError` when there is none."""
        if self.libpq_url is None:
            raise SettingError(
                "DATABASE_URL is not set and no private database is running: "
                "start `make run`, or set DATABASE_URL to a PostgreSQL server."
            )
        return self.libpq_url


def _home(values: Mapping[str, str]) -> Path:
    home = Path(values.get("WEDSYNC_HOME", CHECKOUT / "var" / "home")).expanduser().absolute()
    if home.exists() and not home.is_dir():
        raise SettingError(f"WEDSYNC_HOME should be a folder, but {home} is a file.")
    return home


def _whole_number(values: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = values.get(name, str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise SettingError(f"{name} should be a number from {least} to {most}, not “{text}”.")
    return int(text)


def _switch(values: Mapping[str, str], name: str) -> bool:
    text = values.get(name, "0").lower()
    if text not in _YES | _NO:
        raise SettingError(f"{name} should be 1 or 0, not “{text}”.")
    return text in _YES


def _host(values: Mapping[str, str]) -> str:
    text = values.get("WEDSYNC_HOST", "127.0.0.1")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise SettingError(
            f"WEDSYNC_HOST should be an address to listen on, such as 127.0.0.1, not “{text}”."
        ) from None


def _public_url(values: Mapping[str, str], port: int) -> str:
    return _bare_url(values, "PUBLIC_URL", f"http://localhost:{port}")


def _bare_url(values: Mapping[str, str], name: str, default: str) -> str:
    text = values.get(name, default).rstrip("/")
    parts = _split(text)
    bare = parts is not None and not (parts.path or parts.query or parts.fragment)
    if parts is None or not bare or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise SettingError(
            f"{name} should be an http or https address without a path, "
            f"such as https://wedsync.example, not “{text}”."
        )
    return text


def _libpq_url(values: Mapping[str, str]) -> str | None:
    """Normalise what people write; the value may hold a password, so it is never repeated."""
    text = values.get("DATABASE_URL")
    if text is None:
        return None
    for scheme in _POSTGRES_SCHEMES:
        if text.startswith(scheme) and len(text) > len(scheme):
            return "postgresql://" + text.removeprefix(scheme)
    raise SettingError(
        "DATABASE_URL should name a PostgreSQL database, "
        "such as postgresql://user:password@host/wedsync."
    )


def _redis_url(values: Mapping[str, str]) -> str | None:
    text = values.get("REDIS_URL")
    if text is None:
        return None
    if text.partition("://")[0] not in _REDIS_SCHEMES or not text.partition("://")[2]:
        raise SettingError(
            "REDIS_URL should begin with redis://, rediss:// or unix://, "
            "such as redis://localhost:6379/0."
        )
    return text


def _master_keys(values: Mapping[str, str]) -> tuple[bytes, ...]:
    text = values.get("WEDSYNC_MASTER_KEY")
    if text is None:
        return ()
    keys = tuple(_master_key(part.strip()) for part in text.split(","))
    if len(set(keys)) != len(keys):
        raise SettingError("WEDSYNC_MASTER_KEY names the same key twice.")
    return keys


def _master_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise SettingError(
            "WEDSYNC_MASTER_KEY should be 32 random bytes in base64 "
            "(`openssl rand -base64 32` makes them); of several, separated by commas, "
            "the new one comes first."
        )
    return key


def _mail_url(values: Mapping[str, str]) -> str | None:
    """The value may hold a password, so it is never repeated."""
    text = values.get("MAIL_URL")
    if text is None:
        return None
    parts = _split(text)
    if parts is None or parts.scheme not in _MAIL_SCHEMES or parts.path.strip("/"):
        raise SettingError(
            "MAIL_URL should name a mail server, such as smtp://user:password@mail.example:587."
        )
    return text.rstrip("/")


def _mail_from(values: Mapping[str, str], public_url: str) -> str:
    """A host without a dot, as in development, receives no mail from outside: a made-up name
    stands for it."""
    host = urlsplit(public_url).hostname or ""
    text = values.get("MAIL_FROM", f"wedsync@{host if '.' in host else _NO_HOST}")
    name, _, domain = text.rpartition("@")
    if not name or "." not in domain.strip(".") or any(sign in text for sign in " <>\r\n"):
        raise SettingError(
            f"MAIL_FROM should be an e-mail address, such as hello@wedsync.example, not “{text}”."
        )
    return text


def _connector_clients(values: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    clients = {}
    for name, text in values.items():
        if not name.startswith(_CLIENT):
            continue
        client, colon, secret = text.partition(":")
        if not (client and colon and secret):
            raise SettingError(f"{name} should be the id and secret of a client, as id:secret.")
        clients[name.removeprefix(_CLIENT).lower().replace("_", "-")] = (client, secret)
    return clients


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises when the port is no number
    except ValueError:
        return None
    return parts if parts.hostname else None

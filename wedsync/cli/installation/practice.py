"""The practice partner beside a development set-up: where it answers, and its client for us."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import replace

from wedsync.settings import Settings

CONNECTOR = "sandbox"
HOST = "127.0.0.1"
_CLIENT_ID = "wedsync"


def wanted(settings: Settings, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether `wedsync up` starts one: in development, unless another was named.

    Deliveries that may not reach this machine could not reach it either.
    """
    said = environ.get("WEDSYNC_ALLOW_LOOPBACK", "").strip()
    return not (settings.secure or named(environ)) and (settings.allow_loopback or not said)


def named(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether one was named that somebody else runs."""
    return bool(environ.get("SANDBOX_URL", "").strip())


def port(settings: Settings) -> int:
    """Where its pages and its API answer."""
    return settings.port + 1


def smtp_port(settings: Settings) -> int:
    """Where it takes every mail."""
    return settings.port + 2


def mail_url(settings: Settings) -> str:
    """Its inbox, as a mail server."""
    return f"smtp://{HOST}:{smtp_port(settings)}"


def beside(settings: Settings) -> Settings:
    """The settings with a client at it, and with its inbox where no mail server was named."""
    client = settings.connector_clients.get(CONNECTOR) or (_CLIENT_ID, secrets.token_urlsafe(24))
    return replace(
        settings,
        sandbox_url=f"http://localhost:{port(settings)}",
        connector_clients={**settings.connector_clients, CONNECTOR: client},
        mail_url=settings.mail_url or mail_url(settings),
    )


def environment(settings: Settings) -> dict[str, str]:
    """What it is told, and what our own processes are told of it."""
    client_id, secret = settings.connector_clients[CONNECTOR]
    client = {
        "id": client_id,
        "secret": secret,
        "name": "WedSync",
        "redirect_uris": [f"{settings.public_url}/oauth/callback/{CONNECTOR}"],
    }
    return {
        "SANDBOX_URL": settings.sandbox_url,
        "SANDBOX_PORT": str(port(settings)),
        "SANDBOX_SMTP_PORT": str(smtp_port(settings)),
        "SANDBOX_HOME": str(settings.home / "sandbox"),
        "SANDBOX_CLIENTS": json.dumps([client]),
        "WEDSYNC_CLIENT_SANDBOX": f"{client_id}:{secret}",
        "MAIL_URL": settings.mail_url or "",
    }

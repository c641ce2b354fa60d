"""What is looked at before anything is started, each refusal in one sentence."""

import errno
import fcntl
import http.client
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import click

from wedsync.cli import Unusable
from wedsync.cli.installation import practice
from wedsync.settings import CHECKOUT, Settings

_LISTEN_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
FRONT_END = CHECKOUT / "static" / "vendor" / "manifest.json"


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Be the one `wedsync up` of this home while the block lasts.

    The lock goes with its process, so what a killed run left behind stops nobody: its number in
    the pid file is only shown, never trusted.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (settings.home / "up.pid").open("a+")
    except OSError as error:
        raise Unusable(f"WEDSYNC_HOME cannot be used: {settings.home}: {error.strerror}.") from None
    with file:
        _take(file, settings)
        try:
            yield
        finally:
            file.truncate(0)


def _take(file: IO[str], settings: Settings) -> None:
    file.seek(0)
    written = file.read().strip()
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Unusable(
            f"WedSync is already running from {settings.home} (process {written}): "
            "stop it first, or choose another WEDSYNC_HOME and PORT."
        ) from None
    if written:
        click.echo(f"The last run (process {written}) did not end by itself; starting afresh.")
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()


def require_front_end() -> None:
    """Refuse to serve pages without their styles and scripts."""
    if not FRONT_END.exists():
        raise Unusable("The front end is not built: run `make setup`.")


def require_port(settings: Settings) -> None:
    """Refuse a port that somebody listens on, or that is not ours to take."""
    _require(settings.host, settings.port, f"choose another with PORT={_other(settings.port)}")


def require_practice_ports(settings: Settings) -> None:
    """The same for the practice partner and its inbox."""
    advice = f"choose other ports for all with PORT={_other(settings.port + 2)}"
    for number in (practice.port(settings), practice.smtp_port(settings)):
        _require(practice.HOST, number, advice, "The practice partner cannot start: ")


def _require(host: str, port: int, advice: str, before: str = "") -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError:
            raise Unusable(f"{before}There is no port {port}: {advice}.") from None
        except OSError as error:
            raise Unusable(before + _port_trouble(host, port, advice, error)) from None


def _port_trouble(host: str, port: int, advice: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program: stop that one, or {advice}."
    return f"{host} port {port} cannot be used: {error.strerror}."


def _other(port: int) -> int:
    return port % 65535 + 1


def local_address(settings: Settings) -> tuple[str, int]:
    """Where this machine itself reaches the web process."""
    return _LISTEN_ANYWHERE.get(settings.host, settings.host), settings.port


def is_ready(settings: Settings) -> bool:
    """Whether a WedSync that is ready for work answers on our port."""
    return is_well(http.client.HTTPConnection(*local_address(settings), timeout=2), "/readyz")


def is_well(connection: http.client.HTTPConnection, path: str) -> bool:
    """Whether somebody answers there that all is well; closes the connection."""
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

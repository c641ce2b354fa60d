"""Short ways to send a request through the door and to say what came of it."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.platform.conftest import FarEnd
from wedsync.platform.outbound import Answer, Failure, Outcome, Request

Start = Callable[..., FarEnd]


def post(url: str, body: bytes = b"{}", **changes: Any) -> Request:
    return Request("POST", url, {"Content-Type": "application/json"}, body, **changes)


def answer(outcome: Outcome) -> Answer:
    assert isinstance(outcome, Answer), outcome
    return outcome


def failure(outcome: Outcome) -> tuple[str, str]:
    assert isinstance(outcome, Failure), outcome
    return outcome.kind, outcome.code


def names_lead_to(monkeypatch: pytest.MonkeyPatch, answers_of: dict[str, list[str]]) -> None:
    """Let `socket.getaddrinfo` know some names more."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if host in answers_of:
            return [(0, 0, 0, "", (ip, 0)) for ip in answers_of[host]]
        return real(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def connections_to(port: int) -> int:
    """How many of this process's descriptors are connections to `port` of this machine."""
    numbers = [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    return len([number for number in numbers if _leads_to(number, port)])


def _leads_to(number: int, port: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(number)) as copy:
            return bool(copy.getpeername()[1] == port)
    except (OSError, IndexError):
        return False

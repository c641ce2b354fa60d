"""The practice partner as a process: what it is told, what it keeps, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.far_ends.practice_partner import kept_url, started_practice_partner
from tests.sandbox.vendor import Vendor
from wedsync.sandbox.settings import Settings
from wedsync.settings import CHECKOUT

CALLBACK = "http://localhost:8000/oauth/callback/sandbox"
CLIENTS = (
    '[{"id": "wedsync", "secret": "practice-secret-of-the-tests",'
    f' "redirect_uris": ["{CALLBACK}"]}}]'
)


def started(**told: str) -> "subprocess.Popen[str]":
    url = kept_url()
    port = int(url.rpartition(":")[2])
    ports = {"SANDBOX_PORT": str(port), "SANDBOX_SMTP_PORT": str(port + 1), "SANDBOX_URL": url}
    return subprocess.Popen(
        [sys.executable, "-m", "wedsync.sandbox"],
        cwd=CHECKOUT,
        env={**os.environ, **ports, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_was_allowed_outlives_a_restart(tmp_path: Path) -> None:
    told = {"SANDBOX_HOME": str(tmp_path / "practice"), "SANDBOX_CLIENTS": CLIENTS}
    url = kept_url()
    with started_practice_partner(url, CALLBACK, **told) as first:
        vendor = Vendor(first)
        tokens = vendor.tokens()
        vendor.call("POST", "/tasks", tokens["access_token"], {"title": "Kept"})
    with started_practice_partner(url, CALLBACK, **told) as second:
        vendor = Vendor(second)
        tasks = vendor.call("GET", "/tasks", tokens["access_token"]).json()["tasks"]
        assert [task["title"] for task in tasks] == ["Kept"]
        assert vendor.refresh(tokens["refresh_token"]).status_code == 200
    kept = (tmp_path / "practice" / "practice.db").read_bytes()
    assert tokens["access_token"].encode() not in kept
    assert tokens["refresh_token"].encode() not in kept


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_when_asked(number: signal.Signals) -> None:
    child = started()
    assert child.stdout is not None
    assert child.stdout.readline().startswith("Petal Practice answers at http://localhost:")
    child.send_signal(number)
    assert child.wait(10) == 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"SANDBOX_PORT": "http"}, "SANDBOX_PORT should be a number"),
        ({"SANDBOX_URL": "localhost"}, "SANDBOX_URL should be an http or https address"),
        ({"SANDBOX_CLIENTS": '[{"id": "a", "secret": "canary"}]'}, "SANDBOX_CLIENTS should be"),
        ({"SANDBOX_CLIENTS": "canary"}, "SANDBOX_CLIENTS should be"),
    ],
)
def test_what_it_cannot_use_is_one_sentence(told: dict[str, str], words: str) -> None:
    child = started(**told)
    _, complaint = child.communicate(timeout=20)
    assert child.returncode == 2
    assert words in complaint
    assert "Traceback" not in complaint
    assert "canary" not in complaint


def test_without_a_word_it_listens_where_its_readme_says() -> None:
    settings = Settings.from_environment({})
    assert (settings.port, settings.smtp_port, settings.home) == (8001, 8002, None)
    assert settings.url == "http://localhost:8001"

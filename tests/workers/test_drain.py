"""A drain goes on after whatever a round raises; what is worse than that ends its process."""

import subprocess
import sys
import threading

import pytest
from apiflask import APIFlask

from tests.workers.scene import wait_until
from wedsync.settings import CHECKOUT
from workers.drain import BROKE_DOWN, Drain

_A_PROCESS = """
import logging, sys, threading
from flask import Flask
from workers.drain import Drain

logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
bell, stopping = threading.Event(), threading.Event()

def work():
    raise {error}

bell.set()
Drain("events", work, app=Flask("worker"), bell=bell, stopping=stopping).start()
stopping.wait(20)
sys.exit("it went on without its drain")
"""

PANICS = {
    "a panic": "type('PanicException', (BaseException,), {})('index out of bounds')",
    "an exit": "SystemExit(0)",
}


def test_a_round_that_fails_is_followed_by_another(app: APIFlask) -> None:
    rounds: list[int] = []
    bell, stopping = threading.Event(), threading.Event()

    def work() -> None:
        rounds.append(len(rounds))
        bell.set()
        if len(rounds) == 1:
            raise ValueError("this once")
        stopping.set()

    drain = Drain("events", work, app=app, bell=bell, stopping=stopping)
    bell.set()
    drain.start()
    wait_until(lambda: not drain.is_alive(), 10)
    assert rounds == [0, 1]


def test_what_it_ends_with_comes_once_no_round_does(app: APIFlask) -> None:
    done: list[str] = []
    bell, stopping = threading.Event(), threading.Event()

    def work() -> None:
        done.append("a round")
        stopping.set()

    drain = Drain(
        "events",
        work,
        app=app,
        bell=bell,
        stopping=stopping,
        at_end=lambda: done.append("the end"),
    )
    bell.set()
    drain.start()
    wait_until(lambda: not drain.is_alive(), 10)
    assert done == ["a round", "the end"]


@pytest.mark.parametrize("error", PANICS.values(), ids=PANICS)
def test_what_is_no_failure_of_a_round_ends_the_process_and_says_so(error: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _A_PROCESS.format(error=error)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == BROKE_DOWN
    assert "CRITICAL workers.drain: drain-events broke down; this process ends" in ended.stderr

"""Many requests at once: windows, threads, forks and what they leave behind."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.platform.calls import Start, answer, connections_to, post
from tests.platform.conftest import OK, Connection, answers, hangs
from wedsync.platform.outbound import (
    Failure,
    Outcome,
    Request,
    Transfers,
    request,
    send_many,
)

pytestmark = pytest.mark.usefixtures("loopback")


def test_one_that_hangs_does_not_hold_up_the_rest(far_end: Start) -> None:
    quick, slow = far_end(), far_end(hangs)
    with Transfers(limit=32) as transfers:
        for number in range(5):
            transfers.start(post(slow.url, timeout_s=20), f"slow {number}")
        began, done = time.monotonic(), 0
        while done < 100:
            while len(transfers) < 32:
                transfers.start(post(quick.url), "quick")
            for tag, outcome in transfers.finished(5):
                assert (tag, answer(outcome).status) == ("quick", 200)
                done += 1
        assert time.monotonic() - began < 15


def test_send_many_brings_every_outcome_back_with_its_tag(far_end: Start) -> None:
    def slowly(connection: Connection) -> None:
        while connection.read():
            time.sleep(0.005)
            connection.send(OK)

    there = far_end(slowly)
    asked = ((number, post(there.url, b"%d" % number)) for number in range(200))
    got = {tag: answer(outcome).status for tag, outcome in send_many(asked, at_once=16)}
    assert got == dict.fromkeys(range(200), 200)
    assert sorted(int(seen.rpartition(b"\r\n")[2]) for seen in there.requests) == list(range(200))
    assert there.connections <= 16


def test_the_window_has_a_limit(far_end: Start) -> None:
    there = far_end(hangs)
    with Transfers(limit=2) as transfers:
        transfers.start(post(there.url), 1)
        transfers.start(post(there.url), 2)
        with pytest.raises(RuntimeError, match="no more than 2"):
            transfers.start(post(there.url), 3)
        assert len(transfers) == 2


def test_finished_returns_at_once_when_nothing_is_out_and_in_time_when_nothing_ends(
    far_end: Start,
) -> None:
    with Transfers() as transfers:
        began = time.monotonic()
        assert transfers.finished(10) == []
        assert time.monotonic() - began < 5
        transfers.start(post(far_end(hangs).url), None)
        began = time.monotonic()
        assert transfers.finished(0.2) == []
        assert 0.15 < time.monotonic() - began < 5


def test_another_thread_can_wake_the_one_that_waits(far_end: Start) -> None:
    with Transfers() as transfers:
        transfers.start(post(far_end(hangs).url), None)
        threading.Timer(0.1, transfers.wakeup).start()
        began = time.monotonic()
        assert transfers.finished(10) == []
        assert time.monotonic() - began < 5


def test_one_can_be_ended_and_the_others_go_on(far_end: Start) -> None:
    quick, slow = far_end(), far_end(hangs)
    with Transfers(limit=8) as transfers:
        transfers.start(post(slow.url, timeout_s=20), unwanted := object())
        while not slow.requests:
            assert transfers.finished(0.01) == []
        began = time.monotonic()
        transfers.end(unwanted)
        transfers.end(unwanted)
        ((tag, outcome),) = transfers.finished(5)
        assert time.monotonic() - began < 4
        assert tag is unwanted
        assert isinstance(outcome, Failure)
        assert (outcome.kind, outcome.code) == ("maybe", "aborted")
        transfers.start(post(quick.url), "next")
        ((tag, outcome),) = transfers.finished(5)
        assert (tag, answer(outcome).status, len(transfers)) == ("next", 200, 0)


def test_closed_transfers_drop_what_was_out_and_take_nothing_more(far_end: Start) -> None:
    transfers = Transfers()
    transfers.start(post(far_end(hangs).url), None)
    transfers.finished(0.05)
    transfers.close()
    transfers.close()
    transfers.wakeup()
    assert len(transfers) == 0
    with pytest.raises(RuntimeError, match="closed"):
        transfers.start(post(far_end().url), None)


def test_many_threads_call_at_once(far_end: Start) -> None:
    there = far_end()
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: request(post(there.url)), range(80)))
    assert {answer(outcome).status for outcome in got} == {200}
    assert len(there.requests) == 80


def test_a_call_that_is_no_request_at_all_fails_alone(far_end: Start) -> None:
    slow: list[Outcome] = []
    there = far_end(lambda c: (c.read(), time.sleep(0.3), c.send(OK)))
    waiting = threading.Thread(target=lambda: slow.append(request(post(there.url))))
    waiting.start()
    with pytest.raises(TypeError):
        request(Request("POST", 5))  # type: ignore[arg-type]
    waiting.join(5)
    assert answer(slow[0]).status == 200


def test_no_descriptor_is_left_behind(far_end: Start) -> None:
    there = far_end(answers(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))

    for _ in send_many((number, post(there.url)) for number in range(60)):
        pass
    assert connections_to(there.port) == 0


_FORKS = """
import os, sys
from wedsync.platform.outbound import Request, Transfers, allow_loopback, request
allow_loopback(True)
url = sys.argv[1]
assert request(Request("GET", url)).status == 200
ours = Transfers()
ours.start(Request("GET", url), None)
assert ours.finished(5)[0][1].status == 200
child = os.fork()
if child == 0:
    try:
        ours.start(Request("GET", url), None)
    except RuntimeError:
        ours.close()
        os._exit(0 if request(Request("GET", url)).status == 200 else 2)
    os._exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
ours.start(Request("GET", url), None)
assert ours.finished(5)[0][1].status == 200
assert request(Request("GET", url)).status == 200
"""


def test_a_forked_child_calls_with_connections_of_its_own(far_end: Start) -> None:
    there = far_end()
    ran = subprocess.run(
        [sys.executable, "-c", _FORKS, there.url],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    assert len(there.requests) == 5
    assert there.connections == 3

"""Blocking work beside requests: four of a lane, 32 in all, given up in time, holding up nobody."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.workers.scene import Sink, wait_until
from wedsync.platform.effects import PER_LANE, Blocking, Done, Effects, Ended
from wedsync.platform.ids import new_id
from wedsync.platform.outbound import Answer, Failure, Request


@pytest.fixture
def effects() -> Iterator[Effects]:
    made = Effects(limit=200)
    yield made
    made.close()


def lane() -> str:
    """A lane of the test's own: the threads are the whole process's."""
    return str(new_id())


def all_of(effects: Effects, seconds: float = 10) -> dict[object, Ended]:
    home: dict[object, Ended] = {}
    deadline = time.monotonic() + seconds
    while len(effects):
        assert time.monotonic() < deadline
        home |= dict(effects.finished(1.0))
    return home


class Gate:
    """Work that stays until it is let go, and knows how many were in it."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.inside = 0
        self.most = 0
        self._lock = threading.Lock()

    def pass_through(self) -> str:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.open.wait(10)
        with self._lock:
            self.inside -= 1
        return "through"


def test_what_blocking_work_gives_comes_home_beside_answers(effects: Effects, sink: Sink) -> None:
    effects.start(Blocking(lambda: 7, lane()), "work")
    effects.start(Request("POST", sink.url("/ok/beside")), "request")
    assert len(effects) == 2
    home = all_of(effects)
    assert isinstance(home["request"], Answer)
    done = home["work"]
    assert isinstance(done, Done)
    assert (done.value, done.timings.total_ms > 0) == (7, True)


def test_work_that_ends_wakes_whoever_waits_for_answers(effects: Effects, sink: Sink) -> None:
    effects.start(Request("POST", sink.url("/hang/here"), timeout_s=30), "request")
    effects.start(Blocking(lambda: time.sleep(0.1), lane()), "work")
    began = time.monotonic()
    home = list(effects.finished(10.0))
    assert [tag for tag, _ in home] == ["work"]
    assert time.monotonic() - began < 8


def test_work_that_raises_may_have_happened(effects: Effects) -> None:
    def fails() -> None:
        raise LookupError("what a library says")

    effects.start(Blocking(fails, lane()), "work")
    outcome = all_of(effects)["work"]
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == ("maybe", "task_failed")
    assert "library" not in outcome.message


def test_work_that_asks_for_an_exit_ends_like_any_other_and_gives_its_place_back(
    effects: Effects,
) -> None:
    def leaves() -> None:
        raise SystemExit("a library's own idea")

    partner = lane()
    for number in range(PER_LANE):
        effects.start(Blocking(leaves, partner), number)
    effects.start(Blocking(lambda: 7, partner), "after")
    home = all_of(effects)
    after = home.pop("after")
    assert isinstance(after, Done)
    assert after.value == 7
    assert {getattr(each, "code", None) for each in home.values()} == {"task_failed"}


def test_work_that_outlives_its_time_may_have_happened_and_is_not_heard_later(
    effects: Effects,
) -> None:
    gate = Gate()
    effects.start(Blocking(gate.pass_through, lane(), timeout_s=0.1), "work")
    outcome = all_of(effects)["work"]
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == ("maybe", "timeout")
    gate.open.set()
    wait_until(lambda: gate.inside == 0)
    assert list(effects.finished(0.05)) == []


def test_four_of_a_lane_are_under_way_at_a_time_and_other_lanes_go_on(effects: Effects) -> None:
    gate, crowded = Gate(), lane()
    for number in range(12):
        effects.start(Blocking(gate.pass_through, crowded), number)
    for number in range(20):
        effects.start(Blocking(lambda: "at once", lane()), f"other {number}")
    others: dict[object, Ended] = {}
    wait_until(lambda: len(others.update(effects.finished(0.2)) or others) == 20)
    assert (gate.inside, gate.most) == (4, 4)
    gate.open.set()
    assert len(all_of(effects)) == 12
    assert gate.most == 4


def test_no_more_than_32_are_under_way_in_the_process(effects: Effects) -> None:
    gate = Gate()
    for number in range(40):
        effects.start(Blocking(gate.pass_through, lane()), number)
    wait_until(lambda: gate.inside == 32)
    time.sleep(0.05)
    assert gate.most == 32
    gate.open.set()
    assert Counter(type(one) for one in all_of(effects).values()) == {Done: 40}


def test_work_that_does_not_get_its_turn_in_time_was_never_begun(effects: Effects) -> None:
    gate, crowded = Gate(), lane()
    for number in range(4):
        effects.start(Blocking(gate.pass_through, crowded), number)
    begun: list[str] = []
    effects.start(Blocking(lambda: begun.append("begun"), crowded, timeout_s=0.1), "fifth")
    ((tag, outcome),) = effects.finished(2.0)
    assert isinstance(outcome, Failure)
    assert (tag, outcome.kind, outcome.code) == ("fifth", "not_sent", "crowded")
    gate.open.set()
    assert len(all_of(effects)) == 4
    assert begun == []


def test_what_was_dropped_never_begins_and_is_never_heard(effects: Effects) -> None:
    gate, crowded = Gate(), lane()
    begun: list[int] = []
    dropped = Effects(limit=200)
    for number in range(4):
        dropped.start(Blocking(gate.pass_through, crowded), number)
    wait_until(lambda: gate.inside == 4)
    for number in range(4):
        dropped.start(Blocking(_noting(begun, number), crowded), f"queued {number}")
    dropped.close()
    gate.open.set()
    effects.start(Blocking(lambda: "mine", crowded), "mine")
    assert set(all_of(effects)) == {"mine"}
    assert begun == []


def _noting(begun: list[int], number: int) -> Callable[[], None]:
    return lambda: begun.append(number)


def test_more_than_its_limit_is_refused() -> None:
    gate, small = Gate(), Effects(limit=1)
    small.start(Blocking(gate.pass_through, lane()), 1)
    with pytest.raises(RuntimeError):
        small.start(Blocking(gate.pass_through, lane()), 2)
    gate.open.set()
    small.close()


def test_neither_what_is_done_nor_what_it_gave_is_told_in_a_repr() -> None:
    secret = "sk-canary"
    done = Done(secret, Failure("maybe", "x", "y").timings)
    assert secret not in repr(done) + repr(Blocking(lambda: secret, "lane"))

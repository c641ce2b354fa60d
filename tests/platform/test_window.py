"""The rolling window: full but never over, refilled as answers come, held up by nobody."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from tests.workers.scene import Sink, started_sink, wait_until
from wedsync.platform import ids, outbound
from wedsync.platform.leases import OwnerLock
from wedsync.platform.outbound import Answer, Outcome, Request
from wedsync.platform.shares import Shares
from wedsync.platform.window import Turn, Window

NEVER = threading.Event()


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    before = outbound.loopback_allowed()
    outbound.allow_loopback(True)
    with started_sink() as started:
        yield started
    outbound.allow_loopback(before)


@dataclass
class Held:
    """Just an owner's id, for a window that needs no database."""

    id: UUID | None = field(default_factory=ids.new_id)


@dataclass(frozen=True)
class Errand:
    """One request; `then` follow upon its answer."""

    lane: str
    url: str
    then: int = 0
    organization_id: UUID = field(default_factory=ids.new_id)
    id: UUID = field(default_factory=ids.new_id)


class Errands:
    """A source over a list: claims from its front, keeps what came home."""

    def __init__(self, errands: Sequence[Errand]) -> None:
        self.owner: OwnerLock = Held()  # type: ignore[assignment]
        self.due = list(errands)
        self.home: list[tuple[Errand, Outcome]] = []
        self.renewed: list[UUID] = []
        self.most_at_once = self.at_once = 0
        self.failures = 0
        self.timeout_s = 1.0

    def turn(
        self,
        owner: UUID,
        finished: Sequence[tuple[Errand, Outcome]],
        room: int,
        shares: Shares,
    ) -> Turn[Errand]:
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.home += finished
        again = [_next(errand) for errand, _ in finished if errand.then]
        allotment = shares.allotment(room, [(one.lane, one.organization_id) for one in again])
        taken = []
        for errand in list(self.due) if room else ():
            if allotment.room > 0 and errand.lane not in allotment.full_lanes:
                self.due.remove(errand)
                taken.append(errand)
                allotment.room -= 1
        self.at_once += len(taken) + len(again) - len(finished)
        self.most_at_once = max(self.most_at_once, self.at_once)
        starts = [
            (one, Request("POST", one.url, timeout_s=self.timeout_s)) for one in (*again, *taken)
        ]
        return Turn(starts, claimed=len(taken))

    def renew(self, owner: UUID, rows: Sequence[UUID]) -> None:
        self.renewed += rows

    def answers(self) -> Counter[int | str]:
        return Counter(
            outcome.status if isinstance(outcome, Answer) else outcome.code
            for _, outcome in self.home
        )


def _next(errand: Errand) -> Errand:
    return Errand(errand.lane, errand.url, errand.then - 1)


def work(window: Window[Errand], stopping: threading.Event = NEVER) -> None:
    window.work(stopping, threading.Event())


def test_everything_due_is_done_and_the_window_is_never_over_full(sink: Sink) -> None:
    source = Errands([Errand("a", sink.url("/ok/all"), then=2) for _ in range(120)])
    work(Window(source, size=16))
    assert source.answers() == {200: 360}
    assert source.most_at_once <= 16


def test_one_that_hangs_holds_its_own_place_and_nobody_elses(sink: Sink) -> None:
    slow = [Errand("slow", sink.url("/hang/here"))]
    quick = [Errand(f"quick-{number % 5}", sink.url("/ok/there")) for number in range(300)]
    source = Errands([*slow, *quick])
    began = time.monotonic()
    home_before_the_time_out = []

    def look() -> None:
        wait_until(lambda: len(source.home) >= 300, 5, 0.005)
        home_before_the_time_out.append(time.monotonic() - began)

    looking = threading.Thread(target=look)
    looking.start()
    work(Window(source, size=16))
    looking.join()
    assert home_before_the_time_out[0] < 1.0
    assert source.answers() == {200: 300, "timeout": 1}


def test_a_turn_that_fails_is_taken_again_with_everything_that_came_home(sink: Sink) -> None:
    source = Errands([Errand("a", sink.url("/ok/again")) for _ in range(5)])
    window = Window(source, size=16)
    real_turn = source.turn

    def turn_fails_once(*args, **kwargs):  # type: ignore[no-untyped-def]
        if args[1] and not source.home:
            source.turn = real_turn  # type: ignore[method-assign]
            raise ConnectionError
        return real_turn(*args, **kwargs)

    source.turn = turn_fails_once  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        work(window)
    work(window)
    assert source.answers() == {200: 5}
    assert window._shares.room == 16


def test_asked_to_stop_nothing_new_is_claimed_and_what_is_in_flight_comes_home(
    sink: Sink,
) -> None:
    source = Errands([Errand("a", sink.url("/slow/0.4/stop")) for _ in range(30)])
    stopping = threading.Event()
    threading.Timer(0.1, stopping.set).start()
    work(Window(source, size=8), stopping)
    assert source.answers() == {200: 8}
    assert len(source.due) == 22


def test_what_was_claimed_for_another_owner_is_dropped(sink: Sink) -> None:
    source = Errands([Errand("a", sink.url("/hang/dropped")) for _ in range(4)])
    window = Window(source, size=8)
    working = threading.Thread(target=work, args=(window,))
    working.start()
    wait_until(lambda: window.in_flight == 4)
    source.owner = Held()  # type: ignore[assignment]
    working.join(5)
    assert (window.in_flight, window._shares.room, source.home) == (0, 8, [])


def test_without_an_owner_nothing_is_claimed(sink: Sink) -> None:
    source = Errands([Errand("a", sink.url("/ok/nobody"))])
    source.owner = Held(None)  # type: ignore[assignment]
    work(Window(source, size=8))
    assert len(source.due) == 1


def test_leases_are_renewed_for_what_is_in_flight_and_only_that(sink: Sink) -> None:
    slow = Errand("slow", sink.url("/slow/0.6/renewed"))
    source = Errands([slow, Errand("quick", sink.url("/ok/renewed"))])
    work(Window(source, size=8, renew_s=0.2))
    assert set(source.renewed) == {slow.id}
    assert len(source.renewed) >= 2


def test_what_nobody_wants_any_more_is_ended_and_comes_home(sink: Sink) -> None:
    source = Errands([Errand(f"lane-{n}", sink.url("/hang/unwanted")) for n in range(3)])
    asked: list[UUID] = []

    def unwanted(_owner: UUID, rows: Sequence[UUID]) -> list[UUID]:
        asked.extend(rows)
        return list(rows)

    source.timeout_s = 30.0
    began = time.monotonic()
    work(Window(source, size=8, unwanted=unwanted))
    assert time.monotonic() - began < 25
    assert source.answers() == {"aborted": 3}
    assert set(asked) == {errand.id for errand, _ in source.home}


def test_what_may_leave_within_a_second_is_waited_for(sink: Sink) -> None:
    """A rate holds the next one back: the window looks again then, and not all the while."""

    class Paced(Errands):
        turns, free_at = 0, 0.0

        def turn(
            self,
            owner: UUID,
            finished: Sequence[tuple[Errand, Outcome]],
            room: int,
            shares: Shares,
        ) -> Turn[Errand]:
            self.turns += 1
            self.home += finished
            now = time.monotonic()
            starts = []
            if room and self.due and now >= self.free_at:
                errand = self.due.pop(0)
                starts = [(errand, Request("POST", errand.url))]
                self.free_at = now + 0.1
            again = max(0.001, self.free_at - now) if self.due else None
            return Turn(starts, claimed=len(starts), again_in_s=again)

    source = Paced([Errand("paced", sink.url("/ok/paced")) for _ in range(10)])
    began = time.monotonic()
    work(Window(source, size=8))
    assert time.monotonic() - began >= 0.9
    assert source.answers() == {200: 10}
    assert source.turns < 10 * 8

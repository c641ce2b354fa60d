"""What a window has in flight: requests through libcurl, and beside them work that blocks.

Code with sockets of its own (SMTP, libraries) is run on 32 threads that the whole process shares,
at most four at a time of one lane (a connection), so that a partner who hangs holds four threads
and nobody's window. A thread cannot be stopped from outside: work that outlives its time is given
up, what it says later is not heard, and it keeps its place in its lane until it really ends.
"""

import logging
import os
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from wedsync.platform.outbound import Failure, Outcome, Request, Timings, Transfers

THREADS = 32
PER_LANE = 4
CROWDED = "crowded"
"""The code of work that did not get its turn in time."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Blocking:
    """Work that blocks: `run` is called on a thread of the pool, and what it gives comes home.

    `lane` is whom it is done to. It has `timeout_s` to get its turn, and as long again to end.
    """

    run: Callable[[], object] = field(repr=False)
    lane: str
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Done:
    """Blocking work that ended in time, with what it gave."""

    value: object = field(repr=False)
    timings: Timings


Effect: TypeAlias = Request | Blocking
Ended: TypeAlias = Outcome | Done


class Effects:
    """A window of requests and blocking work, used by one thread, at most `limit` at a time.

    Work that raises, or outlives its time, ends as a `maybe`; work that does not get its turn in
    time as `not_sent`.
    """

    def __init__(self, *, limit: int) -> None:
        self._transfers = Transfers(limit=limit)
        self._limit = limit
        self._tasks: set[_Task] = set()
        self._ended: deque[_Task] = deque()
        self._bell = threading.Event()

    def __len__(self) -> int:
        """How many were started and not yet handed back by `finished`."""
        return len(self._transfers) + len(self._tasks)

    def start(self, effect: Effect, tag: object) -> None:
        """Begin `effect`; its outcome comes back from `finished` beside `tag`.

        Raises RuntimeError when `limit` are out already.
        """
        if isinstance(effect, Request):
            self._transfers.start(effect, tag)
            return
        if len(self) >= self._limit:
            raise RuntimeError(f"no more than {self._limit} effects at a time")
        task = _Task(effect, tag, self._heard)
        self._tasks.add(task)
        _pool.submit(task)

    def finished(self, timeout_s: float) -> Sequence[tuple[object, Ended]]:
        """All that have ended, waiting at most `timeout_s` for the first; empty when nothing is
        out."""
        if not self._tasks:
            return self._transfers.finished(timeout_s)
        self._bell.clear()
        home = self._came_home()
        if home:
            timeout_s = 0.0
        timeout_s = min(timeout_s, self._until_the_next_time_out())
        if len(self._transfers):
            home += self._transfers.finished(timeout_s)
        else:
            self._bell.wait(timeout_s)
        return home + self._came_home()

    def end(self, tag: object) -> None:
        """Have the request of `tag` end now, as a failure. Blocking work goes on to its own end."""
        self._transfers.end(tag)

    def close(self) -> None:
        """Drop what is in flight, its outcomes unknown. Work that has not begun never begins."""
        for task in self._tasks:
            _pool.cancel(task)
        self._tasks.clear()
        self._ended.clear()
        self._transfers.close()

    def _heard(self, task: "_Task") -> None:
        """Called by the pool's threads. First kept, then rung: whoever is woken finds it."""
        self._ended.append(task)
        self._bell.set()
        self._transfers.wakeup()

    def _came_home(self) -> list[tuple[object, Ended]]:
        home: list[tuple[object, Ended]] = []
        while self._ended:
            task = self._ended.popleft()
            if task in self._tasks:  # else it was given up, or belongs to a dropped owner
                self._tasks.discard(task)
                home.append((task.tag, task.outcome()))
        now = time.monotonic()
        for late in [task for task in self._tasks if task.until <= now]:
            never_begun = _pool.cancel(late)
            if never_begun or late.until <= now:  # it may have begun this very moment
                self._tasks.discard(late)
                home.append((late.tag, late.given_up(never_begun)))
        return home

    def _until_the_next_time_out(self) -> float:
        if not self._tasks:
            return 0.0
        return max(0.0, min(task.until for task in self._tasks) - time.monotonic())


class _Task:
    """One piece of blocking work. `until` is when it is given up, monotonic."""

    def __init__(self, work: Blocking, tag: object, ended: Callable[["_Task"], None]) -> None:
        self.work = work
        self.tag = tag
        self._ended = ended
        self._since = time.monotonic()
        self.until = self._since + work.timeout_s
        self._value: object = None
        self._failed = False
        self._total_ms = 0.0

    def begin(self) -> None:
        """It is its turn: its own time starts now."""
        self.until = time.monotonic() + self.work.timeout_s

    def run(self) -> None:
        """Do the work on a thread of the pool; whatever it raises is an outcome, an exit some
        library asks for too, since the thread and its place are everybody's."""
        try:
            self._value = self.work.run()
        except BaseException:
            log.exception("blocking work failed")
            self._failed = True
        self._total_ms = (time.monotonic() - self._since) * 1000
        self._ended(self)

    def outcome(self) -> Ended:
        timings = Timings(total_ms=self._total_ms)
        if self._failed:
            return Failure("maybe", "task_failed", "Something went wrong while doing it.", timings)
        return Done(self._value, timings)

    def given_up(self, never_begun: bool) -> Failure:
        timings = Timings(total_ms=(time.monotonic() - self._since) * 1000)
        if never_begun:
            words = "Too much else was going on with them; it was not its turn in time."
            return Failure("not_sent", CROWDED, words, timings)
        return Failure("maybe", "timeout", "It did not end in time.", timings)


class _Pool:
    """The process's threads, made when first needed. A lane's work begins in the order it came."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[_Task]] = OrderedDict()
        self._running: Counter[str] = Counter()
        self._threads = self._idle = 0
        self._change = threading.Condition()

    def submit(self, task: _Task) -> None:
        with self._change:
            self._waiting.setdefault(task.work.lane, deque()).append(task)
            pending = sum(map(len, self._waiting.values()))
            if pending > self._idle and self._threads < THREADS:
                self._threads += 1
                # A daemon: work that hangs must not keep a process from ending.
                threading.Thread(target=self._work, name="effect", daemon=True).start()
            self._change.notify()

    def cancel(self, task: _Task) -> bool:
        """Take back what has not begun; False when it has."""
        with self._change:
            queue = self._waiting.get(task.work.lane, ())
            if task not in queue:
                return False
            self._take_out(task)
            return True

    def _work(self) -> None:
        while True:
            with self._change:
                while (task := self._next()) is None:
                    self._idle += 1
                    self._change.wait()
                    self._idle -= 1
                task.begin()
                self._running[task.work.lane] += 1
            task.run()
            with self._change:
                self._running[task.work.lane] -= 1
                if not self._running[task.work.lane]:
                    del self._running[task.work.lane]
                self._change.notify()
            del task  # what it holds must not live until the next one comes

    def _next(self) -> _Task | None:
        """The first task of the lane longest not served that has a place free."""
        for lane, queue in self._waiting.items():
            if self._running[lane] < PER_LANE:
                task = queue[0]
                self._take_out(task)
                if lane in self._waiting:
                    self._waiting.move_to_end(lane)
                return task
        return None

    def _take_out(self, task: _Task) -> None:
        queue = self._waiting[task.work.lane]
        queue.remove(task)
        if not queue:
            del self._waiting[task.work.lane]


_pool = _Pool()


def _after_fork() -> None:
    # The threads stayed with the parent.
    global _pool
    _pool = _Pool()


os.register_at_fork(after_in_child=_after_fork)

"""Never more than N within any W seconds, whatever is asked for, and whenever."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync.connections.limits import arithmetic
from wedsync.connections.limits.arithmetic import TRAVEL_S, Bucket, Pace, pace_of

NOW = datetime(2027, 6, 12, 9, 0, tzinfo=UTC)
RATES = [(1, 1), (2, 1), (10, 1), (25, 1), (100, 60), (1_000, 3_600), (7, 3)]

rates = st.tuples(st.integers(1, 200), st.integers(1, 120))
moves = st.lists(
    st.tuples(
        st.floats(0, 5),  # seconds since the one before
        st.integers(1, 40),  # calls wanted
        st.floats(0, 1),  # how long it travels, of what it may
        st.one_of(st.none(), st.floats(0, 20)),  # held by the far end for so long
        st.one_of(st.none(), st.tuples(st.integers(0, 30), st.floats(0, 20))),  # said to be left
    ),
    max_size=120,
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


# --- never too many


@given(rates, moves)
def test_no_window_of_the_far_end_sees_more_than_it_allows(
    rate: tuple[int, int], asked: list[tuple[float, int, float, object, object]]
) -> None:
    calls, seconds = rate
    bucket, now, arrivals = Bucket(pace_of(calls, seconds)), NOW, []
    for wait, wanted, travel, held, said in asked:
        now += timedelta(seconds=wait)
        leaving = min(wanted, arithmetic.free(bucket, now))
        bucket = arithmetic.taken(bucket, leaving, now)
        arrivals += [now + timedelta(seconds=travel * TRAVEL_S * 0.99)] * leaving
        bucket = _told(bucket, now, held, said)
    arrivals.sort()
    for first, beyond in zip(arrivals, arrivals[calls:], strict=False):
        assert (beyond - first).total_seconds() >= seconds


@given(rates, moves)
def test_nothing_leaves_while_it_is_held_nor_more_than_they_said_is_left(
    rate: tuple[int, int], asked: list[tuple[float, int, float, object, object]]
) -> None:
    bucket, now, since_said = Bucket(pace_of(*rate)), NOW, 0
    for wait, wanted, _, held, said in asked:
        now += timedelta(seconds=wait)
        leaving = min(wanted, arithmetic.free(bucket, now))
        since_said += leaving
        assert not leaving or bucket.held_until is None or now >= bucket.held_until
        if bucket.left_until is not None and now < bucket.left_until:
            assert bucket.left is not None
            assert bucket.left >= leaving
        bucket = _told(arithmetic.taken(bucket, leaving, now), now, held, said)


def _told(bucket: Bucket, now: datetime, held: object, said: object) -> Bucket:
    held_until = now + timedelta(seconds=held) if isinstance(held, float) else bucket.held_until
    if not isinstance(said, tuple):
        return Bucket(bucket.pace, bucket.full_at, held_until, bucket.left, bucket.left_until)
    left, reset_s = said
    return Bucket(bucket.pace, bucket.full_at, held_until, left, now + timedelta(seconds=reset_s))


# --- and not too few


@pytest.mark.parametrize(("calls", "seconds"), RATES)
def test_what_is_always_wanted_comes_close_to_what_is_allowed(calls: int, seconds: int) -> None:
    bucket, now, left = Bucket(pace_of(calls, seconds)), NOW, 0
    until = NOW + timedelta(seconds=20 * seconds)
    while now < until:
        leaving = arithmetic.free(bucket, now)
        bucket, left = arithmetic.taken(bucket, leaving, now), left + leaving
        now = max(arithmetic.goes_at(bucket, 0, now), now + timedelta(milliseconds=1))
    fairly = calls * seconds / (seconds + TRAVEL_S)
    assert left >= 0.85 * 20 * fairly


# --- when


@pytest.mark.parametrize(("calls", "seconds"), RATES)
def test_the_moment_that_is_named_is_the_moment_in_which_it_may_leave(
    calls: int, seconds: int
) -> None:
    full = Bucket(pace_of(calls, seconds))
    empty = arithmetic.taken(full, arithmetic.free(full, NOW), NOW)
    assert arithmetic.free(empty, NOW) == 0
    for before in range(5):
        at = arithmetic.goes_at(empty, before, NOW)
        short = at - timedelta(milliseconds=5)
        assert arithmetic.free(empty, short) <= before
        assert arithmetic.free(empty, at + timedelta(microseconds=5)) >= min(
            before + 1, int(pace_of(calls, seconds).burst)
        )


def test_who_is_held_goes_when_the_far_end_said_and_the_others_after_it() -> None:
    bucket = Bucket(Pace(1, 2.0), held_until=after(30))
    assert arithmetic.free(bucket, NOW) == 0
    assert arithmetic.goes_at(bucket, 0, NOW) == after(30)
    assert arithmetic.goes_at(bucket, 4, NOW) == after(32)


def test_what_the_far_end_said_is_left_is_kept_to_and_then_it_begins_anew() -> None:
    bucket = Bucket(None, left=2, left_until=after(60))
    assert arithmetic.free(bucket, NOW) == 2
    assert arithmetic.goes_at(bucket, 1, NOW) == NOW
    assert arithmetic.goes_at(bucket, 2, NOW) == after(60)
    spent = arithmetic.taken(bucket, 2, NOW)
    assert arithmetic.free(spent, NOW) == 0
    assert arithmetic.free(spent, after(60)) == arithmetic.UNBOUNDED


def test_a_thousand_at_ten_a_second_take_as_long_as_is_said() -> None:
    bucket = Bucket(pace_of(10, 1))
    assert (arithmetic.goes_at(bucket, 999, NOW) - NOW).total_seconds() == pytest.approx(
        131.4, 0.01
    )

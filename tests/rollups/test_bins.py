"""Bins: what is read from them is right to the bin, and adding them is adding what they counted."""

from bisect import bisect_right
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from wedsync.rollups.bins import BOUNDS_MS, add, percentile_ms

TIMES = st.lists(st.floats(0, 4_000_000_000, allow_nan=False), max_size=200)


def binned(times: list[float]) -> list[int]:
    bins: list[int] = []
    for ms in times:
        bins = add(bins, [0] * bisect_right(BOUNDS_MS, ms) + [1])
    return bins


def test_the_bounds_rise() -> None:
    assert list(BOUNDS_MS) == sorted(set(BOUNDS_MS))


@given(TIMES, TIMES)
def test_bins_of_two_times_are_the_bins_of_both_together(
    one: list[float], other: list[float]
) -> None:
    both, together = add(binned(one), binned(other)), binned(one + other)
    assert both == together


@given(TIMES.filter(bool), st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0]))
def test_a_percentile_is_the_bound_of_the_bin_of_the_exact_one(
    times: list[float], share: float
) -> None:
    exact = sorted(times)[max(1, ceil(share * len(times))) - 1]
    found = percentile_ms(binned(times), share)
    assert found is not None
    assert found == BOUNDS_MS[min(bisect_right(BOUNDS_MS, exact), len(BOUNDS_MS) - 1)]


def test_nothing_has_no_percentile() -> None:
    assert percentile_ms([], 0.95) is None
    assert percentile_ms([0, 0], 0.95) is None

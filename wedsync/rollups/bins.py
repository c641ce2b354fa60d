"""How many took how long, in bins that can be added to each other. Pure."""

from collections.abc import Sequence
from itertools import zip_longest

BOUNDS_MS: tuple[float, ...] = (
    *(1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700),
    *(1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000, 45_000),
    *(60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 3 * 3_600_000, 12 * 3_600_000),
    *(86_400_000, 3 * 86_400_000, 7 * 86_400_000, 30 * 86_400_000),
)
"""Bin n counts what took at least bound n - 1 and less than bound n; the first begins at nothing,
the last has no end. Kept rows count in these: a bound may be added at the end, never between."""


def add(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Both together; a shorter one has nothing in the bins it lacks."""
    return [one + other for one, other in zip_longest(first, second, fillvalue=0)]


def percentile_ms(bins: Sequence[int], share: float) -> float | None:
    """Within how many milliseconds `share` (0 to 1) of them were done; None where none is counted.

    It is the bound of the bin the exact one lies in, so never less than it and mostly no more than
    half as much again. What took longer than the last bound counts as the last bound.
    """
    wanted, passed = share * sum(bins), 0
    for number, count in enumerate(bins):
        passed += count
        if count > 0 and passed >= wanted:
            return BOUNDS_MS[min(number, len(BOUNDS_MS) - 1)]
    return None

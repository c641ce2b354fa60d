"""How often Python looks for garbage that refers to itself."""

import gc
import itertools

_THRESHOLDS = (200_000, 20, 20)
_OLD, _ALL = 1, 2
"""Generations: what is younger is looked at with them."""
_ALL_EVERY = 1_000
_pauses = itertools.count(1)


def collect_seldom() -> None:
    """Have the collector come by seldom from now on, and never walk what is loaded by now.

    A worker makes thousands of objects for each batch of runs and nearly none of them in a circle:
    by Python's own thresholds (700, 10, 10) the looking takes a fifth of its time. What refers to
    itself is still found, some hundred thousand objects later. To be called when everything that
    stays for good was imported; https://docs.python.org/3.11/library/gc.html#gc.freeze.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def collect_in_a_pause() -> None:
    """Look for what answers left behind, in a moment in which nobody waits for one.

    A page is drawn by templates that refer to one another: each leaves a circle of some thousand
    objects. To find one takes less than a millisecond; a hundred of them, found at once while the
    next is drawn, held that one up by a fifth of a second. What lives on from answer to answer is
    looked at with them in one pause of a thousand.
    """
    gc.collect(_OLD if next(_pauses) % _ALL_EVERY else _ALL)

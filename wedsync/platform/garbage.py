"""How often Python looks for garbage that refers to itself."""

import gc

_THRESHOLDS = (200_000, 20, 20)


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

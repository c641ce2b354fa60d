"""Python looks for garbage that refers to itself seldom, but it does look."""

import json
import subprocess
import sys

from wedsync.settings import CHECKOUT

# In a process of its own: how a collector is set is everybody's in a process.
_BEGINNING = """
import gc, json, weakref
from wedsync.platform.garbage import collect_in_a_pause, collect_seldom

class Ring:
    pass

def ring():
    made = Ring()
    made.itself = made
    return weakref.ref(made)
"""
_LOOKING = f"""{_BEGINNING}
def rings_until_the_first_is_found():
    first, made = ring(), 1
    while first() is not None and made < 1_000_000:
        ring()
        made += 1
    return made

before = rings_until_the_first_is_found()
collect_seldom()
loaded = gc.get_freeze_count()
print(json.dumps([before, rings_until_the_first_is_found(), loaded]))
"""


def test_garbage_is_found_though_more_seldom_and_what_was_loaded_is_never_walked_again() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LOOKING], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    before, afterwards, loaded = json.loads(told.stdout)
    assert 5 * before < afterwards < 250_000
    assert loaded > 1_000


_PAUSING = f"""{_BEGINNING}
collect_seldom()
kept = Ring()
kept.itself = kept
young, old = ring(), weakref.ref(kept)
collect_in_a_pause()
found_young = young() is None
del kept
collect_in_a_pause()
found_old_at_once = old() is None
for _ in range(1_000):
    collect_in_a_pause()
print(json.dumps([found_young, found_old_at_once, old() is None]))
"""


def test_a_pause_is_for_what_is_young_and_one_in_a_thousand_for_all() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _PAUSING], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout) == [True, False, True]

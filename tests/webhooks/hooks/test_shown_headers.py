"""Headers as they are kept: masked, cut, and few."""

import tracemalloc

from wedsync.platform.vault import MASK
from wedsync.webhooks.hooks.shown_headers import shown

NOTHING: frozenset[str] = frozenset()


def test_values_that_could_be_secrets_are_masked() -> None:
    pairs = [(b"x-api-key", b"k"), (b"cookie", b"c"), (b"x-mine", b"m"), (b"accept", b"*/*")]
    assert shown(pairs, frozenset({"x-mine"})) == {
        "x-api-key": MASK, "cookie": MASK, "x-mine": MASK, "accept": "*/*",
    }  # fmt: skip


def test_one_sent_twice_is_joined_and_bytes_that_are_no_text_are_shown() -> None:
    assert shown([(b"a", b"1"), (b"a", b"\xff")], NOTHING) == {"a": "1, \xff"}


def test_names_and_values_are_cut_and_of_many_the_first_are_kept() -> None:
    ((name, value),) = shown([(b"n" * 9_000, b"v" * 9_000)], NOTHING).items()
    assert (len(name), len(value)) == (500, 500)
    assert len(shown([(b"x-%d" % number, b"") for number in range(100)], NOTHING)) == 60


def test_long_names_are_not_remembered_whole() -> None:
    tracemalloc.start()
    for number in range(1_100):
        shown([(b"x-%d-" % number + b"a" * 60_000, b"")], NOTHING)
    held, _most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 5_000_000

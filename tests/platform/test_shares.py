"""Who may hold how much of a sending window: whatever happens, no cap is passed."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync.platform import ids
from wedsync.platform.shares import FIRST_SHARE, SLOW_SECONDS, Place, Shares

OWNERS = [UUID(int=number) for number in range(1, 4)]
LANES = [(f"lane-{number}", OWNERS[number % 3]) for number in range(12)]


def grown(size: int, lane: Place, times: int = 10) -> Shares:
    shares = Shares(size)
    for _ in range(times):
        shares.take(*lane)
        shares.give_back(*lane, 0.1, lost=False)
    return shares


def test_a_share_begins_at_two_and_doubles_with_each_quick_answer_up_to_a_quarter() -> None:
    shares, lane = Shares(200), LANES[0]
    seen = []
    for _ in range(7):
        seen.append(shares.allotment(200).grant(*lane))
        shares.take(*lane)
        shares.give_back(*lane, 0.1, lost=False)
    assert seen == [2, 4, 8, 16, 32, 50, 50]


def test_a_time_out_makes_it_one_and_a_quick_answer_lets_it_grow_again() -> None:
    lane = LANES[0]
    shares = grown(200, lane)
    shares.take(*lane)
    shares.give_back(*lane, 15, lost=True)
    assert shares.allotment(200).grant(*lane) == 1
    shares.take(*lane)
    shares.give_back(*lane, 0.1, lost=False)
    assert shares.allotment(200).grant(*lane) == 2


def test_slow_lanes_together_hold_a_quarter_also_within_one_claim() -> None:
    shares = Shares(200)
    lanes = [(f"slow-{number}", ids.new_id()) for number in range(100)]
    for lane in lanes:
        shares.take(*lane)
        shares.give_back(*lane, 15, lost=True)
    allotment = shares.allotment(200)
    assert sum(allotment.grant(*lane) for lane in lanes) == 50
    quick = ("quick", ids.new_id())
    assert allotment.grant(*quick) == FIRST_SHARE


def test_one_organization_holds_at_most_half() -> None:
    shares = Shares(20)
    lanes = [(f"lane-{number}", OWNERS[0]) for number in range(10)]
    allotment = shares.allotment(20)
    assert sum(allotment.grant(*lane) for lane in lanes) == 10
    assert allotment.grant("another", OWNERS[1]) == FIRST_SHARE


def test_what_goes_on_takes_its_place_before_anything_is_claimed() -> None:
    shares, lane = Shares(8), LANES[0]
    for _ in range(6):
        shares.take("others", OWNERS[1])
    allotment = shares.allotment(shares.room, going_on=[lane, lane])
    assert allotment.room == 0
    assert allotment.grant(*LANES[1]) == 0
    assert lane[0] in allotment.full_lanes


def test_work_that_ends_at_once_lets_a_lane_grow_but_does_not_call_it_quick() -> None:
    shares, lane = Shares(200), LANES[0]
    shares.grow(lane[0])
    assert shares.allotment(200).grant(*lane) == 4
    shares.take(*lane)
    shares.give_back(*lane, 15, lost=True)
    shares.grow(lane[0])
    assert shares.allotment(200).grant(*lane) == 1


def test_lanes_unheard_of_for_long_are_forgotten() -> None:
    shares = Shares(200)
    for number in range(10_050):
        shares.take(f"lane-{number}", OWNERS[0])
        shares.give_back(f"lane-{number}", OWNERS[0], 15, lost=True)
    assert len(shares._share) == 10_000
    assert len(shares._slow) == 10_000
    assert "lane-0" not in shares._share


answers = st.tuples(
    st.sampled_from(LANES),
    st.sampled_from([0.01, SLOW_SECONDS, 15.0]),
    st.booleans(),
)
rounds = st.lists(
    st.tuples(st.lists(st.sampled_from(LANES), max_size=12, unique=True), st.lists(answers)),
    max_size=25,
)


@given(size=st.integers(1, 64), story=rounds)
def test_whatever_happens_no_cap_is_passed(
    size: int, story: list[tuple[list[Place], list]]
) -> None:  # type: ignore[type-arg]
    """Lanes ask, answers come, in any order; lanes that are said to be full get nothing."""
    shares = Shares(size)
    held: Counter[Place] = Counter()
    for asking, ended in story:
        allotment = shares.allotment(shares.room)
        full = set(allotment.full_lanes)
        full_owners = set(allotment.full_organizations)
        for lane in asking:
            before = _held_by_slow(shares, held)
            granted = allotment.grant(*lane)
            if lane[0] in full or lane[1] in full_owners:
                assert granted == 0
            held[lane] += granted
            for _ in range(granted):
                shares.take(*lane)
            assert granted == 0 or held[lane] <= max(1, size // 4)
            if granted and lane[0] in shares._slow:
                assert before + granted <= max(1, size // 4)
        _assert_caps(size, shares, held)
        for lane, seconds, lost in ended:
            if held[lane]:
                held[lane] -= 1
                shares.give_back(*lane, seconds, lost=lost)
        assert shares.room == size - held.total()


def _held_by_slow(shares: Shares, held: Counter[Place]) -> int:
    return sum(count for lane, count in held.items() if lane[0] in shares._slow)


def _assert_caps(size: int, shares: Shares, held: Counter[Place]) -> None:
    assert held.total() <= size
    assert shares.room == size - held.total()
    for owner in OWNERS:
        mine = sum(count for lane, count in held.items() if lane[1] == owner)
        assert mine <= max(1, size // 2)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_small_window_still_sends(size: int) -> None:
    assert Shares(size).allotment(size).grant(*LANES[0]) >= 1

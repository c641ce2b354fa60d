"""When tokens are renewed and how long they are used: pure arithmetic."""

from datetime import UTC, datetime, timedelta

import pytest

from wedsync.connections.tokens.timing import (
    KEEP_ALIVE,
    is_dying,
    may_have_ended,
    next_check_at,
    next_try_at,
    refresh_due_at,
)

ISSUED = datetime(2027, 6, 12, 14, 0, tzinfo=UTC)


def after(**length: float) -> datetime:
    return ISSUED + timedelta(**length)


@pytest.mark.parametrize(
    ("life", "due"),
    [
        (timedelta(seconds=2), timedelta(seconds=1)),
        (timedelta(hours=1), timedelta(minutes=30)),
        (timedelta(days=60), KEEP_ALIVE),
        (None, KEEP_ALIVE),
    ],
    ids=["two seconds", "an hour", "two months", "for ever"],
)
def test_a_token_is_renewed_at_half_of_its_life_and_at_least_weekly(
    life: timedelta | None, due: timedelta
) -> None:
    expires = ISSUED + life if life else None
    assert refresh_due_at(ISSUED, expires, renewable=True, random=0.0) == ISSUED + due
    earlier = refresh_due_at(ISSUED, expires, renewable=True, random=1.0)
    assert earlier is not None
    assert due * 0.89 < earlier - ISSUED < due * 0.91


def test_what_cannot_be_renewed_is_due_when_it_ends() -> None:
    assert refresh_due_at(ISSUED, after(hours=1), renewable=False, random=0.5) == after(hours=1)
    assert refresh_due_at(ISSUED, None, renewable=False, random=0.5) is None


@pytest.mark.parametrize(
    ("life", "left", "dying"),
    [
        (3600, 11, False),
        (3600, 9, True),
        (20, 5.1, False),
        (20, 4.9, True),
        (2, 1.1, False),
        (2, 0.9, True),
        (3600, -1, True),
    ],
)
def test_a_token_is_not_used_in_its_last_moments(life: float, left: float, dying: bool) -> None:
    expires = after(seconds=life)
    assert is_dying(ISSUED, expires, expires - timedelta(seconds=left)) is dying


def test_a_token_without_an_end_never_dies() -> None:
    assert not is_dying(ISSUED, None, after(days=900))


@pytest.mark.parametrize(
    ("life", "age", "over"),
    [
        (3600, 1799, False),
        (3600, 1801, True),
        (2, 1.1, True),
        (None, 0.9, False),
        (None, 1.1, True),
    ],
)
def test_a_refused_token_may_have_ended_when_half_of_its_life_is_over(
    life: float | None, age: float, over: bool
) -> None:
    expires = after(seconds=life) if life else None
    assert may_have_ended(ISSUED, expires, after(seconds=age)) is over
    assert not may_have_ended(None, None, after(days=900))


def test_tries_back_off_to_a_quarter_of_an_hour_and_obey_the_provider() -> None:
    waits = [
        (next_try_at(failures, ISSUED, random=0.0) - ISSUED).total_seconds()
        for failures in (1, 2, 3, 9, 12, 400)
    ]
    assert waits == [2, 4, 8, 512, 900, 900]
    assert next_try_at(1, ISSUED, random=0.0, retry_after_s=30) == after(seconds=30)


def test_an_account_that_did_not_answer_is_looked_at_sooner() -> None:
    assert next_check_at(ISSUED, well=True, random=0.5) == after(minutes=30)
    assert next_check_at(ISSUED, well=False, random=0.5) == after(minutes=5)

"""Instants as people say them."""

from datetime import UTC, datetime

import pytest

from wedsync.platform import clock, dates

NOON = datetime(2027, 6, 12, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (datetime(2027, 6, 12, 4, 40, tzinfo=UTC), "today, 06:40"),
        (datetime(2027, 6, 12, 21, 59, tzinfo=UTC), "today, 23:59"),
        (datetime(2027, 6, 12, 22, 0, tzinfo=UTC), "tomorrow, 00:00"),
        (datetime(2027, 6, 11, 12, 0, tzinfo=UTC), "yesterday, 14:00"),
        (datetime(2027, 5, 22, 9, 5, tzinfo=UTC), "Sat 22 May, 11:05"),
        (datetime(2028, 1, 1, 0, 0, tzinfo=UTC), "Sat 1 January 2028, 01:00"),
    ],
)
def test_an_instant_is_said_in_its_zone(
    monkeypatch: pytest.MonkeyPatch, instant: datetime, words: str
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    assert dates.said(instant, "Europe/Rome") == words

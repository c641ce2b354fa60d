"""The next moment people of a wedding may be written to, by the clocks at the wedding."""

from datetime import date, datetime, time

import pytest

from wedsync.workflows.running.guardrails import QUIET_HOURS, WEDDING_DAY, Rules, free_moment

ROME = Rules("Europe/Rome", date(2027, 6, 12))


@pytest.mark.parametrize(
    ("rules", "now", "free", "why"),
    [
        (ROME, "2027-06-01T10:00", "2027-06-01T10:00", None),
        (ROME, "2027-06-01T18:59", "2027-06-01T18:59", None),
        (ROME, "2027-06-01T19:00", "2027-06-02T06:00", QUIET_HOURS),
        (ROME, "2027-06-02T05:59", "2027-06-02T06:00", QUIET_HOURS),
        (ROME, "2027-06-02T06:00", "2027-06-02T06:00", None),
        (ROME, "2027-06-11T20:00", "2027-06-13T06:00", WEDDING_DAY),
        (ROME, "2027-06-11T22:00", "2027-06-13T06:00", WEDDING_DAY),
        (ROME, "2027-06-12T12:00", "2027-06-13T06:00", WEDDING_DAY),
        (Rules("Europe/Rome", None), "2027-06-12T12:00", "2027-06-12T12:00", None),
        # The night in which the clocks go forward, and the one in which they go back.
        (Rules("Europe/Rome", None), "2027-03-27T22:00", "2027-03-28T06:00", QUIET_HOURS),
        (Rules("Europe/Rome", None), "2027-10-30T22:00", "2027-10-31T07:00", QUIET_HOURS),
        # Quiet at noon only, and never.
        (
            Rules("UTC", None, time(12, 0), time(14, 0)),
            "2027-06-01T13:00",
            "2027-06-01T14:00",
            QUIET_HOURS,
        ),
        (Rules("UTC", None, time(8, 0), time(8, 0)), "2027-06-01T08:00", "2027-06-01T08:00", None),
        (
            Rules("UTC", date(2027, 6, 1), time(8, 0), time(8, 0)),
            "2027-06-01T08:00",
            "2027-06-02T00:00",
            WEDDING_DAY,
        ),
        # Quiet until a moment that the clocks skip.
        (
            Rules("Europe/Rome", None, time(21, 0), time(2, 30)),
            "2027-03-27T22:00",
            "2027-03-28T01:00",
            QUIET_HOURS,
        ),
    ],
)
def test_the_next_moment_people_may_be_written_to(
    rules: Rules, now: str, free: str, why: str | None
) -> None:
    at = datetime.fromisoformat(f"{now}:00Z")
    assert free_moment(rules, at) == (datetime.fromisoformat(f"{free}:00Z"), why)

"""What healthy means, line by line."""

from datetime import UTC, datetime, timedelta

import pytest

from wedsync.health.judging import (
    THRESHOLDS,
    connection,
    connector,
    endpoint,
    hook,
    workflow,
)
from wedsync.health.measures import (
    ConnectionFigures,
    EndpointFigures,
    HookFigures,
    Pace,
    WorkflowFigures,
    pace_lately,
)
from wedsync.platform.wording import Wording
from wedsync.rollups.reading import Recent
from wedsync.rollups.tallies import Tally

NOW = datetime(2027, 5, 11, 12, 40, tzinfo=UTC)
WORDS = Wording("UTC", NOW)
EARLIER, LATER = NOW - timedelta(hours=3), NOW + timedelta(hours=1, minutes=25)
LONG_AGO = NOW - timedelta(days=2)
GOOD = Pace(attempts=20, succeeded=20, half_ms=310, most_ms=1_200)
BAD = Pace(attempts=20, succeeded=15, half_ms=310, most_ms=1_200)
FEW_AND_BAD = Pace(attempts=4, succeeded=0)
SLOW = Pace(attempts=20, succeeded=20, half_ms=900, most_ms=10_001)


@pytest.mark.parametrize(
    ("figures", "state", "reason", "by_itself"),
    [
        (ConnectionFigures("active", EARLIER, pace=GOOD), "well", "20 of 20 tries worked.", ""),
        (ConnectionFigures("active", EARLIER), "well", "Nothing had to go through it.", ""),
        (
            ConnectionFigures("active", EARLIER, pace=FEW_AND_BAD, lately=FEW_AND_BAD),
            "well",
            "Too few tries yet to judge: 4, none worked.",
            "",
        ),
        (
            ConnectionFigures("active", EARLIER, pace=Pace(attempts=3, succeeded=2)),
            "well",
            "Too few tries yet to judge: 3, 2 worked.",
            "",
        ),
        (
            ConnectionFigures("active", EARLIER, pace=Pace(attempts=1, succeeded=1)),
            "well",
            "1 of 1 try worked.",
            "",
        ),
        (
            ConnectionFigures("active", EARLIER, pace=BAD, lately=BAD),
            "failing",
            "5 of 20 tries in the last 24 hours did not work.",
            "What can be tried again is.",
        ),
        (
            ConnectionFigures("active", EARLIER, pace=SLOW, lately=SLOW),
            "slow",
            "They take long to answer.",
            "Nothing is lost by it.",
        ),
        (
            ConnectionFigures("degraded", EARLIER, "They do not answer.", 1, LATER),
            "failing",
            "They do not answer.",
            "We try again at 14:05.",
        ),
        (
            ConnectionFigures("active", EARLIER, refresh_failures=1, next_at=EARLIER),
            "failing",
            "They do not answer when we renew our permission.",
            "We try again in a moment.",
        ),
        (
            ConnectionFigures("needs_reauth", EARLIER, "They do not know us.", waiting=2),
            "needs_you",
            "They do not know us.",
            "Two runs wait for it and go on once it is mended.",
        ),
        (
            ConnectionFigures("needs_reauth", EARLIER, waiting=1),
            "needs_you",
            "They do not know us any more. Connect again.",
            "One run waits for it and goes on once it is mended.",
        ),
        (
            ConnectionFigures("pending", EARLIER, "It was not allowed."),
            "needs_you",
            "It was not allowed.",
            "",
        ),
        (
            ConnectionFigures("pending", EARLIER),
            "off",
            "It was begun and is not finished yet.",
            "",
        ),
        (
            ConnectionFigures("paused", EARLIER),
            "off",
            "It is paused: nothing goes through it.",
            "",
        ),
        (ConnectionFigures("revoked", EARLIER), "off", "It is disconnected.", ""),
        (ConnectionFigures("deleted", EARLIER), "off", "It is disconnected.", ""),
    ],
)
def test_a_connection(figures: ConnectionFigures, state: str, reason: str, by_itself: str) -> None:
    found = connection(figures, WORDS)
    assert (found.state, found.reason, found.by_itself) == (state, reason, by_itself)


@pytest.mark.parametrize(
    ("figures", "state", "reason", "by_itself"),
    [
        (EndpointFigures("on"), "well", "Nothing had to be sent.", ""),
        (
            EndpointFigures("on", pace=GOOD),
            "well",
            "20 of 20 tries worked.",
            "",
        ),
        (
            EndpointFigures("on", failing_since=EARLIER, waiting=1, next_at=LATER),
            "failing",
            "They do not take what we send.",
            "One delivery is tried again at 14:05.",
        ),
        (
            EndpointFigures("on", failing_since=EARLIER, waiting=3, next_at=NOW),
            "failing",
            "They do not take what we send.",
            "Three deliveries are tried again in a moment.",
        ),
        (
            EndpointFigures("on", failing_since=EARLIER),
            "failing",
            "They do not take what we send.",
            "Nothing waits to be sent.",
        ),
        (
            EndpointFigures("on", due_since=NOW - timedelta(minutes=5)),
            "slow",
            "What is due waits longer than it should.",
            "It is done in order, as fast as we can.",
        ),
        (
            EndpointFigures("on", due_since=NOW - timedelta(minutes=4, seconds=59)),
            "well",
            "Nothing had to be sent.",
            "",
        ),
        (
            EndpointFigures("on", lately=Pace(5, 5, 800, 5_001)),
            "slow",
            "They take long to answer.",
            "Nothing is lost by it.",
        ),
        (
            EndpointFigures("on", lately=Pace(5, 5, 800, 5_000)),
            "well",
            "Nothing had to be sent.",
            "",
        ),
        (
            EndpointFigures("on", pace=BAD, lately=BAD),
            "failing",
            "5 of 20 tries in the last 24 hours did not work.",
            "What can be tried again is.",
        ),
        (
            EndpointFigures("disabled", "gone", EARLIER, waiting=2),
            "needs_you",
            "They answered that this address is gone, so we stopped sending.",
            "Two deliveries are kept.",
        ),
        (
            EndpointFigures("disabled", "failing", LONG_AGO, waiting=1),
            "needs_you",
            "Nothing has arrived there for days, so we stopped sending.",
            "One delivery is kept.",
        ),
        (EndpointFigures("off", pace=BAD, lately=BAD), "off", "It is off: nothing is sent.", ""),
    ],
)
def test_an_endpoint(figures: EndpointFigures, state: str, reason: str, by_itself: str) -> None:
    found = endpoint(figures, WORDS)
    assert (found.state, found.reason, found.by_itself) == (state, reason, by_itself)


REFUSED = {"refused": 3, "refused_as": "The signature did not fit the secret"}


@pytest.mark.parametrize(
    ("figures", "state", "reason"),
    [
        (HookFigures("on", LONG_AGO), "well", "Nothing has come in yet."),
        (HookFigures("on", LONG_AGO, taken=12, seen_at=EARLIER), "well", "12 requests came in."),
        (
            HookFigures("needs_secret", LONG_AGO),
            "needs_you",
            "It has no secret yet, so nothing is taken.",
        ),
        (HookFigures("off", LONG_AGO), "off", "It is off: whoever posts here finds nothing."),
        (
            HookFigures("on", LONG_AGO, refused_at=EARLIER, **REFUSED),
            "failing",
            "The latest thing that came in was refused: the signature did not fit the secret."
            " If this lasts, compare its secret with the sender's.",
        ),
        (
            HookFigures("on", LONG_AGO, seen_at=LONG_AGO, refused_at=EARLIER, **REFUSED),
            "failing",
            "The latest thing that came in was refused: the signature did not fit the secret."
            " If this lasts, compare its secret with the sender's.",
        ),
        (
            HookFigures("on", LONG_AGO, taken=1, seen_at=NOW, refused_at=EARLIER, **REFUSED),
            "well",
            "1 request came in.",
        ),
        (
            HookFigures("on", LONG_AGO, refused_at=LONG_AGO, **REFUSED),
            "well",
            "Nothing has come in yet.",
        ),
        (
            HookFigures("on", LONG_AGO, "failed", "They know no such wedding."),
            "needs_you",
            "They know no such wedding.",
        ),
        (
            HookFigures("needs_secret", LONG_AGO, "failed"),
            "needs_you",
            "We could not tell them where to send.",
        ),
        (
            HookFigures("on", LONG_AGO, "by_hand"),
            "needs_you",
            "They have to be told this address by you; until then nothing comes in.",
        ),
        (
            HookFigures("on", LONG_AGO, "by_hand", taken=2, seen_at=EARLIER),
            "well",
            "2 requests came in.",
        ),
        (
            HookFigures("needs_secret", LONG_AGO, "wanted"),
            "well",
            "We are telling them where to send.",
        ),
        (
            HookFigures("needs_secret", LONG_AGO, "wanted", "They did not answer.", LATER),
            "failing",
            "They did not answer.",
        ),
        (
            HookFigures("needs_secret", LONG_AGO, "gone"),
            "off",
            "Its connection is over, and they were told to stop sending.",
        ),
    ],
)
def test_a_hook(figures: HookFigures, state: str, reason: str) -> None:
    found = hook(figures, WORDS)
    assert (found.state, found.reason) == (state, reason)


@pytest.mark.parametrize(
    ("figures", "state", "reason"),
    [
        (WorkflowFigures("on"), "well", "It did not happen."),
        (WorkflowFigures("on", pace=Pace(9, 7)), "well", "7 of 9 runs worked."),
        (WorkflowFigures("on", pace=Pace(1, 0)), "well", "0 of 1 run worked."),
        (WorkflowFigures("on", pace=Pace(1, 1)), "well", "1 of 1 run worked."),
        (WorkflowFigures("on", asking=1), "needs_you", "One run asks you to decide."),
        (WorkflowFigures("off", asking=3), "needs_you", "Three runs ask you to decide."),
        (
            WorkflowFigures("on", failed=1),
            "needs_you",
            "It did not work once. What was done before stays done.",
        ),
        (
            WorkflowFigures("paused", failed=13),
            "needs_you",
            "It did not work 13 times. What was done before stays done.",
        ),
        (WorkflowFigures("off"), "off", "It is off."),
        (WorkflowFigures("paused"), "off", "It is paused: what comes in waits."),
        (WorkflowFigures("off", is_published=False), "off", "It is not published yet."),
        (
            WorkflowFigures("on", due_since=NOW - timedelta(minutes=6)),
            "slow",
            "What is due waits longer than it should.",
        ),
        (
            WorkflowFigures("on", lately=Pace(8, 8, 86_400_000, 172_800_000)),
            "well",
            "It did not happen.",
        ),
        (
            WorkflowFigures("on", pace=BAD, lately=BAD),
            "failing",
            "5 of 20 runs in the last 24 hours did not work.",
        ),
    ],
)
def test_a_workflow(figures: WorkflowFigures, state: str, reason: str) -> None:
    found = workflow(figures, WORDS)
    assert (found.state, found.reason) == (state, reason)


def test_what_is_not_well_says_since_when_and_when_we_try_again() -> None:
    failing = endpoint(EndpointFigures("on", failing_since=EARLIER, next_at=LATER), WORDS)
    assert (failing.since, failing.next_at) == (EARLIER, LATER)
    assert connection(ConnectionFigures("needs_reauth", EARLIER), WORDS).since == EARLIER
    assert workflow(WorkflowFigures("on", asking=1, asking_since=EARLIER), WORDS).since == EARLIER


def test_a_connector_is_judged_by_what_everybody_tried() -> None:
    assert connector(GOOD, GOOD).state == "well"
    assert connector(BAD, GOOD).state == "failing"
    assert connector(Pace(20, 20, 900, 15_000), GOOD).state == "slow"
    assert connector(Pace(), Pace()).reason == "Nothing went through it."


def test_times_are_said_as_people_compare_them() -> None:
    assert GOOD.in_words == "half within 310 ms, 95 % within 1.20 s"
    assert Pace(5, 5, 75_000, 100_800_000).in_words == "half within 1 min, 95 % within 1 day 4 h"
    assert Pace(4, 4, 75_000, 100_800_000).in_words == "took at most 1 day 4 h"
    assert Pace(1, 1, 147, 147).in_words == "took 147 ms"
    assert Pace().in_words == ""
    assert (Pace().failed_share, BAD.failed_share) == (0.0, 0.25)


def test_every_kind_that_is_judged_by_its_pace_has_its_thresholds_in_the_table() -> None:
    assert set(THRESHOLDS) == {"connection", "endpoint", "workflow"}
    assert all(0 < each.failing < 1 and each.fewest > 1 for each in THRESHOLDS.values())


# --- over which time


def test_the_shortest_time_in_which_enough_was_tried_is_judged() -> None:
    minutes, hour, day = Tally(0, 5, 0, 0), Tally(0, 40, 35, 0), Tally(0, 900, 890, 0)
    assert pace_lately(Recent(minutes, hour, day), 5).failed_share == 1
    assert pace_lately(Recent(Tally(0, 4, 0, 0), hour, day), 5).within == "in the last hour"
    quiet = Recent(Tally(0, 4, 0, 0), Tally(0, 4, 0, 0), day)
    assert pace_lately(quiet, 5) == Pace(900, 890, within="in the last 24 hours")


def test_what_was_put_off_says_nothing_of_the_far_end() -> None:
    limited = Recent(Tally(0, 30, 1, 29), Tally(0, 30, 1, 29), Tally(0, 30, 1, 29))
    told = pace_lately(limited, 5)
    assert (told.attempts, told.succeeded, told.within) == (1, 1, "in the last 24 hours")

"""Waits for a time, for a date of the wedding, and for an event."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.building import (
    NOW,
    WEDDING,
    Journal,
    before_the_wedding,
    error,
    note,
    records,
    the,
    var,
    wait,
    workflow,
)
from wedsync.workflows.engine import (
    Finish,
    Listen,
    NeedsAttention,
    Record,
    WaitUntil,
    compile_definition,
    moment,
)

SIGNED = {"event_type": "contract.fully_signed"}
LATE = {"date": "2027-05-20"}  # fourteen days before is over at NOW


def begun(*steps: dict[str, Any], data: Any = None, wedding: Any = WEDDING) -> Journal:
    journal = Journal(compile_definition(workflow(*steps, note("after"))), data, wedding=wedding)
    journal.tell("start")
    return journal


def moved(journal: Journal, day: str | None, now: datetime) -> Any:
    """The wedding's date changed at `now`, and its waits are looked at again."""
    journal.wedding = {**WEDDING, "date": day}
    journal.now = now
    return journal.tell("resume", step="hold")


def failure(journal: Journal) -> str:
    end = journal.ended()
    assert end is not None
    assert end.outcome == "failed"
    return end.reason or ""


def test_a_wait_of_seconds_is_over_when_they_are() -> None:
    journal = begun(wait(seconds=90))
    waiting = journal.waiting()
    assert waiting is not None
    assert waiting.due_at == NOW + timedelta(seconds=90)
    assert waiting.waiting_for == {"kind": "time", "until": "2027-05-11T12:41:30.000Z"}
    assert records(journal.tell("resume", step="hold")) == [
        ("hold", "succeeded"),
        ("after", "succeeded"),
    ]
    assert journal.outputs["hold"] == {"until": "2027-05-11T12:41:30.000Z"}
    assert journal.ended() == Finish("succeeded")


def test_resumed_too_early_it_waits_for_the_same_time() -> None:
    journal = begun(wait(seconds=90))
    journal.now = NOW + timedelta(seconds=89)
    again = the(journal.tell("resume", step="hold"), WaitUntil)
    assert again.due_at == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("until", "due_at"),
    [
        ("2027-06-01T10:00:00+02:00", datetime(2027, 6, 1, 8, tzinfo=UTC)),
        ("2027-06-01T10:00", datetime(2027, 6, 1, 8, tzinfo=UTC)),  # in Rome
        ("2027-06-01", datetime(2027, 5, 31, 22, tzinfo=UTC)),
        (var("trigger.data.when"), datetime(2027, 7, 1, 9, tzinfo=UTC)),
    ],
)
def test_a_wait_until_an_instant(until: Any, due_at: datetime) -> None:
    waiting = begun(wait(until=until), data={"when": "2027-07-01T09:00:00Z"}).waiting()
    assert waiting is not None
    assert waiting.due_at == due_at


def test_an_instant_that_has_passed_is_not_waited_for() -> None:
    journal = begun(wait(until="2027-01-01T00:00:00Z"))
    assert journal.ended() == Finish("succeeded")
    assert journal.outputs["hold"] == {"until": "2027-01-01T00:00:00.000Z"}


@pytest.mark.parametrize("when", ["soon", 7, None, ["2027-01-01"], "9999-12-31T23:59:59-12:00"])
def test_until_what_is_no_time_fails_with_a_sentence(when: Any) -> None:
    said = failure(begun(wait(until=var("trigger.data.when")), data={"when": when}))
    assert "is not a date or a time" in said


def test_until_more_than_ten_years_from_now_fails() -> None:
    assert "ten years" in failure(begun(wait(until="2047-01-01")))


def test_a_wait_counted_from_the_wedding() -> None:
    journal = begun(before_the_wedding())
    waiting = journal.waiting()
    assert waiting is not None
    assert waiting.due_at == datetime(2027, 5, 29, 7, tzinfo=UTC)
    assert waiting.waiting_for == {
        "kind": "time",
        "until": "2027-05-29T07:00:00.000Z",
        "anchor": "wedding.date",
        "offset_days": -14,
        "at": "09:00",
        "late": "run",
    }
    journal.tell("resume", step="hold")
    assert journal.outputs["hold"] == {"until": "2027-05-29T07:00:00.000Z"}


def test_a_wait_says_which_dates_it_read() -> None:
    journal = begun(before_the_wedding())
    assert journal.last is not None
    assert the(journal.last, Record).reads == {
        "wedding.date": "2027-06-12",
        "wedding.zone": "Europe/Rome",
    }


def test_when_the_date_moves_it_waits_for_the_new_one_and_says_so() -> None:
    journal = begun(before_the_wedding())
    decision = moved(journal, "2028-06-10", NOW + timedelta(days=1))
    assert the(decision, WaitUntil).due_at == datetime(2028, 5, 27, 7, tzinfo=UTC)
    why = the(decision, Record).explanation["why"]
    assert why == "The date moved: it now waits until Sat 27 May 2028, 09:00 (Rome)."
    assert the(decision, Record).reads["wedding.date"] == "2028-06-10"
    assert not moved(journal, "2028-06-10", datetime(2028, 5, 27, 7, tzinfo=UTC)).stale
    assert journal.ended() == Finish("succeeded")


def test_a_wait_of_two_years_whose_date_moves_a_minute_before_fires_once_at_the_new_time() -> None:
    journal = begun(before_the_wedding(), wedding={**WEDDING, "date": "2029-06-09"})
    fires = datetime(2029, 5, 26, 7, tzinfo=UTC)
    assert journal.waiting().due_at == fires  # type: ignore[union-attr]
    assert the(moved(journal, "2029-04-07", NOW), WaitUntil).due_at < fires
    minute_before = datetime(2029, 3, 24, 7, 59, tzinfo=UTC)
    decision = moved(journal, "2029-06-10", minute_before)
    assert the(decision, WaitUntil).due_at == fires + timedelta(days=1)
    done = moved(journal, "2029-06-10", fires + timedelta(days=1))
    assert ("after", "succeeded") in records(done)
    assert moved(journal, "2029-06-10", fires + timedelta(days=2)).stale


days = st.integers(0, 1500).map(lambda number: str(date(2027, 5, 12) + timedelta(days=number)))


@given(
    days,
    st.lists(st.tuples(st.integers(0, 200 * 1440), days | st.none()), max_size=12),
    st.sampled_from(["run", "skip", "ask"]),
)
@settings(deadline=None, max_examples=100)
def test_wherever_the_date_moves_a_wait_is_over_once_and_never_before_its_time(
    first: str, moves: list[tuple[int, str | None]], late: str
) -> None:
    journal = begun(before_the_wedding(late=late), wedding={**WEDDING, "date": first})
    over = 0
    for minutes, day in [*moves, (0, "2027-05-13"), (2_000 * 1440, "2031-01-01")]:
        if not journal.waiting():
            break
        now = journal.told[-1].now + timedelta(minutes=minutes)
        moved(journal, day, now)
        meant = moment(journal.wedding, "wedding.date", -14, "09:00")
        waiting = journal.waiting()
        if waiting:
            assert waiting.due_at == meant
            assert meant is None or meant > now
        else:
            over += 1
            assert meant is not None
            assert meant <= now
    assert not journal.waiting()
    assert over <= 1


def test_while_the_date_is_not_known_it_waits_for_that() -> None:
    journal = begun(before_the_wedding(), wedding={**WEDDING, "date": None})
    waiting = journal.waiting()
    assert waiting is not None
    assert waiting.due_at is None
    assert waiting.waiting_for["until"] is None
    known = the(moved(journal, "2027-09-11", NOW), WaitUntil)
    assert known.due_at == datetime(2027, 8, 28, 7, tzinfo=UTC)
    gone = moved(journal, None, NOW)
    assert the(gone, WaitUntil).due_at is None
    assert the(gone, Record).explanation == {
        "why": "It waits until there is a date for the wedding."
    }


def test_late_and_run_goes_on_at_once() -> None:
    journal = begun(before_the_wedding(), wedding={**WEDDING, **LATE})
    assert journal.ended() == Finish("succeeded")
    assert journal.outputs["hold"] == {"until": "2027-05-06T07:00:00.000Z"}


def test_late_and_skip_ends_the_run_with_a_sentence() -> None:
    end = begun(before_the_wedding(late="skip"), wedding={**WEDDING, **LATE}).ended()
    assert end is not None
    assert (end.outcome, end.step) == ("filtered", "hold")
    assert end.reason == "Too late for “hold”: Thu 6 May 2027, 09:00 (Rome) had already passed."


def test_late_and_ask_asks_and_goes_on_or_ends_as_somebody_says() -> None:
    for decision, outcome in (("go_on", "succeeded"), ("end", "stopped")):
        journal = begun(before_the_wedding(late="ask"), wedding={**WEDDING, **LATE})
        asked = journal.asked()
        assert asked is not None
        assert asked.code == "late"
        assert asked.reason.endswith("had already passed. Should it still go on?")
        assert journal.tell("decide", step="hold", decision="send_again").stale
        journal.tell("decide", step="hold", decision=decision)
        end = journal.ended()
        assert end is not None
        assert end.outcome == outcome


def test_going_on_late_waits_when_the_date_has_moved_ahead_meanwhile() -> None:
    journal = begun(before_the_wedding(late="ask"), wedding={**WEDDING, **LATE})
    journal.wedding = {**WEDDING, "date": "2028-06-10"}
    decision = journal.tell("decide", step="hold", decision="go_on")
    assert the(decision, WaitUntil).due_at == datetime(2028, 5, 27, 7, tzinfo=UTC)
    assert the(decision, Record).explanation["decision"] == "go_on"
    journal.tell("resume", step="hold")
    assert journal.ended() == Finish("succeeded")


def test_a_date_that_moves_into_the_past_is_late() -> None:
    journal = begun(before_the_wedding(late="ask"))
    decision = moved(journal, "2027-05-20", NOW)
    assert the(decision, NeedsAttention).code == "late"


def test_without_a_wedding_a_wait_for_its_date_fails_with_a_sentence() -> None:
    assert "about no wedding" in failure(begun(before_the_wedding(), wedding=None))


def test_a_wait_for_an_event_gives_the_event() -> None:
    event = {**SIGNED, "match": {"data.id": var("trigger.data.contract")}, "timeout_s": 86_400}
    journal = begun(wait(event=event), data={"contract": "c1"})
    assert journal.last is not None
    assert the(journal.last, Listen) == Listen(
        "hold", None, "contract.fully_signed", {"data.id": "c1"}, NOW + timedelta(days=1)
    )
    came = {"id": "e2", "type": "contract.fully_signed", "data": {"id": "c1"}}
    journal.tell("arrived", step="hold", output=came)
    assert journal.outputs["hold"] == came
    assert journal.ended() == Finish("succeeded")


def test_an_event_that_does_not_come_in_time_leads_to_other_steps() -> None:
    event = {**SIGNED, "timeout_s": 60, "otherwise": [note("remind")]}
    journal = begun(wait(event=event))
    assert records(journal.tell("timed_out", step="hold")) == [
        ("hold", "succeeded"),
        ("remind", "succeeded"),
        ("after", "succeeded"),
    ]
    assert journal.outputs["hold"] is None


@pytest.mark.parametrize("contract", [None, {"id": 1}, [1]])
def test_what_would_match_anything_is_not_waited_for(contract: Any) -> None:
    event = {**SIGNED, "match": {"data.id": var("trigger.data.contract")}}
    said = failure(begun(wait(event=event), data={"contract": contract}))
    assert "“data.id”" in said


def test_an_event_too_large_to_be_kept_fails_the_step() -> None:
    journal = begun(wait(event=SIGNED))
    journal.tell("arrived", step="hold", output={"data": "x" * 300_000})
    assert "larger than 256 kB" in failure(journal)


@pytest.mark.parametrize("step", [wait(seconds=9), before_the_wedding(), wait(event=SIGNED)])
def test_stopped_while_it_waits_the_step_is_left_out(step: dict[str, Any]) -> None:
    journal = begun(step)
    decision = journal.tell("stop")
    assert records(decision) == [("hold", "skipped")]
    assert the(decision, Finish) == Finish("stopped", "Somebody stopped it.", "hold")


def test_what_does_not_fit_a_wait_changes_nothing() -> None:
    journal = begun(wait(seconds=90))
    for kind in ("start", "result", "recovered", "arrived", "timed_out", "answered", "decide"):
        assert journal.tell(kind, step="hold", error=error("maybe")).stale
    assert journal.tell("resume", step="hold", item=3).stale
    assert journal.tell("resume", step="after").stale

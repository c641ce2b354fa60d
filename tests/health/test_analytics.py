"""How one thing did over a time, on its page, by the API, and as CSV."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from apiflask import APIFlask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.health.history import make_connection, make_deliveries, make_runs
from tests.page_words import words_of
from tests.personas import Persona
from wedsync.errors import Invalid
from wedsync.health import periods
from wedsync.platform.db import db
from wedsync.rollups import counting

NOW = datetime(2026, 11, 24, 3, 40, 30, tzinfo=UTC)
UNITS = st.sampled_from(["minute", "hour", "day"])
ZONES = st.sampled_from(
    ["UTC", "Europe/London", "Asia/Kolkata", "Pacific/Auckland", "America/Lima"]
)


def figures(persona: Persona, path: str, **query: str) -> Any:
    answer = persona.api.get(f"/analytics/{path}", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def end(app: APIFlask, organization_id: UUID, connection_id: UUID, ago: timedelta) -> None:
    """One try through a connection that ended so long ago, and is counted."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO endings (organization_id, kind, subject_id, part, connection_id, at,"
                " outcome, ms) VALUES (:organization_id, 'step', uuidv7(), 'ask', :id,"
                " clock_timestamp() - make_interval(secs => :ago), 'ok', 120)"
            ),
            {"organization_id": organization_id, "id": connection_id, "ago": ago.total_seconds()},
        )
        counting.count(connection)


# --- by the API


def test_tries_through_a_connection_are_told_step_by_step_and_altogether(
    app: APIFlask, owner: Persona
) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    make_runs(app, owner.organization_id, "Seat", 20, failed=5, connection_id=petal)
    told = figures(owner, f"connections/{petal}", bucket="minute")
    assert (told["kind"], told["name"], told["bucket"]) == ("connection", "Petal RSVP", "minute")
    assert len(told["data"]) == 61
    whole = told["total"]
    assert (whole["tried"], whole["succeeded"], whole["failed"]) == (20, 15, 5)
    assert (whole["half_ms"], whole["p95_ms"], whole["p99_ms"]) == (300, 300, 300)
    assert sum(point["tried"] for point in told["data"]) == 20
    moments = [datetime.fromisoformat(point["at"]) for point in told["data"]]
    assert moments == sorted(set(moments))


def test_runs_and_the_tries_of_one_step_are_apart(app: APIFlask, owner: Persona) -> None:
    workflow = make_runs(app, owner.organization_id, "Seat", 8, failed=3)
    runs = figures(owner, f"workflows/{workflow}")
    assert (runs["kind"], runs["total"]["tried"], runs["total"]["failed"]) == ("workflow", 8, 3)
    step = figures(owner, f"workflows/{workflow}", step="ask")
    assert (step["kind"], step["total"]["tried"], step["total"]["half_ms"]) == ("step", 8, 300)
    assert figures(owner, f"workflows/{workflow}", step="gone")["total"]["tried"] == 0


def test_deliveries_to_an_endpoint_are_told(app: APIFlask, owner: Persona) -> None:
    kitchen = make_deliveries(app, owner.organization_id, "Kitchen", 4)
    assert figures(owner, f"endpoints/{kitchen}")["total"]["succeeded"] == 4


def test_days_are_those_of_the_business(app: APIFlask, owner: Persona) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    end(app, owner.organization_id, petal, timedelta(days=3))
    told = figures(owner, f"connections/{petal}", bucket="day")
    there = ZoneInfo(told["zone"])
    wanted = (datetime.now(UTC) - timedelta(days=3)).astimezone(there).date()
    days = [
        datetime.fromisoformat(point["at"]).astimezone(there)
        for point in told["data"]
        if point["tried"]
    ]
    assert [(day.date(), day.hour) for day in days] == [(wanted, 0)]


def test_csv_has_a_line_for_each_step(app: APIFlask, owner: Persona) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    make_runs(app, owner.organization_id, "Seat", 6, failed=1, connection_id=petal)
    answer = owner.api.get(f"/analytics/connections/{petal}", query_string={"format": "csv"})
    assert answer.mimetype == "text/csv"
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == 25
    assert sum(int(line["tried"]) for line in lines) == 6
    assert sum(int(line["failed"]) for line in lines) == 1
    assert {line["p95_ms"] for line in lines} == {"", "300"}


def test_how_everything_does_now(app: APIFlask, owner: Persona) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    make_runs(app, owner.organization_id, "Seat", 10, failed=4, connection_id=petal)
    told = owner.api.get("/health").json
    (line,) = told["connections"]
    assert (line["id"], line["state"]) == (str(petal), "failing")
    assert line["reason"] == "4 of 10 tries in the last ten minutes did not work."
    assert (line["tried"], line["succeeded"]) == (10, 6)
    assert told["title"] == "One thing needs you"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "comes after the end"),
        (
            {"from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
            "By the hour, at most 31 days",
        ),
        ({"from": "0001-01-01T00:00:00Z", "bucket": "day"}, "nothing so far away"),
        ({"to": "0001-01-01T00:00:00Z", "bucket": "day"}, "nothing so far away"),
        ({"to": "9999-12-31T23:59:59Z", "bucket": "day"}, "nothing so far away"),
        ({"from": "2026-11-02T00:00:00"}, "timezone"),
        ({"bucket": "week"}, "minute"),
        ({"format": "xml"}, "json"),
        ({"days": "4"}, "There is no “days” here."),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(
    app: APIFlask, owner: Persona, query: dict[str, str], said: str
) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    answer = owner.api.get(f"/analytics/connections/{petal}", query_string=query)
    assert answer.status_code == 422
    assert said in json.dumps(answer.json, ensure_ascii=False)


# --- periods


@given(UNITS, ZONES, st.integers(0, 30_000_000), st.integers(1, 80_000))
def test_steps_follow_one_another_and_hold_the_whole_time(
    unit: Any, zone: str, before_s: int, length_s: int
) -> None:
    after = NOW - timedelta(seconds=before_s)
    first = after - timedelta(seconds=length_s)
    period = periods.asked_for(first, after, unit, zone, NOW)
    steps = list(period.steps())
    assert steps == sorted(set(steps))
    assert steps[0] <= first
    assert steps[-1] < after
    longest = {"minute": 60, "hour": 3_600, "day": 25 * 3_600}[unit]
    assert after - steps[-1] <= timedelta(seconds=longest)
    if unit == "day":
        assert {step.astimezone(ZoneInfo(zone)).hour for step in steps} == {0}


def test_without_a_beginning_it_is_the_usual_time() -> None:
    assert len(list(periods.asked_for(None, None, "minute", "UTC", NOW).steps())) == 61
    assert len(list(periods.asked_for(None, None, "hour", "UTC", NOW).steps())) == 25
    assert len(list(periods.asked_for(None, None, "day", "UTC", NOW).steps())) == 31


def test_too_much_is_refused() -> None:
    with pytest.raises(Invalid, match="at most 731 days"):
        periods.asked_for(NOW - timedelta(days=740), NOW, "day", "UTC", NOW)


# --- pages


def test_the_page_says_it_in_a_sentence_in_figures_and_in_numbers(
    app: APIFlask, owner: Persona
) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    make_runs(app, owner.organization_id, "Seat", 20, failed=5, connection_id=petal)
    page = owner.browser.get(f"/analytics/connections/{petal}")
    said = words_of(page)
    assert "75 % worked" in said
    assert "In the last 24 hours 20 tries came to an end: 5 did not work." in said
    assert "When Tries Worked Did not 95 % within" in said
    assert page.text.count('class="is-bad"') == 1
    assert f'href="/connections/{petal}"' in page.text
    assert f'/analytics/connections/{petal}"' in owner.browser.get("/health").text


def test_nothing_at_all_says_where_to_look(app: APIFlask, owner: Persona) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    for days in ("1", "7", "30", "90", "900", "x"):
        page = owner.browser.get(f"/analytics/connections/{petal}?days={days}")
        assert page.status_code == 200
        assert "there was nothing to do for it" in words_of(page)


def test_what_is_further_back_is_on_the_page_that_looks_further(
    app: APIFlask, owner: Persona
) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    end(app, owner.organization_id, petal, timedelta(days=20))
    pages = {
        days: words_of(owner.browser.get(f"/analytics/connections/{petal}?days={days}"))
        for days in (7, 30, 90)
    }
    assert "nothing to do" in pages[7]
    assert "Everything worked" in pages[30]
    assert "1 try came to an end: none of them failed." in pages[90]


def test_the_page_gives_its_numbers_as_csv(app: APIFlask, owner: Persona) -> None:
    kitchen = make_deliveries(app, owner.organization_id, "Kitchen", 4)
    answer = owner.browser.get(f"/analytics/endpoints/{kitchen}?days=7&format=csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == 7 * 24 + 1
    assert sum(int(line["succeeded"]) for line in lines) == 4

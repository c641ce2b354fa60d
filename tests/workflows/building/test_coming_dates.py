"""When a wait for a date of the wedding is over, for the couples who come next: as the engine and
the timers say, on a small calendar and as a sentence."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import update

from tests.engine.building import act, before_the_wedding, choose, var, workflow
from tests.personas import Persona
from tests.statements import statements_asked
from tests.weddings.couples import ahead, change, marry
from tests.workflows.building.boards import Looking, acting, by_id, looking
from tests.workflows.definitions import make_workflow
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.wording import Wording
from wedsync.workflows.building.board.board import board as board_of
from wedsync.workflows.building.board.coming_dates import Leaf
from wedsync.workflows.building.board.leaf_days import Week, weeks_of
from wedsync.workflows.building.board.panel_parts import Opened
from wedsync.workflows.building.board.setting import setting_of
from wedsync.workflows.editing.drafts import look_at
from wedsync.workflows.models import WorkflowTimer
from wedsync.workflows.queries import get_workflow

EXAMPLE = "Example couple: Ada & Ben"
DAYS_BEFORE = {"kind": "wedding_date", "anchor": "wedding.date", "offset_days": -14, "at": "09:00"}
EVERYBODY = {"==": [var("trigger.data.status"), "accepted"]}


def day(of: date) -> str:
    return Wording().day(of)


def told(leaves: tuple[Leaf, ...]) -> dict[str, str]:
    return {leaf.name: leaf.told for leaf in leaves}


def of_wait(app: APIFlask, owner: Persona, **fields: Any) -> dict[str, str]:
    board = looking(app, owner, workflow(before_the_wedding(**fields))).board()
    return told(board.steps[0].leaves)


def of_start(app: APIFlask, owner: Persona, **fields: Any) -> dict[str, str]:
    trigger = {**DAYS_BEFORE, "late": "ask", **fields}
    return told(looking(app, owner, workflow(act(), trigger=trigger)).board().trigger.leaves)


def marked(weeks: tuple[Week, ...]) -> list[tuple[int, str]]:
    return [(each.number, each.mark) for week in weeks for each in week.days if each.mark]


# --- the calendar


def test_three_weeks_lead_up_to_the_wedding_with_the_reminder_in_them() -> None:
    weeks = weeks_of(date(2027, 5, 29), date(2027, 6, 12))
    assert [week.days[0].number for week in weeks] == [24, 31, 7]
    assert marked(weeks) == [(29, "goes"), (12, "wedding")]
    assert [week.left_out for week in weeks] == [0, 0, 0]


@pytest.mark.parametrize(
    ("goes", "mondays", "marks", "left_out"),
    [
        (None, [24, 31, 7], [(12, "wedding")], [0, 0, 0]),
        (date(2027, 6, 12), [24, 31, 7], [(12, "both")], [0, 0, 0]),
        (date(2027, 6, 14), [31, 7, 14], [(12, "wedding"), (14, "goes")], [0, 0, 0]),
        (date(2027, 5, 20), [17, 24, 31, 7], [(20, "goes"), (12, "wedding")], [0] * 4),
        (date(2026, 12, 12), [7, 7], [(12, "goes"), (12, "wedding")], [0, 25]),
        (date(2028, 6, 12), [7, 12], [(12, "wedding"), (12, "goes")], [0, 52]),
    ],
)
def test_weeks_between_two_distant_days_are_counted(
    goes: date | None, mondays: list[int], marks: list[tuple[int, str]], left_out: list[int]
) -> None:
    weeks = weeks_of(goes, date(2027, 6, 12))
    assert [week.days[0].number for week in weeks] == mondays
    assert marked(weeks) == marks
    assert [week.left_out for week in weeks] == left_out
    assert all(len(week.days) == 7 for week in weeks)


# --- a wait


def test_a_wait_shows_the_three_couples_who_come_next(app: APIFlask, owner: Persona) -> None:
    for title, days in (("Fourth", 90), ("Clara & Inès", 80), ("Amara & Daniel", 60)):
        marry(app, owner, title=title, date=ahead(days))
    marry(app, owner, title="Priya & Tom", date=ahead(70), zone="Asia/Kolkata")
    marry(app, owner, title="Long ago", date=ahead(-3))
    cancelled = marry(app, owner, title="Called off", date=ahead(50))
    change(app, owner, cancelled, status="cancelled")
    marry(app, owner, title="Only asked", date=ahead(50), status="inquiry")
    assert of_wait(app, owner) == {
        "Amara & Daniel": f"Goes on {day(ahead(46))}, 09:00 in Rome; wedding {day(ahead(60))}",
        "Priya & Tom": f"Goes on {day(ahead(56))}, 09:00 in Kolkata; wedding {day(ahead(70))}",
        "Clara & Inès": f"Goes on {day(ahead(66))}, 09:00 in Rome; wedding {day(ahead(80))}",
    }


def test_the_example_couple_stands_in_where_there_are_fewer(app: APIFlask, owner: Persona) -> None:
    assert list(of_wait(app, owner)) == [EXAMPLE]
    marry(app, owner, title="Amara & Daniel")
    assert list(of_wait(app, owner)) == ["Amara & Daniel", EXAMPLE]


def test_another_date_of_the_wedding_is_counted_from(app: APIFlask, owner: Persona) -> None:
    wedding = marry(app, owner, title="Amara & Daniel", date=ahead(60))
    fields = {"anchor": "final_count_due", "offset_days": -1}
    assert of_wait(app, owner, **fields)["Amara & Daniel"] == (
        "No date yet for the day the final count is due, so it waits for that; "
        f"wedding {day(ahead(60))}"
    )
    change(app, owner, wedding, final_count_due=ahead(40))
    assert of_wait(app, owner, **fields)["Amara & Daniel"] == (
        f"Goes on {day(ahead(39))}, 09:00 in Rome; wedding {day(ahead(60))}"
    )


@pytest.mark.parametrize(
    ("late", "then"),
    [("run", "go on at once"), ("skip", "end there"), ("ask", "ask you first")],
)
def test_a_day_that_has_passed_says_what_happens_then(
    app: APIFlask, owner: Persona, late: str, then: str
) -> None:
    marry(app, owner, title="Soon", date=ahead(5))
    assert of_wait(app, owner, late=late)["Soon"] == (
        f"{day(ahead(-9))}, 09:00 in Rome has passed, so it would {then}; wedding {day(ahead(5))}"
    )


def test_the_day_is_the_one_that_clocks_show_at_the_wedding(app: APIFlask, owner: Persona) -> None:
    marry(app, owner, title="Far east", date=ahead(60), zone="Pacific/Auckland")
    board = looking(app, owner, workflow(before_the_wedding(at="00:30"))).board()
    leaf = board.steps[0].leaves[0]
    assert leaf.told.startswith(f"Goes on {day(ahead(46))}, 00:30 in Auckland")
    assert (ahead(46).day, "goes") in marked(leaf.weeks)


def test_only_such_waits_have_calendars_and_of_many_the_first_and_the_open_one(
    app: APIFlask, owner: Persona
) -> None:
    marry(app, owner)
    inside = before_the_wedding("inside")
    definition = workflow(
        {"id": "hours", "kind": "wait", "seconds": 3600},
        choose("which", ("Yes", EVERYBODY, [inside])),
        {**before_the_wedding("quiet"), "off": True},
        {**before_the_wedding("unfinished"), "at": None},
        *(before_the_wedding(f"hold-{number}") for number in range(5)),
    )
    view = looking(app, owner, definition)

    def shown(opened: str | None) -> list[str]:
        board = view.board(Opened(opened) if opened else None)
        return [name for name, step in by_id(board).items() if step.leaves]

    assert shown(None) == ["hold-0", "hold-1"]
    assert shown("inside") == ["inside", "hold-0", "hold-1"]
    assert shown("hold-4") == ["hold-0", "hold-1", "hold-4"]


# --- what starts around a date


def test_what_starts_around_a_wedding_shows_when(app: APIFlask, owner: Persona) -> None:
    marry(app, owner, title="Amara & Daniel", date=ahead(60))
    assert of_start(app, owner)["Amara & Daniel"] == (
        f"Starts on {day(ahead(46))}, 09:00 in Rome; wedding {day(ahead(60))}"
    )


@pytest.mark.parametrize(
    ("late", "days", "then"),
    [
        ("run", 5, "so it would start at once"),
        ("ask", 5, "so it would ask you first"),
        ("skip", 5, "so it is left out"),
        ("run", -1, "so it is left out"),
    ],
)
def test_a_start_that_has_passed_says_what_happens_then(
    app: APIFlask, owner: Persona, late: str, days: int, then: str
) -> None:
    """One that passed more than a month ago is never taken."""
    marry(app, owner, title="Soon", date=ahead(5))
    offset = -14 if days > 0 else -50
    when = ahead(5 + offset)
    found = of_start(app, owner, late=late, offset_days=offset)["Soon"]
    assert found == f"{day(when)}, 09:00 in Rome has passed, {then}; wedding {day(ahead(5))}"


def test_one_that_started_already_says_when(app: APIFlask, owner: Persona) -> None:
    wedding = marry(app, owner, title="Soon", date=ahead(5))
    trigger = {**DAYS_BEFORE, "late": "run"}
    flow = make_workflow(app, owner.organization_id, workflow(act(), trigger=trigger))
    began = day(fired(app, flow, wedding, owner.organization_id))
    found = told(Looking(app, owner, flow).board().trigger.leaves)
    assert found["Soon"] == f"Started on {began}, 11:00 in Rome; wedding {day(ahead(5))}"
    change(app, owner, wedding, date=ahead(9))
    found = told(Looking(app, owner, flow).board().trigger.leaves)
    assert found["Soon"].startswith("Asks you first on ")


def fired(app: APIFlask, flow: UUID, wedding: UUID, organization_id: UUID) -> date:
    """As the clock leaves a wedding whose moment came nine days ago at eleven in Rome."""
    at = Wording("Europe/Rome").local(clock.now() - timedelta(days=9)).replace(hour=11, minute=0)
    values = {
        "fired_at": at,
        "fired_for": ahead(5),
        "fired_generation": 0,
        "plan": {"rule": ["wedding.date", -14, "09:00"], "for": None, "asks": None, "days": 0},
    }
    with app.app_context():
        timer = WorkflowTimer(
            workflow_id=flow, key=str(wedding), organization_id=organization_id,
            kind="wedding_date", wedding_id=wedding,
        )  # fmt: skip
        db.session.merge(timer)
        db.session.flush()
        own = (WorkflowTimer.workflow_id == flow, WorkflowTimer.key == str(wedding))
        db.session.execute(update(WorkflowTimer).where(*own).values(**values))
        db.session.commit()
    return at.date()


# --- what it must not do


@pytest.mark.parametrize("anchor", ["no_such_day", 7, ["wedding.date"], {"var": "wedding.date"}])
def test_what_cannot_be_counted_has_no_calendar(app: APIFlask, owner: Persona, anchor: Any) -> None:
    marry(app, owner)
    assert of_wait(app, owner, anchor=anchor) == {}
    assert of_start(app, owner, anchor=anchor) == {}


def test_weddings_of_others_are_never_shown(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    marry(app, stranger, title="Somebody else's")
    assert list(of_wait(app, owner)) == [EXAMPLE]


def test_they_cost_one_statement_however_many_there_are(app: APIFlask, owner: Persona) -> None:
    for _ in range(5):
        marry(app, owner)

    def asked_for(*steps: dict[str, Any]) -> int:
        flow = make_workflow(app, owner.organization_id, workflow(*steps), publish=False)
        with acting(app, owner):
            draft = look_at(get_workflow(owner.organization_id, flow))
            with statements_asked(app) as asked:
                board_of(setting_of(draft, owner.identity))
        return len(asked)

    asked_for(act())
    many = [before_the_wedding(f"hold-{number}") for number in range(40)]
    assert asked_for(*many) == asked_for(before_the_wedding()) == asked_for(act()) + 1

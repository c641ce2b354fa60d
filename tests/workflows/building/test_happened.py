"""How often what starts a workflow happened: true for every kind of start, published or not, and
bounded however much there is."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.engine.building import act, workflow
from tests.personas import Persona
from tests.statements import statements_asked
from tests.weddings.couples import marry
from tests.workflows.building.boards import Looking, acting, looking
from tests.workflows.building.test_samples import came_in
from tests.workflows.definitions import make_run, make_workflow
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.workflows.building.board.board import board as board_of
from wedsync.workflows.building.board.setting import setting_of
from wedsync.workflows.building.known.happened import MOST_TOLD
from wedsync.workflows.building.known.sample_events import MOST_LOOKED_AT
from wedsync.workflows.editing.drafts import look_at
from wedsync.workflows.queries import get_workflow

ANSWER = {"kind": "event", "event_type": "external.rsvp.received", "source": "any"}
SCHEDULE = {"kind": "schedule", "cron": "0 9 * * 1", "zone": "Europe/London", "missed": "skip"}
DATED = {
    "kind": "wedding_date", "anchor": "wedding.date", "offset_days": -14, "at": "09:00",
    "late": "run",
}  # fmt: skip
NO_EXAMPLE = "Nothing came in lately, so it is shown with an example"


def on(trigger: dict[str, Any]) -> dict[str, Any]:
    return workflow(act("one"), trigger=trigger)


def lines(app: APIFlask, owner: Persona, trigger: dict[str, Any], chosen: Any = None) -> list[str]:
    """What is said of the start of a draft that was never published."""
    view = looking(app, owner, on(trigger))
    return list(view.board(chosen=chosen and str(chosen)).trigger.more)


def published(
    app: APIFlask, owner: Persona, trigger: dict[str, Any], *causes: str, **fields: Any
) -> str:
    """What is said of a workflow with runs of these causes."""
    flow = make_workflow(app, owner.organization_id, on(trigger))
    for cause in causes:
        make_run(app, owner.organization_id, flow, "succeeded", cause=cause, **fields)
    (line,) = Looking(app, owner, flow).board().trigger.more
    return line


def many_came_in(app: APIFlask, organization_id: UUID, count: int) -> None:
    with app.app_context():
        db.session.execute(
            text(
                "INSERT INTO events (organization_id, type, source, occurred_at, causation,"
                " fanned_out_at, data) SELECT :organization, 'external.rsvp.received', 'api',"
                " now(), '{}', now(), '{}' FROM generate_series(1, :count)"
            ),
            {"organization": organization_id, "count": count},
        )
        db.session.commit()


def today(line: str) -> bool:
    return line.endswith(" today")


# --- what comes in


def test_what_came_in_is_counted_before_anything_is_published(
    app: APIFlask, owner: Persona
) -> None:
    assert lines(app, owner, ANSWER) == [NO_EXAMPLE]
    came_in(app, owner.organization_id, {"status": "accepted"})
    (line,) = lines(app, owner, ANSWER)
    assert line.startswith("Happened once in the last 90 days, last at ")
    assert today(line)
    wedding = marry(app, owner, title="Amara & Daniel")
    came_in(app, owner.organization_id, {"status": "accepted"}, wedding_id=wedding)
    (line,) = lines(app, owner, ANSWER)
    assert line.startswith("Happened 2 times in the last 90 days, last for Amara & Daniel at ")


def test_what_is_shown_is_named_where_it_is_not_the_last(app: APIFlask, owner: Persona) -> None:
    wedding = marry(app, owner, title="Amara & Daniel")
    earlier = clock.now() - timedelta(days=3)
    came_in(app, owner.organization_id, {}, wedding_id=wedding, occurred_at=earlier)
    came_in(app, owner.organization_id, {})
    counted, shown = lines(app, owner, ANSWER, wedding)
    assert counted.startswith("Happened 2 times in the last 90 days, last at ")
    assert shown.startswith("Shown with what came in ")


def test_a_start_that_looks_closer_says_that_all_were_counted(
    app: APIFlask, owner: Persona
) -> None:
    came_in(app, owner.organization_id, {})
    fits = {"==": [{"var": "trigger.data.status"}, "accepted"]}
    (line,) = lines(app, owner, {**ANSWER, "filter": fits})
    assert "Happened once in the last 90 days, whether it fits or not, last at " in line


def test_only_what_this_start_waits_for_is_counted(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    came_in(app, owner.organization_id, {}, type="external.rsvp.withdrawn")
    came_in(app, owner.organization_id, {}, source="ours")
    came_in(app, stranger.organization_id, {})
    long_ago = ids.first_at(clock.now() - timedelta(days=91))
    came_in(app, owner.organization_id, {}, id=UUID(int=long_ago.int + owner_number(owner)))
    assert lines(app, owner, ANSWER) == [NO_EXAMPLE]
    came_in(app, owner.organization_id, {}, source="hook:somewhere")
    assert lines(app, owner, ANSWER)[0].startswith("Happened once ")


def owner_number(owner: Persona) -> int:
    """A number no other test has."""
    return owner.organization_id.int & 0xFFFF_FFFF_FFFF


def test_hooks_count_what_came_in_at_them(app: APIFlask, owner: Persona) -> None:
    hook = ids.new_id()
    came_in(app, owner.organization_id, {}, source=f"hook:{hook}")
    (line,) = lines(app, owner, {"kind": "webhook", "hook": str(hook)})
    assert line.startswith("Came in once in the last 90 days, last at ")


def test_a_great_many_are_not_counted_to_the_end(app: APIFlask, owner: Persona) -> None:
    many_came_in(app, owner.organization_id, MOST_TOLD + 1)
    (line,) = lines(app, owner, ANSWER)
    assert line.startswith("Happened more than 1,000 times in the last 90 days, last at ")


def test_where_not_all_were_looked_at_it_says_at_least(app: APIFlask, owner: Persona) -> None:
    came_in(app, owner.organization_id, {}, source="hook:other")
    many_came_in(app, owner.organization_id, MOST_LOOKED_AT - 2)
    came_in(app, owner.organization_id, {}, source="hook:this")
    came_in(app, owner.organization_id, {}, source="hook:this")
    (line,) = lines(app, owner, {**ANSWER, "source": "hook:this"})
    assert line.startswith("Happened at least 2 times in the last 90 days")


# --- what starts by itself, by hand, or from elsewhere


@pytest.mark.parametrize(
    ("trigger", "cause"),
    [
        (SCHEDULE, "schedule:2027-01-04T09:00:00Z"),
        (DATED, "date:0198c0de-0000-7000-8000-000000000001:0"),
        ({"kind": "manual"}, "manual:0198c0de-0000-7000-8000-000000000001"),
        ({"kind": "workflow"}, "call:0198c0de-0000-7000-8000-000000000001:step:-1"),
    ],
)
def test_starts_of_the_workflow_itself_are_counted_by_what_started_them(
    app: APIFlask, owner: Persona, trigger: dict[str, Any], cause: str
) -> None:
    assert lines(app, owner, trigger) == ["Not published yet, so it has never started"]
    others = ("event:1", "rerun:2:1", "schedule-like:3")
    assert published(app, owner, trigger, *others) == "Not started in the last 90 days"
    wedding = marry(app, owner, title="Amara & Daniel")
    line = published(app, owner, trigger, cause, wedding_id=wedding)
    assert line.startswith("Started once in the last 90 days, last for Amara & Daniel at ")
    assert today(line)


def test_an_older_start_says_its_day(app: APIFlask, owner: Persona) -> None:
    earlier = clock.now() - timedelta(days=10)
    line = published(app, owner, {"kind": "manual"}, "manual:1", created_at=earlier)
    assert " last on " in line
    assert not today(line)


def test_items_of_loops_are_no_starts(app: APIFlask, owner: Persona) -> None:
    flow = make_workflow(app, owner.organization_id, on({"kind": "manual"}))
    run = make_run(app, owner.organization_id, flow, "succeeded", cause="manual:1")
    make_run(
        app, owner.organization_id, flow, "succeeded", cause="manual:2", parent_run_id=run,
        root_run_id=run, item=0,
    )  # fmt: skip
    (line,) = Looking(app, owner, flow).board().trigger.more
    assert line.startswith("Started once ")


@pytest.mark.parametrize("trigger", [ANSWER, SCHEDULE, {"kind": "manual"}, {"kind": "workflow"}])
def test_it_costs_one_statement_at_most(
    app: APIFlask, owner: Persona, trigger: dict[str, Any]
) -> None:
    flow = make_workflow(app, owner.organization_id, on(trigger))
    with acting(app, owner):
        draft = look_at(get_workflow(owner.organization_id, flow))
        board_of(setting_of(draft, owner.identity))
        with statements_asked(app) as asked:
            board_of(setting_of(draft, owner.identity))
    assert len(asked) <= 8

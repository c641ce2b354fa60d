"""What keeps people of a wedding from too many messages, and from any at the wrong hour."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.far_ends.practice_partner import PracticePartner
from tests.personas import Persona
from tests.statements import statements_asked
from tests.weddings.couples import marry
from tests.workers.scene import (
    Sink,
    Worker,
    answered,
    call,
    make_workflow,
    note,
    one,
    retrying,
    rows,
    run_of,
    states_of,
    steps_of,
    tries_of,
    worker_of,
)
from tests.workflows.clockwork.ticking import MovedClock
from tests.workflows.connected import NOBODY, change, mailbox
from wedsync.events import service as events
from wedsync.platform.db import db
from wedsync.weddings import service as weddings
from wedsync.workflows.running import message_rules, once_slots

pytestmark = pytest.mark.usefixtures("empty_database", "built_in_listings")

HAPPENED = "reminder.wanted"
ON_IT = {"kind": "event", "event_type": HAPPENED, "source": "any", "filter": None}
NOON = "2027-06-01T10:00:00Z"  # noon in Rome


@pytest.fixture
def couple(app: APIFlask, worker: Worker, owner: Persona) -> UUID:
    return marry(app, owner, date=date(2027, 6, 12), zone="Europe/Rome")


def write(connection: UUID, step_id: str = "write", **fields: Any) -> Any:
    given = {"to": "ana@guest.example", "subject": "Your answer", "body": "Will you come?"}
    step = {"id": step_id, "kind": "action", "use": "smtp.send", "connection": str(connection)}
    return {**step, "input": given, **fields}


def writing(app: APIFlask, owner: Persona, partner: PracticePartner) -> UUID:
    """A workflow that writes one e-mail by the partner's mail server; its id."""
    box = mailbox(app, owner.organization_id, partner.smtp_port)
    return make_workflow(app, owner.organization_id, ON_IT, write(box))


def happen(app: APIFlask, owner: Persona, about: UUID | None, times: int = 1) -> None:
    with app.app_context():
        for _ in range(times):
            events.publish(owner.organization_id, HAPPENED, {}, source="api", wedding_id=about)
        db.session.commit()


def become_due(app: APIFlask) -> None:
    """Whatever waits for a moment: it has come."""
    rows(app, "UPDATE runs SET due_at = clock_timestamp() WHERE due_at IS NOT NULL RETURNING 1")
    rows(app, "UPDATE lanes SET next_due_at = clock_timestamp() RETURNING 1")


def work(app: APIFlask, worker: Worker) -> None:
    """Take up everything, as if the moved clock were the database's too."""
    worker.fan_out()
    become_due(app)
    worker.run()


def taken(app: APIFlask) -> list[tuple[Any, int]]:
    found = rows(app, "SELECT local_date, number FROM message_slots ORDER BY 1, 2")
    return [(row.local_date, row.number) for row in found]


def sent(partner: PracticePartner) -> int:
    return len(partner.inbox("ana@guest.example"))


def test_the_fourth_message_of_a_day_waits_for_the_next(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
) -> None:
    moved_clock.set(NOON)
    workflow = writing(app, owner, practice_partner)
    happen(app, owner, couple, times=4)
    work(app, worker)
    assert states_of(app, workflow) == {"succeeded": 3, "waiting": 1}
    assert sent(practice_partner) == 3
    day = date(2027, 6, 1)
    assert taken(app) == [(day, 1), (day, 2), (day, 3)]
    waiting = one(app, "SELECT id, waiting_for, due_at FROM runs WHERE state = 'waiting'")
    until = datetime(2027, 6, 2, 6, 0, tzinfo=UTC)
    assert waiting.waiting_for == {
        "kind": "limit",
        "id": "messages_a_day",
        "until": until.isoformat(),
    }
    assert waiting.due_at == until
    assert tries_of(app, waiting.id, "write") == []
    moved_clock.set("2027-06-02T06:00:00Z")
    work(app, worker)
    assert states_of(app, workflow) == {"succeeded": 4}
    assert sent(practice_partner) == 4
    assert taken(app)[-1] == (date(2027, 6, 2), 1)


def test_quiet_hours_are_by_the_clocks_at_the_wedding(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
) -> None:
    moved_clock.set("2027-06-01T19:00:00Z")  # 21:00 in Rome, 20:00 in London
    london = marry(app, owner, title="Clara & Inès", zone="Europe/London", date=date(2027, 8, 7))
    workflow = writing(app, owner, practice_partner)
    happen(app, owner, couple)
    happen(app, owner, london)
    work(app, worker)
    assert states_of(app, workflow) == {"succeeded": 1, "waiting": 1}
    waiting = one(app, "SELECT wedding_id, waiting_for FROM runs WHERE state = 'waiting'")
    assert waiting.wedding_id == couple
    assert waiting.waiting_for["id"] == "quiet_hours"
    assert waiting.waiting_for["until"] == "2027-06-02T06:00:00+00:00"
    with worker.engine.begin() as database:
        once_slots.sweep(database)
    worker.run()
    assert states_of(app, workflow)["waiting"] == 1, "nobody wakes it before its time"


def test_nothing_leaves_on_the_day_unless_it_may(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
) -> None:
    moved_clock.set("2027-06-12T10:00:00Z")
    workflow = writing(app, owner, practice_partner)
    happen(app, owner, couple)
    work(app, worker)
    run = run_of(app, workflow)
    assert run.waiting_for["id"] == "wedding_day"
    assert run.waiting_for["until"] == "2027-06-13T06:00:00+00:00"
    with app.app_context():
        message_rules.change(owner.identity, message_rules.Rules(on_the_day=True))
        db.session.commit()
    work(app, worker)
    assert states_of(app, workflow) == {"succeeded": 1}
    assert sent(practice_partner) == 1


def test_after_a_cancellation_messages_are_left_out_and_the_run_goes_on(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
) -> None:
    moved_clock.set(NOON)
    box = mailbox(app, owner.organization_id, practice_partner.smtp_port)
    workflow = make_workflow(
        app, owner.organization_id, ON_IT, write(box), write(box, "again"), note("after", a=1)
    )
    with app.app_context():
        weddings.cancel(owner.identity, couple)
        db.session.commit()
    happen(app, owner, couple)
    work(app, worker)
    run = run_of(app, workflow)
    assert run.state == "succeeded"
    steps = steps_of(app, run.id)
    assert (steps["write"].state, steps["again"].state) == ("skipped", "skipped")
    assert steps["write"].explanation == {"why": "Not sent: this wedding is cancelled."}
    assert steps["after"].state == "succeeded"
    assert (sent(practice_partner), taken(app)) == (0, [])


def test_a_cancellation_while_a_run_is_on_its_way_is_seen_before_the_message_leaves(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
    sink: Sink,
) -> None:
    moved_clock.set(NOON)
    workflow = make_workflow(
        app,
        owner.organization_id,
        ON_IT,
        call("call", sink.url("/ok")),
        write(mailbox(app, owner.organization_id, practice_partner.smtp_port)),
    )
    happen(app, owner, couple)
    worker.fan_out()
    become_due(app)
    begun = worker.begin_runs()
    with app.app_context():
        weddings.cancel(owner.identity, couple)
        db.session.commit()
    worker.come_home(worker.run_source, [(run, answered()) for run, _effect in begun])
    become_due(app)
    worker.run()
    run = run_of(app, workflow)
    assert steps_of(app, run.id)["write"].state == "skipped"
    assert sent(practice_partner) == 0


def test_another_try_uses_the_slot_it_has(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
) -> None:
    moved_clock.set(NOON)
    box = mailbox(app, owner.organization_id, NOBODY)
    workflow = make_workflow(
        app, owner.organization_id, ON_IT, write(box, **retrying(3, delay_s=30))
    )
    happen(app, owner, couple)
    work(app, worker)
    assert run_of(app, workflow).waiting_for["kind"] == "retry"
    assert len(taken(app)) == 1
    typed = one(app, "SELECT settings FROM connections WHERE id = :id", id=box).settings
    change(app, box, settings={**typed, "port": str(practice_partner.smtp_port)})
    work(app, worker)
    assert states_of(app, workflow) == {"succeeded": 1}
    assert taken(app) == [(date(2027, 6, 1), 1)]


def test_what_one_step_of_a_loop_sends_to_many_people_is_one_message(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
) -> None:
    moved_clock.set(NOON)
    loop = {
        "id": "each",
        "kind": "for_each",
        "items": [f"Guest {number}" for number in range(6)],
        "steps": [write(mailbox(app, owner.organization_id, practice_partner.smtp_port))],
    }
    workflow = make_workflow(app, owner.organization_id, ON_IT, loop)
    happen(app, owner, couple)
    for _ in range(4):  # the loop, four items, the other two, and what comes after them
        work(app, worker)
    assert states_of(app, workflow) == {"succeeded": 7}
    assert sent(practice_partner) == 6
    assert taken(app) == [(date(2027, 6, 1), 1)]


def test_a_run_about_no_wedding_writes_at_any_hour(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
) -> None:
    moved_clock.set("2027-06-01T23:30:00Z")
    workflow = writing(app, owner, practice_partner)
    happen(app, owner, None, times=5)
    work(app, worker)
    assert states_of(app, workflow) == {"succeeded": 5}


def test_what_is_no_message_is_not_held_back_and_asks_nothing_of_the_database(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
    sink: Sink,
) -> None:
    moved_clock.set("2027-06-12T01:00:00Z")
    workflow = make_workflow(
        app, owner.organization_id, ON_IT, call("call", sink.url("/ok")), note("after", a=1)
    )
    happen(app, owner, couple, times=5)
    with statements_asked(app) as asked:
        work(app, worker)
    assert states_of(app, workflow) == {"succeeded": 5}
    assert not [each for each in asked if "message_" in each]


def test_a_day_s_messages_cost_two_statements_a_turn(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
) -> None:
    moved_clock.set(NOON)
    for _ in range(6):
        box = mailbox(app, owner.organization_id, NOBODY)
        make_workflow(app, owner.organization_id, ON_IT, write(box))
    happen(app, owner, couple)
    worker.fan_out()
    become_due(app)
    with statements_asked(app) as asked:
        worker.begin_runs()
    assert len([each for each in asked if "message_" in each]) == 2
    assert len(taken(app)) == 3


def test_two_workers_together_send_no_more_than_there_are_slots(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    couple: UUID,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
) -> None:
    moved_clock.set(NOON)
    for _ in range(6):
        writing(app, owner, practice_partner)
    happen(app, owner, couple, times=2)
    worker.fan_out()
    with worker_of(app) as other, ThreadPoolExecutor(2) as pool:
        for _ in range(4):
            become_due(app)
            for moved in [pool.submit(each.run) for each in (worker, other)]:
                moved.result(timeout=30)
    assert sent(practice_partner) == 3
    assert len(taken(app)) == 3
    waiting = rows(app, "SELECT waiting_for ->> 'id' AS id FROM runs WHERE state = 'waiting'")
    assert {row.id for row in waiting} == {"messages_a_day"}
    assert len(waiting) == 9

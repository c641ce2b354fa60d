"""Steps that block: e-mail by the vendor's server, one at a time, asked about when in doubt."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.far_ends.practice_partner import PracticePartner
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    call,
    make_hook,
    make_workflow,
    note,
    on_hook,
    one,
    retrying,
    rows,
    run_of,
    states_of,
    steps_of,
    tries_of,
    worker_of,
)
from tests.workflows.connected import NOBODY, change, mailbox, mend
from tests.workflows.running.beginning import begin
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.effects import CROWDED
from wedsync.platform.outbound import Failure, Timings
from wedsync.workflows.running import once_slots, runs
from wedsync.workflows.words import waiting_words

pytestmark = pytest.mark.usefixtures("empty_database", "built_in_listings")

CROWDED_OUT = Failure("not_sent", CROWDED, "It was not its turn in time.", Timings())


@dataclass
class Standing:
    """What the words of a waiting run are made of."""

    waiting_for: Any
    connection_name: str | None
    connection_state: str | None = "active"


def write(connection: UUID, step_id: str = "write", **fields: Any) -> Any:
    given = {
        "to": "ana@florist.example",
        "subject": {"cat": ["One meal less for ", {"var": "trigger.data.guest"}]},
        "body": "Good day, please take one meal off the list.",
    }
    step = {"id": step_id, "kind": "action", "use": "smtp.send", "label": "Write to the florist"}
    return {**step, "connection": str(connection), "input": given, **fields}


def subjects(partner: PracticePartner) -> list[str]:
    return sorted(mail["subject"] for mail in partner.inbox("ana@florist.example"))


def test_an_e_mail_is_sent_once_and_the_run_goes_on(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    connection = mailbox(app, hook.organization_id, practice_partner.smtp_port)
    workflow = begin(app, worker, hook, write(connection), note("after", a=1))
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "write")) == ("succeeded", ["ok"])
    assert steps_of(app, run.id)["write"].output["to"] == "ana@florist.example"
    assert subjects(practice_partner) == ["One meal less for g_0"]


def test_e_mails_of_one_connection_leave_one_at_a_time_and_in_order(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    connection = mailbox(app, hook.organization_id, practice_partner.smtp_port)
    workflow = begin(app, worker, hook, write(connection), events=5)
    assert len(worker.begin_runs()) == 1
    waiting = rows(app, "SELECT waiting_for FROM runs WHERE state = 'waiting'")
    assert {row.waiting_for["id"] for row in waiting} == {str(connection)}
    slot = one(app, "SELECT held_until > clock_timestamp() AS held FROM once_slots")
    assert slot.held
    rows(app, "DELETE FROM once_slots RETURNING 1")
    rows(app, "UPDATE runs SET state = 'stopped' WHERE state = 'running' RETURNING 1")
    with worker.engine.begin() as database:
        once_slots.sweep(database)
    worker.work()
    assert states_of(app, workflow) == {"stopped": 1, "succeeded": 4}
    assert subjects(practice_partner) == [f"One meal less for g_{n}" for n in range(1, 5)]


def test_a_mail_server_that_is_down_is_tried_again_because_nothing_left(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    connection = mailbox(app, hook.organization_id, NOBODY)
    workflow = begin(app, worker, hook, write(connection, **retrying(3, delay_s=30)))
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.waiting_for["kind"]) == ("waiting", "retry")
    assert tries_of(app, run.id, "write") == ["not_sent"]
    typed = one(app, "SELECT settings FROM connections WHERE id = :id", id=connection).settings
    change(app, connection, settings={**typed, "port": str(practice_partner.smtp_port)})
    let_pass(app, 60)
    worker.work()
    assert tries_of(app, run.id, "write") == ["not_sent", "ok"]
    assert len(subjects(practice_partner)) == 1


def test_a_letter_that_gets_no_turn_waits_however_often_and_keeps_its_tries(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    connection = mailbox(app, hook.organization_id, practice_partner.smtp_port)
    workflow = begin(app, worker, hook, write(connection, **retrying(2)), events=2)
    for _ in range(8):
        ((run, _),) = worker.begin_runs()
        worker.come_home(worker.run_source, [(run, CROWDED_OUT)])
        row = one(app, "SELECT * FROM runs WHERE id = :id", id=run.id)
        assert (row.state, row.waiting_for["kind"]) == ("waiting", "limit")
        assert clock.now() < row.due_at < clock.now() + timedelta(seconds=10)
        let_pass(app, 10)
    said = waiting_words.turn_words(Standing(row.waiting_for, "Hello from Rosewood"))
    assert said == "Much else is going on with Hello from Rosewood. We try again in a few seconds."
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 2}
    assert tries_of(app, run.id, "write") == [*["not_sent"] * 8, "ok"]
    assert subjects(practice_partner) == [f"One meal less for g_{n}" for n in range(2)]


def test_a_busy_mail_server_is_tried_again(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(smtp_answers="busy", smtp_times=1)
    connection = mailbox(app, hook.organization_id, practice_partner.smtp_port)
    workflow = begin(app, worker, hook, write(connection, **retrying(3, delay_s=30)))
    worker.work()
    assert run_of(app, workflow).state == "waiting"
    let_pass(app, 60)
    worker.work()
    assert run_of(app, workflow).state == "succeeded"
    assert len(subjects(practice_partner)) == 1


def test_a_connection_lost_after_the_final_dot_asks_a_person_and_sends_no_second_e_mail(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(smtp_answers="drop", smtp_times=1)
    connection = mailbox(app, hook.organization_id, practice_partner.smtp_port)
    workflow = begin(app, worker, hook, write(connection), note("after", a=1))
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.reason["code"]) == ("needs_attention", "unsure")
    assert "“Write to the florist” may have happened." in run.reason["message"]
    assert tries_of(app, run.id, "write") == ["maybe"]
    let_pass(app, 90_000)
    worker.work()
    assert len(subjects(practice_partner)) == 1
    with app.app_context():
        runs.decide(hook.organization_id, run.id, "treat_as_done")
        db.session.commit()
    worker.work()
    assert run_of(app, workflow).state == "succeeded"
    assert len(subjects(practice_partner)) == 1


def test_an_address_the_server_refuses_ends_the_run_with_its_words(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(smtp_answers="refuse")
    connection = mailbox(app, hook.organization_id, practice_partner.smtp_port)
    workflow = begin(app, worker, hook, write(connection))
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "failed"
    assert steps_of(app, run.id)["write"].error["class"] == "permanent"


def test_after_a_death_an_e_mail_is_asked_about(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    connection = mailbox(app, hook.organization_id, practice_partner.smtp_port)
    workflow = begin(app, worker, hook, write(connection))
    with worker_of(app) as doomed:
        assert len(doomed.begin_runs()) == 1
        doomed.die()
    assert worker.sweep() == 1
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.reason["code"]) == ("needs_attention", "unsure")
    assert tries_of(app, run.id, "write") == ["lost"]


def test_a_rerun_asks_about_an_e_mail_that_may_have_left(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    connection = mailbox(app, hook.organization_id, practice_partner.smtp_port)
    workflow = begin(app, worker, hook, write(connection))
    worker.begin_runs()
    first = run_of(app, workflow).id
    with app.app_context():
        runs.stop(hook.organization_id, first)
        again = runs.rerun(hook.organization_id, first)
        db.session.commit()
        assert (again.state, again.reason["code"]) == ("needs_attention", "unsure")


def test_a_mail_server_that_hangs_holds_up_nobody_else(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, practice_partner: PracticePartner
) -> None:
    # It waits for a request, which never comes.
    connection = mailbox(app, hook.organization_id, sink.port)
    step = write(connection, timeout_s=2, **retrying(1))
    slow = begin(app, worker, hook, step)
    other = make_hook(app, hook.organization_id)
    quick = make_workflow(
        app, hook.organization_id, on_hook(other), call("post", sink.url("/ok/q"))
    )
    for _ in range(20):
        accept(app, other, {"guest": "Ana"})
    worker.fan_out()
    worker.run()
    assert states_of(app, quick) == {"succeeded": 20}
    ended = rows(
        app,
        "SELECT max(r.finished_at) AS quick FROM runs r WHERE r.workflow_id = :id",
        id=quick,
    )[0]
    first = one(
        app,
        "SELECT min(a.finished_at) AS slow FROM step_attempts a JOIN runs r ON r.id = a.run_id"
        " WHERE r.workflow_id = :id",
        id=slow,
    )
    assert ended.quick < first.slow


def test_a_mailbox_that_must_be_mended_keeps_its_letters_waiting(
    app: APIFlask, worker: Worker, hook: Hook, practice_partner: PracticePartner
) -> None:
    connection = mailbox(app, hook.organization_id, practice_partner.smtp_port)
    change(app, connection, state="needs_reauth")
    workflow = begin(app, worker, hook, write(connection), events=3)
    worker.work()
    assert states_of(app, workflow) == {"waiting": 3}
    mend(app, connection)
    worker.work()
    let_pass(app, 10)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 3}
    assert len(subjects(practice_partner)) == 3

"""Runs that need somebody are told of once a workflow, and no longer than they do."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    call,
    make_hook,
    make_workflow,
    on_hook,
    rows,
    run_of,
)
from wedsync.platform.db import db
from wedsync.workflows.running import runs
from workers import schedule


@pytest.fixture
def hook(app: APIFlask, worker: Worker, owner: Persona) -> Hook:
    return make_hook(app, owner.organization_id)


def needing_somebody(app: APIFlask, worker: Worker, hook: Hook, sink: Sink, times: int = 1) -> UUID:
    pay = call("pay", sink.url("/reset/pay"), key=False)
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), pay)
    for _ in range(times):
        accept(app, hook, {"guest": "Ana"})
        worker.work()
    return workflow


def look(app: APIFlask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        schedule.tell_people(connection)


def open_notices(app: APIFlask) -> list[tuple[str, str]]:
    found = rows(app, "SELECT title, words FROM notices WHERE closed_at IS NULL")
    return [(row.title, row.words) for row in found]


def test_people_are_told_once_and_by_mail(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, owner: Persona
) -> None:
    workflow = needing_somebody(app, worker, hook, sink, times=2)
    look(app)
    look(app)
    ((title, words),) = open_notices(app)
    assert title == "“Seat the guests” needs you"
    assert words.startswith("Two times it has come to a point where only you can say")
    mails = rows(app, "SELECT to_address FROM mail_messages")
    assert [mail.to_address for mail in mails] == [owner.email]
    (notice,) = rows(app, "SELECT path FROM notices")
    page = owner.browser.get(notice.path)
    assert (page.status_code, notice.path.endswith(str(workflow))) == (200, True)


def test_the_notice_closes_when_nothing_needs_them_any_more(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = needing_somebody(app, worker, hook, sink)
    look(app)
    with app.app_context():
        runs.stop(hook.organization_id, run_of(app, workflow).id)
        db.session.commit()
    look(app)
    assert open_notices(app) == []


def test_who_needs_nobody_is_not_told_of(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    make_workflow(app, hook.organization_id, on_hook(hook), call("ok", sink.url("/ok/quiet")))
    accept(app, hook, {"guest": "Ana"})
    worker.work()
    look(app)
    assert open_notices(app) == []

"""An accepted event meets everybody it concerns, once, whoever takes it."""

import json
import threading
from datetime import date
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import make_organization
from tests.workers.scene import (
    Worker,
    accept,
    beside,
    deliveries_of,
    make_endpoint,
    make_hook,
    make_workflow,
    note,
    on_event,
    on_hook,
    one,
    publish,
    rows,
    wait_until,
    worker_of,
)
from wedsync.platform import ids, leaves
from wedsync.platform.db import db
from workers import bells
from workers.drains import start_drains
from workers.fan_out import _CLAIM


@pytest.fixture
def mine(app: APIFlask, worker: Worker) -> UUID:
    return make_organization(app)


def make_wedding(app: APIFlask, organization: UUID) -> UUID:
    wedding = ids.new_id()
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO weddings (id, organization_id, title, date, zone)"
                " VALUES (:id, :organization_id, 'Ana and Ben', :date, 'Europe/Lisbon')"
            ),
            {"id": wedding, "organization_id": organization, "date": date(2027, 6, 5)},
        )
    return wedding


def test_two_workers_fan_out_each_event_once(app: APIFlask, worker: Worker, mine: UUID) -> None:
    hook = make_hook(app, mine)
    workflow = make_workflow(app, mine, on_hook(hook), note("n", a=1))
    for number in range(250):
        accept(app, hook, {"n": number})
    with worker_of(app) as other, beside(other.fan_out) as fanning_out:
        taken = worker.fan_out() + int(str(fanning_out.result()))
    assert taken == 250
    runs = rows(app, "SELECT event_id FROM runs WHERE workflow_id = :id", id=workflow)
    assert len(runs) == len({row.event_id for row in runs}) == 250


@pytest.mark.parametrize("ordered_by", ["data.table", None], ids=["in order", "in no order"])
def test_what_came_later_overtakes_no_batch_of_another_worker(
    app: APIFlask, worker: Worker, mine: UUID, ordered_by: str | None
) -> None:
    told, _ = make_endpoint(app, mine, "http://127.0.0.1:8999/told", ordered_by=ordered_by)
    first = publish(app, mine, "seating.changed", {"table": 4})
    with worker.engine.connect() as another:
        another.execute(_CLAIM, {"batch": 1, "per_organization": 1})
        later = publish(app, mine, "seating.changed", {"table": 4})
        assert worker.fan_out() == (0 if ordered_by else 1)
    worker.fan_out()
    if ordered_by:
        numbered = {row.event_id: row.seq for row in deliveries_of(app, told)}
        assert numbered == {first: 1, later: 2}


def test_a_batch_holds_only_so_much_of_one_organization(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    hook = make_hook(app, mine)
    for number in range(5):
        accept(app, hook, [number, "x" * 1_000_000])
    accept(app, make_hook(app, make_organization(app)), {"table": 4})
    batches = list(iter(worker._fan_out.batch, 0))
    assert batches[0] == 4
    assert sum(batches) == 6


def test_what_one_batch_starts_is_due_in_the_order_it_came(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    hook = make_hook(app, mine)
    workflow = make_workflow(app, mine, on_hook(hook), note("n", a=1))
    came = [accept(app, hook, {"n": number}) for number in range(20)]
    worker.fan_out()
    found = rows(
        app,
        "SELECT event_id, due_at FROM runs WHERE workflow_id = :id ORDER BY due_at",
        id=workflow,
    )
    assert [row.event_id for row in found] == came
    assert len({row.due_at for row in found}) == len(came)


def test_an_organization_with_much_to_do_does_not_hold_up_another(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    busy = make_hook(app, mine)
    quiet = make_hook(app, make_organization(app, "Lumen Photography"))
    for number in range(300):
        accept(app, busy, {"n": number})
    late = accept(app, quiet, {})
    worker._fan_out.batch()
    event = one(app, "SELECT fanned_out_at FROM events WHERE id = :id", id=late)
    assert event.fanned_out_at is not None


def test_an_organization_meets_only_its_own_workflows_and_endpoints(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    other = make_organization(app, "Lumen Photography")
    for organization in (mine, other):
        make_workflow(app, organization, on_event("seating.changed"), note("n", a=1))
        make_endpoint(app, organization, "https://partner.example/")
    publish(app, mine, "seating.changed", {})
    worker.fan_out()
    for table in ("runs", "deliveries"):
        assert [row.organization_id for row in rows(app, f"SELECT * FROM {table}")] == [mine]


def test_a_wedding_that_is_named_is_found_and_a_strangers_is_not(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    ours = make_wedding(app, mine)
    theirs = make_wedding(app, make_organization(app, "Lumen Photography"))
    make_workflow(app, mine, on_event("seating.changed"), note("n", a=1))
    named = [str(ours), str(theirs), "no id", None]
    events = [publish(app, mine, "seating.changed", {"wedding_id": said}) for said in named]
    worker.fan_out()
    runs = {row.event_id: row.wedding_id for row in rows(app, "SELECT * FROM runs")}
    assert [runs[event] for event in events] == [ours, None, None, None]


def test_what_a_hook_calls_sensitive_is_sealed_in_the_event(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    hook = make_hook(app, mine)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text('UPDATE hooks SET options = \'{"sensitive": ["guest.phone"]}\''))
    event = accept(app, hook, {"guest": {"name": "Ana", "phone": "+351 900 000 000"}})
    worker.fan_out()
    data = one(app, "SELECT data FROM events WHERE id = :id", id=event).data
    assert data["guest"]["name"] == "Ana"
    assert list(data["guest"]["phone"]) == ["$sealed"]
    assert "900" not in json.dumps(data)


def keys_of(app: APIFlask, event: UUID) -> list[UUID | None]:
    """The weddings whose keys sealed what is sealed in an event; None for the organization's."""
    data = one(app, "SELECT data FROM events WHERE id = :id", id=event).data
    found = rows(
        app,
        "SELECT wedding_id FROM data_keys WHERE id = ANY(:ids) ORDER BY id",
        ids=list(leaves.key_ids(data)),
    )
    return [row.wedding_id for row in found]


def test_what_is_sensitive_is_sealed_for_the_wedding_it_is_about(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    hook, wedding = make_hook(app, mine), make_wedding(app, mine)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text('UPDATE hooks SET options = \'{"sensitive": ["phone"]}\''))
    of_wedding = accept(app, hook, {"wedding_id": str(wedding), "phone": "+351 900 000 000"})
    of_nobody = accept(app, hook, {"phone": "+351 900 000 000"})
    worker.fan_out()
    assert (keys_of(app, of_wedding), keys_of(app, of_nobody)) == ([wedding], [None])


def test_what_was_sealed_before_its_wedding_was_known_is_sealed_for_it(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    wedding = make_wedding(app, mine)
    vault = app.extensions["wedsync"].vault
    with app.app_context(), db.engine.begin() as connection:
        key = vault.data_key(connection, mine)
    data = {"wedding_id": str(wedding), "phone": "+351", "amount": 1.5}
    sealed = leaves.seal_at(data, ["phone"], mine, key)
    event = publish(app, mine, "seating.changed", sealed)
    assert keys_of(app, event) == [None]
    worker.fan_out()
    assert keys_of(app, event) == [wedding]
    kept = one(app, "SELECT data FROM events WHERE id = :id", id=event).data
    with app.app_context(), db.engine.connect() as connection:
        opened = leaves.open_all(kept, mine, lambda ids: vault.keys(connection, mine, ids))
    assert opened == data


def test_a_worker_goes_through_a_backlog_without_being_rung(
    app: APIFlask, worker: Worker, mine: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch takes only so much of one organization; there being more is no reason to sleep."""
    hook = make_hook(app, mine)
    make_workflow(app, mine, on_hook(hook), note("n", a=1))
    for number in range(700):
        accept(app, hook, {"n": number})
    stopping = threading.Event()
    monkeypatch.setattr(bells, "_drains", {})
    drains = start_drains(app, worker.owner, stopping)
    try:
        done = "SELECT count(*) AS n FROM runs WHERE state = 'succeeded'"
        wait_until(lambda: one(app, done).n == 700, 5)
    finally:
        stopping.set()
        for drain in drains:
            drain.join(5)
        worker.runtime.wake.prefer(lambda _lane: False)
    assert not any(drain.is_alive() for drain in drains)

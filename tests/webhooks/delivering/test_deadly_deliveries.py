"""A delivery that kills whoever sends it is given up, and the others arrive."""

from uuid import UUID

from apiflask import APIFlask
from sqlalchemy.exc import OperationalError

from tests.personas import Persona
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Sink,
    Worker,
    attempts_of,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    rows,
    worker_of,
)
from tests.workers.trouble import ending_who_writes
from wedsync.platform.culprits import SUSPECTS_AT_ONCE
from wedsync.platform.db import db
from wedsync.webhooks.delivering import deadly as deadly_deliveries
from wedsync.webhooks.delivering import resending


def kill_until_done(app: APIFlask, worker: Worker, deadly: UUID) -> int:
    """Let workers die of one delivery until nobody does; how many it were."""
    deaths = 0
    dies_of = f"NEW.delivery_id = '{deadly}' AND NEW.status IS NOT NULL"
    with ending_who_writes(app, "delivery_attempts", dies_of):
        while deaths < 10 and one(app, _OPEN, id=deadly).n:
            with worker_of(app) as victim:
                try:
                    victim.deliver()
                except OperationalError:
                    victim.die()
                    deaths += 1
            worker.sweep()
    return deaths


_OPEN = "SELECT count(*) AS n FROM deliveries WHERE id = :id AND finished_at IS NULL"


def test_a_delivery_that_kills_its_worker_three_times_is_given_up_and_the_others_arrive(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    sink.forget()
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/deadly"))
    for table in range(30):
        publish(app, organization, "seating.changed", {"table": table})
    worker.fan_out()
    deadly = deliveries_of(app, endpoint)[0].id
    assert kill_until_done(app, worker, deadly) == 3
    let_pass(app, deadly_deliveries.LATER_S)  # for who died last put something back
    worker.deliver()
    found = {row.id: row for row in deliveries_of(app, endpoint)}
    assert (found[deadly].state, found[deadly].last_error) == ("exhausted", "interrupted")
    assert {row.state for key, row in found.items() if key != deadly} == {"delivered"}
    last = attempts_of(app, deadly)[-1]
    assert (last.outcome, last.error) == ("not_sent", "interrupted")
    assert rows(app, "SELECT 1 FROM owners WHERE preparing IS NOT NULL") == []
    with app.app_context():
        resending.try_now(organization, deadly, by=owner.identity)
        db.session.commit()
    worker.deliver()
    assert {row.state for row in deliveries_of(app, endpoint)} == {"delivered"}


def test_what_was_beside_a_death_is_taken_up_a_few_at_a_time_and_is_cleared_by_arriving(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/beside"))
    for table in range(40):
        publish(app, organization, "seating.changed", {"table": table})
    worker.fan_out()
    with worker_of(app) as victim:
        while victim.begin_deliveries():
            pass
        victim.die()
    assert worker.sweep() == 40
    assert {row.deaths for row in deliveries_of(app, endpoint)} == {1}
    with worker_of(app) as other:
        other.deliveries._shares._share[str(endpoint)] = 40
        begun = []
        while some := other.begin_deliveries():
            begun += some
        assert 0 < len(begun) <= SUSPECTS_AT_ONCE
        later = [row for row in deliveries_of(app, endpoint) if row.state == "due"]
        assert {row.attempts for row in later} == {1}  # what was put back was not tried
        other.die()
    worker.sweep()
    # Only what was noted counts again.
    twice = [row for row in deliveries_of(app, endpoint) if row.deaths == 2]
    assert len(twice) == len(begun)
    while any(row.state == "due" for row in deliveries_of(app, endpoint)):
        worker.deliver()
    assert {(row.state, row.deaths) for row in deliveries_of(app, endpoint)} == {("delivered", 0)}


def test_what_came_home_before_a_death_is_not_held_against_it(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/status/500/home"))
    publish(app, organization, "seating.changed", {})
    worker.fan_out()
    with worker_of(app) as victim:
        victim.deliver()
        victim.die()
    assert worker.sweep() == 0
    assert [row.deaths for row in deliveries_of(app, endpoint)] == [0]

"""Going through a replay page by page, whoever dies, pauses it or is at it as well."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import make_organization
from tests.webhooks.replaying_scene import (
    CHANGED,
    EVER,
    NEVER,
    begin,
    go_on,
    let_lease_pass,
    quiet,
    replay_of,
)
from tests.workers.scene import Sink, Worker, deliveries_of, make_endpoint, publish, rows
from wedsync.api.schemas import replays as shown
from wedsync.platform.db import db
from wedsync.platform.wording import Wording
from wedsync.webhooks import queries
from wedsync.webhooks.replays import replaying
from wedsync.webhooks.replays import service as replays
from wedsync.webhooks.views import replay_words

WORDS = Wording("UTC", EVER)


def test_two_replays_of_one_endpoint_go_on_beside_each_other(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    first, second = begin(app, organization, endpoint), begin(app, organization, endpoint)
    assert go_on(worker) == 5
    assert [replay_of(app, each).state for each in (first, second)] == ["done", "done"]
    assert len(deliveries_of(app, endpoint)) == 5


def test_it_is_paused_goes_on_and_is_cancelled(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    replay = begin(app, organization, endpoint)
    with app.app_context():
        replays.pause(organization, replay)
        db.session.commit()
    assert go_on(worker) == 0
    with app.app_context():
        replays.resume(organization, replay)
        db.session.commit()
    assert go_on(worker) == 5
    other = begin(app, organization, endpoint)
    with app.app_context():
        replays.cancel(organization, other)
        db.session.commit()
    assert go_on(worker) == 0
    assert replay_of(app, other).finished_at is not None
    done = "SELECT action FROM audit_entries WHERE object_id = :id ORDER BY id"
    acts = [row.action for row in rows(app, done, id=replay)]
    assert acts == ["replay.begun", "replay.paused", "replay.resumed"]


def test_it_waits_while_its_endpoint_is_off(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    replay = begin(app, organization, endpoint)
    rows(app, "UPDATE endpoints SET state = 'off' WHERE id = :id RETURNING 1", id=endpoint)
    assert go_on(worker) == 0
    assert replay_of(app, replay).state == "running"
    rows(app, "UPDATE endpoints SET state = 'on' WHERE id = :id RETURNING 1", id=endpoint)
    assert go_on(worker) == 5


def test_organizations_take_turns_however_many_replays_one_has(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    sink: Sink,
    by_twos: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying, "PAGES_A_TURN", 1)
    stranger = make_organization(app)
    theirs, _ = make_endpoint(app, stranger, sink.url("/ok/theirs"))
    many = [begin(app, organization, endpoint) for _ in range(4)]
    of_another = begin(app, stranger, theirs)
    taken = [replaying._take(worker.engine) for _ in range(5)]
    assert [each.id for each in taken if each] == [many[0], of_another, *many[1:]]
    let_lease_pass(app)
    later = begin(app, stranger, theirs)
    again = [replaying._take(worker.engine) for _ in range(2)]
    assert [each.id for each in again if each] == [later, many[0]]


def test_only_so_many_are_counted_and_the_rest_is_said_to_be_more(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    by_twos: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (replaying, replay_words, shown):
        monkeypatch.setattr(module, "MOST_COUNTED", 3)
    replay = begin(app, organization, endpoint)
    pages(app, worker, 1, monkeypatch)
    with app.app_context():
        found = replays.get(organization, replay)
        progress = shown.replay_out(found).progress
        told = replay_words.tell_replay(
            found, queries.get_endpoint(organization, endpoint), 0, WORDS
        )
    assert (progress.total, progress.is_more, progress.seen) == (3, True, 2)
    assert (told.whole, told.figures[0]) == (None, ("Looked at", "2", "of more than 3"))
    go_on(worker)
    with app.app_context():
        found = replays.get(organization, replay)
        told = replay_words.tell_replay(
            found, queries.get_endpoint(organization, endpoint), 0, WORDS
        )
    assert (told.whole, told.figures[0]) == (5, ("Looked at", "5", "of 5"))


# --- page by page


def pages(app: APIFlask, worker: Worker, count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """One turn of at most so many pages."""
    monkeypatch.setattr(replaying, "PAGES_A_TURN", count)
    replay = replaying._take(worker.engine)
    assert replay is not None
    return replaying._turn(worker.engine, replay, NEVER, quiet)


def test_a_killed_worker_leaves_whole_pages_and_the_next_goes_on(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    by_twos: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replay = begin(app, organization, endpoint)
    assert pages(app, worker, 1, monkeypatch) == 2
    taken = replaying._take(worker.engine)  # and then it is killed
    assert taken is not None
    assert go_on(worker) == 0
    let_lease_pass(app)
    assert go_on(worker) == 3
    found = replay_of(app, replay)
    assert (found.state, found.seen, found.queued) == ("done", 5, 5)
    assert len(deliveries_of(app, endpoint)) == 5


def test_one_that_gets_on_between_deaths_does_not_break_off(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID, by_twos: None
) -> None:
    replay = begin(app, organization, endpoint)
    for _ in range(replaying.MOST_TRIES - 1):
        replaying._take(worker.engine)  # and then it is killed
        let_lease_pass(app)
    taken = replaying._take(worker.engine)
    assert taken is not None
    assert replaying._next_page(worker.engine, taken).queued == 2  # and then it is killed too
    let_lease_pass(app)
    assert go_on(worker) == 3
    assert replay_of(app, replay).state == "done"


@pytest.mark.parametrize("ordered_by", [None, "data.table"])
def test_a_page_whose_data_is_looked_at_is_smaller(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    ordered_by: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying, "PAGE", 4)
    monkeypatch.setattr(replaying, "PAGE_WITH_DATA", 3)
    said = "UPDATE endpoints SET ordered_by = :by WHERE id = :id RETURNING 1"
    rows(app, said, by=ordered_by, id=endpoint)
    begin(app, organization, endpoint)
    assert pages(app, worker, 1, monkeypatch) == (4 if ordered_by is None else 3)


def test_whoever_was_taken_for_dead_changes_nothing_any_more(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID, by_twos: None
) -> None:
    replay = begin(app, organization, endpoint)
    slow = replaying._take(worker.engine)
    let_lease_pass(app)
    go_on(worker)
    assert slow is not None
    assert replaying._turn(worker.engine, slow, NEVER, quiet) == 0
    found = replay_of(app, replay)
    assert (found.state, found.seen, found.queued) == ("done", 5, 5)


def test_whoever_was_taken_for_dead_leaves_it_to_the_next(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    replay = begin(app, organization, endpoint)
    slow = replaying._take(worker.engine)
    let_lease_pass(app)
    following = replaying._take(worker.engine)
    assert slow is not None
    assert following is not None
    assert replaying._turn(worker.engine, slow, NEVER, quiet) == 0
    assert (replay_of(app, replay).state, replay_of(app, replay).seen) == ("running", 0)
    assert replaying._turn(worker.engine, following, NEVER, quiet) == 5


def test_whoever_is_at_it_while_it_is_paused_stops(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    by_twos: None,
) -> None:
    replay = begin(app, organization, endpoint)
    taken = replaying._take(worker.engine)
    with app.app_context():
        replays.pause(organization, replay)
        db.session.commit()
    assert taken is not None
    assert replaying._turn(worker.engine, taken, NEVER, quiet) == 0
    assert replay_of(app, replay).state == "paused"
    with app.app_context():
        replays.resume(organization, replay)
        db.session.commit()
    assert replaying._turn(worker.engine, taken, NEVER, quiet) == 0  # it is for the next to take
    assert go_on(worker) == 5


def test_it_waits_for_what_is_still_being_fanned_out(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    """A fan-out that does not see this endpoint yet may have read it already."""
    late = publish(app, organization, CHANGED, {"table": 5})
    replay = begin(app, organization, endpoint)
    assert go_on(worker) == 5
    assert replay_of(app, replay).state == "running"
    rows(
        app,
        "UPDATE events SET fanned_out_at = clock_timestamp() WHERE id = :id RETURNING 1",
        id=late,
    )
    let_lease_pass(app)
    assert go_on(worker) == 1
    assert replay_of(app, replay).state == "done"


def test_what_is_parked_is_passed_over(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    parked = publish(app, organization, CHANGED, {"table": 5})
    rows(app, "UPDATE events SET parked_at = now() WHERE id = :id RETURNING 1", id=parked)
    replay = begin(app, organization, endpoint)
    assert go_on(worker) == 5
    assert (replay_of(app, replay).state, replay_of(app, replay).seen) == ("done", 6)


def test_it_runs_only_so_far_ahead_of_what_is_sent(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    by_twos: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying, "AHEAD", 3)
    replay = begin(app, organization, endpoint)
    assert go_on(worker) == 4
    let_lease_pass(app)
    assert go_on(worker) == 0
    worker.deliver()
    let_lease_pass(app)
    assert go_on(worker) == 1
    assert replay_of(app, replay).state == "done"


def test_one_that_breaks_off_again_and_again_is_paused_and_can_go_on(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    replay = begin(app, organization, endpoint)
    for _ in range(replaying.MOST_TRIES):
        assert replaying._take(worker.engine) is not None
        let_lease_pass(app)
    assert go_on(worker) == 0
    found = replay_of(app, replay)
    assert (found.state, found.reason) == ("paused", "broke_off")
    with app.app_context():
        replays.resume(organization, replay)
        db.session.commit()
    assert go_on(worker) == 5


# --- concurrency


def test_two_workers_double_nothing(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    by_twos: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying, "PAGES_A_TURN", 1)
    for table in range(40):
        publish(app, organization, CHANGED, {"table": table})
    worker.fan_out()
    both = [begin(app, organization, endpoint, "not_delivered") for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        queued = list(pool.map(lambda _: go_on(worker), range(2)))
    go_on(worker)
    assert [replay_of(app, each).state for each in both] == ["done", "done"]
    assert sum(queued) == sum(replay_of(app, each).queued for each in both) == 5
    assert len(deliveries_of(app, endpoint)) == 45


def test_a_replay_and_the_fan_out_make_one_delivery_each(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    for table in range(30):
        publish(app, organization, CHANGED, {"table": table})
    replay = begin(app, organization, endpoint)
    with ThreadPoolExecutor(2) as pool:
        fanned_out = pool.submit(worker.fan_out)
        pool.submit(go_on, worker).result()
        assert fanned_out.result() == 30
    let_lease_pass(app)
    go_on(worker)
    assert replay_of(app, replay).state == "done"
    assert len(deliveries_of(app, endpoint)) == 35


def test_an_endpoint_is_taken_away_while_it_is_sent_something_again(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    begin(app, organization, endpoint)
    taken = replaying._take(worker.engine)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DELETE FROM endpoints WHERE id = :id"), {"id": endpoint})
    assert taken is not None
    assert replaying._turn(worker.engine, taken, NEVER, quiet) == 0

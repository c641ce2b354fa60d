"""Sending an endpoint once more what happened since a moment."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import Persona, make_organization
from tests.webhooks.replaying_scene import (
    EVER,
    FAR_AHEAD,
    NEVER,
    begin,
    go_on,
    let_lease_pass,
    quiet,
    replay_of,
    set_state,
)
from tests.workers.scene import (
    Sink,
    Worker,
    accept,
    deliveries_of,
    make_endpoint,
    make_hook,
    one,
    publish,
    rows,
    worker_of,
)
from wedsync.api.schemas import replays as shown
from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.events import service as events
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.wording import Wording
from wedsync.webhooks import queries
from wedsync.webhooks.delivering import operational, samples
from wedsync.webhooks.hooks import samples as hook_samples
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.replays import replaying
from wedsync.webhooks.replays import service as replays
from wedsync.webhooks.replays.service import Wish
from wedsync.webhooks.views import replay_words

CHANGED = "seating.changed"
WORDS = Wording("UTC", EVER)


@pytest.fixture
def endpoint(app: APIFlask, organization: UUID, sink: Sink) -> UUID:
    """Made when five things had happened already."""
    for table in range(5):
        publish(app, organization, CHANGED, {"table": table})
    with worker_of(app) as worker:
        worker.fan_out()
    made, _secret = make_endpoint(app, organization, sink.url(f"/ok/{organization}"))
    return made


def told(sink: Sink, organization: UUID) -> list[Any]:
    """The tables the endpoint was told of, in the order they came."""
    path = f"/ok/{organization}"
    return [json.loads(each["body"])["data"]["table"] for each in _requests(sink, path)]


def _requests(sink: Sink, path: str) -> list[dict[str, Any]]:
    return [each for each in sink.requests() if each["path"] == path]


def states(app: APIFlask, endpoint: UUID) -> list[str]:
    return [each.state for each in deliveries_of(app, endpoint)]


# --- works


def test_what_was_never_attempted_arrives(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, endpoint: UUID
) -> None:
    replay = begin(app, organization, endpoint)
    assert go_on(worker) == 5
    worker.deliver()
    assert sorted(told(sink, organization)) == [0, 1, 2, 3, 4]
    found = replay_of(app, replay)
    assert (found.state, found.total, found.seen, found.queued) == ("done", 5, 5, 5)
    assert found.finished_at is not None


def test_what_arrived_comes_again_with_the_number_it_had(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, endpoint: UUID
) -> None:
    begin(app, organization, endpoint)
    go_on(worker)
    worker.deliver()
    begin(app, organization, endpoint)
    assert go_on(worker) == 5
    worker.deliver()
    came = _requests(sink, f"/ok/{organization}")
    numbers = [each["headers"]["webhook-id"] for each in came]
    assert sorted(numbers[:5]) == sorted(numbers[5:])
    assert [each.attempts for each in deliveries_of(app, endpoint)] == [2] * 5


@pytest.mark.parametrize(
    ("which", "state", "goes_out"),
    [
        ("all", "delivered", True),
        ("all", "exhausted", True),
        ("all", "cancelled", True),
        ("all", "due", True),
        ("not_delivered", "delivered", False),
        ("not_delivered", "exhausted", True),
        ("not_delivered", "cancelled", True),
        ("not_delivered", "due", True),
        ("failed", "delivered", False),
        ("failed", "exhausted", True),
        ("failed", "cancelled", False),
        ("failed", "due", False),
    ],
)
def test_what_became_of_it_says_whether_it_goes_out(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    which: str,
    state: str,
    goes_out: bool,
) -> None:
    begin(app, organization, endpoint)
    go_on(worker)
    set_state(app, endpoint, state)
    wish = Wish(EVER, which=which)  # type: ignore[arg-type]
    with app.app_context():
        seen = replays.preview(queries.get_endpoint(organization, endpoint), wish)
    begin(app, organization, endpoint, which)
    assert go_on(worker) == (5 if goes_out else 0)
    assert seen.wanted == (5 if goes_out else 0)
    due_now = "SELECT count(*) AS n FROM deliveries WHERE endpoint_id = :id AND state = 'due'"
    due_now += " AND next_attempt_at <= clock_timestamp()"
    assert one(app, due_now, id=endpoint).n == (5 if goes_out else 0)


def test_those_that_never_had_a_delivery_did_not_give_up(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    replay = begin(app, organization, endpoint, "failed")
    assert go_on(worker) == 0
    assert (replay_of(app, replay).state, replay_of(app, replay).total) == ("done", 0)


def test_a_delivery_that_is_open_is_not_doubled(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, endpoint: UUID
) -> None:
    begin(app, organization, endpoint)
    go_on(worker)
    under_way = worker.begin_deliveries()
    assert len(under_way) > 0
    begin(app, organization, endpoint)
    go_on(worker)
    assert len(deliveries_of(app, endpoint)) == 5
    assert states(app, endpoint).count("in_flight") == len(under_way)


def test_only_what_happened_in_that_time_is_sent(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    happened = rows(
        app, "SELECT id FROM events WHERE organization_id = :id ORDER BY id", id=organization
    )
    for number, row in enumerate(happened):
        moved = ids.UUID(int=ids.first_at(EVER + timedelta(days=number)).int + 7 * (1 << 76) + 1)
        rows(app, "UPDATE events SET id = :to WHERE id = :id RETURNING 1", to=moved, id=row.id)
    since, until = EVER + timedelta(days=1), EVER + timedelta(days=3)
    begin(app, organization, endpoint, since=since, until=until)
    assert go_on(worker) == 2


def test_what_is_chosen_and_what_the_endpoint_wants_both_count(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    for kind in (CHANGED, "seating.moved", "seating.cleared"):
        publish(app, organization, kind, {"table": kind})
    worker.fan_out()
    wanted = [CHANGED, "seating.moved"]
    two, _ = make_endpoint(app, organization, sink.url("/ok/two"), event_types=wanted)
    begin(app, organization, two)
    assert go_on(worker) == 2
    begin(app, organization, two, event_types=("seating.moved",))
    worker.deliver()
    assert go_on(worker) == 1


def test_the_condition_of_the_endpoint_holds_for_what_was_never_sent(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    hook = make_hook(app, organization)
    for table in range(4):
        accept(app, hook, {"table": table})
    worker.fan_out()
    late = {"filter": {">": [{"var": "trigger.data.table"}, 1]}}
    picky, _ = make_endpoint(app, organization, sink.url(f"/ok/{organization}"), **late)
    replay = begin(app, organization, picky)
    assert go_on(worker) == 2
    worker.deliver()
    assert sorted(told(sink, organization)) == [2, 3]
    assert replay_of(app, replay).seen == 4


def test_a_test_of_one_endpoint_is_nothing_for_another(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID, sink: Sink
) -> None:
    with app.app_context():
        samples.send_test(organization, endpoint)
        db.session.commit()
    other, _ = make_endpoint(app, organization, sink.url("/ok/other"))
    begin(app, organization, other)
    assert go_on(worker) == 5


def test_the_sample_of_a_hook_is_nothing_for_anybody(
    app: APIFlask, worker: Worker, organization: UUID, owner: Persona, endpoint: UUID
) -> None:
    with app.app_context():
        hook, _secret = hooks.create(organization, {"name": "x", "scheme": "github"})
        sample = hook_samples.send(owner.identity, hook.id)
        db.session.commit()
        assert sample.event is not None
    assert look(app, organization, endpoint).wanted == 5
    begin(app, organization, endpoint)
    assert go_on(worker) == 5


def test_order_is_kept_by_key_and_what_is_sent_again_joins_the_tail(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    path = sink.url(f"/ok/{organization}")
    ordered, _ = make_endpoint(app, organization, path, ordered_by="data.couple")
    for table in range(6):
        publish(app, organization, CHANGED, {"table": table, "couple": table % 2})
    worker.fan_out()
    worker.deliver()
    sink.forget()
    begin(app, organization, ordered)
    go_on(worker)
    publish(app, organization, CHANGED, {"table": 6, "couple": 0})
    worker.fan_out()
    worker.deliver()
    came = told(sink, organization)
    assert [table for table in came if table % 2 == 0] == [0, 2, 4, 6]
    assert [table for table in came if table % 2 == 1] == [1, 3, 5]


def test_what_waits_for_a_later_try_goes_at_once_and_keeps_its_place(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    path = sink.url(f"/ok/{organization}")
    ordered, _ = make_endpoint(app, organization, path, ordered_by="data.couple")
    for table in range(3):
        publish(app, organization, CHANGED, {"table": table, "couple": 1})
    worker.fan_out()
    set_state(app, ordered, "due")
    begin(app, organization, ordered, "not_delivered")
    go_on(worker)
    worker.deliver()
    assert told(sink, organization) == [0, 1, 2]
    assert {each.failures for each in deliveries_of(app, ordered)} == {3}


def test_what_a_lane_stopped_at_keeps_its_place(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    stops = {"ordered_by": "data.couple", "stops_at_failure": True}
    ordered, _ = make_endpoint(app, organization, sink.url(f"/ok/{organization}"), **stops)
    for table in range(3):
        publish(app, organization, CHANGED, {"table": table, "couple": 1})
    worker.fan_out()
    given_up = "UPDATE deliveries SET state = 'exhausted', blocks_lane = true,"
    given_up += " finished_at = now(), next_attempt_at = NULL WHERE id = :id RETURNING 1"
    rows(app, given_up, id=deliveries_of(app, ordered)[0].id)
    worker.deliver()
    assert told(sink, organization) == []
    begin(app, organization, ordered, "failed")
    assert go_on(worker) == 1
    worker.deliver()
    assert told(sink, organization) == [0, 1, 2]


def test_an_endpoint_is_not_told_again_what_is_about_itself(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    for about in (endpoint, ids.new_id()):
        with app.app_context():
            data = {"endpoint_id": str(about)}
            events.announce(db.session, organization, operational.FAILING, data)
            db.session.commit()
    worker.fan_out()
    before = len(deliveries_of(app, endpoint))
    begin(app, organization, endpoint)
    go_on(worker)
    assert (before, len(deliveries_of(app, endpoint))) == (1, 6)


def test_an_order_that_came_later_counts_for_what_is_sent_again(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    begin(app, organization, endpoint)
    go_on(worker)
    worker.deliver()
    rows(app, "UPDATE endpoints SET ordered_by = 'data.table' WHERE id = :id RETURNING 1",
         id=endpoint)  # fmt: skip
    begin(app, organization, endpoint)
    go_on(worker)
    assert all(":" in each.lane for each in deliveries_of(app, endpoint))
    worker.deliver()
    assert states(app, endpoint) == ["delivered"] * 5


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


@pytest.fixture
def by_twos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "PAGE", 2)


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


# --- the preview


def look(app: APIFlask, organization: UUID, endpoint: UUID, **wish: Any) -> replays.Preview:
    with app.app_context():
        asked = Wish(**{"since": EVER, **wish})
        return replays.preview(queries.get_endpoint(organization, endpoint), asked)


def test_the_preview_counts_what_there_is(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    found = look(app, organization, endpoint)
    assert (found.happened, found.wanted, found.is_more) == (5, 5, False)
    begin(app, organization, endpoint)
    go_on(worker)
    worker.deliver()
    assert look(app, organization, endpoint).wanted == 0
    assert look(app, organization, endpoint, which="all").wanted == 5
    assert look(app, organization, endpoint, event_types=("seating.moved",)).wanted == 0


def test_the_preview_looks_at_so_many_and_says_that_there_are_more(
    app: APIFlask, organization: UUID, endpoint: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "MOST_LOOKED_AT", 3)
    found = look(app, organization, endpoint)
    assert (found.happened, found.is_more) == (3, True)


# --- negatives


@pytest.mark.parametrize(
    ("wish", "pointers"),
    [
        ({"since": FAR_AHEAD}, ["/since"]),
        ({"until": EVER}, ["/since"]),
        ({"event_types": ("No such name",)}, ["/event_types"]),
        ({"event_types": tuple(f"a.b{n}" for n in range(101))}, ["/event_types"]),
    ],
    ids=["to come", "backwards", "no name", "too many"],
)
def test_what_cannot_be_asked_for_is_refused(
    app: APIFlask,
    organization: UUID,
    endpoint: UUID,
    wish: dict[str, Any],
    pointers: Sequence[str],
) -> None:
    with pytest.raises(Invalid) as refused:
        begin(app, organization, endpoint, **wish)
    assert [error.pointer for error in refused.value.errors] == pointers


def test_a_kind_the_endpoint_is_not_told_of_is_refused(
    app: APIFlask, organization: UUID, sink: Sink
) -> None:
    one_kind, _ = make_endpoint(app, organization, sink.url("/ok"), event_types=[CHANGED])
    with pytest.raises(Invalid):
        begin(app, organization, one_kind, event_types=("seating.moved",))


def test_an_endpoint_that_is_off_is_sent_nothing_again(
    app: APIFlask, organization: UUID, endpoint: UUID
) -> None:
    rows(app, "UPDATE endpoints SET state = 'off' WHERE id = :id RETURNING 1", id=endpoint)
    with pytest.raises(Conflict) as refused:
        begin(app, organization, endpoint)
    assert refused.value.code == "endpoint_off"


def test_an_endpoint_has_only_so_many_replays_at_a_time(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID, sink: Sink
) -> None:
    begun = [begin(app, organization, endpoint) for _ in range(replays.MOST_OPEN)]
    with app.app_context():
        replays.pause(organization, begun[0])
        db.session.commit()
    with pytest.raises(Conflict) as refused:
        begin(app, organization, endpoint)
    assert refused.value.code == "too_many_replays"
    other, _ = make_endpoint(app, organization, sink.url("/ok/other"))
    begin(app, organization, other)
    with app.app_context():
        replays.cancel(organization, begun[0])
        db.session.commit()
    begin(app, organization, endpoint)


def test_what_is_over_is_neither_paused_nor_cancelled(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    replay = begin(app, organization, endpoint)
    go_on(worker)
    acts = (replays.pause, replays.resume, replays.cancel)
    codes = ("replay_not_running", "replay_not_paused", "replay_over")
    for act, code in zip(acts, codes, strict=True):
        with app.app_context(), pytest.raises(Conflict) as refused:
            act(organization, replay)
        assert refused.value.code == code


def test_a_stranger_finds_no_replay(app: APIFlask, organization: UUID, endpoint: UUID) -> None:
    replay, stranger = begin(app, organization, endpoint), make_organization(app)
    with app.app_context(), pytest.raises(NotFound):
        replays.get(stranger, replay)
    with pytest.raises(NotFound):
        begin(app, stranger, endpoint)


# --- concurrency


def test_many_who_begin_at_once_begin_only_so_many(
    app: APIFlask, organization: UUID, endpoint: UUID
) -> None:
    def try_to(_: int) -> bool:
        try:
            return bool(begin(app, organization, endpoint))
        except Conflict:
            return False

    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(try_to, range(replays.MOST_OPEN + 6)))
    assert begun.count(True) == replays.MOST_OPEN


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

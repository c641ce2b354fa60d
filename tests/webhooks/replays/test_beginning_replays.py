"""Before a replay begins: what it would come to, and what cannot be asked for."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import make_organization
from tests.webhooks.replaying_scene import CHANGED, EVER, FAR_AHEAD, begin, go_on, look
from tests.workers.scene import Sink, Worker, make_endpoint, rows
from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.platform.db import db
from wedsync.webhooks.replays import service as replays

# --- the preview


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


@pytest.mark.parametrize("which", ["not_delivered", "all"])
def test_what_is_in_line_already_is_not_counted_for_the_preview(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID, which: str
) -> None:
    begin(app, organization, endpoint)
    assert go_on(worker) == 5
    found = look(app, organization, endpoint, which=which)
    assert (found.happened, found.wanted) == (5, 0)


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

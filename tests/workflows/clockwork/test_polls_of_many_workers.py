"""Workers look at partners' lists together, die over them, and are told otherwise meanwhile."""

from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.far_ends.rest_service import Asked, Prepared
from tests.personas import Persona
from tests.workers.scene import Worker, beside, make_workflow, one, rows
from tests.workflows.clockwork.guest_book import NOTE, GuestBook, every, guests, reading
from tests.workflows.clockwork.looking import look
from tests.workflows.clockwork.ticking import MovedClock
from tests.workflows.clockwork.ticking import publish_again as republish
from tests.workflows.connected import connect
from wedsync.platform.db import db

pytestmark = pytest.mark.usefixtures("empty_database")


def test_a_death_between_two_pages_loses_nothing_and_doubles_nothing(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    for number in range(120):
        book.add(f"Guest {number}", at=f"2026-03-01T10:{number // 60:02}:{number % 60:02}Z")
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    workflow = make_workflow(app, organization, every(connection), NOTE)
    answer = book.answer_to

    def dies_at_the_second(asked: Asked) -> Prepared:
        if len(book.asked) == 1:
            with app.app_context(), db.engine.begin() as connection:
                taken = "UPDATE workflow_timers SET owner = uuidv7(), lease_until = now()"
                connection.execute(text(taken))
        return answer(asked)

    book.answer_to = dies_at_the_second  # type: ignore[method-assign]
    look(app, worker)
    assert one(app, "SELECT count(*) AS n FROM events WHERE source <> 'ours'").n in (50, 120)
    march.move(seconds=600)
    look(app, worker)
    worker.fan_out()
    assert guests(app, workflow) == [f"Guest {number}" for number in range(120)]


def test_what_a_dead_worker_was_looking_at_is_looked_at_by_another(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    make_workflow(app, organization, every(connection), NOTE)
    with app.app_context(), db.engine.begin() as connection_:
        connection_.execute(
            text(
                "UPDATE workflow_timers SET owner = :dead,"
                " lease_until = clock_timestamp() + interval '1 hour'"
            ),
            {"dead": dead_owner(app)},
        )
    look(app, worker)
    assert book.asked == []
    worker.sweep()
    look(app, worker)
    assert len(book.asked) == 1


def dead_owner(app: APIFlask) -> UUID:
    query = (
        "INSERT INTO owners (id, lock_key, process) VALUES (uuidv7(), 4711, 'dead:1') RETURNING id"
    )
    return one(app, query).id


def test_many_workers_take_each_record_once(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    made = [make_workflow(app, organization, every(connection), NOTE) for _ in range(6)]
    for number in range(5):
        book.add(*(f"Guest {number}.{each}" for each in range(7)))
        with beside(lambda: look(app, worker)) as one_, beside(lambda: look(app, worker)) as other:
            one_.result()
            other.result()
        march.move(seconds=300)
    worker.fan_out()
    whole = [entry["name"] for entry in book.entries]
    assert [guests(app, each) for each in made] == [whole] * 6


def test_publishing_pausing_and_going_back_under_load_misses_and_doubles_nothing(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    worker: Worker,
    book: GuestBook,
    march: MovedClock,
) -> None:
    """Three of them at once: somebody who writes into the book, two workers, and an editor."""
    connection = connect(
        app, organization, reading(book, "guest-book", starts="all", next_path="next")
    )
    workflow = make_workflow(app, organization, every(connection), NOTE)
    path = f"/workflows/{workflow}"
    republish(app, organization, workflow, every(connection, every_s=600))
    acts = ("pause", "resume", "versions/1/rollback", "turn-off", "resume", "versions/2/rollback")

    def edit() -> None:
        for act in acts * 4:
            answer = owner.api.post(f"{path}/{act}", json={})
            assert answer.status_code in (200, 409), answer.json

    with beside(edit) as editing:
        number = 0
        while not editing.done():
            book.add(f"Guest {number}", f"Guest {number + 1}")
            number += 2
            with beside(lambda: look(app, worker)) as one_:
                look(app, worker)
                one_.result()
            worker.fan_out()
            march.move(seconds=600)
        editing.result()
    owner.api.post(f"{path}/resume")
    for _ in range(2):
        march.move(seconds=600)
        look(app, worker)
        worker.fan_out()
    stored = rows(
        app, "SELECT data ->> 'name' AS name FROM events WHERE source <> 'ours' ORDER BY id"
    )
    assert [row.name for row in stored] == [entry["name"] for entry in book.entries]

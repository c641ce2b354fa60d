"""Much that is due, who takes it up, and how its endpoint stands after that."""

from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.workers.scene import (
    Sink,
    Worker,
    beside,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    worker_of,
)


def make_due(app: APIFlask, organization: UUID, worker: Worker, number: int) -> None:
    for table in range(number):
        publish(app, organization, "seating.changed", {"table": table})
    worker.fan_out()


def begun_by(*workers: Worker) -> list[tuple[Worker, Any]]:
    """All that these workers may take up now, turn about, until none gets any more."""
    begun: list[tuple[Worker, Any]] = []
    while some := [(each, one) for each in workers for one, _ in each.begin_deliveries()]:
        begun += some
    return begun


def deliver_with_another(app: APIFlask, worker: Worker) -> None:
    """Send what is due by two workers at once, until nothing is left."""
    with worker_of(app) as other, beside(other.deliver) as delivering:
        worker.deliver()
        delivering.result()
        worker.deliver()


def tried_in_vain(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, path: str, due: int
) -> tuple[UUID, int]:
    """An endpoint for which so much was due, tried until it is left alone; how often it was."""
    sink.forget()
    endpoint, _ = make_endpoint(app, organization, sink.url(path))
    make_due(app, organization, worker, due)
    worker.deliver()
    return endpoint, sink.paths()[path]


def standing(app: APIFlask, endpoint: UUID) -> Any:
    return one(app, "SELECT * FROM endpoints WHERE id = :id", id=endpoint)


def subscribe(app: APIFlask, worker: Worker, organization: UUID, url: str, **fields: Any) -> UUID:
    """An endpoint with one delivery that is due; its id."""
    endpoint, _secret = make_endpoint(app, organization, url, **fields)
    publish(app, organization, "seating.changed", {"table": 4})
    worker.fan_out()
    return endpoint


def only(app: APIFlask, endpoint: UUID) -> Any:
    (delivery,) = deliveries_of(app, endpoint)
    return delivery

"""What came of an attempt is written where the attempt stands."""

from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.webhooks.delivering_scene import make_due
from tests.workers.scene import Sink, Worker, make_endpoint
from wedsync.platform import clock
from wedsync.platform.outbound import Answer, Headers, Timings
from wedsync.webhooks.delivering import settling
from wedsync.webhooks.delivering.verdicts import judge

DUE = 8
_HEAD = b"HTTP/1.1 200 OK\r\n" + b"x-served-by: somebody far away\r\n" * 10 + b"\r\n"
_ANSWER = Answer(200, Headers(_HEAD), b"thank you", Timings(total_ms=12.5))
# Of this transaction only, whatever others write.
_WRITTEN = text(
    "SELECT pg_stat_get_xact_tuples_updated(t) AS updated,"
    " pg_stat_get_xact_tuples_hot_updated(t) AS in_place"
    " FROM CAST('delivery_attempts' AS regclass) AS t"
)


def test_what_came_of_attempts_needs_no_new_entry_in_an_index(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/written"))
    make_due(app, organization, worker, DUE)
    verdicts = []
    while begun := worker.begin_deliveries():
        verdicts += [
            judge(sending, _ANSWER, clock.now())
            for sending, _ in begun
            if sending.endpoint_id == endpoint
        ]
    owner = worker.owner.id
    assert owner is not None
    with worker.engine.begin() as connection:
        settling.settle(connection, owner, verdicts)
        written = connection.execute(_WRITTEN).one()
    assert len(verdicts) == written.updated == written.in_place == DUE

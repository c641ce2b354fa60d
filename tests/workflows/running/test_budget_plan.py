"""What a turn costs does not grow with how many stand in line."""

from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.far_ends.rest_service import RestService
from tests.webhooks.plans import plan_of, rows_read
from tests.workers.scene import Hook, Worker, one
from tests.workflows.connected import connect, release, seating
from tests.workflows.running.beginning import begin
from wedsync.connections.limits.lines import line_of
from wedsync.platform import batch
from wedsync.platform.db import db
from wedsync.workflows.running import budget_lines

MANY = 20_000
_IN_LINE = text(
    "INSERT INTO runs (organization_id, workflow_id, version_id, origin_run_id, cause, causation,"
    " state, waiting_for, event_id, engine_state)"
    " SELECT organization_id, workflow_id, version_id, origin_run_id, 'manual:' || n, causation,"
    " state, waiting_for, event_id, engine_state FROM runs"
    " CROSS JOIN generate_series(1, CAST(:many AS int)) n WHERE id = :id"
)


def test_of_a_long_line_only_its_head_is_read(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    limits = {"connection": {"calls": 1, "seconds": 86_400}}
    connection = connect(app, hook.organization_id, seating(seats, slug, limits=limits))
    begin(app, worker, hook, release("seat", connection, slug), events=2)
    worker.run()
    waiting = one(app, "SELECT * FROM runs WHERE state = 'waiting'")
    with app.app_context(), db.engine.connect() as database:
        database.execute(_IN_LINE, {"id": waiting.id, "many": MANY})
        database.execute(text("ANALYZE runs"))
        given = batch.rows([_place(hook.organization_id, connection)])
        oldest = plan_of(database, budget_lines._OLDEST.text, moving=[waiting.id], **given)
        heads = plan_of(database, budget_lines._HEADS.text, **given)
        database.rollback()
    assert rows_read(oldest, "runs") <= 10
    assert rows_read(heads, "runs") <= 10


def _place(organization_id: UUID, connection: UUID) -> dict[str, object]:
    line = line_of(connection)
    return {
        "organization_id": organization_id,
        "connection_id": connection,
        "line": line,
        "most": 3,
    }

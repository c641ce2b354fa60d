"""The list of runs as somebody signed in sees it, with 10,000 runs behind it."""

from sqlalchemy import text

from tests.bench import traffic
from tests.bench.measurement import Run
from tests.bench.processes import BenchError
from tests.bench.scene import seating
from tests.bench.visitor import Visitor, sign_up
from wedsync.platform import batch
from wedsync.platform.db import db
from wedsync.webhooks.hooks import service as hooks
from wedsync.workflows.editing import service as workflows

RUNS = 10_000
READER = "imogen@example.com"

_EVENTS = text(
    "INSERT INTO events (id, organization_id, type, source, occurred_at, data, causation,"
    " fanned_out_at)"
    " SELECT uuidv7(), :organization, 'external.rsvp.received', :source, now(),"
    " CAST(:answers AS jsonb) -> n % 100, '{}', now() FROM generate_series(1, :runs) n"
)
_RUNS = text(
    "INSERT INTO runs (organization_id, workflow_id, version_id, cause, event_id, state,"
    " started_at, finished_at)"
    " SELECT organization_id, :workflow, :version, 'event:' || id, id, 'succeeded', now(), now()"
    " FROM events WHERE organization_id = :organization"
)
_STEPS = text(
    "INSERT INTO run_steps (run_id, step_id, organization_id, state, explanation, position,"
    " finished_at)"
    " SELECT r.id, s.id, r.organization_id, 'succeeded', CAST(s.explanation AS jsonb), s.position,"
    " now() FROM runs r, (VALUES ('coming', '{\"taken\": \"Yes\"}', 0), ('shape', NULL, 1),"
    " ('tell', NULL, 2)) s (id, explanation, position) WHERE r.organization_id = :organization"
)


def milliseconds(visitor: Visitor) -> float:
    """How long the list takes to be there whole."""
    page = visitor.get("/runs")
    if b"Guest" not in page.content:
        raise BenchError("The list of runs does not show them.")
    return page.took_ms


def make_runs(run: Run) -> None:
    """An organization with one person and `RUNS` finished runs of one workflow."""
    stage = run.stage
    answers = batch.rows([traffic.answer(number) for number in range(100)])["rows"]
    with stage.app.app_context():
        _user, made = sign_up(READER)
        hook, _secret = hooks.create(made.id, {"name": "Answers", "scheme": "standard_webhooks"})
        definition = seating(hook.id, "http://127.0.0.1:8999/")
        workflow = workflows.create(made.id, "Seat everybody", definition).workflow
        version = workflows.publish(made.id, workflow.id)
        values = {
            "organization": made.id,
            "workflow": workflow.id,
            "version": version.id,
            "source": f"hook:{hook.id}",
            "answers": answers,
            "runs": RUNS,
        }
        for statement in (_EVENTS, _RUNS, _STEPS):
            db.session.execute(statement, values)
        db.session.commit()
    stage.database.execute("ANALYZE")

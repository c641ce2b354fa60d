"""What a wedding's page shows of workflows: what waits for its days, also if they moved, and what
happened around it."""

from uuid import UUID

from flask import Response, request

from wedsync.errors import Invalid
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.weddings import queries as weddings
from wedsync.weddings.fields import DATES, checked
from wedsync.workflows import page_queries
from wedsync.workflows.clockwork import moves
from wedsync.workflows.clockwork.moves import Asked
from wedsync.workflows.history import move_words
from wedsync.workflows.history.run_list import run_lines
from wedsync.workflows.views.routes import pages

_STATUSES = ("cancelled", "archived")
_RUNS_SHOWN = 8


@pages.get("/workflows/moves-of-wedding/<uuid:wedding_id>")
def moves_of_wedding(wedding_id: UUID) -> Response:
    """What waits for a wedding's days; with other days in the address, what would follow."""
    asked = _asked()
    found = moves.preview(identity.organization_id(), wedding_id, asked)
    return render(
        "workflows/moves_of_wedding.html",
        preview=found,
        lines=move_words.lines(found, wording.here()),
        news=move_words.news(found.moves),
        compares=asked != Asked({}),
    )


@pages.get("/workflows/runs-of-wedding/<uuid:wedding_id>")
def runs_of_wedding(wedding_id: UUID) -> Response:
    """The latest that happened around a wedding."""
    wedding = weddings.get_wedding(identity.organization_id(), wedding_id)
    rows = page_queries.list_run_rows(
        wedding.organization_id, wedding_id=wedding_id, limit=_RUNS_SHOWN
    )
    return render(
        "workflows/runs_of_wedding.html",
        title=wedding.title,
        wedding_id=wedding.id,
        runs=run_lines(wedding.organization_id, rows, wording.here()),
    )


def _asked() -> Asked:
    """What the address says would change; an empty day is one that is not known any more."""
    given = {name: request.args[name] or None for name in DATES if name in request.args}
    status = request.args.get("status")
    if status is not None and status not in _STATUSES:
        raise Invalid("A wedding is looked ahead at as cancelled or archived.")
    return Asked(checked(given), status, is_postponed=request.args.get("postponed") == "1")

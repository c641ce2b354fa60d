"""The page of what was not well earlier, and saying that something is looked after."""

from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.health.incidents import service, stories
from wedsync.health.routes import pages
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.passing import Undo, done
from wedsync.platform.runtime import commit

_PAGE = 50
_HEALTH = "/health"


@pages.get("/health/earlier")
def earlier() -> Response:
    """What was not well and is over, the newest first."""
    found = service.latest(
        identity.organization_id(),
        is_open=False,
        before=request.args.get("before", type=UUID),
        limit=_PAGE + 1,
    )
    shown = found[:_PAGE]
    return render(
        "health/earlier.html",
        past=[stories.past(looked.incident, wording.here()) for looked in shown],
        is_begin="before" not in request.args,
        more=shown[-1].incident.id if len(found) > _PAGE else None,
    )


@pages.post("/health/incidents/<uuid:incident_id>/acknowledge")
def acknowledge_incident(incident_id: UUID) -> AnyResponse:
    """Say that one looks after it."""
    service.acknowledge(identity.current(), incident_id)
    commit()
    back = url_for("health.take_back_incident", incident_id=incident_id)
    return done("The others see that you look after it.", _HEALTH, undo=Undo(back))


@pages.post("/health/incidents/<uuid:incident_id>/take-back")
def take_back_incident(incident_id: UUID) -> AnyResponse:
    """Say that nobody looks after it any more."""
    service.take_back(identity.current(), incident_id)
    commit()
    return done("Nobody is said to look after it.", _HEALTH)

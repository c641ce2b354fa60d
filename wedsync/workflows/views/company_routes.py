"""Two people at one draft: who else has it open, and what they change, while a page stands open.

The page follows `/live/workflows/<id>`, which says only that there is something new; what it is,
the page asks for here.
"""

from uuid import UUID

from flask import Response, make_response, request

from wedsync.platform import identity
from wedsync.platform.fragments import render
from wedsync.workflows import queries
from wedsync.workflows.building.board.company import company_of
from wedsync.workflows.editing import drafts
from wedsync.workflows.views.builder_pages import Said, builder_page
from wedsync.workflows.views.builder_state import here_of
from wedsync.workflows.views.routes import pages


@pages.get("/live/workflows/<uuid:workflow_id>")
def watch_draft(workflow_id: UUID) -> Response:
    """Whether the one who asks may follow this draft: 204, and who it is, or 404. The front
    streams, and tells the others that this person is there."""
    queries.get_workflow(identity.organization_id(), workflow_id)
    me = identity.current()
    response = make_response("", 204)
    if me.kind == "person":
        response.headers["WedSync-Person"] = str(me.user_id)
    return response


@pages.get("/workflows/<uuid:workflow_id>/company")
def builder_company(workflow_id: UUID) -> Response:
    """Who else has it open."""
    found = queries.get_workflow(identity.organization_id(), workflow_id)
    company = company_of(identity.current(), found.id)
    return render("workflows/builder/company.html", "company", company=company, workflow=found)


@pages.post("/workflows/<uuid:workflow_id>/news")
@identity.requires("viewer")
def builder_news(workflow_id: UUID) -> Response:
    """What of the page is different by now. It changes nothing: what the page holds is posted only
    because it is long."""
    found = queries.get_workflow(identity.organization_id(), workflow_id)
    said = Said(is_news=True, keeps_panel=request.form.get("keep") == "panel")
    return builder_page(here_of(workflow_id), drafts.look_at(found), said)

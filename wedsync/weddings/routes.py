"""The wedding pages: which couples there are, the next one first."""

from flask import Blueprint, Response

from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.weddings import queries

pages = Blueprint("weddings", __name__)


@pages.get("/weddings")
def wedding_list() -> Response:
    """Every wedding, those that are coming above those that were."""
    organization_id, today = identity.organization_id(), wording.here().today
    return render(
        "weddings/list.html",
        coming=queries.coming(organization_id, today),
        past=queries.past(organization_id, today),
    )

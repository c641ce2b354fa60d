"""The frame every signed-in page stands in: who I am, and where I can go."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_login import current_user

from wedsync.platform import dates


@dataclass(frozen=True, slots=True)
class Place:
    """One entry. It is the current one while the request's endpoint begins with `marked_by`."""

    label: str
    icon: str
    endpoint: str
    marked_by: str


_GROUPS = (
    (
        Place("Today", icon="sun-high", endpoint="health.today", marked_by="health."),
        Place(
            "Workflows",
            icon="list-details",
            endpoint="workflows.workflow_list",
            marked_by="workflows.workflow",
        ),
    ),
    (
        Place(
            "What happened",
            icon="history",
            endpoint="workflows.run_list",
            marked_by="workflows.run",
        ),
        Place("Webhooks", icon="webhook", endpoint="webhooks.overview", marked_by="webhooks."),
    ),
    (Place("Settings", icon="settings", endpoint="accounts.settings", marked_by="accounts."),),
)


def register(app: Flask) -> None:
    app.context_processor(_frame)
    app.add_template_filter(_when, "when")


def _when(instant: Any) -> str:
    """`{{ sign_in.last_seen_at | when }}`: an instant in words, in the organization's zone."""
    return dates.said(instant, current_user.organization.zone)


def _frame() -> dict[str, Any]:
    if "identity" not in g or not current_user.is_authenticated:
        return {"navigation": [], "tabbar": [], "me": None}
    known = current_app.view_functions
    groups = [[_item(place) for place in group if place.endpoint in known] for group in _GROUPS]
    places = [group for group in groups if group]
    return {
        "navigation": places,
        "tabbar": [item for group in places for item in group],
        "me": {
            "name": current_user.user.name,
            "initials": "".join(part[0] for part in current_user.user.name.split()[:2]).upper(),
            "organization": current_user.organization.name,
        },
    }


def _item(place: Place) -> dict[str, Any]:
    return {
        "label": place.label,
        "icon": place.icon,
        "url": url_for(place.endpoint),
        "current": (request.endpoint or "").startswith(place.marked_by),
        "count": None,
        "count_words": "",
    }

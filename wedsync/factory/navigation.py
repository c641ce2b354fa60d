"""The frame every signed-in page stands in: who I am, and where I can go."""

from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_login import current_user

from wedsync.platform import dates

# (label, icon, endpoint, what an endpoint begins with while this place is the current one)
_GROUPS: tuple[tuple[tuple[str, str, str, str], ...], ...] = (
    (
        ("Today", "sun-high", "health.today", "health."),
        ("Workflows", "list-details", "workflows.workflow_list", "workflows.workflow"),
    ),
    (
        ("What happened", "history", "workflows.run_list", "workflows.run"),
        ("Webhooks", "webhook", "webhooks.overview", "webhooks."),
    ),
    (("Settings", "settings", "accounts.settings", "accounts."),),
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
    groups = [[_item(entry) for entry in group if entry[2] in known] for group in _GROUPS]
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


def _item(entry: tuple[str, str, str, str]) -> dict[str, Any]:
    label, icon, endpoint, prefix = entry
    return {
        "label": label,
        "icon": icon,
        "url": url_for(endpoint),
        "current": (request.endpoint or "").startswith(prefix),
        "count": None,
        "count_words": "",
    }

"""The frame every signed-in page stands in: who I am, and where I can go."""

from typing import Any

from flask import Flask, g, request, url_for
from flask_login import current_user

# (label, icon, endpoint, blueprint-or-endpoint prefix that marks it as current)
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


def _frame() -> dict[str, Any]:
    if "identity" not in g or not current_user.is_authenticated:
        return {"navigation": [], "tabbar": [], "me": None}
    groups = [[_item(entry) for entry in group] for group in _GROUPS]
    return {
        "navigation": groups,
        "tabbar": [item for group in groups for item in group],
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

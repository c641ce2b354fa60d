"""The frame every signed-in page stands in: who I am, and where I can go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, g, request, url_for
from flask_login import current_user

from wedsync import health
from wedsync.platform import identity, runtime, wording
from wedsync.platform.fragments import wants_fragment


@dataclass(frozen=True, slots=True)
class Place:
    """One entry. It is the current one while the request's endpoint begins with `marked_by`.

    `short` is its label where a phone has little room.
    """

    label: str
    icon: str
    endpoint: str
    marked_by: str | tuple[str, ...]
    short: str = ""


TODAY = "health.today"
# A phone's bar has five places; when there are more, the layout makes the fifth “More”.
_TABBAR = 5
_GROUPS = (
    (
        Place("Today", icon="sun-high", endpoint=TODAY, marked_by=TODAY),
        Place(
            "Weddings",
            icon="hearts",
            endpoint="weddings.wedding_list",
            marked_by="weddings.",
        ),
        Place(
            "Workflows",
            icon="list-details",
            endpoint="workflows.workflow_list",
            marked_by=("workflows.workflow", "workflows.gallery", "workflows.ready_made"),
        ),
    ),
    (
        Place(
            "What happened",
            icon="history",
            endpoint="workflows.run_list",
            marked_by="workflows.run",
            short="Happened",
        ),
        Place("Webhooks", icon="webhook", endpoint="webhooks.overview", marked_by="webhooks."),
        Place(
            "Health", icon="heart-rate-monitor", endpoint="health.books", marked_by="health.books"
        ),
    ),
    (Place("Settings", icon="settings", endpoint="accounts.settings", marked_by="accounts."),),
)


def register(app: Flask) -> None:
    app.before_request(_settle_zone)
    app.context_processor(_frame)
    app.add_template_filter(_when, "when")


def _settle_zone() -> None:
    """Whose day it is: everything this request says is said in the organization's zone."""
    if "identity" in g and current_user.is_authenticated:
        g.zone = current_user.organization.zone


def _when(instant: datetime) -> str:
    """`{{ sign_in.last_seen_at | when }}`: an instant in words, in the organization's zone."""
    return wording.here().moment(instant)


def _frame() -> dict[str, Any]:
    if "identity" not in g or not current_user.is_authenticated:
        return {"navigation": [], "tabbar": [], "me": None}
    groups = [] if wants_fragment() else _groups()
    return {
        "navigation": groups,
        "tabbar": [item for group in groups for item in group][:_TABBAR],
        "words": wording.here(),
        "me": {
            "name": current_user.user.name,
            "initials": "".join(part[0] for part in current_user.user.name.split()[:2]).upper(),
            "organization": current_user.organization.name,
            "unconfirmed_email": _unconfirmed_email(),
        },
    }


def _unconfirmed_email() -> str:
    """The e-mail of who is signed in, while nobody has shown it to be theirs; else empty.

    Without a mail server nobody could, so nobody is asked.
    """
    user = current_user.user
    can_write = runtime.settings().mail_url is not None
    return user.email if can_write and user.email_confirmed_at is None else ""


def _groups() -> list[list[dict[str, Any]]]:
    needing = health.count_needing(identity.organization_id())
    return [[_item(place, needing) for place in group] for group in _GROUPS]


def _item(place: Place, needing: int) -> dict[str, Any]:
    is_today = place.endpoint == TODAY
    return {
        "label": place.label,
        "short": place.short,
        "icon": place.icon,
        "url": url_for(place.endpoint),
        "current": (request.endpoint or "").startswith(place.marked_by),
        "count": needing if is_today and needing else None,
        "count_words": "needs you" if needing == 1 else "need you",
    }

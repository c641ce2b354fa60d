"""The frame every signed-in page stands in: who I am, and where I can go."""

from datetime import datetime
from functools import cache
from typing import Any

from flask import Flask, g, request, url_for
from flask_login import current_user
from werkzeug.local import LocalProxy

from wedsync import health
from wedsync.factory.places import REVIEW, TODAY, Place, groups_of
from wedsync.listings import queries
from wedsync.platform import identity, runtime, wording
from wedsync.platform.fragments import wants_fragment

# A phone's bar has five places; when there are more, the layout makes the fifth “More”.
_TABBAR = 5
_COUNT_WORDS = {TODAY: ("needs you", "need you"), REVIEW: ("waits for you", "wait for you")}


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
        "tabbar": _tabbar(groups),
        "words": wording.here(),
        "me": LocalProxy(cache(_me)),
    }


def _me() -> dict[str, Any]:
    """Who is signed in; looked up once it is said, which most parts of pages never do: after a
    commit that asks the database again."""
    return {
        "id": current_user.user.id,
        "name": current_user.user.name,
        "initials": "".join(part[0] for part in current_user.user.name.split()[:2]).upper(),
        "organization": current_user.organization.name,
        "is_partner": current_user.organization.kind == "partner",
        "is_admin": identity.current().is_admin,
        "unconfirmed_email": _unconfirmed_email(),
    }


def _unconfirmed_email() -> str:
    """The e-mail of who is signed in, while nobody has shown it to be theirs; else empty.

    Without a mail server nobody could, so nobody is asked.
    """
    user = current_user.user
    can_write = runtime.settings().mail_url is not None
    return user.email if can_write and user.email_confirmed_at is None else ""


def _groups() -> list[list[dict[str, Any]]]:
    who = identity.current()
    counts = {TODAY: health.count_needing(who.organization_id)}
    if who.is_admin:
        counts[REVIEW] = queries.count_to_review()
    groups = groups_of(current_user.organization.kind, is_admin=who.is_admin)
    return [[_item(place, counts.get(place.endpoint, 0)) for place in group] for group in groups]


def _tabbar(groups: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The places of a phone's bar: those that are meant for it, then the others while there is
    room; in the order of the frame when all of them fit."""
    items = [item for group in groups for item in group]
    if len(items) <= _TABBAR:
        return items
    return sorted(items, key=lambda item: not item["on_phone"])[:_TABBAR]


def _item(place: Place, count: int) -> dict[str, Any]:
    one, many = _COUNT_WORDS.get(place.endpoint, ("", ""))
    return {
        "label": place.label,
        "short": place.short,
        "icon": place.icon,
        "url": url_for(place.endpoint),
        "current": (request.endpoint or "").startswith(place.marked_by),
        "count": count or None,
        "count_words": one if count == 1 else many,
        "on_phone": place.on_phone,
    }

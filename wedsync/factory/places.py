"""Where the frame's links lead: what a vendor, a partner and an admin have there."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """One entry. It is the current one while the request's endpoint begins with `marked_by`.

    `short` is its label where a phone has little room; `on_phone` ones come first in its bar.
    """

    label: str
    icon: str
    endpoint: str
    marked_by: str | tuple[str, ...]
    short: str = ""
    on_phone: bool = False


Groups: TypeAlias = tuple[tuple[Place, ...], ...]

TODAY, REVIEW = "health.today", "catalog.review_queue"

_TODAY = Place("Today", icon="sun-high", endpoint=TODAY, marked_by=TODAY, on_phone=True)
_WEBHOOKS = Place("Webhooks", icon="webhook", endpoint="webhooks.overview", marked_by="webhooks.")
_SETTINGS = Place(
    "Settings",
    icon="settings",
    endpoint="accounts.settings",
    marked_by=("accounts.", "message_rules."),
)
_MARKETPLACE = Place(
    "Marketplace",
    icon="building-store",
    endpoint="catalog.marketplace",
    marked_by=("catalog.marketplace", "catalog.listing", "connections.connect_"),
    short="Market",
    on_phone=True,
)
_REVIEW = Place(
    "Review queue",
    icon="clipboard-check",
    endpoint=REVIEW,
    marked_by=("catalog.review_", "catalog.decide_version"),
    short="Review",
    on_phone=True,
)

_OF_VENDORS: Groups = (
    (
        _TODAY,
        Place(
            "Weddings",
            icon="hearts",
            endpoint="weddings.wedding_list",
            marked_by="weddings.",
            on_phone=True,
        ),
        Place(
            "Workflows",
            icon="list-details",
            endpoint="workflows.workflow_list",
            marked_by=(
                "workflows.workflow",
                "workflows.gallery",
                "workflows.ready_made",
                "workflows.new_workflow",
                "workflows.builder",
                "workflows.draft_",
                "workflows.version",
                "workflows.ask_to_restore",
                "workflows.import_workflow",
                "workflows.why_not",
                "workflows.performance",
            ),
            on_phone=True,
        ),
    ),
    (
        Place(
            "What happened",
            icon="history",
            endpoint="workflows.run_list",
            marked_by=(
                "workflows.run",
                "workflows.approval",
                "workflows.repair_run",
                "workflows.new_run_batch",
            ),
            short="Happened",
        ),
        Place(
            "Connections",
            icon="plug-connected",
            endpoint="connections.connection_list",
            marked_by="connections.",
        ),
        _WEBHOOKS,
    ),
    (
        _MARKETPLACE,
        Place(
            "Health",
            icon="heart-rate-monitor",
            endpoint="health.health",
            marked_by=(
                "health.health",
                "health.books",
                "health.earlier",
                "health.connection_analytics",
                "health.endpoint_analytics",
                "health.workflow_analytics",
            ),
        ),
    ),
    (_SETTINGS,),
)
_OF_PARTNERS: Groups = (
    (
        _TODAY,
        Place(
            "Your listings",
            icon="file-description",
            endpoint="catalog.listing_list",
            marked_by=(
                "catalog.listing_list",
                "catalog.new_",
                "catalog.own_",
                "catalog.edit_",
                "catalog.submit_",
            ),
            short="Listings",
            on_phone=True,
        ),
    ),
    (_WEBHOOKS, _MARKETPLACE),
    (_SETTINGS,),
)


def groups_of(kind: str, *, is_admin: bool) -> Groups:
    """The places of an organization of this kind; an admin's queue stands after Today."""
    groups = _OF_PARTNERS if kind == "partner" else _OF_VENDORS
    if not is_admin:
        return groups
    first, *rest = groups
    return ((first[0], _REVIEW, *first[1:]), *rest)

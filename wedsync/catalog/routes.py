"""The marketplace: every integration, found by a few words, and one integration's page."""

from flask import Blueprint, Response, request, send_file, url_for

from wedsync.catalog import cards, everybody, search, words
from wedsync.catalog.cards import Card
from wedsync.catalog.goals import GOALS
from wedsync.errors import NotFound
from wedsync.listings import queries
from wedsync.listings.queries import PublishedListing
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render

pages = Blueprint("catalog", __name__)

_CONNECTED = "connected"
_LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@pages.get("/marketplace")
def marketplace() -> Response:
    """Every integration on the shelf, narrowed by what was typed and what it is for."""
    query = request.args.get("q", "")[: search.LONGEST_QUERY].strip()
    chosen = request.args.get("for", "")
    shelf = _shelf()
    matching = search.matching([found for found, _ in shelf], query)
    standing = {found.listing.id: card for found, card in shelf}
    fitting = [standing[found.listing.id] for found in matching]
    return render(
        "catalog/marketplace.html",
        "found",
        query=query,
        chosen=chosen if chosen in GOALS or chosen == _CONNECTED else "",
        cards=[card for card in fitting if _stands_under(card, chosen)],
        chips=_chips(fitting),
        number=len(fitting),
        total=len(shelf),
    )


@pages.get("/marketplace/<slug>")
def listing(slug: str) -> Response:
    """One integration: what it does, what it may do, how to connect it."""
    found = _on_shelf(slug)
    manifest = found.manifest
    standing = cards.standings(identity.organization_id()).get(found.listing.id, "")
    return render(
        "catalog/listing.html",
        card=cards.card_of(found, standing),
        manifest=manifest,
        version=found.version,
        triggers=words.triggers_of(manifest),
        actions=words.actions_of(manifest),
        permissions=words.permission_lines(None, manifest),
        connected=cards.connections_to(identity.organization_id(), found.listing.id),
        businesses=cards.businesses_connected(found.listing.id),
        everybody=everybody.of(slug, wording.here().now),
        works_with=wording.listing(manifest.shelf.works_with if manifest.shelf else ()),
        connect_url=url_for(
            "connections.connect", slug=slug, next=url_for("catalog.listing", slug=slug)
        ),
        may_connect=identity.current().has_role("editor"),
    )


@pages.get("/marketplace/<slug>/logo.svg")
def logo(slug: str) -> Response:
    """A built-in integration's drawing. Whatever it holds, it can load and run nothing."""
    found = _on_shelf(slug)
    path = cards.logo_path(found.manifest) if found.listing.built_in else None
    if path is None:
        raise NotFound("This integration has no drawing.")
    response = send_file(path, mimetype="image/svg+xml", max_age=86_400)
    response.headers["Content-Security-Policy"] = _LOGO_POLICY
    return response


def _shelf() -> list[tuple[PublishedListing, Card]]:
    """Everything that is meant to be found, with its card; by name, do-it-yourself last."""
    standings = cards.standings(identity.organization_id())
    shelf = [
        (found, cards.card_of(found, standings.get(found.listing.id, "")))
        for found in queries.all_published()
        if found.manifest.shelf is not None
    ]
    return sorted(shelf, key=lambda pair: ("build" in pair[1].goals, pair[1].name.casefold()))


def _on_shelf(slug: str) -> PublishedListing:
    found = queries.published(slug)
    if found.manifest.shelf is None:
        raise NotFound("There is no such integration.")
    return found


def _stands_under(card: Card, chosen: str) -> bool:
    if chosen == _CONNECTED:
        return bool(card.standing)
    return chosen not in GOALS or chosen in card.goals


def _chips(fitting: list[Card]) -> list[tuple[str, str, int]]:
    """What one can narrow by: the goals that are served at all, and what one has already."""
    counted = [
        (goal, name, sum(goal in card.goals for card in fitting)) for goal, name in GOALS.items()
    ]
    connected = sum(bool(card.standing) for card in fitting)
    return [chip for chip in [*counted, (_CONNECTED, "Connected", connected)] if chip[2]]

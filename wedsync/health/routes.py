"""Today, health, the books, and what machines ask about this installation."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, make_response

from wedsync.health import books as bookkeeping
from wedsync.health import overview, readiness
from wedsync.health import today as day
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render

pages = Blueprint("health", __name__)


@pages.get("/")
def today() -> Response:
    """What needs somebody, what is next, what happened."""
    told = day.tell(identity.organization_id(), wording.here())
    return render("health/today.html", today=told, may_edit=identity.current().has_role("editor"))


@pages.get("/health")
def health() -> Response:
    """How connections, hooks, endpoints and workflows do, and what happens about it."""
    told = overview.tell(identity.organization_id(), wording.here())
    return render("health/health.html", told=told, may_edit=identity.current().has_role("editor"))


@pages.get("/books")
def books() -> Response:
    """Where everything is that was ever accepted."""
    return render(
        "health/books.html",
        ledger=bookkeeping.ledger(identity.organization_id()),
        platform=readiness.look(),
    )


@pages.get("/healthz")
def healthz() -> Response:
    """Alive: this process answers."""
    response = make_response("alive\n", 200)
    response.mimetype = "text/plain"
    return response


@pages.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Ready: the database is there and migrated; without Redis or workers it is `degraded`."""
    found = readiness.look()
    return jsonify(state=found.state, **asdict(found)), 200 if found.is_ready else 503

"""The picture at the head of README.md, made anew: `make picture`.

A planner's own installation, for as long as it takes: the demo, an account at the practice partner,
a guest's answer that came in, and a workflow somebody is just putting together.
"""

import dataclasses
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from tests.browser.chromium import launched
from tests.browser.smaller_png import smaller
from tests.cli.ports import free_port
from tests.servers import Servers, settings_for
from wedsync.accounts import organizations
from wedsync.accounts.models import Membership, Organization, User
from wedsync.cli.demo_data.businesses import ROSEWOOD
from wedsync.cli.demo_data.couples import HANNAH_AND_JOSEF
from wedsync.cli.demo_data.seeding import plant
from wedsync.cli.installation.logins import DEMO_PASSWORD
from wedsync.connections.models import Connection
from wedsync.events import service as events
from wedsync.factory import create_app
from wedsync.listings import queries as listings
from wedsync.listings.built_in import publish_built_in
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.settings import CHECKOUT
from wedsync.weddings import service as weddings
from wedsync.weddings.models import Wedding
from wedsync.workflows.building.gestures import doing, of_steps
from wedsync.workflows.building.gestures.spots import Spot
from wedsync.workflows.building.typed.typed_days import TODAY
from wedsync.workflows.editing import service

PICTURE = CHECKOUT / "docs" / "builder.png"
SIZE = {"width": 1280, "height": 1010}

_OWNER = "imogen@rosewood.example"
_ZONE = {"var": "wedding.zone"}
_COMING = {"var": "trigger.data.people_coming"}
_LOCKED = {"var": "wedding.final_count_due"}
_IN_TIME = {"date.is_after": [_LOCKED, TODAY, _ZONE]}
_A_FEW = {
    "and": [
        {"number.between": [_COMING, 1, 80]},
        {
            "or": [
                {"text.is": [{"var": "trigger.data.status"}, "declined"]},
                {"text.is_filled": [{"var": "trigger.data.guest.allergy"}]},
            ]
        },
    ]
}
_CUSTOMER = {
    "kind": "action",
    "use": "stripe.ensure_customer",
    "input": {"email": "hannah@example.com"},
}
_ANSWER = {
    "guest": {"name": "Ben Carter", "email": "ben.carter@example.com", "household": "The Carters"},
    "status": "declined",
    "party_size": 0,
    "before": {"status": "accepted", "party_size": 2, "meal": "Garden risotto"},
    "people_coming": 72,
}


@dataclass(frozen=True, slots=True)
class Accounts:
    guests: str
    mail: str


def main(to: Path = PICTURE) -> None:
    """Take the picture."""
    with planted() as (app, address):
        with app.app_context():
            opened = _workflow_of(app)
        with sync_playwright() as playwright:
            browser = launched(playwright)
            page = browser.new_page(viewport=SIZE, base_url=address, locale="en-GB")
            _look(page, f"/workflows/{opened}/edit?step=locked&field=branches.1.when", to)
            browser.close()
    sys.stdout.write(f"{to.relative_to(CHECKOUT)}: {to.stat().st_size / 1000:.0f} kB\n")


@contextmanager
def planted() -> Iterator[tuple[APIFlask, str]]:
    """The demo in a database of its own, served as long as this is open."""
    servers = Servers()
    try:
        with tempfile.TemporaryDirectory() as home:
            port = free_port()
            settings = dataclasses.replace(
                settings_for(servers.addresses(), "picture", Path(home)),
                public_url=f"http://localhost:{port}",
                port=port,
            )
            app = create_app(settings)
            with app.app_context():
                publish_built_in()
                plant(clock.now().date())
                db.session.commit()
            server = make_server("127.0.0.1", port, app, threaded=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield app, settings.public_url
            server.shutdown()
            with app.app_context():
                db.engine.dispose()
    finally:
        servers.stop()


def _workflow_of(app: APIFlask) -> UUID:
    """A workflow with a version that is live and a draft beside it."""
    by = _imogen()
    accounts = Accounts(
        _connected(by, "sandbox", "Petal Practice"), _connected(by, "smtp", "E-mail")
    )
    _came_in(by, accounts)
    made = service.create(
        by.organization_id, "Final count to the caterer", _written(accounts), by=by
    )
    workflow_id = made.workflow.id
    service.publish(by.organization_id, workflow_id, by=by)
    db.session.commit()
    doing.do(by, workflow_id, lambda draft: of_steps.add(draft, _CUSTOMER, Spot(after="wait")))
    db.session.commit()
    return workflow_id


def _imogen() -> Identity:
    organization = db.session.scalars(
        select(Organization.id).where(Organization.slug == ROSEWOOD)
    ).one()
    user = db.session.scalars(
        select(User.id)
        .join(Membership, Membership.user_id == User.id)
        .where(User.email == _OWNER, Membership.organization_id == organization)
    ).one()
    return organizations.acting(organization, user, "owner")


def _connected(by: Identity, slug: str, name: str) -> str:
    """An account that nobody asks anything of: the picture needs its name."""
    found = listings.published(slug)
    made = Connection(
        organization_id=by.organization_id,
        listing_id=found.listing.id,
        listing_version_id=found.version.id,
        slug=slug,
        name=name,
        state="active",
    )
    db.session.add(made)
    db.session.flush()
    return str(made.id)


def _came_in(by: Identity, accounts: Accounts) -> None:
    """The count is locked since the day before yesterday, and a guest changed his answer today."""
    wedding = db.session.scalars(
        select(Wedding).where(
            Wedding.organization_id == by.organization_id,
            Wedding.title == HANNAH_AND_JOSEF.title,
        )
    ).one()
    locked = clock.now().date() - timedelta(days=2)
    weddings.change(by, wedding.id, {"final_count_due": locked.isoformat()})
    event = events.publish(
        by.organization_id,
        "rsvp.changed",
        _ANSWER,
        source=f"connection:{accounts.guests}",
        wedding_id=wedding.id,
    )
    event.fanned_out_at = clock.now()


def _written(accounts: Accounts) -> dict[str, Any]:
    def mail(name: str, to: Any, subject: str, body: str) -> dict[str, Any]:
        given = {"to": to, "subject": subject, "body": body}
        step = {"id": name, "kind": "action", "use": "smtp.send", "connection": accounts.mail}
        return {**step, "input": given}

    count = {"final_count": _COMING}
    ask = {
        "id": "ask", "kind": "approval", "ask": "Shall the caterer hear of it?",
        "who": {"role": "owner"}, "expires_after_s": 259_200,
    }  # fmt: skip
    choice = {
        "id": "locked",
        "kind": "choose",
        "branches": [
            {
                "label": "Still in time",
                "when": _IN_TIME,
                "steps": [
                    {"id": "count", "kind": "action", "use": "wedding.update", "input": count}
                ],
            },
            {
                "label": "A few, too late",
                "when": _A_FEW,
                "steps": [
                    ask,
                    mail("kitchen", "kitchen@olive.example", "One meal less", "Good day"),
                ],
            },
        ],
        "otherwise": [
            mail("sorry", {"var": "trigger.data.guest.email"}, "A word first", "Dear guest")
        ],
    }
    wait = {
        "id": "wait", "kind": "wait", "anchor": "wedding.date", "offset_days": -14, "at": "09:00",
        "late": "run",
    }  # fmt: skip
    source = f"connection:{accounts.guests}"
    trigger = {"kind": "event", "event_type": "external.rsvp.changed", "source": source}
    return {"format": 1, "trigger": trigger, "steps": [choice, wait]}


def _look(page: Page, address: str, to: Path) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(_OWNER)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")
    page.goto(address.partition("?")[0])
    page.get_by_role("button", name="Try all, pretend").click()
    page.get_by_role("heading", name="What would happen").wait_for()
    page.goto(address)
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.fonts.ready")
    to.write_bytes(smaller(page.screenshot()))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

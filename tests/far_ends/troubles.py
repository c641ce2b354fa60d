"""A business whose far ends have bad days: a whole WedSync, and its owner at the pages."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.far_ends.post_office import USER, PostOffice, post_office
from tests.far_ends.practice_partner import PracticePartner, practice_beside
from tests.live_site import LiveSite, live_site
from tests.servers import Addresses
from tests.workers.machine import app_over
from tests.workers.scene import make_workflow, on_event, one, rows, wait_until
from wedsync.cli.demonstration.visitor import Page, Visitor
from wedsync.cli.installation.logins import DEMO_PASSWORD

_PATIENCE_S = 30


@dataclass
class Troubles:
    """Rosewood, its owner, and what it has connected, by connector."""

    site: LiveSite
    app: APIFlask
    owner: Visitor
    partner: PracticePartner
    office: PostOffice
    connections: dict[str, str] = field(default_factory=dict)

    def freeing_a_seat(self, name: str, **on_error: Any) -> UUID:
        """A run that frees a seat at the practice partner; repeating it does no harm."""
        step = {"id": "seat", "label": "Free the seat", "use": "sandbox.release_seat"}
        given = {"guest_id": "g_ben"}
        return self.run_of(name, {**step, **on_error}, given, self.connections["sandbox"])

    def writing(self, name: str, **on_error: Any) -> UUID:
        """A run that writes to the kitchen from Rosewood's own mailbox; it may leave once."""
        step = {"id": "letter", "label": "Tell the kitchen", "use": "smtp.send"}
        given = {"to": "kitchen@olive.example", "subject": "One meal less", "body": "Good day"}
        return self.run_of(name, {**step, **on_error}, given, self.connections["smtp"])

    def run_of(self, name: str, step: Any, given: Any, connection: str | None) -> UUID:
        """A run of one step, begun by an event of its own; its id."""
        event_type = f"trouble.{name.lower().replace(' ', '_')}"
        organization = one(self.app, "SELECT id FROM organizations WHERE slug = 'rosewood'").id
        whole = {"kind": "action", "connection": connection, "input": given, **step}
        workflow = make_workflow(self.app, organization, on_event(event_type), whole)
        self.site.api("POST", "/events", {"type": event_type, "data": {"guest": "Ben"}})
        query = "SELECT id FROM runs WHERE workflow_id = :id"
        wait_until(lambda: bool(rows(self.app, query, id=workflow)), _PATIENCE_S)
        run_id: UUID = one(self.app, query, id=workflow).id
        return run_id

    def reaches(self, run_id: UUID, *states: str, kind: str = "", seconds: float = 30) -> str:
        """Wait until a run stands there; the words of its page."""

        def there() -> bool:
            run = one(self.app, "SELECT * FROM runs WHERE id = :id", id=run_id)
            waits = (run.waiting_for or {}).get("kind", "")
            return run.state in states and (not kind or waits == kind)

        wait_until(there, seconds, 0.1)
        return self.owner.visit(f"/runs/{run_id}").text

    def decide(self, run_id: UUID, choice: str) -> Page:
        """Press one of the buttons of a run that asks."""
        page = self.owner.visit(f"/runs/{run_id}")
        form = next(form for form in page.forms if form.values.get("choice") == [choice])
        page.forms[:] = [form]
        return self.owner.submit(page, "/decide")

    def connection_page(self, slug: str) -> str:
        return self.owner.visit(f"/connections/{self.connections[slug]}").text

    def reconnect(self, connection: str = "") -> Page:
        """Allow it anew at the practice partner; without an id, the one that workflows use."""
        path = f"/connections/{connection or self.connections['sandbox']}/reconnect"
        onwards = self.owner.submit(self.owner.visit(path), path)
        consent = self.owner.visit(onwards.link("/oauth/authorize"))
        return self.owner.submit(consent, "/oauth/authorize", decision="allow")


@contextmanager
def troubles(addresses: Addresses, home: Path) -> Iterator[Troubles]:
    """Everything runs, and everything is connected and well."""
    with ExitStack() as stack:
        site = stack.enter_context(live_site(addresses, home))
        partner = stack.enter_context(practice_beside(site.settings))
        office = stack.enter_context(post_office(signed_in=True))
        app = stack.enter_context(app_over(site.settings))
        owner = Visitor(site.url)
        owner.submit(
            owner.visit("/sign-in"),
            "/sign-in",
            email="imogen@rosewood.example",
            password=DEMO_PASSWORD,
        )
        made = Troubles(site, app, owner, partner, office)
        made.connections["sandbox"] = connect_the_partner(owner)
        made.connections["smtp"] = _connect_the_mailbox(owner, office)
        yield made


def connect_the_partner(owner: Visitor) -> str:
    """One more connection to the practice partner; its id."""
    onwards = owner.submit(owner.visit("/connect/sandbox"), "/connect/sandbox")
    consent = owner.visit(onwards.link("/oauth/authorize"))
    return _id_of(owner.submit(consent, "/oauth/authorize", decision="allow"))


def _connect_the_mailbox(owner: Visitor, office: PostOffice) -> str:
    typed = {
        "host": "localhost",
        "port": str(office.port),
        "security": "None",
        "username": USER,
        "password": office.password,
        "from_address": "hello@rosewood.example",
    }
    return _id_of(owner.submit(owner.visit("/connect/smtp"), "/connect/smtp", **typed))


def _id_of(page: Page) -> str:
    assert page.status == 200, page.text
    return str(UUID(page.url.partition("?")[0].rpartition("/")[2]))

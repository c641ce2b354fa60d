"""One object of every kind, belonging to one person's organization, for the contracts to hand out.

A new kind of object that a route or an operation names needs a method here; the matrix of
strangers fails with a sentence that says so until it has one.
"""

import secrets
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import select

from tests.listings.manifests import seatwell
from tests.personas import Persona, make_persona
from wedsync.accounts import api_keys, invitations
from wedsync.accounts.models import Membership
from wedsync.connections import service as connections
from wedsync.events import service as events
from wedsync.health.incidents.models import Incident
from wedsync.listings import drafts
from wedsync.listings import queries as listings
from wedsync.listings.built_in import publish_built_in
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.webhooks.delivering import samples
from wedsync.webhooks.delivering.service import FannedEvent
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.hooks import of_connections
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.replays import service as replays
from wedsync.weddings.models import Wedding
from wedsync.workflows.building.tries import service as tries
from wedsync.workflows.editing import service
from wedsync.workflows.ready_made.own import templates
from wedsync.workflows.ready_made.own.templates import Wanted as WantedTemplate
from wedsync.workflows.running import bulk_rerun, runs
from wedsync.workflows.running.bulk_rerun import Wanted
from wedsync.workflows.waiting_models import Approval

DEFINITION: dict[str, Any] = {
    "format": 1,
    "trigger": {"kind": "manual"},
    "steps": [{"id": "greet", "kind": "set", "values": {"words": "Hello"}}],
}


class NoSuchObject(KeyError):
    """A parameter names a kind of object nobody has told these tests how to make."""

    def __init__(self, name: str) -> None:
        noun = name.removesuffix("_id")
        super().__init__(
            f"“{name}” names an object, and the tests do not know how to make one: add a property "
            f"“{noun}” to tests/contracts/objects.py."
        )


class Objects:
    """The objects of one person, each made when first asked for.

    `mark` stands in the name of everything that has one, so that it shows wherever it leaks.
    """

    version = 1
    slug = "sandbox"
    service = "accounts.example.com"
    recipe_key = "enquiry"
    place = 0

    def __init__(self, app: APIFlask, owner: Persona) -> None:
        self._app = app
        self._owner = owner
        self._organization_id = owner.organization_id
        self.mark = f"mark{secrets.token_hex(6)}"

    def named(self, name: str) -> Any:
        """The value for a parameter: `hook_id` and `hook` are the id of `self.hook`."""
        noun = {"number": "version", "with": "version", "try_id": "tried"}.get(
            name, name.removesuffix("_id")
        )
        if noun.startswith("_") or not hasattr(type(self), noun):
            raise NoSuchObject(name)
        return getattr(self, noun)

    def make_all(self) -> None:
        """Make one of each."""
        for noun in NOUNS:
            getattr(self, noun)

    @cached_property
    def workflow(self) -> UUID:
        with self._app.app_context():
            draft = service.create(self._organization_id, self.mark, DEFINITION)
            service.publish(self._organization_id, draft.workflow.id, note=self.mark)
            db.session.commit()
            return draft.workflow.id

    @cached_property
    def run(self) -> UUID:
        workflow_id = self.workflow
        with self._app.app_context():
            made = runs.start_manual_run(self._organization_id, workflow_id, {"mark": self.mark})
            db.session.commit()
            return made.id

    @cached_property
    def approval(self) -> UUID:
        run_id = self.run
        with self._app.app_context():
            made = Approval(
                organization_id=self._organization_id,
                run_id=run_id,
                step_id="greet",
                ask=self.mark,
                who={"role": "editor"},
            )
            db.session.add(made)
            db.session.commit()
            return made.id

    @cached_property
    def incident(self) -> UUID:
        made = Incident(
            organization_id=self._organization_id,
            kind="workflow",
            subject=str(self.workflow),
            name=self.mark,
            path=f"/workflows/{self.workflow}",
            state="failing",
            reason=self.mark,
            opened_at=clock.now(),
        )
        with self._app.app_context():
            db.session.add(made)
            db.session.commit()
            return made.id

    @cached_property
    def batch(self) -> UUID:
        workflow_id = self.workflow
        with self._app.app_context():
            stopped = runs.start_manual_run(self._organization_id, workflow_id, {"mark": self.mark})
            runs.stop(self._organization_id, stopped.id)
            for before in bulk_rerun.latest(self._organization_id):
                if before.state == "running":
                    bulk_rerun.cancel(self._organization_id, before.id)
            wanted = Wanted("stopped", workflow_id)
            made = bulk_rerun.begin(self._organization_id, wanted)
            db.session.commit()
            return made.id

    @cached_property
    def tried(self) -> UUID:
        workflow_id = self.workflow
        with self._app.test_request_context():
            made = tries.pretend(self._owner.identity, workflow_id)
            made.message = self.mark
            db.session.commit()
            return made.id

    @cached_property
    def template(self) -> UUID:
        """One that asks for an account of the practice partner."""
        source = f"connection:{self.connection}"
        trigger = {"kind": "event", "event_type": "external.rsvp.changed", "source": source}
        with self._app.test_request_context():
            draft = service.create(
                self._organization_id, self.mark, DEFINITION | {"trigger": trigger}
            )
            wanted = WantedTemplate(name=self.mark)
            made = templates.save(self._owner.identity, draft.workflow.id, wanted)
            db.session.commit()
            return made.id

    @cached_property
    def event(self) -> UUID:
        with self._app.app_context():
            made = events.publish(
                self._organization_id, f"seating.{self.mark}", {"mark": self.mark}, source="api"
            )
            db.session.commit()
            return made.id

    @cached_property
    def hook(self) -> UUID:
        with self._app.app_context():
            fields: hooks.HookFields = {"name": self.mark, "scheme": "standard_webhooks"}
            made, _secret = hooks.create(self._organization_id, fields)
            db.session.commit()
            return made.id

    @cached_property
    def endpoint(self) -> UUID:
        with self._app.app_context():
            fields: endpoints.EndpointFields = {"url": f"http://127.0.0.1:8999/{self.mark}"}
            made, _secret = endpoints.create(self._organization_id, fields)
            db.session.commit()
            return made.id

    @cached_property
    def delivery(self) -> UUID:
        endpoint_id = self.endpoint
        with self._app.app_context():
            made = samples.send_test(self._organization_id, endpoint_id)
            db.session.commit()
            return made.id

    @cached_property
    def replay(self) -> UUID:
        endpoint_id = self.endpoint
        with self._app.app_context():
            since = clock.now() - timedelta(hours=1)
            made = replays.begin(self._organization_id, endpoint_id, replays.Wish(since))
            db.session.commit()
            return made.id

    @cached_property
    def connection(self) -> UUID:
        with self._app.app_context():
            publish_built_in()
            found = listings.published("sandbox")
            made, _attempt = connections.start(self._owner.identity, found, {}, return_to=None)
            made.name = made.account_name = self.mark
            made.state = "active"
            made.connected_at = clock.now()
            db.session.flush()
            connected = FannedEvent(
                id=ids.new_id(),
                organization_id=self._organization_id,
                type="connection.connected",
                source="ours",
                occurred_at=clock.now(),
                data={"connection_id": str(made.id)},
                wedding_id=None,
                causation={},
            )
            of_connections.connection_changed(db.session.connection(), [connected])
            db.session.commit()
            return made.id

    @cached_property
    def wedding(self) -> UUID:
        with self._app.app_context():
            made = Wedding(organization_id=self._organization_id, title=self.mark)
            db.session.add(made)
            db.session.commit()
            return made.id

    @cached_property
    def key(self) -> UUID:
        with self._app.app_context():
            made, _raw = api_keys.create(self._organization_id, self.mark, ["*"])
            db.session.commit()
            return made.id

    @cached_property
    def invitation(self) -> UUID:
        with self._app.app_context():
            email = f"{self.mark}@example.com"
            made, _token = invitations.invite(self._owner.identity, email, "viewer")
            db.session.commit()
            return made.id

    @cached_property
    def membership(self) -> UUID:
        teammate = make_persona(self._app, self._organization_id, "viewer", name=self.mark)
        query = select(Membership.id).where(Membership.user_id == teammate.user_id)
        with self._app.app_context():
            found: UUID = db.session.scalars(query).one()
            return found

    @cached_property
    def listing(self) -> UUID:
        """A draft with an action and a trigger at the place 0."""
        identity, slug = self._owner.identity, f"seatwell-{secrets.token_hex(6)}"
        with self._app.app_context():
            made, version = drafts.create(identity, self.mark, slug)
            drafts.save(identity, made.id, version.revision, seatwell(name=self.mark))
            db.session.commit()
            return made.id

    @cached_property
    def submission(self) -> UUID:
        """A version that waits for an admin."""
        identity, slug = self._owner.identity, f"seatwell-{secrets.token_hex(6)}"
        with self._app.app_context():
            made, version = drafts.create(identity, self.mark, slug)
            drafts.save(identity, made.id, version.revision, seatwell(name=self.mark))
            drafts.submit(identity, made.id, version.revision, self.mark)
            db.session.commit()
            return version.id

    @property
    def sign_in(self) -> UUID:
        return self._owner.sign_in_id

    @property
    def organization(self) -> UUID:
        return self._organization_id


NOUNS = tuple(
    name for name, kind in vars(Objects).items() if isinstance(kind, cached_property | property)
)

"""Who takes part: four organizations with hooks, a workflow and endpoints, made by the services
people use."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.bench import traffic
from tests.bench.load import Target
from tests.bench.stage import Stage
from wedsync.accounts import organizations
from wedsync.events.types import stored_event_type
from wedsync.platform.db import db
from wedsync.webhooks import endpoints, hooks
from wedsync.workflows.editing import service as workflows

ORGANIZATIONS = 4
RUNS_PATH = "/runs"
DELIVERIES_PATH = "/deliveries"
LATENCY_PATH = "/latency"
CONDITION = {"==": [{"var": "trigger.data.status"}, "accepted"]}


@dataclass(frozen=True)
class Hook:
    """A hook with what a sender needs to know."""

    id: UUID
    target: Target


@dataclass(frozen=True)
class Organization:
    """`quiet` concerns nobody, `rsvps` starts a workflow, `songs` reaches an endpoint."""

    id: UUID
    quiet: Hook
    rsvps: Hook
    songs: Hook


@dataclass(frozen=True)
class Scene:
    organizations: list[Organization]

    @property
    def quiet(self) -> list[Target]:
        return [organization.quiet.target for organization in self.organizations]

    @property
    def rsvps(self) -> list[Target]:
        return [organization.rsvps.target for organization in self.organizations]

    @property
    def songs(self) -> list[Target]:
        return [organization.songs.target for organization in self.organizations]


def set_scene(stage: Stage) -> Scene:
    """Make everybody."""
    sink = f"http://127.0.0.1:{stage.ports.sink}"
    with stage.app.app_context():
        made = [_organization(number, sink) for number in range(ORGANIZATIONS)]
        db.session.commit()
    return Scene(made)


def _organization(number: int, sink: str) -> Organization:
    made = organizations.create(f"Bench {number}", slug=f"bench-{number}")
    quiet, rsvps, songs = (
        _hook(made.id, event_type) for event_type in (traffic.QUIET, traffic.RSVP, traffic.SONG)
    )
    draft = workflows.create(made.id, "Seat everybody", seating(rsvps.id, sink + RUNS_PATH))
    workflows.publish(made.id, draft.workflow.id)
    for event_type, path in ((traffic.SONG, LATENCY_PATH), (traffic.PHOTOS, DELIVERIES_PATH)):
        stored = stored_event_type(event_type, f"hook:{songs.id}")
        endpoints.create(made.id, {"url": sink + path, "event_types": [stored]})
    return Organization(made.id, quiet, rsvps, songs)


def _hook(organization_id: UUID, event_type: str) -> Hook:
    hook, secret = hooks.create(
        organization_id, {"name": event_type, "scheme": "standard_webhooks"}
    )
    return Hook(hook.id, Target(hooks.PATH + hook.token, secret or "", event_type))


def seating(hook_id: UUID, url: str) -> dict[str, Any]:
    """Choose, set, one HTTP effect with our key."""
    shape = {
        "id": "shape",
        "kind": "set",
        "values": {
            "guest": {"var": "trigger.data.guest.name"},
            "seats": {"var": "trigger.data.party_size"},
        },
    }
    tell = {
        "id": "tell",
        "kind": "action",
        "use": "http.request",
        "input": {
            "method": "POST",
            "url": url,
            "json": {"guest": {"var": "steps.shape.guest"}, "seats": {"var": "steps.shape.seats"}},
            "key_header": "Idempotency-Key",
        },
    }
    coming = {
        "id": "coming",
        "kind": "choose",
        "label": "Is the guest coming?",
        "branches": [{"label": "Yes", "when": CONDITION, "steps": [shape, tell]}],
        "otherwise": [],
    }
    trigger = {"kind": "webhook", "hook": str(hook_id)}
    return {"format": 1, "trigger": trigger, "steps": [coming]}

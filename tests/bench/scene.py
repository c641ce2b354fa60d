"""Who takes part: four organizations with hooks, a workflow and endpoints, and one more whose
partner hangs, made by the services people use."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.bench import traffic
from tests.bench.load import Target
from tests.bench.stage import Stage
from wedsync.accounts import organizations
from wedsync.events.types import stored_event_type
from wedsync.platform.db import db
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.hooks import service as hooks
from wedsync.workflows.editing import service as workflows

ORGANIZATIONS = 4
RUNS_PATH = "/runs"
DELIVERIES_PATH = "/deliveries"
LATENCY_PATH = "/latency"
HANGING_PATH = "/hanging"
GUESTS_PATH = "/guests"
HANGING_LANES = 25
NO_OPS = 40
CONDITION = {"==": [{"var": "trigger.data.status"}, "accepted"]}


@dataclass(frozen=True)
class Hook:
    """A hook with what a sender needs to know."""

    id: UUID
    target: Target


@dataclass(frozen=True)
class Organization:
    """`quiet` concerns nobody, `rsvps` starts the workflow, `songs` reaches an endpoint."""

    id: UUID
    quiet: Hook
    rsvps: Hook
    songs: Hook
    workflow_id: UUID


@dataclass(frozen=True)
class Started:
    """What a hook of an organization starts: one workflow, or several."""

    organization_id: UUID
    hook: Hook
    workflow_ids: list[UUID]


@dataclass(frozen=True)
class Scene:
    """`no_ops` are steps that touch nothing; `loop` and `calling_loop` go through guests, without
    and with a request for each. Each of the `hanging` workflows waits for an answer."""

    organizations: list[Organization]
    no_ops: Started
    loop: Started
    calling_loop: Started
    hanging: Started

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
        first, slow = made[0].id, organizations.create("Bench slow", slug="bench-slow").id
        scene = Scene(
            made,
            started(first, [{**shape(), "id": f"step_{n}"} for n in range(NO_OPS)]),
            started(first, [each_guest({**shape("item.name", "index"), "id": "seat"})]),
            started(first, [each_guest(post(sink + GUESTS_PATH, {"guest": {"var": "item.name"}}))]),
            started(slow, [post(sink + HANGING_PATH, {}, timeout_s=60)], HANGING_LANES),
        )
        db.session.commit()
    return scene


def started(organization_id: UUID, steps: list[Any], workflows_: int = 1) -> Started:
    """A hook, and workflows of these steps that it starts."""
    hook = _hook(organization_id, traffic.RSVP)
    definition = {"format": 1, "trigger": _on(hook.id), "steps": steps}
    made = [_published(organization_id, definition) for _ in range(workflows_)]
    return Started(organization_id, hook, made)


def _published(organization_id: UUID, definition: dict[str, Any]) -> UUID:
    draft = workflows.create(organization_id, "Seat everybody", definition)
    workflows.publish(organization_id, draft.workflow.id)
    return draft.workflow.id


def _on(hook_id: UUID) -> dict[str, Any]:
    return {"kind": "webhook", "hook": str(hook_id)}


def _organization(number: int, sink: str) -> Organization:
    made = organizations.create(f"Bench {number}", slug=f"bench-{number}")
    quiet, rsvps, songs = (
        _hook(made.id, event_type) for event_type in (traffic.QUIET, traffic.RSVP, traffic.SONG)
    )
    workflow_id = _published(made.id, seating(rsvps.id, sink + RUNS_PATH))
    for event_type, path in ((traffic.SONG, LATENCY_PATH), (traffic.PHOTOS, DELIVERIES_PATH)):
        stored = stored_event_type(event_type, f"hook:{songs.id}")
        endpoints.create(made.id, {"url": sink + path, "event_types": [stored]})
    return Organization(made.id, quiet, rsvps, songs, workflow_id)


def _hook(organization_id: UUID, event_type: str) -> Hook:
    hook, secret = hooks.create(
        organization_id, {"name": event_type, "scheme": "standard_webhooks"}
    )
    return Hook(hook.id, Target(hooks.PATH + hook.token, secret or "", event_type))


def seating(hook_id: UUID, url: str) -> dict[str, Any]:
    """Choose, set, one HTTP effect with our key."""
    said = {"guest": {"var": "steps.shape.guest"}, "seats": {"var": "steps.shape.seats"}}
    coming = {
        "id": "coming",
        "kind": "choose",
        "label": "Is the guest coming?",
        "branches": [{"label": "Yes", "when": CONDITION, "steps": [shape(), post(url, said)]}],
        "otherwise": [],
    }
    return {"format": 1, "trigger": _on(hook_id), "steps": [coming]}


def shape(
    guest: str = "trigger.data.guest.name", seats: str = "trigger.data.party_size"
) -> dict[str, Any]:
    return {
        "id": "shape",
        "kind": "set",
        "values": {"guest": {"var": guest}, "seats": {"var": seats}},
    }


def post(url: str, said: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request with our key."""
    given = {"method": "POST", "url": url, "json": said, "key_header": "Idempotency-Key"}
    return {"id": "tell", "kind": "action", "use": "http.request", "input": given, **fields}


def each_guest(step: dict[str, Any]) -> dict[str, Any]:
    """A loop over the guests of the event, fifty at a time."""
    items = {"var": "trigger.data.guests"}
    return {"id": "each", "kind": "for_each", "items": items, "parallel": 50, "steps": [step]}

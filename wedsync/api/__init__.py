"""The REST API over the services below (design: `api.md`).

One module per resource; `resources` is what they have in common, `schemas/` their shapes.
`register(app)` adds them all; `scope_of` says which scope a request needs.
"""

from apiflask import APIFlask

from wedsync.api import (
    analytics,
    approvals,
    connections,
    deliveries,
    document,
    drafts,
    endpoints,
    events,
    hooks,
    incidents,
    insights,
    message_rules,
    messages,
    replays,
    run_batches,
    runs,
    templates,
    tries,
    versions,
    wedding_moves,
    weddings,
    workflows,
)

BASE_PATH = "/api/integrations/marketplace"
RESOURCES = (
    workflows.workflows,
    drafts.drafts,
    versions.versions,
    tries.tries,
    templates.templates,
    runs.runs,
    run_batches.run_batches,
    insights.insights,
    analytics.analytics,
    incidents.incidents,
    approvals.approvals,
    events.events,
    connections.connections,
    hooks.hooks,
    endpoints.endpoints,
    deliveries.deliveries,
    replays.replays,
    messages.messages,
    weddings.weddings,
    wedding_moves.wedding_moves,
    message_rules.message_rules,
)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OF_THEIR_OWN = frozenset({"replays", "messages"})
"""What stands below another resource and has a scope of its own: a key that only fetches messages
can change no endpoint."""


def register(app: APIFlask) -> None:
    """Add the API's resources and its document to the app."""
    app.config["SECURITY_SCHEMES"] = {
        "ApiKey": {"type": "http", "scheme": "bearer", "description": "An API key (`wsk_…`)."}
    }
    app.config["SERVERS"] = [{"url": app.extensions["wedsync"].settings.public_url}]
    for resource in RESOURCES:
        app.register_blueprint(resource.blueprint, url_prefix=BASE_PATH)
    app.spec_processor(document.complete)


def is_below_base_path(path: str) -> bool:
    return path == BASE_PATH or path.startswith(f"{BASE_PATH}/")


def scope_of(path: str, method: str) -> str:
    """The scope a request needs: `<resource>:read` or `<resource>:write`."""
    first, *below = path.removeprefix(f"{BASE_PATH}/").split("/")
    resource = below[1] if len(below) > 1 and below[1] in _OF_THEIR_OWN else first
    return f"{resource}:{'read' if method in _READING else 'write'}"

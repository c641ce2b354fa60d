"""Where the pages of connections, hooks, endpoints and workflows are, also for whoever is in
no request.

A test compares these with the routes.
"""

from uuid import UUID

PATHS = {
    "connection": "/connections/{}",
    "hook": "/webhooks/hooks/{}",
    "endpoint": "/webhooks/endpoints/{}",
    "workflow": "/workflows/{}",
}


def page_of(kind: str, thing_id: UUID) -> str:
    """The path of a thing's page, as `/workflows/0199…`."""
    return PATHS[kind].format(thing_id)

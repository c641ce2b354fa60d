"""Endpoints: addresses an organization wants its events sent to."""

from typing import Any, TypedDict
from uuid import UUID

from wedsync.audit import service as audit
from wedsync.errors import FieldError, Invalid
from wedsync.events import types
from wedsync.platform import ids, outbound
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.webhooks import filters, queries, secrets
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.schemes import naming
from wedsync.webhooks.schemes.signatures import new_standard_secret

MOST_EVENT_TYPES = 100
LONGEST_DESCRIPTION = 500
_SENT_FIELDS = ("id", "type", "timestamp", "data")


class EndpointFields(TypedDict, total=False):
    """What can be said of an endpoint.

    `event_types` are stored names, none of them meaning all; `filter` is JSONLogic over `trigger`;
    `ordered_by` a dotted path in the sent body; `state` is `on` or `off`.
    """

    url: str
    description: str
    event_types: list[str]
    filter: Any
    ordered_by: str | None
    state: str


def create(
    organization_id: UUID, fields: EndpointFields, *, by: Identity | None = None
) -> tuple[Endpoint, str]:
    """Make an endpoint; the string is its secret, which nobody can be shown again.

    Raises Invalid, also for an address that is never called.
    """
    endpoint = Endpoint(
        id=ids.new_id(),
        organization_id=organization_id,
        url="",
        description="",
        event_types=[],
        state="on",
    )
    _apply(endpoint, {"url": "", **fields})
    secret = new_standard_secret()
    secrets.set_first(endpoint, secret)
    db.session.add(endpoint)
    db.session.flush()
    _record("endpoint.created", endpoint, by)
    return endpoint, secret


def update(by: Identity, endpoint_id: UUID, fields: EndpointFields) -> Endpoint:
    """Change what `fields` names. Raises NotFound, Invalid."""
    endpoint = queries.get_endpoint(by.organization_id, endpoint_id, for_update=True)
    _apply(endpoint, fields)
    db.session.flush()
    _record("endpoint.changed", endpoint, by, {"fields": sorted(fields)})
    return endpoint


def rotate_secret(by: Identity, endpoint_id: UUID) -> tuple[Endpoint, str]:
    """Make a new secret; both sign for a day. Raises NotFound."""
    endpoint = queries.get_endpoint(by.organization_id, endpoint_id, for_update=True)
    secret = new_standard_secret()
    secrets.replace(endpoint, secret)
    db.session.flush()
    _record("endpoint.secret_rotated", endpoint, by)
    return endpoint, secret


def enable(by: Identity, endpoint_id: UUID) -> Endpoint:
    """Send again, what is still due included. Raises NotFound."""
    return update(by, endpoint_id, {"state": "on"})


def turn_off(by: Identity, endpoint_id: UUID) -> Endpoint:
    """Send nothing more; what is due waits. Raises NotFound."""
    return update(by, endpoint_id, {"state": "off"})


def delete(by: Identity, endpoint_id: UUID) -> None:
    """Take an endpoint away with its deliveries. Raises NotFound."""
    endpoint = queries.get_endpoint(by.organization_id, endpoint_id, for_update=True)
    db.session.delete(endpoint)
    db.session.flush()
    _record("endpoint.deleted", endpoint, by)


def _apply(endpoint: Endpoint, fields: EndpointFields) -> None:
    """Set what `fields` names, or raise Invalid with everything that is wrong at once."""
    errors = [
        FieldError(f"/{name}", name, problem)
        for name, problem_of in _PROBLEMS.items()
        if name in fields and (problem := problem_of(fields.get(name)))
    ]
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    for name, value in fields.items():
        setattr(endpoint, name, value)
    if "url" in fields:
        endpoint.url = outbound.check_url(fields["url"])
    endpoint.event_types = list(dict.fromkeys(endpoint.event_types))
    endpoint.ordered_by = endpoint.ordered_by or None
    if "state" in fields:
        endpoint.state_reason = endpoint.failing_since = None


def _url_problem(url: Any) -> str | None:
    try:
        outbound.check_url(url)
    except outbound.UrlRefused as refused:
        return refused.message
    return None


def _types_problem(event_types: Any) -> str | None:
    if len(event_types) > MOST_EVENT_TYPES:
        return f"Name at most {MOST_EVENT_TYPES} kinds of event, or none for all."
    return next(filter(None, map(_type_problem, event_types)), None)


def _type_problem(event_type: str) -> str | None:
    """Stored names: ours, or a sender's as it wrote it."""
    if naming.is_usable(event_type.removeprefix(types.EXTERNAL)):
        return None
    return types.problem_with(event_type) or "This cannot be the name of an event."


def _ordered_by_problem(path: Any) -> str | None:
    if not path or (naming.is_path(path) and path.partition(".")[0] in _SENT_FIELDS):
        return None
    return "Name a place in what is sent, such as data.wedding_id."


def _filter_problem(condition: Any) -> str | None:
    return None if condition is None else filters.problem(condition)


def _description_problem(description: Any) -> str | None:
    if len(description) <= LONGEST_DESCRIPTION:
        return None
    return f"The description is longer than {LONGEST_DESCRIPTION} characters."


def _state_problem(state: Any) -> str | None:
    return None if state in ("on", "off") else "An endpoint is on or off."


_PROBLEMS = {
    "url": _url_problem,
    "event_types": _types_problem,
    "filter": _filter_problem,
    "ordered_by": _ordered_by_problem,
    "description": _description_problem,
    "state": _state_problem,
}


def _record(
    action: str, endpoint: Endpoint, by: Identity | None, facts: dict[str, Any] | None = None
) -> None:
    audit.record(
        action,
        "endpoint",
        endpoint.id,
        organization_id=endpoint.organization_id,
        by=by,
        facts=facts,
    )

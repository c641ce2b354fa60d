"""Endpoints: addresses an organization wants its events sent to, or that fetch them themselves."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.platform import ids, outbound
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.webhooks import queries, secrets
from wedsync.webhooks.endpoints import rules
from wedsync.webhooks.endpoints.rules import EndpointFields
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.schemes.signatures import new_standard_secret

MOST_ENDPOINTS = 200
"""How many an organization may have: each is asked of every event."""

__all__ = [
    "MOST_ENDPOINTS",
    "EndpointFields",
    "create",
    "delete",
    "enable",
    "end_overlap",
    "rotate_secret",
    "turn_off",
    "update",
]


def create(
    organization_id: UUID, fields: EndpointFields, *, by: Identity | None = None
) -> tuple[Endpoint, str]:
    """Make an endpoint; the string is its secret, which nobody can be shown again.

    Raises Invalid, also for an address that is never called, and Conflict where there are as many
    as there can be.
    """
    _refuse_too_many(organization_id)
    endpoint = Endpoint(
        id=ids.new_id(),
        organization_id=organization_id,
        url="",
        description="",
        event_types=[],
        state="on",
        receives="posts",
        stops_at_failure=False,
    )
    _apply(endpoint, fields if fields.get("receives") == "polls" else {"url": "", **fields})
    secret = new_standard_secret()
    secrets.set_first(endpoint, secret)
    db.session.add(endpoint)
    db.session.flush()
    _record("endpoint.created", endpoint, by)
    return endpoint, secret


def update(by: Identity, endpoint_id: UUID, fields: EndpointFields) -> Endpoint:
    """Change what `fields` names. Raises NotFound, Invalid."""
    endpoint = queries.get_endpoint(by.organization_id, endpoint_id, for_update=True)
    if fields.get("receives", endpoint.receives) != endpoint.receives:
        words = "Whether we send or they fetch is chosen once. Make another endpoint for it."
        raise Invalid(words, errors=[FieldError("/receives", "wrong_value", words)])
    _apply(endpoint, fields)
    db.session.flush()
    _record("endpoint.changed", endpoint, by, {"fields": sorted(fields)})
    return endpoint


def rotate_secret(
    by: Identity, endpoint_id: UUID, overlap: timedelta = secrets.OVERLAP
) -> tuple[Endpoint, str]:
    """Make a new secret, and key pair where there is one; what was before signs for `overlap` too.

    Raises NotFound, and Conflict where nothing is signed.
    """
    endpoint = queries.get_endpoint(by.organization_id, endpoint_id, for_update=True)
    if endpoint.receives == "polls":
        raise Conflict("They fetch with their API key, so there is no secret.", code="no_secret")
    secret = new_standard_secret()
    secrets.replace(endpoint, secret, overlap)
    db.session.flush()
    hours = round(overlap / timedelta(hours=1))
    _record("endpoint.secret_rotated", endpoint, by, {"overlap_hours": hours})
    return endpoint, secret


def end_overlap(by: Identity, endpoint_id: UUID) -> Endpoint:
    """From now on only the present secret signs; does nothing where it does already.

    Raises NotFound.
    """
    endpoint = queries.get_endpoint(by.organization_id, endpoint_id, for_update=True)
    if secrets.overlap_until(endpoint) is not None:
        secrets.end_overlap(endpoint)
        db.session.flush()
        _record("endpoint.overlap_ended", endpoint, by)
    return endpoint


def enable(by: Identity, endpoint_id: UUID) -> Endpoint:
    """Send again, what is still due included. Raises NotFound."""
    return update(by, endpoint_id, {"state": "on"})


def turn_off(by: Identity, endpoint_id: UUID) -> Endpoint:
    """Send nothing more; what is due waits. Raises NotFound."""
    return update(by, endpoint_id, {"state": "off"})


def delete(by: Identity, endpoint_id: UUID) -> None:
    """Take an endpoint away: from the commit on it is not there for anybody, its secrets and its
    address are gone, and nothing more is sent to it. Its deliveries follow in portions
    (`delivering.taking_away`). Raises NotFound.
    """
    endpoint = queries.get_endpoint(by.organization_id, endpoint_id, for_update=True)
    endpoint.state = "deleted"
    endpoint.url = endpoint.description = ""
    secrets.forget(endpoint)
    _begin_afresh(endpoint)
    db.session.flush()
    _record("endpoint.deleted", endpoint, by)


def _refuse_too_many(organization_id: UUID) -> None:
    if queries.count_endpoints(organization_id) >= MOST_ENDPOINTS:
        words = f"There are {MOST_ENDPOINTS} endpoints, which is as many as there can be."
        raise Conflict(f"{words} Delete one first.", code="too_many_endpoints")


def _apply(endpoint: Endpoint, fields: EndpointFields) -> None:
    """Set what `fields` names, or raise Invalid with everything that is wrong at once."""
    errors = rules.problems(endpoint, fields)
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    was_at = endpoint.url
    for name, value in fields.items():
        if name != "key_pair":
            setattr(endpoint, name, value)
    if fields.get("url"):
        endpoint.url = outbound.check_url(fields["url"])
    endpoint.event_types = list(dict.fromkeys(endpoint.event_types))
    endpoint.ordered_by = endpoint.ordered_by or None
    endpoint.stops_at_failure = endpoint.stops_at_failure and endpoint.ordered_by is not None
    if "key_pair" in fields:
        secrets.set_signing_key(endpoint, wanted=fields["key_pair"])
    if "state" in fields or endpoint.url != was_at:
        _begin_afresh(endpoint)


def _begin_afresh(endpoint: Endpoint) -> None:
    """Whoever switches it on, or gives it another address, thinks that it works now."""
    if endpoint.state != "disabled":
        endpoint.state_reason = endpoint.disabled_at = None
    endpoint.failing_since = endpoint.warned_at = endpoint.breaker_until = None
    endpoint.consecutive_failures = endpoint.breaker_trips = 0


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

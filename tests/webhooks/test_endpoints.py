"""Endpoints are made, checked, changed, switched and taken away."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from tests.personas import Persona
from wedsync.audit.models import AuditEntry
from wedsync.errors import Invalid, NotFound
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.webhooks import endpoints, queries, secrets

URL = "https://partner.example/wedsync"


@pytest.fixture(autouse=True)
def in_app(app: APIFlask) -> Iterator[None]:
    with app.app_context():
        yield
        db.session.rollback()


def test_an_endpoint_has_a_secret_shown_once(organization: UUID) -> None:
    endpoint, secret = endpoints.create(organization, {"url": "HTTPS://Partner.example:443/x#y"})
    assert endpoint.url == "https://partner.example/x"
    assert (endpoint.state, endpoint.event_types, endpoint.filter) == ("on", [], None)
    assert secret.encode() not in endpoint.secret
    assert secrets.opened(endpoint, endpoint.secret) == secret


def test_everything_about_it_can_be_said_at_once_and_changed_later(
    organization: UUID, editor: Persona
) -> None:
    condition = {"==": [{"var": "trigger.data.status"}, "paid"]}
    endpoint, _ = endpoints.create(
        organization,
        {
            "url": URL,
            "description": "The florist",
            "event_types": ["payment.received", "external.rsvp.received", "payment.received"],
            "filter": condition,
            "ordered_by": "data.wedding_id",
        },
    )
    assert endpoint.event_types == ["payment.received", "external.rsvp.received"]
    assert (endpoint.filter, endpoint.ordered_by) == (condition, "data.wedding_id")
    endpoints.update(editor.identity, endpoint.id, {"filter": None, "ordered_by": ""})
    db.session.expire(endpoint)
    assert (endpoint.filter, endpoint.ordered_by) == (None, None)
    assert endpoint.description == "The florist"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", ""), ("url", "ftp://partner.example/"), ("url", "https://me:pw@partner.example/"),
        ("url", "http://10.0.0.1/"), ("url", "http://169.254.169.254/latest"),
        ("url", "http://partner.example:6379/"),
        ("event_types", ["has a space"]), ("event_types", ["a.b"] * 101),
        ("filter", {"cat": ["a"]}), ("filter", {"var": "elsewhere"}), ("filter", "trigger"),
        ("ordered_by", "guest..id"), ("ordered_by", "secrets.id"),
        ("description", "x" * 501), ("state", "disabled"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_a_sentence(
    organization: UUID, field: str, value: Any
) -> None:
    fields: Any = {"url": URL, field: value}
    with pytest.raises(Invalid) as refused:
        endpoints.create(organization, fields)
    assert [error.pointer for error in refused.value.errors] == [f"/{field}"]
    assert refused.value.detail.endswith(".")


def test_an_endpoint_without_an_address_is_refused(organization: UUID) -> None:
    with pytest.raises(Invalid):
        endpoints.create(organization, {"description": "Where to?"})


def test_enabling_forgets_why_it_was_disabled(organization: UUID, editor: Persona) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL})
    endpoint.state, endpoint.state_reason, endpoint.failing_since = "disabled", "gone", clock.now()
    endpoints.enable(editor.identity, endpoint.id)
    assert (endpoint.state, endpoint.state_reason, endpoint.failing_since) == ("on", None, None)
    assert endpoints.turn_off(editor.identity, endpoint.id).state == "off"


def test_both_secrets_sign_for_a_day(organization: UUID, editor: Persona) -> None:
    endpoint, first = endpoints.create(organization, {"url": URL})
    _, second = endpoints.rotate_secret(editor.identity, endpoint.id)
    assert secrets.opened(endpoint, endpoint.secret) == second != first
    assert endpoint.previous_secret is not None
    assert secrets.overlap_until(endpoint) is not None


def test_every_change_is_in_the_audit_record(organization: UUID, editor: Persona) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL}, by=editor.identity)
    endpoints.turn_off(editor.identity, endpoint.id)
    endpoints.rotate_secret(editor.identity, endpoint.id)
    endpoints.delete(editor.identity, endpoint.id)
    actions = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.object_id == endpoint.id).order_by(AuditEntry.id)
    ).all()
    assert actions == [
        "endpoint.created", "endpoint.changed", "endpoint.secret_rotated", "endpoint.deleted",
    ]  # fmt: skip


def test_a_strangers_endpoint_is_not_there(organization: UUID, stranger: Persona) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL})
    db.session.commit()
    for change in (
        lambda: endpoints.update(stranger.identity, endpoint.id, {"url": "https://mine.example/"}),
        lambda: endpoints.rotate_secret(stranger.identity, endpoint.id),
        lambda: endpoints.delete(stranger.identity, endpoint.id),
        lambda: queries.get_endpoint(stranger.organization_id, endpoint.id),
    ):
        with pytest.raises(NotFound):
            change()
    assert queries.list_endpoints(stranger.organization_id) == []


def test_endpoints_are_listed_in_pages_newest_first(organization: UUID) -> None:
    made = [endpoints.create(organization, {"url": f"{URL}/{n}"})[0].id for n in range(4)]
    first = queries.list_endpoints(organization, limit=3)
    rest = queries.list_endpoints(organization, limit=3, after=first[-1].id)
    assert [endpoint.id for endpoint in (*first, *rest)] == made[::-1]

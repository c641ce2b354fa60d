"""Endpoints are made, checked, changed, switched and taken away."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from tests.page_words import words_of
from tests.personas import Persona
from wedsync.audit.models import AuditEntry
from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.webhooks import queries, secrets
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.endpoints.rules import EndpointFields

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


def test_there_can_be_only_so_many(
    organization: UUID, owner: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "MOST_ENDPOINTS", 2)
    for _ in range(2):
        last, _ = endpoints.create(organization, {"url": URL})
    db.session.commit()
    with pytest.raises(Conflict, match="2 endpoints") as refused:
        endpoints.create(organization, {"url": URL})
    assert refused.value.code == "too_many_endpoints"
    answer = owner.browser.post("/webhooks/endpoints/new", data={"url": URL, "receives": "posts"})
    assert "2 endpoints, which is as many" in words_of(owner.browser.get(answer.location))
    assert owner.api.post("/endpoints", json={"url": URL}).status_code == 409
    endpoints.delete(owner.identity, last.id)
    endpoints.create(organization, {"url": URL})


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
        ("rate_per_s", 0), ("rate_per_s", 0.09), ("rate_per_s", 1000.5),
        ("rate_per_s", float("nan")), ("max_in_flight", 0), ("max_in_flight", 101),
        ("stops_at_failure", True), ("receives", "both"),
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


def test_rates_and_stopping_are_kept_and_stopping_ends_with_the_order(
    organization: UUID, editor: Persona
) -> None:
    bounds: EndpointFields = {"rate_per_s": 0.1, "max_in_flight": 100}
    ordered: EndpointFields = {"ordered_by": "data.wedding_id", "stops_at_failure": True}
    endpoint, _ = endpoints.create(organization, {"url": URL, **bounds, **ordered})
    assert (endpoint.rate_per_s, endpoint.max_in_flight) == (0.1, 100)
    assert endpoint.stops_at_failure
    endpoints.update(editor.identity, endpoint.id, {"rate_per_s": None, "ordered_by": None})
    assert (endpoint.rate_per_s, endpoint.stops_at_failure) == (None, False)


def test_one_that_fetches_has_a_name_and_no_address(organization: UUID, editor: Persona) -> None:
    polls: EndpointFields = {"receives": "polls", "description": "The till", "url": ""}
    endpoint, _ = endpoints.create(organization, {**polls, "event_types": ["payment.received"]})
    assert (endpoint.receives, endpoint.url) == ("polls", "")
    endpoints.update(editor.identity, endpoint.id, {"description": "The new till"})
    assert endpoint.description == "The new till"
    with pytest.raises(Conflict):
        endpoints.rotate_secret(editor.identity, endpoint.id)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, "/description"),
        ({"description": "Till", "url": URL}, "/url"),
        ({"description": "Till", "ordered_by": "data.id"}, "/ordered_by"),
        ({"description": "Till", "rate_per_s": 5.0}, "/rate_per_s"),
        ({"description": "Till", "max_in_flight": 5}, "/max_in_flight"),
        ({"description": "Till", "key_pair": True}, "/key_pair"),
    ],
)
def test_nothing_about_sending_can_be_said_of_one_that_fetches(
    organization: UUID, fields: Any, pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        endpoints.create(organization, {"receives": "polls", **fields})
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_whether_we_send_is_chosen_once(organization: UUID, editor: Persona) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL})
    with pytest.raises(Invalid) as refused:
        endpoints.update(editor.identity, endpoint.id, {"receives": "polls", "description": "x"})
    assert [error.pointer for error in refused.value.errors] == ["/receives"]
    endpoints.update(editor.identity, endpoint.id, {"receives": "posts"})


def test_another_address_begins_afresh_and_the_same_one_does_not(
    organization: UUID, editor: Persona
) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL})
    endpoint.breaker_until, endpoint.breaker_trips = clock.now(), 3
    endpoint.consecutive_failures, endpoint.failing_since = 5, clock.now()
    endpoints.update(editor.identity, endpoint.id, {"url": URL, "description": "Same"})
    assert (endpoint.breaker_trips, endpoint.consecutive_failures) == (3, 5)
    endpoints.update(editor.identity, endpoint.id, {"url": f"{URL}/new"})
    assert (endpoint.breaker_until, endpoint.failing_since) == (None, None)
    assert (endpoint.breaker_trips, endpoint.consecutive_failures) == (0, 0)


def test_enabling_forgets_why_it_was_disabled(organization: UUID, editor: Persona) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL})
    endpoint.state, endpoint.state_reason, endpoint.failing_since = "disabled", "gone", clock.now()
    endpoints.enable(editor.identity, endpoint.id)
    assert (endpoint.state, endpoint.state_reason, endpoint.failing_since) == ("on", None, None)
    assert endpoints.turn_off(editor.identity, endpoint.id).state == "off"


@pytest.mark.parametrize("hours", [1, 24, 168])
def test_both_secrets_sign_for_as_long_as_was_chosen(
    organization: UUID, editor: Persona, hours: int
) -> None:
    endpoint, first = endpoints.create(organization, {"url": URL})
    before = clock.now()
    _, second = endpoints.rotate_secret(editor.identity, endpoint.id, timedelta(hours=hours))
    assert secrets.opened(endpoint, endpoint.secret) == second != first
    assert endpoint.previous_secret is not None
    until = secrets.overlap_until(endpoint)
    assert until is not None
    assert timedelta(0) <= until - before - timedelta(hours=hours) < timedelta(minutes=1)


def test_without_an_overlap_only_the_new_secret_signs(organization: UUID, editor: Persona) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL, "key_pair": True})
    endpoints.rotate_secret(editor.identity, endpoint.id)
    endpoints.rotate_secret(editor.identity, endpoint.id, timedelta(0))
    assert (endpoint.previous_secret, endpoint.previous_signing_key) == (None, None)
    assert secrets.overlap_until(endpoint) is None


def test_an_overlap_is_ended_early(organization: UUID, editor: Persona) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL, "key_pair": True})
    _, second = endpoints.rotate_secret(editor.identity, endpoint.id)
    for _ in range(2):
        endpoints.end_overlap(editor.identity, endpoint.id)
        assert (endpoint.previous_secret, endpoint.previous_signing_key) == (None, None)
        assert secrets.overlap_until(endpoint) is None
    assert secrets.opened(endpoint, endpoint.secret) == second


def test_a_key_pair_is_replaced_with_the_secret_and_taken_away(
    organization: UUID, editor: Persona
) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL, "key_pair": True})
    first = secrets.public_keys(endpoint)
    assert (first.present or "").startswith("whpk_")
    assert first.previous is None
    endpoints.update(editor.identity, endpoint.id, {"key_pair": True})
    assert secrets.public_keys(endpoint) == first
    endpoints.rotate_secret(editor.identity, endpoint.id)
    both = secrets.public_keys(endpoint)
    assert both.previous == first.present != both.present
    endpoints.update(editor.identity, endpoint.id, {"key_pair": False})
    assert secrets.public_keys(endpoint) == secrets.PublicKeys()


def test_every_change_is_in_the_audit_record(organization: UUID, editor: Persona) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL}, by=editor.identity)
    endpoints.turn_off(editor.identity, endpoint.id)
    endpoints.rotate_secret(editor.identity, endpoint.id)
    endpoints.end_overlap(editor.identity, endpoint.id)
    endpoints.delete(editor.identity, endpoint.id)
    actions = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.object_id == endpoint.id).order_by(AuditEntry.id)
    ).all()
    assert actions == [
        "endpoint.created", "endpoint.changed", "endpoint.secret_rotated",
        "endpoint.overlap_ended", "endpoint.deleted",
    ]  # fmt: skip


def test_a_strangers_endpoint_is_not_there(organization: UUID, stranger: Persona) -> None:
    endpoint, _ = endpoints.create(organization, {"url": URL})
    db.session.commit()
    for change in (
        lambda: endpoints.update(stranger.identity, endpoint.id, {"url": "https://mine.example/"}),
        lambda: endpoints.rotate_secret(stranger.identity, endpoint.id),
        lambda: endpoints.end_overlap(stranger.identity, endpoint.id),
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

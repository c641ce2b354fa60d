"""Where webhooks begin: what needs somebody stands first, and nothing is out of reach."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import Sink, Worker, deliveries_of, make_endpoint, publish, rows
from wedsync.webhooks.views import routes


def overview(persona: Persona, query: str = "") -> str:
    answer = persona.browser.get(f"/webhooks{query}")
    assert answer.status_code == 200
    return words_of(answer)


def stand_still(app: APIFlask, worker: Worker, sink: Sink, organization: UUID) -> UUID:
    """An ordered endpoint that stopped at the first thing it was told."""
    endpoint, _ = make_endpoint(
        app,
        organization,
        sink.url("/status/422/told"),
        description="The kitchen",
        ordered_by="data.wedding_id",
        stops_at_failure=True,
    )
    publish(app, organization, "seating.changed", {"wedding_id": "w", "table": 4})
    worker.work()
    gave_up = "UPDATE deliveries SET state = 'exhausted', blocks_lane = true, finished_at = now()"
    rows(app, f"{gave_up} WHERE endpoint_id = :id RETURNING 1", id=endpoint)
    rows(app, "UPDATE endpoints SET failing_since = NULL WHERE id = :id RETURNING 1", id=endpoint)
    return endpoint


def test_where_nothing_needs_anybody_it_says_what_this_is_for(
    app: APIFlask, owner: Persona
) -> None:
    make_endpoint(app, owner.organization_id, "https://bar.example/told", description="The bar")
    assert "Others tell you what happened at a hook" in overview(owner)


def test_what_stopped_at_something_stands_first_and_leads_to_it(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint = stand_still(app, worker, sink, owner.organization_id)
    make_endpoint(app, owner.organization_id, "https://bar.example/told", description="The bar")
    said = overview(owner)
    assert "One endpoint needs you. It stands first." in said
    assert said.index("The kitchen") < said.index("The bar")
    assert "Waits for you" in said
    answer = owner.browser.get(f"/webhooks/endpoints/{endpoint}")
    assert "It stopped at one that could not be delivered" in words_of(answer)
    (delivery,) = deliveries_of(app, endpoint)
    assert f"delivery={delivery.id}" in answer.get_data(as_text=True)


def test_who_only_looks_is_told_whom_it_needs(
    app: APIFlask, worker: Worker, sink: Sink, viewer: Persona
) -> None:
    stand_still(app, worker, sink, viewer.organization_id)
    assert "One endpoint needs an editor. It stands first." in overview(viewer)


def test_several_that_stopped_are_counted_once_each(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    for _ in range(2):
        stand_still(app, worker, sink, owner.organization_id)
    assert "Two endpoints need you. They stand first." in overview(owner)


def test_one_that_goes_on_at_a_gap_needs_nobody(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint = stand_still(app, worker, sink, owner.organization_id)
    goes_on = "UPDATE endpoints SET stops_at_failure = false WHERE id = :id RETURNING 1"
    rows(app, goes_on, id=endpoint)
    assert "Waits for you" not in overview(owner)
    answer = owner.browser.get(f"/webhooks/endpoints/{endpoint}")
    assert "It stopped at one" not in words_of(answer)


def test_what_is_beyond_a_page_is_a_link_away(
    app: APIFlask, owner: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_PAGE", 1)
    make_endpoint(app, owner.organization_id, "https://a.example", description="Oldest")
    make_endpoint(app, owner.organization_id, "https://b.example", description="Youngest")
    said = overview(owner)
    assert "Oldest" not in said
    assert "Older endpoints" in said
    youngest = owner.browser.get("/webhooks").get_data(as_text=True)
    after = youngest.partition("endpoints_after=")[2].partition("#")[0]
    later = overview(owner, f"?endpoints_after={after}")
    assert "Oldest" in later
    assert "The latest" in later
    assert "Older endpoints" not in later

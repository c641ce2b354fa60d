"""The pages of sending again: what, how much that is, and how far it is."""

import re
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from tests.webhooks.replaying_scene import CHANGED, begin, go_on, replay_of
from tests.workers.scene import Sink, Worker, make_endpoint, one, publish, rows


@pytest.fixture(autouse=True)
def _nothing_there_yet(worker: Worker) -> None:
    """The worker comes first: it begins with an empty database."""


@pytest.fixture
def endpoint(app: APIFlask, worker: Worker, sink: Sink, editor: Persona) -> UUID:
    for table in range(3):
        publish(app, editor.organization_id, CHANGED, {"table": table})
    publish(app, editor.organization_id, "seating.moved", {"table": 0})
    worker.fan_out()
    url = sink.url(f"/ok/{editor.organization_id}")
    made, _ = make_endpoint(app, editor.organization_id, url, description="The kitchen")
    return made


def look(editor: Persona, endpoint: UUID, query: str) -> Any:
    return editor.browser.get(f"/webhooks/endpoints/{endpoint}/replays/new{query}")


def hidden(answer: Any) -> dict[str, list[str]]:
    """What the preview's form sends along."""
    html = answer.get_data(as_text=True)
    html = html[html.index('action="/webhooks/endpoints/') :]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(since|which|event_types)" value="([^"]*)"', html):
        found.setdefault(name, []).append(value)
    return found


def test_it_is_chosen_looked_at_begun_and_done(
    app: APIFlask, worker: Worker, editor: Persona, endpoint: UUID
) -> None:
    said = words_of(look(editor, endpoint, ""))
    assert "Send again what happened" in said
    assert "Seating moved" in said
    answer = look(editor, endpoint, "?look=1&since=hour&which=not_delivered")
    assert "Send 4 things again?" in words_of(answer)
    assert "4 things happened since" in words_of(answer)
    begun = editor.browser.post(f"/webhooks/endpoints/{endpoint}/replays", data=hidden(answer))
    assert begun.status_code == 303
    going_on = editor.browser.get(begun.location)
    assert "Sending again to The kitchen" in words_of(going_on)
    assert 'hx-trigger="every 2s"' in going_on.get_data(as_text=True)
    go_on(worker)
    assert "4 are still to arrive" in words_of(editor.browser.get(begun.location))
    worker.deliver()
    over = editor.browser.get(begun.location)
    assert "4 things went to The kitchen again" in words_of(over)
    assert "hx-trigger" not in over.get_data(as_text=True).partition('id="replay"')[2]


def test_a_part_of_the_page_follows_along(app: APIFlask, editor: Persona, endpoint: UUID) -> None:
    replay = begin(app, editor.organization_id, endpoint)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    part = editor.browser.get(f"/webhooks/replays/{replay}", headers=headers)
    assert part.get_data(as_text=True).strip().startswith('<div id="replay"')


def test_only_some_kinds_are_counted_and_sent(
    app: APIFlask, worker: Worker, editor: Persona, endpoint: UUID
) -> None:
    answer = look(editor, endpoint, "?look=1&since=ever&which=all&event_types=seating.moved")
    assert "Send 1 thing again?" in words_of(answer)
    begun = editor.browser.post(f"/webhooks/endpoints/{endpoint}/replays", data=hidden(answer))
    assert begun.status_code == 303
    go_on(worker)
    found = one(app, "SELECT * FROM replays WHERE endpoint_id = :id", id=endpoint)
    assert (found.event_types, found.queued) == (["seating.moved"], 1)


def test_a_moment_is_one_of_the_teams_own_time(editor: Persona, endpoint: UUID) -> None:
    query = "?look=1&since=moment&which=all&day=2025-06-01&hour=09:30"
    assert hidden(look(editor, endpoint, query))["since"] == ["2025-06-01T09:30:00+01:00"]


def test_there_is_nothing_to_send_again(editor: Persona, endpoint: UUID) -> None:
    answer = look(editor, endpoint, "?look=1&since=day&which=failed")
    assert "There is nothing to send again" in words_of(answer)
    assert "Nothing gave up since" in words_of(answer)


def test_since_it_began_to_fail_is_offered_while_it_fails(
    app: APIFlask, editor: Persona, endpoint: UUID
) -> None:
    assert "When it began to fail" not in words_of(look(editor, endpoint, ""))
    since = "UPDATE endpoints SET failing_since = now() - interval '2 hours' WHERE id = :id"
    rows(app, f"{since} RETURNING 1", id=endpoint)
    assert "When it began to fail" in words_of(look(editor, endpoint, ""))
    answer = look(editor, endpoint, "?look=1&since=failing&which=not_delivered")
    assert "Send 4 things again?" in words_of(answer)


def test_it_is_paused_goes_on_and_is_stopped(
    app: APIFlask, editor: Persona, endpoint: UUID
) -> None:
    replay = begin(app, editor.organization_id, endpoint)
    here = f"/webhooks/replays/{replay}"
    for act, state, said in (
        ("pause", "paused", "It is paused"),
        ("resume", "running", "It goes on"),
        ("cancel", "cancelled", "It sends no more"),
    ):
        answer = editor.browser.post(f"{here}/{act}")
        assert (answer.status_code, replay_of(app, replay).state) == (303, state)
        assert said in words_of(editor.browser.get(here))
    again = editor.browser.post(f"{here}/cancel", follow_redirects=True)
    assert "This is over already" in words_of(again)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?look=1&since=moment&which=all", "Choose a day."),
        ("?look=1&since=never&which=all", "Not a valid choice."),
        ("?look=1&since=day&which=some", "Not a valid choice."),
        ("?look=1&since=moment&which=all&day=2999-01-01", "That is still to come."),
        ("?look=1&since=day&which=all&event_types=No+name", "This cannot be the name"),
    ],
    ids=["no day", "since", "which", "to come", "kind"],
)
def test_what_cannot_be_meant_is_said_beside_its_field(
    editor: Persona, endpoint: UUID, query: str, said: str
) -> None:
    answer = look(editor, endpoint, query)
    assert answer.status_code == 422
    assert said in words_of(answer)


def test_a_form_that_was_tampered_with_begins_nothing(
    app: APIFlask, editor: Persona, endpoint: UUID
) -> None:
    for data in ({}, {"since": "2025-06-01T09:30:00", "which": "all"}, {"since": "x"}):
        answer = editor.browser.post(f"/webhooks/endpoints/{endpoint}/replays", data=data)
        assert answer.status_code == 303
    assert rows(app, "SELECT 1 FROM replays WHERE endpoint_id = :id", id=endpoint) == []


def test_viewers_look_on_and_strangers_find_nothing(
    app: APIFlask, editor: Persona, endpoint: UUID, viewer: Persona, stranger: Persona
) -> None:
    replay = begin(app, editor.organization_id, endpoint)
    assert look(viewer, endpoint, "").status_code in (403, 404)
    assert look(stranger, endpoint, "").status_code == 404
    assert stranger.browser.get(f"/webhooks/replays/{replay}").status_code == 404
    assert stranger.browser.post(f"/webhooks/replays/{replay}/cancel").status_code == 404

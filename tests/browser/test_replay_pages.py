"""Sending again: chosen, looked at, begun and followed by people, with and without script."""

from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import Trouble, look_at
from tests.live_site import LiveSite
from tests.workers.scene import Sink, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

KITCHEN = "Olive & Thyme kitchen"
COUNT = "guests.final_count"


def happen(site: LiveSite, kind: str, times: int) -> None:
    """Something happens so many times, and is passed on to whoever is there."""
    events = [
        site.api("POST", "/events", {"type": kind, "data": {"guests": number}})["id"]
        for number in range(times)
    ]

    def is_passed_on(event: str) -> bool:
        return bool(site.api("GET", f"/events/{event}")["state"] == "fanned_out")

    wait_until(lambda: all(map(is_passed_on, events)), 60, 0.2)


def make(site: LiveSite, **fields: Any) -> str:
    return str(site.api("POST", "/endpoints", {"description": KITCHEN, **fields})["id"])


def change(site: LiveSite, statement: str, **values: Any) -> None:
    with psycopg.connect(site.settings.libpq_url or "") as connection:
        connection.execute(statement.encode(), values)


def test_what_happened_before_goes_to_a_new_endpoint(
    site: LiveSite, imogen: Page, sink: Sink, trouble: Trouble
) -> None:
    trouble.expected = "422"
    happen(site, COUNT, 5)
    endpoint = make(site, url=sink.url("/ok/kitchen"))
    imogen.goto(f"/webhooks/endpoints/{endpoint}")
    imogen.get_by_role("link", name="Replay since…").click()
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Send again what happened")
    expect(imogen.get_by_label("Day", exact=True)).to_be_hidden()
    look_at(imogen, "replay-choose")
    imogen.get_by_label("A day and time").check()
    expect(imogen.get_by_label("Day", exact=True)).to_be_visible()
    imogen.get_by_role("button", name="See how much that is").click()
    expect(imogen.get_by_text("Choose a day.")).to_be_visible()
    look_at(imogen, "replay-choose-a-day", briefly=True)
    imogen.get_by_label("The beginning").check()
    imogen.get_by_text("All that they are told about").click()
    imogen.get_by_label("Guests final count").check()
    imogen.get_by_role("button", name="See how much that is").click()
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Send 5 things again?")
    look_at(imogen, "replay-preview")
    imogen.get_by_role("button", name="Send 5 things again").click()
    gone = f"5 things went to {KITCHEN} again"
    expect(imogen.get_by_role("heading", level=1)).to_have_text(gone)
    look_at(imogen, "replay-done")
    wait_until(lambda: sink.paths().get("/ok/kitchen", 0) == 5)
    imogen.goto(f"/webhooks/endpoints/{endpoint}")
    expect(imogen.get_by_role("heading", name="Sent again")).to_be_visible()
    look_at(imogen, "replays-of-endpoint")


def half_done(site: LiveSite) -> str:
    """The address of a replay that stands in its middle, and that no worker takes up."""
    endpoint = make(site, url="http://127.0.0.1:8999/nobody")
    asked = {"since": "2025-01-01T00:00:00Z", "event_types": ["guests.none"]}
    replay = str(site.api("POST", f"/endpoints/{endpoint}/replays", asked)["id"])
    wait_until(lambda: site.api("GET", f"/replays/{replay}")["state"] == "done", 30, 0.2)
    half = "UPDATE replays SET state = 'running', total = 84200, seen = 51000, queued = 50212,"
    half += " finished_at = NULL, lease_until = now() + interval '1 hour' WHERE id = %(id)s"
    change(site, half, id=replay)
    return f"/webhooks/replays/{replay}"


def test_one_that_goes_on_follows_along_by_itself(site: LiveSite, imogen: Page) -> None:
    here = half_done(site)
    imogen.goto(here)
    expect(imogen.get_by_text("Going on")).to_be_visible()
    expect(imogen.get_by_text("of 84,200")).to_be_visible()
    look_at(imogen, "replay-going-on")
    further = "UPDATE replays SET seen = 52000 WHERE id = %(id)s"
    change(site, further, id=here.rpartition("/")[2])
    expect(imogen.get_by_text("52,000")).to_be_visible()


def test_it_is_paused_and_stopped_without_script(site: LiveSite, plain: Page) -> None:
    plain.goto(half_done(site))
    plain.get_by_role("button", name="Pause it").click()
    expect(plain.get_by_text("It is paused. What is in line").first).to_be_visible()
    plain.get_by_role("button", name="Stop…").click()
    plain.get_by_role("button", name="Stop it").click()
    expect(plain.get_by_text("Stopped", exact=True)).to_be_visible()


def test_what_gave_up_is_sent_again_at_once(site: LiveSite, imogen: Page, sink: Sink) -> None:
    endpoint = make(site, url=sink.url("/ok/again"), event_types=["guests.gave_up"])
    happen(site, "guests.gave_up", 3)
    wait_until(lambda: sink.paths().get("/ok/again", 0) == 3)
    gave_up = "UPDATE deliveries SET state = 'exhausted', finished_at = now()"
    change(site, f"{gave_up} WHERE endpoint_id = %(id)s", id=endpoint)
    imogen.goto(f"/webhooks/endpoints/{endpoint}")
    imogen.get_by_role("link", name="Send all that gave up again…").click()
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Send 3 things again?")
    imogen.get_by_role("button", name="Send 3 things again").click()
    wait_until(lambda: sink.paths().get("/ok/again", 0) == 6)


def test_one_that_polls_says_how_far_they_have_read(site: LiveSite, imogen: Page) -> None:
    endpoint = make(site, receives="polls", event_types=["guests.fetched"])
    happen(site, "guests.fetched", 3)
    page = site.api("GET", f"/endpoints/{endpoint}/messages?limit=2")
    said = {"iterator": page["iterator"]}
    site.api("POST", f"/endpoints/{endpoint}/messages/acknowledge", said)
    imogen.goto(f"/webhooks/endpoints/{endpoint}")
    expect(imogen.get_by_text("one waits for them")).to_be_visible()
    look_at(imogen, "endpoint-that-polls")

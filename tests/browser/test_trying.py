"""Trying a draft in the browser: what is pretended stays in the house, what really happens is done
by a worker while the page looks on; both widths, both themes."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.looking import look_at
from tests.live_site import LiveSite
from tests.workers.scene import Sink, call, note

ASKED = {"id": "ask", "kind": "approval", "ask": "Send it?", "who": {"role": "owner"}}
WAIT = {"id": "wait", "kind": "wait", "anchor": "wedding.date", "offset_days": -14}


def draft_on(site: LiveSite, sink: Sink) -> str:
    """A draft of every kind of line; the path of its builder."""
    post = {**call("post", sink.url("/ok?tried"), key=False), "label": "Tell the caterer"}
    guests = {"id": "each", "kind": "for_each", "items": ["Ada", "Ben", "Clara", "Dev"]}
    choice = {
        "id": "if",
        "kind": "choose",
        "branches": [
            {
                "label": "Many",
                "when": {">": [{"var": "wedding.final_count"}, 50]},
                "steps": [{**ASKED, "expires_after_s": 3600, "on_expiry": "stop"}],
            }
        ],
    }
    steps: list[Any] = [
        choice,
        {**WAIT, "at": "09:00", "late": "run"},
        {**guests, "steps": [note("who", guest={"var": "item"})]},
        {"id": "later", "kind": "wait"},
        post,
    ]
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": steps}
    made = site.api("POST", "/workflows", {"name": "Final count", "definition": definition})
    return f"/workflows/{made['id']}/edit"


def test_a_draft_is_pretended_and_one_step_really_happens(
    site: LiveSite, imogen: Page, sink: Sink
) -> None:
    path = draft_on(site, sink)
    page = imogen
    page.goto(f"{path}?sample=example")
    page.get_by_role("button", name="Try all, pretend").click()
    expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
    expect(page.get_by_text("Takes “Many”")).to_be_visible()
    expect(page.get_by_text("Would go through 4 items")).to_be_visible()
    expect(page.get_by_text("Cannot be tried before it is filled in")).to_be_visible()
    look_at(page, "a-try-pretended")
    assert sink.paths() == {}
    page.get_by_role("link", name="Back to the workflow").click()
    page.goto(f"{path}?step=post&sample=example")
    expect(page.get_by_role("button", name="Really do it")).to_be_visible()
    look_at(page, "builder-with-tries", briefly=True)
    page.get_by_role("button", name="Really do it").click()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    look_at(page, "a-try-really", briefly=True)
    assert sum(sink.paths().values()) == 1

"""The pages of a workflow's draft and its versions, looked at in both widths and both themes."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import Trouble, look_at
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

LETTER = "Dear couple, your final count is due in two weeks. Please tell us who comes."
CLEARER = "Dear couple, your final count is due in ten days. Please tell us by then who comes."


def letter(words: str) -> dict[str, Any]:
    given = {"event_type": "letter.written", "data": {"words": words}}
    return {
        "id": "write",
        "kind": "action",
        "label": "Write to the couple",
        "use": "webhook.send",
        "input": given,
    }


def choice(*labels: str) -> dict[str, Any]:
    branches = [
        {
            "label": label,
            "when": {"==": [{"var": "trigger.data.answer"}, label.lower()]},
            "steps": [],
        }
        for label in labels
    ]
    return {
        "id": "coming",
        "kind": "choose",
        "label": "Is everybody coming?",
        "branches": branches,
        "otherwise": [],
    }


def definition(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"format": 1, "trigger": {"kind": "manual"}, "steps": list(steps)}


@pytest.fixture
def path(site: LiveSite) -> str:
    """A workflow with two versions and a draft that differs in several ways."""
    body = {"name": "Final count to the caterer", "definition": definition(letter(LETTER))}
    made = site.api("POST", "/workflows", body)
    path = f"/workflows/{made['id']}"
    site.api("POST", f"{path}/publish", {"note": "As we always did it"})
    replace(site, path, letter(LETTER), choice("Yes", "No"))
    site.api("POST", f"{path}/publish", {})
    replace(site, path, choice("Yes", "No", "Maybe"), letter(CLEARER))
    return path


def replace(site: LiveSite, path: str, *steps: dict[str, Any]) -> None:
    site.api("PUT", f"{path}/draft", {"definition": definition(*steps)}, If_Match="*")


def test_the_pages_of_a_draft_and_of_versions(imogen: Page, path: str, trouble: Trouble) -> None:
    trouble.expected = "status of 422"
    imogen.goto(path)
    look_at(imogen, "workflow-with-a-draft")
    imogen.get_by_role("link", name="What changed").click()
    expect(imogen.get_by_role("main")).to_contain_text("the branch “Maybe” was added")
    look_at(imogen, "draft-changes")
    imogen.goto(f"{path}/history")
    look_at(imogen, "draft-history")
    imogen.goto(f"{path}/settings")
    look_at(imogen, "workflow-limits")
    imogen.goto("/workflows/import")
    imogen.get_by_role("button", name="Make the workflow").click()
    expect(imogen.get_by_role("main")).to_contain_text("Choose a file first.")
    look_at(imogen, "workflow-from-a-file")
    imogen.goto(f"{path}/versions")
    look_at(imogen, "versions")
    imogen.get_by_role("link", name="Version 1", exact=True).click()
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Version 1")
    look_at(imogen, "version")
    imogen.get_by_role("link", name="Go back to it").click()
    look_at(imogen, "version-restore")


def test_undo_publish_and_going_back_need_no_script(plain: Page, path: str) -> None:
    plain.goto(path)
    plain.get_by_role("button", name="Undo").first.click()
    expect(plain.get_by_text("Undone.")).to_be_visible()
    plain.get_by_role("button", name="Redo").first.click()
    plain.get_by_role("link", name="Publish").click()
    plain.get_by_label("What is new").fill("Also who may come")
    plain.get_by_role("button", name="Publish").click()
    expect(plain.get_by_role("main")).to_contain_text("version 3 is live")
    plain.goto(f"{path}/versions/1/restore")
    plain.get_by_role("button", name="Go back to version 1").click()
    expect(plain.get_by_role("main")).to_contain_text("version 4 is live")

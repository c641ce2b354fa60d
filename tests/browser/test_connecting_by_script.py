"""A script begins to connect, and a person goes on with it in the browser."""

import json
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import look_at
from tests.far_ends.practice_partner import PracticePartner
from tests.live_site import LiveSite
from wedsync.api import BASE_PATH


def begun(site: LiveSite) -> Any:
    """What the API answers to a script that wants the practice partner connected."""
    request = urllib.request.Request(
        f"{site.settings.public_url}{BASE_PATH}/connections",
        json.dumps({"connector": "sandbox"}).encode(),
        {"Authorization": f"Bearer {site.key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=15) as answer:
        assert answer.status == 202
        return json.loads(answer.read())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_person_goes_on_with_what_a_script_began(
    site: LiveSite, imogen: Page, practice: PracticePartner
) -> None:
    made = begun(site)
    imogen.goto(made["authorize_url"])
    expect(imogen.get_by_text("Only a person can agree to it")).to_be_visible()
    look_at(imogen, "connection-authorize")
    imogen.get_by_role("button", name="Go to Petal Practice").click()
    imogen.get_by_role("button", name="Allow").click()
    expect(imogen).to_have_url(f"{site.settings.public_url}/connections/{made['id']}")
    expect(imogen.get_by_text("is connected").first).to_be_visible()

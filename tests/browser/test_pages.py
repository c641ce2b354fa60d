"""Every page of the product, looked at in both themes and at both widths."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import look_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PAGES = {
    "today": "/",
    "weddings": "/weddings",
    "workflows": "/workflows",
    "runs": "/runs",
    "webhooks": "/webhooks",
    "new-hook": "/webhooks/hooks/new",
    "new-endpoint": "/webhooks/endpoints/new",
    "health": "/books",
    "settings": "/settings",
    "security": "/settings/security",
    "api-keys": "/settings/api-keys",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_vendor_s_page(imogen: Page, name: str) -> None:
    imogen.goto(PAGES[name])
    expect(imogen.get_by_role("heading", level=1)).to_be_visible()
    look_at(imogen, name)

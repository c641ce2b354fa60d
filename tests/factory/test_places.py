"""Where the frame leads: a vendor, a partner and an admin each find their own places."""

import re

import pytest
from apiflask import APIFlask

from tests.listings.ways import a_draft, sent
from tests.personas import Persona

VENDOR = [
    "Today",
    "Weddings",
    "Workflows",
    "What happened",
    "Connections",
    "Webhooks",
    "Marketplace",
    "Health",
    "Settings",
]
PARTNER = ["Today", "Your listings", "Webhooks", "Marketplace", "Settings"]


def places(persona: Persona, path: str = "/marketplace") -> tuple[list[str], list[str]]:
    """The labels of the frame, and of a phone's bar."""
    html = persona.browser.get(path).get_data(as_text=True)
    frame = re.search(r'<nav class="ws-nav".*?</nav>', html, re.S)
    bar = re.search(r'<nav class="ws-tabbar".*?</nav>', html, re.S)
    assert frame
    assert bar
    labels = re.findall(r'<span class="ws-label">(.*?)</span>', frame[0])
    shorts = re.findall(r"</svg>\s*([A-Z][a-z]+)", bar[0])
    return labels, shorts


def test_a_vendor_s_places(owner: Persona) -> None:
    frame, bar = places(owner)
    assert frame == VENDOR
    assert bar == ["Today", "Weddings", "Workflows", "Market", "More"]


def test_a_partner_s_places_fit_on_a_phone(partner: Persona) -> None:
    frame, bar = places(partner)
    assert frame == PARTNER
    assert bar == ["Today", "Listings", "Webhooks", "Market", "Settings"]


def test_an_admin_has_the_queue_beside_the_places_of_their_organization(admin: Persona) -> None:
    frame, bar = places(admin)
    assert frame == ["Today", "Review queue", *VENDOR[1:]]
    assert bar == ["Today", "Review", "Weddings", "Workflows", "More"]


@pytest.mark.parametrize(
    ("path", "label"),
    [("/marketplace", "Marketplace"), ("/listings", "Your listings"), ("/webhooks", "Webhooks")],
)
def test_the_place_one_is_at_is_marked(partner: Persona, path: str, label: str) -> None:
    html = partner.browser.get(path).get_data(as_text=True)
    marked = re.findall(r'aria-current="page">.*?<span class="ws-label">(.*?)</span>', html, re.S)
    assert label in marked


def test_an_admin_sees_how_many_wait(app: APIFlask, partner: Persona, admin: Persona) -> None:
    sent(app, partner, a_draft(app, partner))
    html = admin.browser.get("/marketplace").get_data(as_text=True)
    assert re.search(r"Review queue</span>\s*<span class=\"ws-count\">\d+", html)

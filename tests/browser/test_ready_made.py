"""A ready-made workflow is told as somebody types, and without script when they ask."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FAVOURITES = "/workflows/gallery/favourites"


def test_the_sentence_follows_what_is_typed(imogen: Page) -> None:
    imogen.goto(FAVOURITES)
    told = imogen.get_by_label("The workflow in words")
    expect(told).to_contain_text("if chosen is at least 60")
    field = imogen.get_by_label("How many pictures does an album need?")
    field.fill("42")
    expect(told).to_contain_text("if chosen is at least 42")
    expect(field).to_be_focused()
    field.fill("many")
    missing = imogen.get_by_role("status").filter(has_text="missing")
    expect(missing).to_contain_text("How many pictures does an album need")


def test_a_letter_that_is_open_stays_open_while_somebody_types(imogen: Page) -> None:
    imogen.goto(FAVOURITES)
    imogen.get_by_text("A few more favourites, and we begin your album", exact=True).last.click()
    letter = imogen.get_by_text("There is no hurry.")
    expect(letter).to_be_visible()
    imogen.get_by_label("How many pictures does an album need?").fill("42")
    expect(imogen.get_by_text("Your album has room for 42")).to_be_visible()

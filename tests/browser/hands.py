"""How somebody works a page: with a mouse, by keyboard alone, or by finger.

A gesture of `building` says what is done, a hand how. None of them reaches what another could not:
each waits for what it wants, and the keyboard comes there by Tab, the finger by a tap.
"""

from typing import Protocol

from playwright.sync_api import Locator, expect

from tests.browser.gestures import press, tab_to


class Hand(Protocol):
    """What can be done on a page, however it is done."""

    is_on_a_phone: bool
    """The panel covers the workflow: it is opened by its step, and closed to go on."""

    def press(self, wanted: Locator) -> None:
        """A link or a button."""

    def tick(self, box: Locator) -> None:
        """A box or one of several, until it is chosen."""

    def write(self, field: Locator, words: str) -> None:
        """Put words in the place of what stands in a field, and leave it."""

    def choose(self, field: Locator, words: str) -> None:
        """One of the entries of a list that unfolds."""

    def search(self, box: Locator, words: str) -> None:
        """Type into a picker's search."""

    def take(self, option: Locator) -> None:
        """One of what a picker offers, from its search on."""


class Mouse:
    is_on_a_phone = False

    def press(self, wanted: Locator) -> None:
        wanted.click()

    def tick(self, box: Locator) -> None:
        box.check()

    def write(self, field: Locator, words: str) -> None:
        field.fill(words)
        field.blur()

    def choose(self, field: Locator, words: str) -> None:
        field.select_option(label=words)

    def search(self, box: Locator, words: str) -> None:
        box.fill(words)

    def take(self, option: Locator) -> None:
        option.click()


class Finger(Mouse):
    """The keys and lists that a phone shows by itself are as good as any."""

    is_on_a_phone = True

    def press(self, wanted: Locator) -> None:
        wanted.tap()

    def tick(self, box: Locator) -> None:
        box.tap()
        expect(box).to_be_checked()

    def write(self, field: Locator, words: str) -> None:
        field.tap()
        super().write(field, words)

    def take(self, option: Locator) -> None:
        option.tap()


class Keys:
    is_on_a_phone = False

    def press(self, wanted: Locator) -> None:
        press(wanted.page, wanted)

    def tick(self, box: Locator) -> None:
        tab_to(box.page, box)
        box.page.keyboard.press("Space")
        expect(box).to_be_checked()

    def write(self, field: Locator, words: str) -> None:
        tab_to(field.page, field)
        field.page.keyboard.press("Control+a")
        field.page.keyboard.type(words)
        field.page.keyboard.press("Tab")

    def choose(self, field: Locator, words: str) -> None:
        tab_to(field.page, field)
        field.page.keyboard.type(words)

    def search(self, box: Locator, words: str) -> None:
        expect(box).to_be_focused()
        box.page.keyboard.type(words)

    def take(self, option: Locator) -> None:
        """↓ as often as it takes: it is there already, because its search was waited for."""
        keyboard = option.page.keyboard
        place = option.evaluate(
            "option => [...document.querySelectorAll('.ws-option')].indexOf(option)"
        )
        for _ in range(place + 1):
            keyboard.press("ArrowDown")
        expect(option).to_be_focused()
        keyboard.press("Enter")


MOUSE, KEYS, FINGER = Mouse(), Keys(), Finger()

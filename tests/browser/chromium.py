"""The machine's own Chromium, else the one `make browser` fetched."""

import shutil
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# The graphics process is one more that a full machine may starve, and nothing here needs it.
_FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]


def launched(playwright: Playwright) -> Browser:
    """Without a browser on the machine this fails."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    return playwright.chromium.launch(executable_path=path, args=_FLAGS)


class Chromium:
    """A browser that is launched again when it died, so that its death costs one test at most."""

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._browser = launched(playwright)

    def new_context(self, **options: Any) -> BrowserContext:
        """Somebody's own profile; options as of Playwright's `Browser.new_context`."""
        try:
            return self._browser.new_context(**options)
        except Error:
            self._browser = launched(self._playwright)
            return self._browser.new_context(**options)

    def close(self) -> None:
        self._browser.close()

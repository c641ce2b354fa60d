"""The browser of these tests itself."""

import signal

import psutil

from tests.browser.chromium import Chromium
from tests.processes import told_by_family


def _browser() -> psutil.Process:
    """The browser's own process, of which its other processes are children."""
    for process, told in told_by_family(psutil.Process(), psutil.Process.cmdline):
        if "--headless" in told and not any(each.startswith("--type=") for each in told):
            return process
    raise AssertionError("no browser runs")


def test_a_browser_that_died_is_launched_again(chromium: Chromium) -> None:
    page = chromium.new_context().new_page()
    _browser().send_signal(signal.SIGKILL)
    page.wait_for_event("close")
    after = chromium.new_context()
    after.new_page().goto("data:text/html,<title>Alive</title>")
    assert after.pages[0].title() == "Alive"
    after.close()

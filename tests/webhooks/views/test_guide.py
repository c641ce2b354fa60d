"""The guide for partners: anybody reads it, and its figures are the product's."""

import re

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from wedsync.settings import CHECKOUT
from wedsync.webhooks.delivering import failing, schedule
from wedsync.webhooks.delivering.sending import TIMEOUT_S
from wedsync.webhooks.schemes.signatures import REPLAY_WINDOW_S
from wedsync.webhooks.views.endpoint_forms import OVERLAPS

GUIDE = " ".join((CHECKOUT / "docs" / "webhooks.md").read_text().split())


def test_whoever_has_no_account_reads_it(app: APIFlask) -> None:
    answer = app.test_client().get("/guides/webhooks")
    assert answer.status_code == 200
    said = words_of(answer)
    for heading in re.findall(r"^## (.+)$", (CHECKOUT / "docs" / "webhooks.md").read_text(), re.M):
        assert heading in said
    assert "Standard Webhooks" in said


def test_a_viewer_reads_it_from_the_page_of_the_secrets(viewer: Persona) -> None:
    assert "Receiving our webhooks" in words_of(viewer.browser.get("/guides/webhooks"))


def test_the_tries_are_those_it_tells_of() -> None:
    told = re.search(r"At once, then after (.+?), each that long", GUIDE)
    assert told is not None
    said = told[1].replace(" and ", ", ").split(", ")
    assert [_seconds(each) for each in said] == list(schedule.DELAYS_S)
    assert schedule.MAX_ATTEMPTS == 10
    assert "ten tries" in GUIDE


def _seconds(said: str) -> float:
    number, unit = said.split(" ")
    return float(number) * {"seconds": 1, "minutes": 60, "hours": 3_600}[unit]


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (TIMEOUT_S == 15, "within 15 seconds"),
        (REPLAY_WINDOW_S == 300, "within five minutes of yours"),
        (failing.DISABLED_AFTER == "5 days", "After five days of nothing but failures"),
        (failing.WARNED_AFTER == "4 days", "a warning a day before"),
        (list(OVERLAPS) == ["0", "1", "24", "168"], "not at all, an hour, a day or a week"),
    ],
)
def test_its_figures_are_the_products(figure: bool, words: str) -> None:
    assert figure
    assert words in GUIDE

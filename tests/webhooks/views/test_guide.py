"""The guide for partners: anybody reads it, and its figures are the product's."""

import json
import re
from datetime import UTC, datetime

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from wedsync.settings import CHECKOUT
from wedsync.webhooks import signing
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


def test_its_example_verifies_with_the_secret_beside_it() -> None:
    text = (CHECKOUT / "docs" / "webhooks.md").read_text()
    head, _, body = text.partition("```http\n")[2].partition("\n```")[0].partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    (secret,) = re.findall(r"`(whsec_[^`]+)`", text)
    said = json.loads(body)
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert (said["id"], datetime.fromisoformat(said["timestamp"])) == (headers["webhook-id"], at)
    signed = signing.sign(said["id"], int(at.timestamp()), body.encode(), [secret])
    assert signed["webhook-signature"] == headers["webhook-signature"]


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

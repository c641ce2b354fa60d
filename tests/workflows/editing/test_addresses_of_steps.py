"""An address that is never called is told while a step is written, not when it happens."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.workers.scene import call
from wedsync.workflows.editing.checking import problems_of


def found(app: APIFlask, organization: UUID, url: Any) -> list[tuple[str | None, str, str]]:
    step = call("ask", url, method="GET", key=False)
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [step]}
    with app.app_context():
        problems = problems_of(organization, definition)
    return [(p.step, p.severity, p.message) for p in problems if p.field == "input.url"]


@pytest.mark.parametrize("url", ["https://partner.example/guests", {"var": "trigger.input.url"}])
def test_an_address_outside_is_nothing_to_mend(app: APIFlask, organization: UUID, url: Any) -> None:
    assert found(app, organization, url) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://partner.example/", "starts with https://"),
        ("https://me:secret@partner.example/", "user name or password"),
        ("http://10.0.0.7/guests", "a private network"),
        ("http://169.254.169.254/latest", "where clouds keep their metadata"),
    ],
)
def test_one_that_is_never_called_blocks_publishing(
    app: APIFlask, organization: UUID, url: str, words: str
) -> None:
    ((step, severity, message),) = found(app, organization, url)
    assert (step, severity) == ("ask", "error")
    assert words in message

"""Every page below a workflow leads back to it, and the frame says where one is."""

import re
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.workflows.waiting import publish_workflow, question


@pytest.fixture
def workflow(app: APIFlask, organization: UUID) -> UUID:
    return publish_workflow(app, organization, question())


@pytest.mark.parametrize(
    "page", ["changes", "history", "versions", "settings", "why-not", "performance", "versions/1"]
)
def test_a_page_of_a_workflow_leads_back_to_it(owner: Persona, workflow: UUID, page: str) -> None:
    shown = owner.browser.get(f"/workflows/{workflow}/{page}").text
    eyebrow = re.search(r'<p class="ws-eyebrow">(.*?)</p>', shown, re.DOTALL)
    assert eyebrow
    assert f'href="/workflows/{workflow}"' in eyebrow[1]
    assert current(shown) == "Workflows"


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("/workflows/import", "Workflows"),
        ("/run-batches", "What happened"),
        ("/run-batches/new?state=failed", "What happened"),
    ],
)
def test_the_frame_says_where_one_is(owner: Persona, page: str, place: str) -> None:
    assert current(owner.browser.get(page).text) == place


def current(page: str) -> str:
    """The place that the frame marks as the current one."""
    marked = re.search(
        r'<a href="[^"]*"\s+aria-current="(?:page|true)"[^>]*>(.*?)</a>', page, re.DOTALL
    )
    return re.sub(r"<[^>]*>", "", marked[1]).strip() if marked else ""

"""The buttons that try a draft, and the page that tells what came of it."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import Sink, Worker, call, note, rows
from wedsync.platform.db import db
from wedsync.workflows.editing import service as workflows

pytestmark = pytest.mark.usefixtures("empty_database", "built_in_listings")


@pytest.fixture
def draft(app: APIFlask, owner: Persona, sink: Sink) -> UUID:
    steps = [note("guest", name="Ada"), call("post", sink.url("/ok?page"))]
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": steps}
    with app.app_context():
        made = workflows.create(owner.organization_id, "Tell the caterer", definition)
        db.session.commit()
        return made.workflow.id


def test_a_pretended_try_is_told_on_a_page_that_leads_back(owner: Persona, draft: UUID) -> None:
    answer = owner.browser.post(f"/workflows/{draft}/tries?step=guest&sample=example")
    assert answer.status_code == 303
    page = owner.browser.get(answer.location)
    said = words_of(page)
    assert "What would happen" in said
    assert "tried for Example couple: Ada & Ben" in said
    assert f'href="/workflows/{draft}/edit?step=guest&amp;sample=example"' in page.text
    assert "hx-trigger" not in page.text.partition('id="try"')[2].partition(">")[0]


def test_a_step_that_really_happens_is_looked_at_until_it_is_over(
    owner: Persona, draft: UUID, worker: Worker
) -> None:
    asked = {"how": "really", "step": "post", "once": "pressed"}
    answer = owner.browser.post(f"/workflows/{draft}/tries", data=asked)
    page = owner.browser.get(answer.location)
    assert "About to happen" in page.text
    assert 'hx-trigger="every 1s"' in page.text
    worker.try_steps()
    over = owner.browser.get(answer.location)
    assert "every 1s" not in over.text
    assert "Done" in words_of(over)
    again = owner.browser.post(f"/workflows/{draft}/tries", data=asked)
    assert again.location == answer.location


def test_sent_to_oneself_and_really_are_two_though_they_stand_in_one_form(
    owner: Persona, draft: UUID, worker: Worker
) -> None:
    asked = {"step": "post", "once": "pressed"}
    really = owner.browser.post(f"/workflows/{draft}/tries", data={**asked, "how": "really"})
    worker.try_steps()
    to_me = owner.browser.post(f"/workflows/{draft}/tries", data={**asked, "to_me": "yes"})
    assert to_me.location != really.location


def test_the_builder_has_the_buttons_and_says_what_was_tried(owner: Persona, draft: UUID) -> None:
    page = owner.browser.get(f"/workflows/{draft}/edit?step=post").text
    for words in ("Try all, pretend", "Try this step, pretend", "Try from here, pretend"):
        assert words in page
    assert "Really do it" in page
    assert "to me" not in page.partition('id="panel-foot"')[2]
    noted = owner.browser.get(f"/workflows/{draft}/edit?step=guest").text
    assert "Really" not in noted
    owner.browser.post(f"/workflows/{draft}/tries", data={"step": "guest"})
    assert "Tried" in words_of(owner.browser.get(f"/workflows/{draft}/edit"))


def test_what_cannot_be_tried_is_said_on_the_way_back(owner: Persona, draft: UUID) -> None:
    asked = {"how": "really", "step": "guest"}
    answer = owner.browser.post(f"/workflows/{draft}/tries", data=asked, follow_redirects=True)
    assert "This step does nothing outside" in words_of(answer)


def test_who_may_only_look_has_no_buttons_and_tries_nothing(
    app: APIFlask, viewer: Persona, draft: UUID
) -> None:
    page = viewer.browser.get(f"/workflows/{draft}/edit?step=post").text
    assert 'id="panel-foot"' not in page
    assert viewer.browser.post(f"/workflows/{draft}/tries").status_code == 403
    assert rows(app, "SELECT 1 FROM tries") == []

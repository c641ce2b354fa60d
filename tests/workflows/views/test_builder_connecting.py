"""Connecting an account from a step, and coming back to it with the account filled in."""

import html
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from apiflask import APIFlask

from tests.connections.ways import begin, come_back, only
from tests.engine.building import workflow
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.definitions import make_workflow
from tests.workflows.views.building import Builder

FREE = {"id": "free", "kind": "action", "use": "sandbox.record_answer", "input": {}}
POLL = {"kind": "poll", "connection": None, "stream": "answers", "every_s": 300}


@pytest.fixture
def partner(built_in_listings: None, practice_partner: PracticePartner) -> PracticePartner:
    return practice_partner


@pytest.fixture
def builder(app: APIFlask, owner: Persona) -> Builder:
    return builder_of(app, owner, workflow(FREE))


def builder_of(app: APIFlask, persona: Persona, definition: Any) -> Builder:
    made = make_workflow(app, persona.organization_id, definition, publish=False)
    return Builder(app, persona, made)


def leave(builder: Builder, step: str = "free", **fields: str) -> str:
    """Press “Connect” in the panel of a step; where that leads."""
    seen = {"seen": builder.seen(step or None)}
    gone = builder.press("connect", {"step": step}, step=step, slug="sandbox", **seen, **fields)
    assert gone.status_code == 303, words_of(gone)
    return gone.headers["Location"]


def connect(builder: Builder, partner: PracticePartner, page: str) -> str:
    """Connect at the practice partner; where one comes back to in the end."""
    answer = come_back(builder.persona, partner.allow(begin(builder.persona, page)))
    assert answer.status_code == 303, words_of(answer)
    return answer.headers["Location"]


def first(builder: Builder) -> Any:
    return builder.draft["steps"][0]


# --- works


def test_a_step_gets_the_account_that_was_connected_for_it(
    app: APIFlask, builder: Builder, partner: PracticePartner
) -> None:
    page = leave(builder)
    assert page.startswith("/connect/sandbox?")
    landing = connect(builder, partner, page)
    back = builder.persona.browser.get(landing)
    assert back.headers["Location"] == f"{builder.address}?step=free"
    assert first(builder)["connection"] == str(only(app, builder.persona).id)
    words = words_of(builder.persona.browser.get(back.headers["Location"]))
    assert "This step uses Petal Practice (Meadow Weddings) from now on." in words


def test_what_starts_it_may_wait_for_an_account_and_gets_the_one_that_is_connected(
    app: APIFlask, owner: Persona, partner: PracticePartner
) -> None:
    builder = builder_of(app, owner, workflow({"id": "end", "kind": "stop", "outcome": "done"}))
    builder.press("set-trigger", key="on:sandbox.rsvp_changed")
    words = words_of(builder.look(step="-start"))
    assert "It is not said which account tells of this. Choose one, or connect it." in words
    assert "Connect Petal Practice" in words
    assert "A guest changes their answer (Petal Practice)" in words
    assert "gone" not in words
    landing = connect(builder, partner, leave(builder, step=""))
    owner.browser.get(landing)
    assert builder.draft["trigger"]["source"] == f"connection:{only(app, owner).id}"
    assert "Connect Petal Practice" not in words_of(builder.look(step="-start"))


def test_what_was_typed_before_going_is_there_when_one_comes_back(
    builder: Builder, partner: PracticePartner
) -> None:
    typed = {"input.guest_id": "g_ben", "input.status": "accepted", "input.party_size": "2"}
    page = leave(builder, **typed)
    builder.persona.browser.get(connect(builder, partner, page))
    assert first(builder)["input"] == {"guest_id": "g_ben", "status": "accepted", "party_size": 2}
    assert first(builder)["connection"]


def test_a_problem_on_the_board_leads_there_and_one_in_the_panel_takes_its_fields_along(
    builder: Builder, partner: PracticePartner
) -> None:
    landing = f"{builder.address}/connected?step=free"
    board = builder.look().get_data(as_text=True)
    pages = [each.partition('"')[0] for each in board.split('href="')[1:]]
    leading = [html.unescape(each) for each in pages if each.startswith("/connect/sandbox")]
    assert [parse_qs(urlsplit(each).query)["next"] for each in leading] == [[landing]]
    panel = builder.look(step="free").get_data(as_text=True)
    button = panel.partition(f'formaction="{builder.address}/connect"')[2].partition(">")[0]
    assert 'name="slug" value="sandbox"' in button


def test_a_part_of_a_page_that_asks_is_led_away_as_a_whole(
    builder: Builder, partner: PracticePartner
) -> None:
    form = {"step": "free", "slug": "sandbox", "seen": builder.seen("free")}
    answer = builder.press("connect", fragment=True, **form, **{"input.guest_id": "g_ben"})
    assert answer.headers["HX-Redirect"].startswith("/connect/sandbox?next=")
    assert first(builder)["input"] == {"guest_id": "g_ben"}


def test_what_starts_it_gets_the_account_it_looks_at(
    app: APIFlask, owner: Persona, partner: PracticePartner
) -> None:
    builder = builder_of(app, owner, {"format": 1, "trigger": POLL, "steps": []})
    landing = connect(builder, partner, leave(builder, step=""))
    back = owner.browser.get(landing)
    assert back.headers["Location"] == f"{builder.address}?step=-start"
    assert builder.draft["trigger"] == {**POLL, "connection": str(only(app, owner).id)}


def test_what_starts_it_gets_the_account_that_tells_of_it(
    app: APIFlask, owner: Persona, partner: PracticePartner
) -> None:
    trigger = {"kind": "event", "event_type": "external.rsvp.received", "source": "connection:"}
    builder = builder_of(app, owner, {"format": 1, "trigger": trigger, "steps": []})
    owner.browser.get(connect(builder, partner, leave(builder, step="")))
    source = f"connection:{only(app, owner).id}"
    assert builder.draft["trigger"] == {**trigger, "source": source}


# --- what cannot be kept, and who comes by another way


def test_what_cannot_be_read_stays_in_its_field_and_nobody_leaves(builder: Builder) -> None:
    form = {"step": "free", "slug": "sandbox", "seen": builder.seen("free")}
    answer = builder.press("connect", {"step": "free"}, **form, **{"input.party_size": "many"})
    assert answer.status_code == 422
    assert "Write a number." in words_of(answer)
    assert 'value="many"' in answer.get_data(as_text=True)


def test_coming_without_having_connected_changes_nothing(builder: Builder) -> None:
    landing = f"{builder.address}/connected?step=free"
    back = builder.persona.browser.get(landing)
    assert back.headers["Location"] == f"{builder.address}?step=free"
    assert "connection" not in first(builder)


def test_coming_again_does_not_undo_what_was_decided_since(
    builder: Builder, partner: PracticePartner
) -> None:
    landing = connect(builder, partner, leave(builder))
    builder.persona.browser.get(landing)
    builder.press("undo", operation=str(builder.operation))
    assert not first(builder).get("connection")
    builder.persona.browser.get(landing)
    assert not first(builder).get("connection")


def test_a_teammate_who_follows_the_same_address_changes_nothing(
    app: APIFlask, builder: Builder, editor: Persona, partner: PracticePartner
) -> None:
    landing = connect(builder, partner, leave(builder))
    assert editor.browser.get(landing).status_code == 303
    assert not first(builder).get("connection")


def test_an_account_of_another_connector_is_not_filled_in(
    app: APIFlask, owner: Persona, partner: PracticePartner
) -> None:
    builder = builder_of(app, owner, workflow({**FREE, "use": "smtp.send"}))
    owner.browser.get(connect(builder, partner, leave(builder)))
    assert not first(builder).get("connection")


def test_a_step_that_is_gone_meanwhile_is_said(builder: Builder, partner: PracticePartner) -> None:
    landing = connect(builder, partner, leave(builder))
    builder.press("remove", step="free", seen=builder.seen("free"))
    back = builder.persona.browser.get(landing)
    words = words_of(builder.persona.browser.get(back.headers["Location"]))
    assert "No step uses it yet." in words


def test_a_consent_that_was_denied_leads_back_without_an_account(
    builder: Builder, partner: PracticePartner
) -> None:
    page = begin(builder.persona, leave(builder))
    denied = come_back(builder.persona, partner.deny(page))
    words = words_of(builder.persona.browser.get(denied.headers["Location"]))
    assert "it was not allowed, so nothing was connected" in words
    assert not first(builder).get("connection")


def test_only_who_may_change_it_gets_there(
    app: APIFlask, builder: Builder, viewer: Persona, stranger: Persona
) -> None:
    landing = f"{builder.address}/connected?step=free"
    assert viewer.browser.get(landing).status_code == 403
    assert stranger.browser.get(landing).status_code == 404
    for persona, status in ((viewer, 403), (stranger, 404)):
        theirs = Builder(app, persona, builder.workflow_id)
        assert theirs.press("connect", step="free", slug="sandbox").status_code == status

"""Choosing in the panel from what the connected account has: its guests, by name."""

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import connected, engine_of, keeper_of
from tests.engine.building import workflow
from tests.far_ends.practice_partner import PracticePartner
from tests.far_ends.rest_service import Asked, Prepared, RestService, started_rest_service
from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.connected import connect, seating
from tests.workflows.definitions import make_workflow
from tests.workflows.views.building import Builder
from wedsync.platform import ids

OPEN = {"step": "free", "field": "input.guest_id", "pick": "choices"}


class Slow(RestService):
    """Answers when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()
        self.answers("GET", "/guests", [{"id": 7, "name": "Ben [the loud] Carter"}])

    def answer_to(self, asked: Asked) -> Prepared:
        self.may_answer.wait(20)
        return super().answer_to(asked)


@pytest.fixture
def slow() -> Iterator[Slow]:
    with started_rest_service(Slow) as started:
        yield started
        started.may_answer.set()


@pytest.fixture
def account(
    app: APIFlask, owner: Persona, built_in_listings: None, practice_partner: PracticePartner
) -> UUID:
    return connected(app, owner, practice_partner)


@pytest.fixture
def builder(app: APIFlask, owner: Persona, account: UUID) -> Builder:
    return builder_of(app, owner, freeing(account))


def freeing(account: UUID | None, use: str = "sandbox.release_seat", **given: Any) -> Any:
    connection = str(account) if account else None
    return {"id": "free", "kind": "action", "use": use, "connection": connection, "input": given}


def builder_of(app: APIFlask, persona: Persona, *steps: Any) -> Builder:
    definition = workflow(*steps)
    made = make_workflow(app, persona.organization_id, definition, publish=False)
    return Builder(app, persona, made)


def seats_of(service: RestService) -> Any:
    """A partner's connector whose guests can be chosen by number."""
    slug = f"seats-{ids.new_id().hex[-8:]}"
    listed = {
        "key": "guests",
        "label": "Guests",
        "request": {"method": "GET", "path": "/guests"},
    }
    release = seating(service, slug).actions[0].model_dump(by_alias=True, exclude_defaults=True)
    release["choose_from"] = {"guest": "guests"}
    return seating(service, slug, actions=[release], choices=[listed])


# --- works


def test_the_guests_of_the_account_are_offered_by_name(builder: Builder) -> None:
    closed = words_of(builder.look(step="free"))
    assert "Choose" in closed
    assert "Ben Carter" not in closed
    words = words_of(builder.look(**OPEN))
    assert "Ben CarterThe Carters" in words
    assert "16 to choose from, read just now." in words


@pytest.mark.parametrize("query", ["ben cartre", "carter ben", "g_ben", "Bén"])
def test_they_are_found_also_half_typed_or_mistyped(builder: Builder, query: str) -> None:
    words = words_of(builder.look(**OPEN, q=query))
    assert "Ben Carter" in words
    assert "Samuel Reyes" not in words


def test_the_first_letter_finds_whose_names_begin_so(builder: Builder) -> None:
    words = words_of(builder.look(**OPEN, q="B"))
    assert "Ben Carter" in words
    assert "Theo Brandt" in words
    assert "Samuel Reyes" not in words


def test_what_nobody_is_called_is_said(builder: Builder) -> None:
    assert "Nothing here is called “Zebedee”." in words_of(builder.look(**OPEN, q="Zebedee"))


def test_one_that_is_chosen_stands_in_the_field_under_its_name(builder: Builder) -> None:
    builder.look(**OPEN)
    answer = builder.press(
        "choose",
        OPEN,
        step="free",
        seen=builder.seen("free"),
        field="input.guest_id",
        pick="choices",
        chosen="g_ben",
        **{"input.guest_id": ""},
    )
    assert answer.status_code == 303
    assert "pick" not in answer.headers["Location"]
    assert builder.draft["steps"][0]["input"] == {"guest_id": "g_ben"}
    assert "Ben Carter" in words_of(builder.look(step="free"))
    again = builder.look(**OPEN).get_data(as_text=True)
    option = again.partition('name="chosen"')[2].partition("</button>")[0]
    assert 'value="g_ben"' in option
    assert 'aria-current="true"' in option


def test_what_else_was_typed_in_the_panel_is_kept_with_it(
    app: APIFlask, owner: Persona, account: UUID
) -> None:
    builder = builder_of(app, owner, freeing(account, "sandbox.record_answer"))
    builder.press(
        "choose",
        OPEN,
        step="free",
        seen=builder.seen("free"),
        field="input.guest_id",
        chosen="g_ben",
        **{"input.guest_id": "g_ada", "input.party_size": "2", "input.status": "accepted"},
    )
    given = builder.draft["steps"][0]["input"]
    assert given == {"guest_id": "g_ben", "party_size": 2, "status": "accepted"}


def test_a_value_can_always_be_typed_by_hand(builder: Builder) -> None:
    form = {"input.guest_id": "somebody else"}
    builder.press("fields", {"step": "free"}, step="free", seen=builder.seen("free"), **form)
    assert builder.draft["steps"][0]["input"] == {"guest_id": "somebody else"}


def test_a_refresh_reads_the_list_anew(app: APIFlask, builder: Builder, account: UUID) -> None:
    builder.look(**OPEN)
    before = loaded_at(app, account)
    answer = builder.press("refresh-choices", OPEN)
    assert answer.status_code == 303
    assert "pick=choices" in answer.headers["Location"]
    assert "Asking again …" in words_of(builder.look(**OPEN))
    keeper_of(app).work()
    assert loaded_at(app, account) > before
    assert "Asking again" not in words_of(builder.look(**OPEN))


def test_a_partner_who_takes_long_is_not_waited_for(
    app: APIFlask, owner: Persona, slow: Slow
) -> None:
    manifest = seats_of(slow)
    account = connect(app, owner.organization_id, manifest)
    builder = builder_of(app, owner, freeing(account, f"{manifest.slug}.release"))
    state = {**OPEN, "field": "input.guest"}
    began = time.monotonic()
    page = builder.look(**state)
    assert time.monotonic() - began < 4.0
    assert "Asking Our seating …" in words_of(page)
    assert 'hx-trigger="load delay:1s"' in page.get_data(as_text=True)
    slow.may_answer.set()
    keeper_of(app).work()
    shown = builder.look(**state, fragment=True)
    assert "Ben [the loud] Carter" in words_of(shown)
    assert 'hx-trigger="load delay:1s"' not in shown.get_data(as_text=True)


def test_a_number_and_a_name_with_brackets_are_chosen_as_they_are(
    app: APIFlask, owner: Persona, slow: Slow
) -> None:
    slow.may_answer.set()
    slow.answers("GET", "/guests", [{"id": "a[b]", "name": "Ana"}, {"id": 7, "name": "Bo"}])
    manifest = seats_of(slow)
    account = connect(app, owner.organization_id, manifest)
    builder = builder_of(app, owner, freeing(account, f"{manifest.slug}.release"))
    state = {**OPEN, "field": "input.guest"}
    page = builder.look(**state).get_data(as_text=True)
    for typed, kept in ((r"a\[b]", "a[b]"), ("7", "7")):
        assert f'value="{typed}"' in page
        builder.press(
            "choose", state, step="free", seen=builder.seen("free"), field="input.guest",
            chosen=typed,
        )  # fmt: skip
        assert builder.draft["steps"][0]["input"] == {"guest": kept}


# --- negatives


def test_without_an_account_it_says_to_connect_one(app: APIFlask, owner: Persona) -> None:
    builder = builder_of(app, owner, freeing(None))
    words = words_of(builder.look(**OPEN))
    assert "Connect Petal Practice, or choose which account this step uses." in words


def test_a_partner_who_is_not_there_is_a_sentence_and_the_field_stays(
    app: APIFlask, builder: Builder, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(api_answers="500", api_times=5)
    page = builder.look(**OPEN)
    words = words_of(page)
    assert "Try again in a moment. You can type it yourself meanwhile." in words
    assert "Try again" in words
    assert 'name="input.guest_id"' in page.get_data(as_text=True)


def test_somebody_who_only_looks_on_has_nothing_asked(
    app: APIFlask, viewer: Persona, builder: Builder, account: UUID
) -> None:
    theirs = Builder(app, viewer, builder.workflow_id)
    assert theirs.look(**OPEN).status_code == 200
    assert loaded_at(app, account) is None
    refused = theirs.press("refresh-choices", OPEN)
    assert refused.status_code == 403


def test_a_stranger_reads_no_list_of_ours_by_naming_its_account(
    app: APIFlask, stranger: Persona, account: UUID, builder: Builder
) -> None:
    builder.look(**OPEN)
    theirs = builder_of(app, stranger, freeing(account))
    words = words_of(theirs.look(**OPEN))
    assert "Ben Carter" not in words
    assert "Connect Petal Practice, or choose which account this step uses." in words
    assert Builder(app, stranger, builder.workflow_id).look(**OPEN).status_code == 404


@pytest.mark.parametrize(
    "state",
    [
        {"step": "free", "field": "input.nothing", "pick": "choices"},
        {"step": "gone", "field": "input.guest_id", "pick": "choices"},
        {"step": "-start", "field": "input.guest_id", "pick": "choices"},
        {"step": "free", "field": "", "pick": "choices"},
        {"field": "input.guest_id", "pick": "choices"},
    ],
)
def test_an_address_that_opens_no_list_is_a_page_without_one(
    builder: Builder, state: dict[str, str]
) -> None:
    page = builder.look(**state)
    assert page.status_code == 200
    assert "to choose from" not in words_of(page)


def test_a_list_that_is_not_there_is_not_read(
    app: APIFlask, builder: Builder, account: UUID
) -> None:
    state = {"step": "free", "field": "input.nothing"}
    assert builder.press("refresh-choices", state).status_code == 303
    assert loaded_at(app, account) is None


def loaded_at(app: APIFlask, account: UUID) -> Any:
    with engine_of(app).connect() as database:
        query = text("SELECT loaded_at FROM account_choices WHERE connection_id = :id")
        return database.scalar(query, {"id": account})

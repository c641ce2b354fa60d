"""What is wrong with a draft, and the buttons that mend it."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.engine.building import act, choose, note, var, workflow
from tests.personas import Persona, make_persona
from tests.workflows.building.boards import LETTER, Looking, by_id, looking, repairs, words_of
from tests.workflows.connected import change, mailbox
from tests.workflows.definitions import make_workflow, on_hook
from wedsync.platform.db import db
from wedsync.webhooks.hooks import service as hooks


def called(app: APIFlask, connection_id: UUID, name: str) -> UUID:
    change(app, connection_id, name=name)
    return connection_id


def test_a_step_without_an_account_offers_to_connect_one(app: APIFlask, owner: Persona) -> None:
    definition = workflow({**LETTER, "input": {"to": "a@b.c", "subject": "x", "body": "y"}})
    board = looking(app, owner, definition).board()
    step = by_id(board)["letter"]
    assert step.state.words == "Needs account"
    assert step.needs_account
    assert [(each.words, each.connect) for each in step.repairs] == [
        ("Connect E-mail (SMTP)", "smtp")
    ]
    assert "Connect E-mail (SMTP)" in words_of(repairs(board, "letter"))


@pytest.mark.usefixtures("built_in_listings")
def test_an_account_that_is_there_is_offered(app: APIFlask, owner: Persona) -> None:
    connection = called(app, mailbox(app, owner.organization_id, 25), "Rosewood")
    board = looking(app, owner, workflow(LETTER)).board()
    found = [each for each in repairs(board, "letter") if each.gesture == "use_connection"]
    assert [(each.words, each.values) for each in found] == [
        ("Use “Rosewood”", {"step": "letter", "connection": str(connection)})
    ]


@pytest.mark.usefixtures("built_in_listings")
def test_an_account_that_is_gone_is_said_with_the_others(app: APIFlask, owner: Persona) -> None:
    gone = called(app, mailbox(app, owner.organization_id, 25), "Old")
    other = called(app, mailbox(app, owner.organization_id, 25), "New")
    looked = looking(app, owner, workflow({**LETTER, "connection": str(gone)}))
    change(app, gone, state="deleted")
    found = repairs(looked.board(), "letter")
    uses = [each.values["connection"] for each in found if each.gesture == "use_connection"]
    assert uses == [str(other)]
    assert "Choose another" in words_of(found)


def hook_of(app: APIFlask, organization_id: UUID, account: UUID | None = None) -> UUID:
    with app.app_context():
        hook, _ = hooks.create(organization_id, {"name": "Orders", "scheme": "standard_webhooks"})
        hook.connection_id = account
        db.session.commit()
        return hook.id


@pytest.mark.usefixtures("built_in_listings")
def test_what_strangers_have_is_not_there_nor_is_the_hook_of_an_account(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    def missing(whose: Persona, account: UUID | None = None) -> set[tuple[str | None, str]]:
        hook = hook_of(app, whose.organization_id, account)
        letter = {**LETTER, "connection": str(mailbox(app, whose.organization_id, 25))}
        other = make_workflow(app, whose.organization_id, workflow(act("one")))
        call = {"id": "call", "kind": "call", "workflow": str(other), "input": {}}
        somebody = {"user": str(whose.user_id)}
        ask = {"id": "ask", "kind": "approval", "ask": "Shall we?", "who": somebody}
        board = looking(app, owner, {**on_hook(hook), "steps": [letter, call, ask]}).board()
        named = {
            (None, "hook"),
            ("letter", "connection"),
            ("call", "workflow"),
            ("ask", "who.user"),
        }
        return named & {(each.step, each.field) for each in board.problems}

    assert missing(owner) == set()
    assert len(missing(stranger)) == 4
    account = mailbox(app, owner.organization_id, 25)
    assert missing(owner, account) == {(None, "hook")}


@pytest.mark.parametrize(
    ("step", "field"),
    [
        (note("reads", v=var("steps.gone.x")), "values.v"),
        (act("reads", input={"method": "POST", "url": {"cat": ["a", var("steps.gone.x")]}}),
         "input.url"),
        (choose("reads", ("Yes", {"==": [var("steps.gone.x"), 1]}, [])), "branches.0.when"),
        (choose("reads", ("Yes", {"==": [var("item.x"), 1]}, [])), "branches.0.when"),
    ],
)  # fmt: skip
def test_a_value_that_is_gone_can_be_taken_out(
    app: APIFlask, owner: Persona, step: Any, field: str
) -> None:
    board = looking(app, owner, workflow(step)).board()
    found = [each for each in repairs(board, "reads") if each.gesture == "take_out"]
    assert [each.values for each in found] == [{"step": "reads", "field": field}]
    assert by_id(board)["reads"].state.kind == "needs"


def test_a_value_of_a_later_step_is_not_gone(app: APIFlask, owner: Persona) -> None:
    definition = workflow(note("reads", v=var("steps.later.x")), note("later", x=1))
    found = repairs(looking(app, owner, definition).board(), "reads")
    assert words_of(found) == ["See"]


def test_an_unknown_action_can_be_removed(app: APIFlask, owner: Persona) -> None:
    board = looking(app, owner, workflow({"id": "x", "kind": "action", "use": "xero.post"})).board()
    assert ("remove", {"step": "x"}) in [(r.gesture, r.values) for r in repairs(board, "x")]


def test_steps_without_an_id_of_their_own_are_shown_and_can_be_named(
    app: APIFlask, owner: Persona
) -> None:
    definition = workflow(act("one"), {"kind": "stop", "outcome": "done"}, act("one"))
    board = looking(app, owner, definition).board()
    assert [step.has_id for step in board.steps] == [True, False, False]
    assert len({step.element for step in board.steps}) == 3
    assert not any(step.can_move_up for step in board.steps[1:])
    every = [each.gesture for problem in board.problems for each in problem.repairs]
    assert "name_steps" in every


@pytest.mark.parametrize(
    "step",
    [
        {"use": "http.request", "input": {}},
        {"kind": "wait", "anchor": "wedding.date", "at": "25:00", "late": "run"},
        {"kind": "set", "values": {"x": var("steps.gone.y")}},
    ],
)
def test_what_is_wrong_with_a_step_that_cannot_be_named_can_be_mended_too(
    app: APIFlask, owner: Persona, step: Any
) -> None:
    board = looking(app, owner, workflow(step)).board()
    assert board.problems
    for problem in board.problems:
        assert words_of(list(problem.repairs)) == ["Give every step an id"]


def test_where_all_is_turned_off_the_first_step_can_be_turned_on(
    app: APIFlask, owner: Persona
) -> None:
    board = looking(app, owner, workflow({**note("one", x=1), "off": True})).board()
    assert [(each.gesture, each.values) for each in repairs(board)] == [
        ("turn_on", {"step": "one"})
    ]


def test_too_many_steps_lead_to_the_first_that_is_one_too_many(
    app: APIFlask, owner: Persona
) -> None:
    many = [note(f"s{number}", x=1) for number in range(502)]
    board = looking(app, owner, workflow(*many)).board()
    assert [(each.words, each.step) for each in repairs(board)] == [
        ("See where it is too long", "s500")
    ]


def test_somebody_who_may_only_look_is_offered_nothing(app: APIFlask, owner: Persona) -> None:
    viewer = make_persona(app, owner.organization_id, "viewer", name="Vera")
    flow = looking(app, owner, workflow(LETTER)).flow
    board = Looking(app, viewer, flow).board()
    assert not board.may_edit
    assert not board.bar.publishing.is_possible
    assert all(problem.repairs == () for problem in board.problems)
    assert all(step.repairs == () for step in board.steps)

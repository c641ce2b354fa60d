"""The board of a draft: each step as it stands, what is wrong and what mends it."""

import copy
import re
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.building import act, ask, choose, loop, note, var, workflow
from tests.engine.definitions import definitions
from tests.engine.test_hostile_definitions import HOSTILE, anything
from tests.personas import Persona, make_persona
from tests.statements import statements_asked
from tests.weddings.couples import marry
from tests.workflows.building.boards import (
    LETTER,
    Looking,
    acting,
    by_id,
    every_step,
    looking,
    repairs,
    words_of,
)
from tests.workflows.building.test_samples import came_in
from tests.workflows.connected import mailbox
from tests.workflows.definitions import make_workflow
from wedsync.accounts.models import User
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.workflows.building.board.board import board as board_of
from wedsync.workflows.building.board.panel_parts import Opened
from wedsync.workflows.building.board.setting import setting_of
from wedsync.workflows.building.gestures import clipboard, doing
from wedsync.workflows.building.gestures import of_steps as gestures
from wedsync.workflows.building.gestures.spots import Spot, place_of
from wedsync.workflows.building.sentences.slots import plain_said
from wedsync.workflows.building.tries import keeping
from wedsync.workflows.editing.drafts import look_at
from wedsync.workflows.engine import steps_in_order
from wedsync.workflows.queries import get_workflow

YES = {"==": [var("trigger.data.status"), "accepted"]}
NO = {"==": [var("trigger.data.status"), "declined"]}
THREE_DEEP = choose(
    "one",
    (
        "Coming",
        YES,
        [choose("two", ("Many", YES, [choose("three", ("All", YES, [act("deep")]))]))],
    ),
    ("Not coming", NO, [note("sorry", guest=var("trigger.data.name"))]),
    otherwise=[ask("boss")],
)


def at(*words: str) -> list[str]:
    return list(words)


# --- what it shows


def test_a_step_is_a_sentence_with_its_slots_its_number_and_how_it_stands(
    app: APIFlask, owner: Persona
) -> None:
    board = looking(app, owner, workflow(act("tell"), note("shape", guest=1))).board()
    tell, shape = board.steps
    assert plain_said(tell.said) == "Contact far.example"
    assert (tell.number, tell.role, tell.state.words) == ("1", "Do", "Ready")
    assert (shape.number, shape.role, shape.icon) == ("2", "Note", "notes")
    assert (tell.can_move_up, tell.can_move_down) == (False, True)
    assert (shape.can_move_up, shape.can_move_down, shape.is_last) == (True, False, True)
    assert board.count == 2
    assert board.problems == ()


def test_branches_stand_inside_their_step_three_deep(app: APIFlask, owner: Persona) -> None:
    board = looking(app, owner, workflow(THREE_DEEP, act("last"))).board()
    assert list(by_id(board)) == at("one", "two", "three", "deep", "sorry", "boss", "last")
    one = board.steps[0]
    assert [branch.label for branch in one.branches] == ["Coming", "Not coming", "Otherwise"]
    assert [branch.number for branch in one.branches] == [0, 1, None]
    assert [branch.summary for branch in one.branches] == ["3 steps", "1 step", "1 step"]
    assert one.branches[2].is_otherwise
    steps = by_id(board)
    assert steps["deep"].number == "1, Coming, Many, All"
    assert steps["last"].number == "2"
    assert steps["deep"].can_move_up
    assert steps["deep"].can_move_down


def test_every_insert_place_is_where_a_step_lands(app: APIFlask, owner: Persona) -> None:
    definition = workflow(THREE_DEEP, loop("each", var("trigger.data.guests"), act("in")))
    board = looking(app, owner, definition).board()
    for step in every_step(board.steps):
        for branch in step.branches:
            assert place_of(definition, branch.start).field == f"{branch.field}.0"
            end = place_of(definition, branch.end)
            assert (end.step, end.field) == (step.id, f"{branch.field}.{len(branch.steps)}")
        added = gestures.add(definition, {"kind": "stop", "outcome": "done"}, step.after)
        assert added.operations
    assert place_of(definition, board.end).field == "steps.2"
    assert place_of(definition, board.start).field == "steps.0"


def test_what_the_arrows_say_is_what_moving_does(app: APIFlask, owner: Persona) -> None:
    definition = workflow(act("first"), THREE_DEEP, act("last"))
    board = looking(app, owner, definition).board()
    for step in every_step(board.steps):
        up = gestures.move(definition, step.id, "up").operations
        down = gestures.move(definition, step.id, "down").operations
        assert (bool(up), bool(down)) == (step.can_move_up, step.can_move_down), step.id


def test_what_is_turned_off_says_so_with_all_that_is_inside(app: APIFlask, owner: Persona) -> None:
    definition = workflow({**copy.deepcopy(THREE_DEEP), "off": True}, act("on"))
    steps = by_id(looking(app, owner, definition).board())
    assert steps["one"].is_off
    assert not steps["deep"].is_off
    assert steps["deep"].is_passed_over
    assert {steps[name].state.words for name in at("one", "two", "deep", "boss")} == {"Off"}
    assert steps["on"].state.words == "Ready"


def test_what_is_missing_is_counted(app: APIFlask, owner: Persona) -> None:
    definition = workflow(
        {"id": "hook", "kind": "action", "use": "http.request", "input": {"method": "POST"}},
        {"id": "both", "kind": "action", "use": "http.request", "input": {}},
        choose("which", ("Yes", None, [])),
    )
    steps = by_id(looking(app, owner, definition).board())
    assert steps["hook"].state.words == "Needs 1 answer"
    assert steps["both"].state.words == "Needs 2 answers"
    assert steps["which"].state.words == "Needs 1 answer"
    assert steps["which"].branches[0].when == "when … (still to be chosen)"
    assert steps["hook"].called == "Send a web request"
    assert steps["hook"].state.kind == "needs"


def test_the_paragraph_leads_to_the_steps_it_tells_of(app: APIFlask, owner: Persona) -> None:
    looked = looking(app, owner, workflow(THREE_DEEP, {**act("last"), "input": {}}))
    board = looked.board()
    assert "".join(each.text for each in board.lede).startswith("When somebody starts it: if ")
    assert [each.is_start for each in board.lede][:2] == [False, True]
    told = [each.step for each in board.lede if each.step]
    assert set(told) == {"one", "two", "three", "deep", "sorry", "boss", "last"}
    asked = [each.text for each in board.lede if each.step == "last" and each.is_missing]
    assert asked == ["which address?", "which method?"]
    assert not any(each.is_missing for each in board.lede if each.step == "deep")


def test_a_draft_without_a_start_asks_for_one(app: APIFlask, owner: Persona) -> None:
    board = looking(app, owner, {"format": 1, "trigger": None, "steps": []}).board()
    assert not board.trigger.is_chosen
    assert plain_said(board.trigger.said) == "What starts it?"
    assert board.steps == ()
    assert board.trigger.state.words == "Needs 1 answer"
    (problem, *_) = board.problems
    assert (problem.message, problem.fix) == ("Nothing starts it yet.", "Choose what starts it.")
    assert words_of(list(problem.repairs)) == ["Choose what starts it"]
    assert board.start == board.end == Spot()


def test_a_start_alone_is_nothing_to_mend(app: APIFlask, owner: Persona) -> None:
    board = looking(app, owner, workflow()).board()
    assert (board.problems, board.errors, board.count) == ((), 0, 0)


def test_the_bar_numbers_no_draft_before_anything_was_published(
    app: APIFlask, owner: Persona
) -> None:
    flow = make_workflow(app, owner.organization_id, workflow(act("one")), publish=False)
    bar = Looking(app, owner, flow).board().bar
    assert (bar.draft, bar.live) == ("Not published yet", "")


def test_the_bar_tells_what_is_saved_and_what_is_live(app: APIFlask, owner: Persona) -> None:
    flow = make_workflow(app, owner.organization_id, workflow(act("one")))
    looked = Looking(app, owner, flow)
    bar = looked.board().bar
    assert (bar.draft, bar.live) == ("", "version 1 is live")
    assert not bar.publishing.is_possible
    assert bar.publishing.why_not == "The same as version 1, which is live"
    with app.app_context():
        doing.do(owner.identity, flow, lambda draft: gestures.rename(draft, "one", "Tell them"))
        db.session.commit()
    bar = looked.board().bar
    assert bar.draft == "Draft of version 2"
    assert re.fullmatch(r"Saved (just now|\d s ago)", bar.saved)
    assert bar.undo is not None
    assert bar.undo.words.startswith("renamed “")
    assert bar.redo is None
    assert bar.publishing.is_possible
    assert not bar.publishing.is_first
    with app.app_context():
        doing.undo(owner.identity, flow, operation=bar.undo.operation)
        db.session.commit()
    bar = looked.board().bar
    assert bar.undo is None
    assert bar.redo is not None
    assert bar.redo.words.startswith("renamed “")


def test_who_else_changed_something_is_told(app: APIFlask, owner: Persona) -> None:
    ana = make_persona(app, owner.organization_id, "editor", name="Ana")
    looked = looking(app, owner, workflow(act("one"), act("two")))
    with app.app_context():
        doing.do(ana.identity, looked.flow, lambda draft: gestures.set_note(draft, "two", "Ask"))
        doing.do(owner.identity, looked.flow, lambda draft: gestures.set_note(draft, "one", "Me"))
        db.session.commit()
    board = looked.board()
    steps = by_id(board)
    assert steps["two"].recent.startswith("Ana changed this step ")
    assert steps["one"].recent == ""
    assert len(board.others) == 1
    assert board.others[0].startswith("Ana wrote a note at “")
    assert Looking(app, ana, looked.flow).board().others[0].startswith(owner_name(app, owner))


def owner_name(app: APIFlask, owner: Persona) -> str:
    with app.app_context():
        found = db.session.get(User, owner.identity.user_id)
        assert found is not None
        return found.name


def test_what_is_on_the_clipboard_is_named(app: APIFlask, owner: Persona) -> None:
    looked = looking(app, owner, workflow(act("one", label="Tell them"), act("two")))
    assert looked.board().paste == ""
    with app.app_context():
        clipboard.copy(owner.identity, looked.flow, ["one"])
        db.session.commit()
    assert looked.board().paste == "“Tell them”"


def test_a_step_that_was_tried_as_it_is_says_so(app: APIFlask, owner: Persona) -> None:
    looked = looking(app, owner, workflow(note("one", v=1), note("two", v=2), note("off", v=3)))
    with app.app_context():
        flow = get_workflow(owner.organization_id, looked.flow)
        keeping.keep_pretended(owner.identity, flow, ["one", "two"])
        doing.do(owner.identity, looked.flow, lambda draft: gestures.rename(draft, "two", "Other"))
        db.session.commit()
    steps = by_id(looked.board())
    assert (steps["one"].state.kind, steps["one"].state.words) == ("tried", "Tried")
    assert steps["one"].more[0].startswith("Pretended ")
    assert [steps[name].state.words for name in at("two", "off")] == ["Ready", "Ready"]


def test_the_chosen_couple_is_the_example(app: APIFlask, owner: Persona) -> None:
    looked = looking(app, owner, workflow(act("one")))
    assert looked.board().sample.name == "Example couple: Ada & Ben"
    wedding = marry(app, owner)
    board = looked.board(chosen=str(wedding))
    assert board.sample.name == "Hannah & Josef"
    assert [each.name for each in board.samples] == ["Hannah & Josef", "Example couple: Ada & Ben"]


def test_the_start_says_which_event_it_is_shown_with(app: APIFlask, owner: Persona) -> None:
    trigger = {"kind": "event", "event_type": "external.rsvp.received", "source": "any"}
    looked = looking(app, owner, workflow(act("one"), trigger=trigger))
    assert looked.board().trigger.more == (
        "Nothing came in lately, so it is shown with an example",
    )
    came_in(app, owner.organization_id, {"status": "accepted"})
    (told,) = looked.board().trigger.more
    assert told.startswith("Happened once in the last 90 days, last at ")


# --- how much work it is


def large(count: int) -> dict[str, Any]:
    """A draft of this many steps, half of them in branches; many need an account."""
    steps: list[Any] = []
    for number in range(count // 4):
        inside = [note(f"n{number}", v=var("trigger.data.x")), {**LETTER, "id": f"l{number}"}]
        steps += [choose(f"c{number}", ("Yes", YES, inside), ("No", NO, [])), act(f"a{number}")]
    return workflow(*steps)


def statements(app: APIFlask, owner: Persona, definition: Any) -> int:
    flow = make_workflow(app, owner.organization_id, definition, publish=False)
    with acting(app, owner):
        draft = look_at(get_workflow(owner.organization_id, flow))
        with statements_asked(app) as asked:
            board_of(setting_of(draft, owner.identity))
    return len(asked)


@pytest.mark.usefixtures("built_in_listings")
def test_a_board_asks_no_more_however_many_steps_there_are(app: APIFlask, owner: Persona) -> None:
    connection = mailbox(app, owner.organization_id, 25)
    source = f"connection:{connection}"
    trigger = {"kind": "event", "event_type": "external.rsvp.received", "source": source}
    marry(app, owner)
    statements(app, owner, workflow(act("one")))
    few = statements(app, owner, {**large(4), "trigger": trigger})
    many = statements(app, owner, {**large(400), "trigger": trigger})
    assert many == few <= 8


@pytest.mark.parametrize("count", [60, 400])
def test_large_drafts_are_shown_whole(app: APIFlask, owner: Persona, count: int) -> None:
    board = looking(app, owner, large(count)).board()
    assert board.count == count
    assert len(by_id(board)) == count
    assert board.errors > 0


# --- what a draft may hold


@pytest.mark.parametrize("name", HOSTILE)
def test_no_draft_is_too_odd_to_be_shown(app: APIFlask, owner: Persona, name: str) -> None:
    flow = make_workflow(app, owner.organization_id, workflow(act("one")), publish=False)
    board = Looking(app, owner, flow, HOSTILE[name]).board(Opened("s", "branches.0.when"))
    assert board.lede


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from(["trigger", "steps", "format"]), anything) | anything)
def test_whatever_a_draft_holds_there_is_a_board(
    app: APIFlask, owner: Persona, flow: UUID, definition: Any
) -> None:
    if definition is not None:
        board = Looking(app, owner, flow, definition).board(Opened(None))
        assert len({step.element for step in every_step(board.steps)}) == board.count


@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(definitions)
def test_every_step_of_a_draft_is_on_its_board(
    app: APIFlask, owner: Persona, flow: UUID, definition: Any
) -> None:
    board = Looking(app, owner, flow, definition).board()
    assert list(by_id(board)) == [each.step["id"] for each in steps_in_order(definition)]
    for step in every_step(board.steps):
        assert bool(gestures.move(definition, step.id, "up").operations) == step.can_move_up
        assert bool(gestures.move(definition, step.id, "down").operations) == step.can_move_down


@pytest.fixture
def flow(app: APIFlask, owner: Persona) -> UUID:
    return make_workflow(app, owner.organization_id, workflow(act("one")), publish=False)


def test_what_a_draft_names_and_is_gone_is_said(app: APIFlask, owner: Persona) -> None:
    definition = workflow(
        {"id": "c", "kind": "call", "workflow": str(ids.new_id())},
        trigger={"kind": "webhook", "hook": str(ids.new_id())},
    )
    board = looking(app, owner, definition).board()
    assert words_of(repairs(board)) == ["Choose another"]
    assert words_of(repairs(board, "c")) == ["Choose another"]
    assert board.trigger.state.kind == "needs"


def test_a_draft_that_is_no_workflow_can_be_begun_anew(app: APIFlask, owner: Persona) -> None:
    flow = make_workflow(app, owner.organization_id, workflow(act("one")), publish=False)
    board = Looking(app, owner, flow, ["nothing"]).board()
    assert board.unreadable == "This draft is not a workflow."
    assert "start_anew" in [each.gesture for each in repairs(board)]

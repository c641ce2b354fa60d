"""What a draft says beforehand of the couples whose wedding comes next."""

from datetime import timedelta
from typing import Any

from apiflask import APIFlask

from tests.personas import Persona
from tests.workflows.building.boards import looking
from tests.workflows.building.surroundings import draft
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.weddings import service

BEFORE_THE_DEADLINE = {
    "id": "wait", "kind": "wait", "anchor": "rsvp_deadline", "offset_days": -3, "at": "09:00",
    "late": "run",
}  # fmt: skip


def couple(app: APIFlask, owner: Persona, title: str, **dates: str) -> None:
    day = clock.now().date() + timedelta(days=200)
    with app.app_context():
        service.create(
            owner.identity,
            {"title": title, "date": day.isoformat(), "zone": "Europe/London"} | dates,
        )
        db.session.commit()


def said(app: APIFlask, owner: Persona, *steps: Any) -> list[tuple[str, str, bool]]:
    board = looking(app, owner, draft(*steps, trigger={"kind": "manual"})).board()
    return [(each.place, each.message, each.is_error) for each in board.problems]


def test_a_couple_without_the_date_a_step_counts_from_is_named(
    app: APIFlask, owner: Persona
) -> None:
    couple(app, owner, "Clara & Inès")
    couple(app, owner, "Amara & Daniel", rsvp_deadline=clock.now().date().isoformat())
    words = "Clara & Inès have no RSVP deadline yet, so it waits until they have."
    assert said(app, owner, BEFORE_THE_DEADLINE) == [("Step 1", words, False)]


def test_nothing_is_said_of_the_example_or_of_a_step_that_is_off(
    app: APIFlask, owner: Persona
) -> None:
    assert said(app, owner, BEFORE_THE_DEADLINE) == []
    couple(app, owner, "Clara & Inès")
    found = said(app, owner, {**BEFORE_THE_DEADLINE, "off": True})
    assert not any("RSVP deadline" in message for _, message, _ in found)


ASK = {
    "id": "ask",
    "kind": "approval",
    "ask": "Shall we tell the caterer?",
    "who": {"role": "owner"},
}
LATER = {"id": "later", "kind": "wait", "seconds": 60}
ON_YES = {"id": "yes", "kind": "filter", "when": {"==": [{"var": "steps.ask.approved"}, True]}}
HEEDED_ANYWAY = ("Step 1", "It goes on after a no just as after a yes.", False)


def test_a_question_whose_answer_nothing_heeds_is_told(app: APIFlask, owner: Persona) -> None:
    assert said(app, owner, ASK, LATER) == [HEEDED_ANYWAY]
    looked = looking(app, owner, draft(ASK, LATER, trigger={"kind": "manual"})).board()
    (problem,) = looked.problems
    assert [(each.words, each.gesture, each.values) for each in problem.repairs] == [
        ("Go on only after a yes", "only_after_yes", {"step": "ask"})
    ]
    name_alone = {"id": "who", "kind": "set", "values": {"who": {"var": "steps.ask.by"}}}
    assert said(app, owner, ASK, name_alone) == [HEEDED_ANYWAY]


def test_nothing_is_said_of_a_question_that_is_heeded_last_or_off(
    app: APIFlask, owner: Persona
) -> None:
    for steps in (
        (ASK, ON_YES, LATER),
        (ASK,),
        (LATER, ASK),
        (ASK, {"id": "end", "kind": "stop", "outcome": "done"}),
        ({**ASK, "off": True}, LATER),
    ):
        assert HEEDED_ANYWAY not in said(app, owner, *steps)


def test_a_step_that_is_off_heeds_no_answer(app: APIFlask, owner: Persona) -> None:
    assert HEEDED_ANYWAY in said(app, owner, ASK, {**ON_YES, "off": True}, LATER)

"""Gestures on a kept draft: in order, once, undone and done again."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.engine.building import note, workflow
from tests.personas import Persona, make_persona
from tests.workflows.building.kept_drafts import (
    DRAFT,
    GESTURES,
    change,
    do,
    draft_of,
    ids,
    in_words,
    operation,
    redo,
    revision,
    undo,
)
from tests.workflows.definitions import make_workflow
from wedsync.errors import Conflict, NotFound
from wedsync.platform.db import db
from wedsync.workflows.building.gestures import of_steps as gestures
from wedsync.workflows.building.gestures.contradictions import fingerprint
from wedsync.workflows.building.gestures.doing import Seen
from wedsync.workflows.building.gestures.spots import Spot
from wedsync.workflows.editing import importing
from wedsync.workflows.editing.draft_operations import Change
from workers import schedule


@pytest.fixture
def ana(app: APIFlask, owner: Persona) -> Persona:
    return make_persona(app, owner.organization_id, "editor", name="Ana")


@pytest.fixture
def flow(app: APIFlask, owner: Persona) -> UUID:
    return make_workflow(app, owner.organization_id, DRAFT, publish=False)


@pytest.mark.parametrize("name", GESTURES)
def test_every_gesture_is_undone_by_its_name_and_done_again(
    app: APIFlask, owner: Persona, flow: UUID, name: str
) -> None:
    done = do(app, owner, flow, GESTURES[name])
    after = draft_of(app, owner, flow)
    assert after != DRAFT
    assert done.words
    assert in_words(app, owner, flow) == (done.words, None)
    undone = undo(app, owner, flow)
    assert draft_of(app, owner, flow) == DRAFT
    assert undone.words == f"undid: {done.words}"
    assert in_words(app, owner, flow) == (None, done.words)
    redo(app, owner, flow)
    assert draft_of(app, owner, flow) == after
    assert in_words(app, owner, flow) == (done.words, None)


def test_the_focus_follows_what_is_undone_and_done_again(
    app: APIFlask, owner: Persona, flow: UUID
) -> None:
    do(app, owner, flow, GESTURES["remove"])
    assert undo(app, owner, flow).focus == "which"
    assert redo(app, owner, flow).focus == "last"
    do(app, owner, flow, lambda d: gestures.duplicate(d, "last"))
    assert undo(app, owner, flow).focus == "last"
    assert redo(app, owner, flow).focus == "last-2"


def test_five_gestures_come_one_after_another(app: APIFlask, owner: Persona, flow: UUID) -> None:
    for number in range(5):
        spot = Spot(after=f"wait-{number}" if number > 1 else "wait" if number else "last")
        do(app, owner, flow, lambda d, at=spot: gestures.add(d, {"kind": "wait"}, at))
    after = draft_of(app, owner, flow)
    assert ids(after)[3:] == ["wait", "wait-2", "wait-3", "wait-4", "wait-5"]
    for _ in range(5):
        undo(app, owner, flow)
    assert draft_of(app, owner, flow) == DRAFT


def test_a_gesture_sent_twice_is_done_once(app: APIFlask, owner: Persona, flow: UUID) -> None:
    first = do(app, owner, flow, GESTURES["duplicate"], key="press-1")
    second = do(app, owner, flow, GESTURES["duplicate"], key="press-1")
    assert (second.repeated, second.focus, second.words) == (True, first.focus, first.words)
    assert ids(draft_of(app, owner, flow)) == ["shape", "which", "which-2", "last"]
    do(app, owner, flow, GESTURES["duplicate"], key="press-2")
    assert len(ids(draft_of(app, owner, flow))) == 5
    undo(app, owner, flow, key="back")
    assert undo(app, owner, flow, key="back").repeated
    assert len(ids(draft_of(app, owner, flow))) == 4


def test_a_gesture_that_was_refused_may_come_again(
    app: APIFlask, owner: Persona, flow: UUID
) -> None:
    with pytest.raises(Conflict):
        do(app, owner, flow, lambda d: gestures.remove(d, "later"), key="k")
    done = do(app, owner, flow, lambda d: gestures.remove(d, "shape"), key="k")
    assert not done.repeated


def test_what_changes_nothing_is_nothing_to_undo(app: APIFlask, owner: Persona, flow: UUID) -> None:
    done = do(app, owner, flow, lambda d: gestures.move(d, "shape", "up"))
    assert done.told == ("This is the first step already.",)
    assert in_words(app, owner, flow) == (None, None)
    assert (revision(app, owner, flow), operation(app, owner, flow)) == (1, 0)


def test_a_key_is_remembered_for_a_day(app: APIFlask, owner: Persona, flow: UUID) -> None:
    do(app, owner, flow, GESTURES["duplicate"], key="monday")
    do(app, owner, flow, GESTURES["duplicate"], key="tuesday")
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE done_gestures SET done_at = now() - interval '25 hours'"
                " WHERE ctid = (SELECT min(ctid) FROM done_gestures WHERE workflow_id = :flow)"
            ),
            {"flow": flow},
        )
        schedule.prune(connection)
    again = [do(app, owner, flow, GESTURES["duplicate"], key=key) for key in ("monday", "tuesday")]
    assert [done.repeated for done in again] == [False, True]


def test_one_persons_key_is_not_anothers(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    do(app, owner, flow, GESTURES["duplicate"], key="k")
    assert not do(app, ana, flow, GESTURES["duplicate"], key="k").repeated


@pytest.mark.parametrize(
    "draft",
    [None, [], "x", {"steps": 7}, {"steps": [None, {"id": {}, "kind": []}]}, {"trigger": 2**70},
     {"steps": [{"id": "a", "kind": "choose", "branches": {"when": float("nan")}}]}],
)  # fmt: skip
@pytest.mark.parametrize("step", [None, "a"])
def test_every_draft_has_fingerprints(draft: Any, step: str | None) -> None:
    assert len(fingerprint(draft, step)) == 16


def test_a_stranger_finds_nothing(app: APIFlask, stranger: Persona, flow: UUID) -> None:
    with pytest.raises(NotFound):
        do(app, stranger, flow, GESTURES["remove"])


def test_four_hundred_steps_that_were_taken_in_are_edited_like_any(
    app: APIFlask, owner: Persona
) -> None:
    steps = [note(f"n{number}", value=number) for number in range(400)]
    document = {
        "wedsync": {"format": 1, "kind": "workflow"},
        "name": "Large",
        "definition": workflow(*steps),
    }
    with app.app_context():
        flow = importing.take_in(owner.organization_id, document).workflow.id
        db.session.commit()
    do(app, owner, flow, lambda d: gestures.move(d, "n200", "up"))
    do(app, owner, flow, lambda d: gestures.duplicate(d, "n399"))
    seen = Seen("n100", fingerprint(workflow(*steps), "n100"))
    change(app, owner, flow, seen, Change("n100", "values", {"value": 0}))
    after = draft_of(app, owner, flow)
    assert ids(after)[199:201] == ["n200", "n199"]
    assert ids(after)[-1] == "n399-2"
    assert after["steps"][100]["values"] == {"value": 0}
    for _ in range(3):
        undo(app, owner, flow)
    assert draft_of(app, owner, flow)["steps"] == steps

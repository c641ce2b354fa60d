"""Which parts of a board changed since it was shown."""

from apiflask import APIFlask

from tests.engine.building import note, workflow
from tests.personas import Persona, make_persona
from tests.workflows.building.boards import (
    looking,
)
from wedsync.platform.db import db
from wedsync.workflows.building.board.board_changes import changed, read_held
from wedsync.workflows.building.gestures import doing
from wedsync.workflows.building.gestures import of_steps as gestures
from wedsync.workflows.building.gestures.spots import Spot


def test_only_the_parts_that_changed_are_drawn_anew(app: APIFlask, owner: Persona) -> None:
    looked = looking(app, owner, workflow(*[note(f"n{number}", v=number) for number in range(6)]))
    before = looked.board()
    assert changed(before, looked.board()).is_nothing
    with app.app_context():
        doing.do(owner.identity, looked.flow, lambda draft: gestures.rename(draft, "n3", "Third"))
        db.session.commit()
    parts = changed(before, looked.board()).parts
    assert "step-n3" in parts
    assert not {"step-n2", "step-n4", "steps", "trigger", "samples"} & set(parts)


def test_where_the_order_changed_the_whole_list_is_drawn_anew(
    app: APIFlask, owner: Persona
) -> None:
    looked = looking(app, owner, workflow(note("a", v=1), note("b", v=2)))
    held = looked.board().parts
    with app.app_context():
        doing.do(owner.identity, looked.flow, lambda draft: gestures.move(draft, "a", "down"))
        db.session.commit()
    posted = "\n".join(f"{part} {digest}" for part, digest in held.items())
    parts = changed(read_held(posted), looked.board()).parts
    assert "steps" in parts
    assert not any(part.startswith("step-") for part in parts)


def test_a_step_that_comes_changes_no_other(app: APIFlask, owner: Persona) -> None:
    looked = looking(app, owner, workflow(note("a", v=1), note("b", v=2), note("c", v=3)))
    held = looked.board().parts
    step = {"kind": "stop", "outcome": "done"}
    with app.app_context():
        doing.do(
            owner.identity, looked.flow, lambda draft: gestures.add(draft, step, Spot(after="a"))
        )
        db.session.commit()
    now = looked.board().parts
    assert [now[f"step-{name}"] == held[f"step-{name}"] for name in "abc"] == [True] * 3


def test_what_others_changed_is_drawn_anew_as_well(app: APIFlask, owner: Persona) -> None:
    ana = make_persona(app, owner.organization_id, "editor", name="Ana")
    looked = looking(app, owner, workflow(note("a", v=1), note("b", v=2)))
    held = looked.board().parts
    with app.app_context():
        doing.do(ana.identity, looked.flow, lambda draft: gestures.rename(draft, "a", "Hers"))
        doing.do(owner.identity, looked.flow, lambda draft: gestures.rename(draft, "b", "Mine"))
        db.session.commit()
    assert {"step-a", "step-b", "others"} <= set(changed(held, looked.board()).parts)


def test_a_page_that_says_nothing_of_use_is_drawn_as_a_whole(app: APIFlask, owner: Persona) -> None:
    board = looking(app, owner, workflow(note("a", v=1))).board()
    held = read_held("bar\n\nlede x y\n \x00")
    assert changed(held, board).parts == tuple(part for part in board.parts if part != "step-a")

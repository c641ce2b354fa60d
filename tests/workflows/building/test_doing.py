"""Gestures on a kept draft: in order, once, undone and done again, and two people at one draft."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.engine.building import act, choose, note, workflow
from tests.personas import Persona, make_persona
from tests.workflows.definitions import make_workflow
from wedsync.errors import Conflict, NotFound
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.building.gestures import doing
from wedsync.workflows.building.gestures import of_branches as branch_gestures
from wedsync.workflows.building.gestures import of_steps as gestures
from wedsync.workflows.building.gestures.contradictions import StepChanged, fingerprint
from wedsync.workflows.building.gestures.doing import Done, Seen
from wedsync.workflows.building.gestures.spots import Spot
from wedsync.workflows.editing import importing
from wedsync.workflows.editing.draft_operations import TAKEN_AWAY, Change
from wedsync.workflows.editing.drafts import look_at
from workers import schedule

DRAFT = workflow(
    note("shape", guest=1),
    choose("which", ("Yes", {"==": [1, 1]}, [act("first")]), ("No", {"==": [1, 2]}, [])),
    act("last"),
)


@pytest.fixture
def ana(app: APIFlask, owner: Persona) -> Persona:
    return make_persona(app, owner.organization_id, "editor", name="Ana")


@pytest.fixture
def flow(app: APIFlask, owner: Persona) -> UUID:
    return make_workflow(app, owner.organization_id, DRAFT, publish=False)


def draft_of(app: APIFlask, somebody: Persona, workflow_id: UUID) -> Any:
    with app.app_context():
        return queries.get_workflow(somebody.organization_id, workflow_id).draft


def revision(app: APIFlask, somebody: Persona, workflow_id: UUID) -> int:
    with app.app_context():
        return queries.get_workflow(somebody.organization_id, workflow_id).draft_revision


def operation(app: APIFlask, somebody: Persona, workflow_id: UUID) -> int:
    with app.app_context():
        return queries.get_workflow(somebody.organization_id, workflow_id).draft_operation


def in_words(app: APIFlask, somebody: Persona, workflow_id: UUID) -> tuple[str | None, str | None]:
    """What can be undone, and what can be done again."""
    with app.app_context():
        draft = look_at(queries.get_workflow(somebody.organization_id, workflow_id))
        return draft.undo, draft.redo


def do(app: APIFlask, by: Persona, flow: UUID, act: doing.Act, **fields: Any) -> Done:
    with app.app_context():
        done = doing.do(by.identity, flow, act, **fields)
        db.session.commit()
        return done


def change(
    app: APIFlask, by: Persona, flow: UUID, seen: Seen, *changes: Change, **fields: Any
) -> Done:
    with app.app_context():
        done = doing.change_fields(by.identity, flow, seen, lambda _: changes, **fields)
        db.session.commit()
        return done


def undo(app: APIFlask, by: Persona, flow: UUID, **fields: Any) -> Done:
    with app.app_context():
        done = doing.undo(by.identity, flow, **fields)
        db.session.commit()
        return done


def redo(app: APIFlask, by: Persona, flow: UUID, **fields: Any) -> Done:
    with app.app_context():
        done = doing.redo(by.identity, flow, **fields)
        db.session.commit()
        return done


def ids(definition: Any) -> list[str]:
    return [step["id"] for step in definition["steps"]]


def labelled(app: APIFlask, by: Persona, flow: UUID, label: str, step: str = "shape") -> Done:
    return do(app, by, flow, lambda draft: gestures.rename(draft, step, label))


GESTURES: dict[str, doing.Act] = {
    "add": lambda d: gestures.add(d, {"kind": "wait", "seconds": 60}, Spot(after="shape")),
    "remove": lambda d: gestures.remove(d, "which"),
    "move": lambda d: gestures.move(d, "shape", "down"),
    "move_to": lambda d: gestures.move_to(d, "last", Spot()),
    "duplicate": lambda d: gestures.duplicate(d, "which"),
    "turn_off": lambda d: gestures.turn_off(d, "last"),
    "rename": lambda d: gestures.rename(d, "shape", "The guest"),
    "set_note": lambda d: gestures.set_note(d, "shape", "Ask Ana"),
    "set_trigger": lambda d: gestures.set_trigger(d, {"kind": "workflow"}),
    "use_connection": lambda d: gestures.use_connection(d, "last", "somewhere"),
    "add_branch": lambda d: branch_gestures.add_branch(d, "which"),
    "remove_branch": lambda d: branch_gestures.remove_branch(d, "which", 0),
    "rename_branch": lambda d: branch_gestures.rename_branch(d, "which", 0, "Perhaps"),
    "move_branch": lambda d: branch_gestures.move_branch(d, "which", 0, "down"),
}


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


# --- two people


def test_changes_of_different_steps_never_clash(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen("last", fingerprint(DRAFT, "last"))
    labelled(app, ana, flow, "By Ana")
    do(app, ana, flow, lambda d: gestures.move_to(d, "last", Spot()))
    change(app, owner, flow, seen, Change("last", "input.url", "https://new.example/"))
    after = draft_of(app, owner, flow)
    assert ids(after) == ["last", "shape", "which"]
    assert after["steps"][0]["input"]["url"] == "https://new.example/"
    assert after["steps"][1]["label"] == "By Ana"


def test_two_who_change_one_field_are_told_of_each_other(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen("last", fingerprint(DRAFT, "last"))
    change(app, ana, flow, seen, Change("last", "input.url", "https://ana.example/"))
    mine = Change("last", "input.url", "https://mine.example/")
    with pytest.raises(StepChanged) as error:
        change(app, owner, flow, seen, mine)
    told = error.value
    assert told.code == "step_changed"
    assert told.detail.startswith("Ana changed this step ")
    assert told.detail.endswith(" s ago.")
    assert [clash.told() for clash in told.clashes] == [
        {
            "field": "input.url",
            "yours": "https://mine.example/",
            "theirs": "https://ana.example/",
            "yours_words": "https://mine.example/",
            "theirs_words": "https://ana.example/",
        }
    ]
    assert draft_of(app, owner, flow)["steps"][2]["input"]["url"] == "https://ana.example/"
    change(app, owner, flow, Seen("last", told.fingerprint), mine)
    assert draft_of(app, owner, flow)["steps"][2]["input"]["url"] == "https://mine.example/"


def test_two_who_change_two_fields_of_one_step_both_keep_theirs(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen("last", fingerprint(DRAFT, "last"))
    change(app, ana, flow, seen, Change("last", "input.url", "https://ana.example/"))
    change(app, owner, flow, seen, Change("last", "input.method", "GET"))
    given = draft_of(app, owner, flow)["steps"][2]["input"]
    assert given == {"method": "GET", "url": "https://ana.example/"}


def test_the_form_is_read_against_the_step_as_it_was_shown(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen("last", fingerprint(DRAFT, "last"))
    change(app, ana, flow, seen, Change("last", "input.url", "https://ana.example/"))
    typed = {"method": "GET", "url": "https://far.example/"}

    def changes_of(draft: Any) -> list[Change]:
        given = next(step for step in draft["steps"] if step["id"] == "last")["input"]
        return [
            Change("last", ("input", name), value)
            for name, value in typed.items()
            if given[name] != value
        ]

    with app.app_context():
        doing.change_fields(owner.identity, flow, seen, changes_of)
        db.session.commit()
    given = draft_of(app, owner, flow)["steps"][2]["input"]
    assert given == {"method": "GET", "url": "https://ana.example/"}


def test_ones_own_changes_on_their_way_do_not_clash(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen("last", fingerprint(DRAFT, "last"))
    for number in range(3):
        change(app, owner, flow, seen, Change("last", "input.url", f"https://{number}.example/"))
    change(app, ana, flow, seen, Change("last", "note", "Ana was here"))
    change(app, owner, flow, seen, Change("last", "input.url", "https://4.example/"))
    last = draft_of(app, owner, flow)["steps"][2]
    assert (last["input"]["url"], last["note"]) == ("https://4.example/", "Ana was here")


def test_a_change_somebody_took_back_is_no_contradiction_of_theirs(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    labelled(app, ana, flow, "By Ana")
    seen = Seen("shape", fingerprint(draft_of(app, ana, flow), "shape"))
    undo(app, ana, flow)
    change(app, owner, flow, seen, Change("shape", "values", {"guest": 2}))
    after = draft_of(app, owner, flow)["steps"][0]
    assert after["values"] == {"guest": 2}
    assert "label" not in after


def test_the_same_change_twice_is_no_contradiction(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen("shape", fingerprint(DRAFT, "shape"))
    for somebody in (ana, owner):
        change(app, somebody, flow, seen, Change("shape", "label", "The guest"))
    seen = Seen("shape", fingerprint(draft_of(app, owner, flow), "shape"))
    for somebody in (ana, owner):
        change(app, somebody, flow, seen, Change("shape", "label", TAKEN_AWAY))
    assert draft_of(app, owner, flow) == DRAFT


def test_a_branch_is_followed_where_somebody_moved_it(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen("which", fingerprint(DRAFT, "which"))
    do(app, ana, flow, GESTURES["move_branch"])
    change(app, owner, flow, seen, Change("which", "branches.0.when", True))
    branches = draft_of(app, owner, flow)["steps"][1]["branches"]
    assert [(each["label"], each["when"]) for each in branches] == [
        ("No", {"==": [1, 2]}),
        ("Yes", True),
    ]
    do(app, ana, flow, lambda d: branch_gestures.remove_branch(d, "which", 1, label="Yes"))
    with pytest.raises(StepChanged):
        change(app, owner, flow, seen, Change("which", "branches.0.when", False))


def test_what_starts_it_can_be_contradicted_too(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen(None, fingerprint(DRAFT, None))
    change(app, ana, flow, seen, Change(None, "trigger.kind", "workflow"))
    with pytest.raises(StepChanged):
        change(app, owner, flow, seen, Change(None, "trigger.kind", "webhook"))
    labelled(app, ana, flow, "Unrelated")
    change(app, owner, flow, seen, Change(None, "trigger.input", {"type": "object"}))
    trigger = draft_of(app, owner, flow)["trigger"]
    assert trigger == {"kind": "workflow", "input": {"type": "object"}}


def test_a_step_somebody_changed_is_not_removed_unseen(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen("shape", fingerprint(DRAFT, "shape"))
    labelled(app, ana, flow, "By Ana")
    with pytest.raises(StepChanged) as error:
        do(app, owner, flow, lambda d: gestures.remove(d, "shape"), seen=seen)
    now = Seen("shape", error.value.fingerprint)
    do(app, owner, flow, lambda d: gestures.remove(d, "shape"), seen=now)
    assert ids(draft_of(app, owner, flow)) == ["which", "last"]


def test_who_removed_a_step_is_said(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    seen = Seen("last", fingerprint(DRAFT, "last"))
    do(app, ana, flow, lambda d: gestures.remove(d, "last"))
    with pytest.raises(Conflict) as error:
        change(app, owner, flow, seen, Change("last", "note", "x"))
    assert error.value.code == "step_gone"
    assert error.value.detail.startswith("Ana removed this step ")


def test_somebody_elses_doing_is_not_undone_unseen(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    labelled(app, owner, flow, "Mine")
    mine = operation(app, owner, flow)
    labelled(app, ana, flow, "By Ana", "last")
    with pytest.raises(Conflict) as error:
        undo(app, owner, flow, operation=mine)
    assert error.value.code == "undo_differs"
    assert "Ana renamed" in error.value.detail
    undo(app, owner, flow, operation=mine + 1)
    labelled(app, owner, flow, "Mine again")
    undo(app, owner, flow, operation=mine)
    assert draft_of(app, owner, flow)["steps"][0]["label"] == "Mine"


def test_two_people_at_once_lose_nothing(
    app: APIFlask, owner: Persona, ana: Persona, flow: UUID
) -> None:
    together = threading.Barrier(2)

    def press(somebody: Persona, step: str) -> None:
        together.wait(10)
        for number in range(8):
            labelled(app, somebody, flow, f"{somebody.name} {number}", step)
            do(app, somebody, flow, lambda d: gestures.add(d, {"kind": "wait"}, Spot()))

    with ThreadPoolExecutor(2) as pool:
        pressing = [pool.submit(press, *who) for who in ((owner, "shape"), (ana, "last"))]
        for each in pressing:
            each.result(60)
    after = draft_of(app, owner, flow)
    labels = {step["id"]: step.get("label") for step in after["steps"]}
    assert (labels["shape"], labels["last"]) == (f"{owner.name} 7", "Ana 7")
    assert len(after["steps"]) == 3 + 16
    assert len(set(ids(after))) == 19


def test_the_same_key_sent_twice_at_once_is_done_once(
    app: APIFlask, owner: Persona, flow: UUID
) -> None:
    with ThreadPoolExecutor(4) as pool:
        pressing = [pool.submit(do, app, owner, flow, GESTURES["add"], key="one") for _ in range(4)]
        found = [each.result(30).repeated for each in pressing]
    assert sorted(found) == [False, True, True, True]
    assert ids(draft_of(app, owner, flow)) == ["shape", "wait", "which", "last"]


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

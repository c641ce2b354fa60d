"""Two people at one draft: nobody's work is lost, and each is told of the other."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona, make_persona
from tests.workflows.building.kept_drafts import (
    DRAFT,
    GESTURES,
    change,
    do,
    draft_of,
    ids,
    labelled,
    operation,
    undo,
)
from tests.workflows.definitions import make_workflow
from wedsync.errors import Conflict
from wedsync.platform.db import db
from wedsync.workflows.building.gestures import doing
from wedsync.workflows.building.gestures import of_branches as branch_gestures
from wedsync.workflows.building.gestures import of_steps as gestures
from wedsync.workflows.building.gestures.contradictions import StepChanged, fingerprint
from wedsync.workflows.building.gestures.doing import Seen
from wedsync.workflows.building.gestures.spots import Spot
from wedsync.workflows.editing.draft_operations import TAKEN_AWAY, Change


@pytest.fixture
def ana(app: APIFlask, owner: Persona) -> Persona:
    return make_persona(app, owner.organization_id, "editor", name="Ana")


@pytest.fixture
def flow(app: APIFlask, owner: Persona) -> UUID:
    return make_workflow(app, owner.organization_id, DRAFT, publish=False)


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
    assert re.fullmatch(r"Ana changed this step (just now|\d+ s ago)\.", told.detail)
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

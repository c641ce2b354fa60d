"""Somebody edits a draft gesture by gesture: each can be undone, and nothing is half done."""

import threading
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.workflows.definitions import GREET, TELL, make_workflow, manual
from wedsync.errors import WedSyncError
from wedsync.workflows import queries
from wedsync.workflows.editing import draft_log, draft_operations, patches
from wedsync.workflows.editing.draft_operations import Add, Change, Move, Place, Remove
from wedsync.workflows.models import DraftOperation

STOP = {"id": "end", "kind": "stop", "outcome": "done"}
CHOICE: dict[str, Any] = {
    "id": "coming",
    "kind": "choose",
    "label": "Is the guest coming?",
    "branches": [{"label": "Yes", "when": True, "steps": []}],
    "otherwise": [],
}


class Drafted:
    """A workflow whose draft is edited by the API, always at the revision last seen."""

    def __init__(self, persona: Persona, *steps: Any) -> None:
        body = {"name": "Seats", "definition": manual(*steps)}
        made = persona.api.post("/workflows", json=body).json
        self.persona = persona
        self.id = made["id"]
        self.path = f"/workflows/{self.id}/draft"
        self.revision = made["draft_revision"]

    def does(self, *operations: Any) -> Any:
        answer = self.tries(*operations)
        assert answer.status_code == 200, answer.json
        self.revision = answer.json["draft_revision"]
        return answer.json

    def tries(self, *operations: Any) -> Any:
        return self.persona.api.post(
            f"{self.path}/operations",
            json={"operations": list(operations)},
            headers={"If-Match": f'"{self.revision}"'},
        )

    def goes(self, where: str) -> Any:
        answer = self.persona.api.post(f"{self.path}/{where}")
        assert answer.status_code == 200, answer.json
        self.revision = answer.json["draft_revision"]
        return answer.json

    def steps(self) -> list[str]:
        draft = self.persona.api.get(self.path).json
        return [step["id"] for step in draft["definition"]["steps"]]


def removal(step: str) -> Any:
    return {"op": "remove", "step": step}


def test_a_step_is_added_where_it_should_stand(owner: Persona) -> None:
    draft = Drafted(owner)
    added = draft.does({"op": "add", "at": {"field": "steps.1"}, "step": STOP})
    assert draft.steps() == ["greet", "end", "tell"]
    assert added["undo"] == "added “Stop”"
    draft.does({"op": "add", "at": {"field": "steps"}, "step": {"kind": "stop", "outcome": "done"}})
    assert draft.steps() == ["greet", "end", "tell", "stop"]


def test_a_step_is_added_inside_another(owner: Persona) -> None:
    draft = Drafted(owner, CHOICE)
    place = {"step": "coming", "field": "branches.0.steps"}
    changed = draft.does({"op": "add", "at": place, "step": STOP})
    assert changed["definition"]["steps"][0]["branches"][0]["steps"] == [STOP]


def test_a_step_is_moved_and_said_to_be_the_one_that_moved(owner: Persona) -> None:
    draft = Drafted(owner, GREET, TELL, STOP)
    down = draft.does({"op": "move", "step": "greet", "to": {"field": "steps.1"}})
    assert draft.steps() == ["tell", "greet", "end"]
    assert down["undo"] == "moved “Note words” down"
    up = draft.does({"op": "move", "step": "end", "to": {"field": "steps.0"}})
    assert up["undo"] == "moved “Stop” up"


def test_a_field_is_changed_and_taken_away(owner: Persona) -> None:
    draft = Drafted(owner)
    draft.does({"op": "change", "step": "greet", "field": "values.words", "value": "Good day"})
    labelled = draft.does({"op": "change", "step": "greet", "field": "label", "value": "Greeting"})
    assert labelled["definition"]["steps"][0] == {
        **GREET,
        "values": {"words": "Good day"},
        "label": "Greeting",
    }
    bare = draft.does({"op": "change", "step": "greet", "field": "label"})
    assert "label" not in bare["definition"]["steps"][0]


def test_what_starts_it_is_changed(owner: Persona) -> None:
    draft = Drafted(owner)
    trigger = {"kind": "event", "event_type": "flowers.chosen", "source": "any"}
    changed = draft.does({"op": "change", "field": "trigger", "value": trigger})
    assert changed["definition"]["trigger"] == trigger
    assert changed["undo"] == "changed what starts it"


def test_a_value_that_means_itself_is_written_so(owner: Persona) -> None:
    draft = Drafted(owner)
    given_value = {"op": "change", "step": "greet", "field": "values.words", "value": {"max": [1]}}
    changed = draft.does({**given_value, "literal": True})
    assert changed["definition"]["steps"][0]["values"] == {"words": {"$max": [1]}}


def test_several_at_once_are_one_thing_to_undo(owner: Persona) -> None:
    draft = Drafted(owner)
    done = draft.does(removal("greet"), removal("tell"))
    assert (
        done["undo"]
        == "removed “Note words” and removed “Tell the tools that listen: Seating guest added”"
    )
    assert draft.goes("undo")["definition"] == manual()


def test_what_was_done_is_undone_and_done_again(owner: Persona) -> None:
    draft = Drafted(owner)
    draft.does(removal("tell"))
    undone = draft.goes("undo")
    assert draft.steps() == ["greet", "tell"]
    assert (undone["undo"], undone["redo"] is not None) == (None, True)
    draft.goes("redo")
    assert draft.steps() == ["greet"]


def test_something_else_instead_forgets_what_was_undone(owner: Persona) -> None:
    draft = Drafted(owner)
    draft.does(removal("tell"))
    draft.goes("undo")
    assert draft.does(removal("greet"))["redo"] is None
    refused = owner.api.post(f"{draft.path}/redo")
    assert (refused.status_code, refused.json["code"]) == (409, "nothing_to_redo")


def test_the_log_says_who_did_what(owner: Persona) -> None:
    draft = Drafted(owner)
    draft.does(removal("tell"))
    draft.does({"op": "change", "step": "greet", "field": "label", "value": "Hello"})
    draft.goes("undo")
    log = owner.api.get(f"{draft.path}/operations").json["data"]
    told = [(each["number"], each["kind"], each["step"], each["state"]) for each in log]
    assert told == [(2, "change", "greet", "undone"), (1, "remove", "tell", "done")]
    first = owner.api.get(f"{draft.path}/operations?limit=1").json
    rest = owner.api.get(f"{draft.path}/operations?cursor={first['next_cursor']}").json
    assert [each["number"] for each in rest["data"]] == [1]


def test_replacing_the_whole_draft_can_be_undone(owner: Persona) -> None:
    draft = Drafted(owner)
    owner.api.put(draft.path, json={"definition": manual(STOP)}, headers={"If-Match": "*"})
    assert draft.steps() == ["end"]
    assert draft.goes("undo")["definition"] == manual()


def test_discarding_goes_back_to_what_is_live_and_can_be_undone(owner: Persona) -> None:
    draft = Drafted(owner)
    owner.api.post(f"/workflows/{draft.id}/publish")
    draft.does(removal("tell"))
    discarded = draft.goes("discard")
    assert (discarded["definition"], discarded["undo"]) == (manual(), "went back to version 1")
    assert len(draft.goes("undo")["definition"]["steps"]) == 1


def test_every_state_of_the_draft_can_be_worked_out_again(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    draft = Drafted(owner)
    addition = {"op": "add", "at": {"field": "steps"}, "step": STOP}
    done = [draft.does(operation)["definition"] for operation in (removal("greet"), addition)]
    states = [manual(), *done]
    draft.goes("undo")
    with app.app_context():
        workflow = queries.get_workflow(organization, UUID(draft.id))
        back = [each.before for each in draft_log.going_back(workflow, 9)]
        ahead = [each.after for each in draft_log.undone(workflow, 9)]
        assert [*back, workflow.draft, *ahead] == states


# --- what does not fit


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (removal("nowhere"), 409),
        ({"op": "add", "at": {"field": "steps"}, "step": GREET}, 409),
        ({"op": "move", "step": "coming", "to": {"step": "coming", "field": "otherwise"}}, 409),
        ({"op": "add", "at": {"field": "steps.9"}, "step": STOP}, 422),
        ({"op": "add", "at": {"field": "trigger"}, "step": STOP}, 422),
        ({"op": "add", "at": {"step": "greet", "field": "steps"}, "step": STOP}, 422),
        ({"op": "change", "step": "greet", "field": "id", "value": "other"}, 422),
        ({"op": "change", "field": "steps.0", "value": {}}, 422),
        ({"op": "change", "step": "coming", "field": "branches.7.label", "value": "x"}, 422),
        ({"op": "change", "step": "greet", "field": "nothing"}, 422),
        ({"op": "dance", "step": "greet"}, 422),
        ({"op": "change", "step": "greet", "field": "values.w", "value": "x" * 70_000}, 422),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_of_it_is_done(
    owner: Persona, operation: Any, status: int
) -> None:
    draft = Drafted(owner, GREET, CHOICE, {**STOP, "id": "spare"})
    refused = draft.tries(removal("spare"), operation)
    assert refused.status_code == status, refused.json
    assert refused.json["errors"][0]["pointer"].startswith("/operations")
    assert draft.steps() == ["greet", "coming", "spare"]


def test_a_draft_that_is_no_workflow_is_replaced_as_a_whole_only(app: APIFlask) -> None:
    with pytest.raises(WedSyncError, match="not a workflow yet"):
        draft_operations.apply([], [Remove("greet")])


@pytest.mark.parametrize("odd", [[1], {"a": 1}, None, 7, True])
def test_ids_that_are_none_stand_in_nobodys_way(owner: Persona, odd: Any) -> None:
    draft = Drafted(owner, {"id": odd, "kind": "for_each", "steps": [{"id": odd}]}, STOP)
    draft.does({"op": "add", "at": {"step": None, "field": "steps"}, "step": {"kind": "set"}})
    draft.does({"op": "add", "at": {"step": None, "field": "steps"}, "step": {"id": odd}})
    draft.does({"op": "move", "step": STOP["id"], "to": {"step": None, "field": "steps.0"}})
    assert draft.steps() == [STOP["id"], odd, "set", odd]


def test_too_many_at_once_are_refused(owner: Persona) -> None:
    refused = Drafted(owner).tries(*[removal("greet")] * 51)
    assert refused.status_code == 422


def test_nothing_to_undo_is_said(owner: Persona) -> None:
    draft = Drafted(owner)
    refused = owner.api.post(f"{draft.path}/undo")
    assert (refused.status_code, refused.json["code"]) == (409, "nothing_to_undo")
    never = owner.api.post(f"{draft.path}/discard")
    assert (never.status_code, never.json["code"]) == (409, "workflow_not_published")


def test_editing_unseen_or_outdated_is_refused(owner: Persona) -> None:
    draft = Drafted(owner)
    unseen = owner.api.post(f"{draft.path}/operations", json={"operations": [removal("greet")]})
    assert (unseen.status_code, unseen.json["code"]) == (428, "precondition_required")
    draft.does(removal("greet"))
    draft.revision = 1
    stale = draft.tries(removal("tell"))
    assert (stale.status_code, stale.json["current"]["draft_revision"]) == (412, 2)
    undo = owner.api.post(f"{draft.path}/undo", headers={"If-Match": '"1"'})
    assert undo.status_code == 412


def test_the_same_again_is_no_change(owner: Persona) -> None:
    draft = Drafted(owner)
    same = {"op": "change", "step": "greet", "field": "values.words", "value": "Hello"}
    assert draft.does(same)["draft_revision"] == 1


def test_the_log_is_kept_within_bounds(
    app: APIFlask, owner: Persona, database: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_log, "MOST_KEPT", 5)
    draft = Drafted(owner)
    for number in range(20):
        draft.does({"op": "change", "step": "greet", "field": "label", "value": f"Hello {number}"})
    rows = select(DraftOperation.number).where(DraftOperation.workflow_id == UUID(draft.id))
    assert sorted(database.scalars(rows)) == [16, 17, 18, 19, 20]
    for _ in range(5):
        draft.goes("undo")
    assert owner.api.post(f"{draft.path}/undo").status_code == 409


def test_of_two_who_edit_at_once_one_is_told(owner: Persona) -> None:
    draft = Drafted(owner)
    statuses = []

    def edit() -> None:
        statuses.append(draft.tries(removal("greet")).status_code)

    threads = [threading.Thread(target=edit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 412, 412, 412]


# --- whatever is done


ids = st.sampled_from(["a", "b", "c", "d", "e"])
places = st.builds(
    Place,
    st.none() | ids,
    st.sampled_from(["steps", "steps.0", "steps.1", "otherwise", "branches.0.steps"]),
)
steps = st.builds(
    lambda name, kind: {"id": name, **kind},
    ids,
    st.sampled_from([{"kind": "stop", "outcome": "done"}, {**CHOICE, "id": "x"}]),
).map(lambda step: {**step, "id": step["id"]})
operations = st.one_of(
    st.builds(Add, places, steps),
    st.builds(Remove, ids),
    st.builds(Move, ids, places),
    st.builds(Change, st.none() | ids, st.sampled_from(["label", "note", "trigger.kind"]), ids),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(operations, min_size=1, max_size=12))
def test_whatever_is_done_can_be_undone_step_by_step(wanted: list[Any]) -> None:
    document: Any = manual(STOP)
    log = []
    for operation in wanted:
        try:
            after = draft_operations.apply(document, [operation])
        except WedSyncError:
            continue
        patch = patches.between(document, after)
        assert patches.same(patches.apply(document, patch), after)
        log.append((document, patch))
        document = after
    for before, patch in reversed(log):
        document = patches.revert(document, patch)
        assert patches.same(document, before)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, 1.0])
    | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=20,
)


@settings(max_examples=500, deadline=None)
@given(json_values, json_values)
def test_a_patch_leads_from_any_document_to_any_other_and_back(old: Any, new: Any) -> None:
    patch = patches.between(old, new)
    assert patches.same(patches.apply(old, patch), new)
    assert patches.same(patches.revert(new, patch), old)
    assert bool(patch.after) != patches.same(old, new)


def test_a_workflow_grows_no_longer_than_it_may_be_and_one_that_is_can_be_shortened() -> None:
    full = manual(*({"id": f"s{number}", "kind": "stop"} for number in range(500)))
    with pytest.raises(WedSyncError) as refused:
        draft_operations.apply(full, [Add(Place(None, "steps"), STOP)])
    assert refused.value.detail == "A workflow has at most 500 steps. Split it into several."
    longer = {**full, "steps": [*full["steps"], {"id": "x"}, {"id": "y"}]}
    assert len(draft_operations.apply(longer, [Remove("x")])["steps"]) == 501


def test_drafts_of_others_are_not_there(
    app: APIFlask, organization: UUID, stranger: Persona
) -> None:
    path = f"/workflows/{make_workflow(app, organization)}/draft"
    for where in ("operations", "undo", "redo", "discard"):
        body = {"operations": [removal("greet")]} if where == "operations" else None
        answer = stranger.api.post(f"{path}/{where}", json=body, headers={"If-Match": "*"})
        assert answer.status_code == 404

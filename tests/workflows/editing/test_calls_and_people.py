"""What a workflow calls must be there to be called, no circle of calls goes live, and who is asked
is somebody of the team."""

import threading
from typing import Any
from uuid import UUID, uuid4

from apiflask import APIFlask

from tests.personas import Persona
from tests.workers.scene import one, worker_of
from tests.workflows.definitions import GREET, manual, on_event

CALLABLE = {"kind": "workflow", "input": {"type": "object", "required": ["guest"]}}


def calling(*others: str, **fields: Any) -> Any:
    steps = [
        {"id": f"call{number}", "kind": "call", "workflow": other, "input": {}, "wait": True}
        | fields
        for number, other in enumerate(others)
    ]
    return manual(GREET, *steps) | {"trigger": {"kind": "workflow"}}


def made(owner: Persona, name: str, definition: Any, *, publish: bool = True) -> str:
    workflow = owner.api.post("/workflows", json={"name": name, "definition": definition}).json
    if publish:
        assert owner.api.post(f"/workflows/{workflow['id']}/publish").status_code == 200
    return str(workflow["id"])


def rewritten(owner: Persona, workflow_id: str, definition: Any) -> Any:
    path = f"/workflows/{workflow_id}/draft"
    return owner.api.put(path, json={"definition": definition}, headers={"If-Match": "*"}).json


def errors(answer: Any) -> list[str]:
    return [each["message"] for each in answer["problems"] if each["severity"] == "error"]


def test_a_workflow_that_waits_to_be_called_is_called(owner: Persona) -> None:
    called = made(owner, "Greet", calling())
    caller = made(owner, "Welcome", calling(called), publish=False)
    assert owner.api.post(f"/workflows/{caller}/publish").status_code == 200


def test_what_cannot_be_called_is_said(owner: Persona) -> None:
    draft = made(owner, "Half an idea", calling(), publish=False)
    listens = made(owner, "Listens", on_event("flowers.chosen"))
    caller = made(owner, "Welcome", manual(), publish=False)
    looked_at = rewritten(owner, caller, calling(draft, listens, str(uuid4())))
    assert errors(looked_at) == [
        "There is no such workflow.",
        "“Half an idea” is not published yet.",
        "“Listens” starts in another way and cannot be called.",
    ]
    refused = owner.api.post(f"/workflows/{caller}/publish")
    assert (refused.status_code, refused.json["code"]) == (422, "workflow_invalid")


def test_somebody_elses_workflow_is_not_there(owner: Persona, stranger: Persona) -> None:
    theirs = made(stranger, "Theirs", calling())
    caller = made(owner, "Welcome", calling(theirs), publish=False)
    draft = owner.api.get(f"/workflows/{caller}/draft").json
    assert errors(draft) == ["There is no such workflow."]


def test_calling_itself_is_refused(owner: Persona) -> None:
    own = made(owner, "Again", calling())
    assert errors(rewritten(owner, own, calling(own))) == [
        "This workflow calls itself, which would never end."
    ]


def test_a_circle_of_calls_is_named(owner: Persona) -> None:
    first = made(owner, "First", calling())
    second = made(owner, "Second", calling(first))
    third = made(owner, "Third", calling(second))
    assert errors(rewritten(owner, first, calling(third))) == [
        "This workflow calls “Third”, which calls “Second”, which calls this one again. "
        "That would never end."
    ]


def test_a_circle_is_only_one_while_it_is_live(owner: Persona) -> None:
    first = made(owner, "First", calling())
    second = made(owner, "Second", calling(first))
    rewritten(owner, second, calling())
    assert errors(rewritten(owner, first, calling(second))) != []
    owner.api.post(f"/workflows/{second}/publish")
    assert errors(owner.api.get(f"/workflows/{first}/draft").json) == []


def test_a_call_that_is_turned_off_closes_no_circle(owner: Persona) -> None:
    first = made(owner, "First", calling())
    second = made(owner, "Second", calling(first, off=True))
    assert errors(rewritten(owner, first, calling(second))) == []
    assert owner.api.post(f"/workflows/{first}/publish").status_code == 200
    assert errors(rewritten(owner, second, calling(first))) == [
        "This workflow calls “First”, which calls this one again. That would never end."
    ]
    assert errors(rewritten(owner, second, calling(first, second, str(uuid4()), off=True))) == []


def test_a_workflow_that_is_off_is_pointed_out(owner: Persona) -> None:
    called = made(owner, "Greet", calling())
    owner.api.post(f"/workflows/{called}/turn-off")
    caller = made(owner, "Welcome", calling(called))
    draft = owner.api.get(f"/workflows/{caller}/draft").json
    told = [(each["severity"], each["message"]) for each in draft["problems"]]
    assert told == [("warning", "“Greet” is off.")]


def test_two_who_publish_at_once_close_no_circle(owner: Persona) -> None:
    pair = [made(owner, name, calling()) for name in ("First", "Second")]
    for own, other in (pair, reversed(pair)):
        rewritten(owner, own, calling(other))
    statuses = []

    def publish(workflow_id: str) -> None:
        statuses.append(owner.api.post(f"/workflows/{workflow_id}/publish").status_code)

    threads = [threading.Thread(target=publish, args=(each,)) for each in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 422]


# --- who is asked


def asking(**who: str) -> Any:
    return manual({"id": "ask", "kind": "approval", "ask": "Shall we?", "who": who})


def test_somebody_of_the_team_is_asked(owner: Persona, editor: Persona) -> None:
    workflow = made(owner, "Ask", manual(), publish=False)
    assert errors(rewritten(owner, workflow, asking(user=str(editor.user_id)))) == []
    assert errors(rewritten(owner, workflow, asking(role="owner"))) == []
    assert errors(rewritten(owner, workflow, asking(email="chef@kitchen.example"))) == []


def test_who_is_not_of_the_team_cannot_be_asked(owner: Persona, stranger: Persona) -> None:
    workflow = made(owner, "Ask", manual(), publish=False)
    for nobody in (str(stranger.user_id), str(uuid4()), "Imogen"):
        assert "Nobody of this team is meant by this." in errors(
            rewritten(owner, workflow, asking(user=nobody))
        )


# --- what it is given


def test_a_run_by_hand_is_given_what_the_workflow_asks_for(owner: Persona) -> None:
    workflow = made(owner, "Greet", manual(GREET) | {"trigger": {**CALLABLE, "kind": "manual"}})
    path = f"/workflows/{workflow}/runs"
    refused = owner.api.post(path, json={"input": {"name": "Ana"}})
    assert refused.status_code == 422
    assert refused.json["errors"] == [
        {"pointer": "/input", "code": "input", "message": "“guest” is missing."}
    ]
    assert owner.api.post(path, json={}).status_code == 422
    assert owner.api.post(path, json={"input": {"guest": "Ana"}}).status_code == 202


def test_a_call_gives_what_the_other_workflow_asks_for_or_fails(
    app: APIFlask, empty_database: None, owner: Persona
) -> None:
    called = made(owner, "Greet", manual(GREET) | {"trigger": CALLABLE})
    runs = []
    for given in ({"name": "Ana"}, {"guest": "Ana"}):
        caller = made(
            owner, "Welcome", calling(called, input=given) | {"trigger": {"kind": "manual"}}
        )
        runs.append(UUID(owner.api.post(f"/workflows/{caller}/runs", json={}).json["id"]))
    with worker_of(app) as worker:
        worker.work()
    ended = [one(app, "SELECT state, reason FROM runs WHERE id = :id", id=run) for run in runs]
    assert [run.state for run in ended] == ["failed", "succeeded"]
    error = one(
        app, "SELECT error FROM run_steps WHERE run_id = :id AND error IS NOT NULL", id=runs[0]
    )
    assert "“Greet” asks for something else. “guest” is missing." in str(error)

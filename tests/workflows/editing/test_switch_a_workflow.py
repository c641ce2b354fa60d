"""Somebody pauses a workflow, goes on with it, or turns it off."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.workflows.definitions import make_workflow


def test_a_workflow_is_paused_and_resumed(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow = f"/workflows/{make_workflow(app, organization)}"
    assert owner.api.post(f"{workflow}/pause").json["state"] == "paused"
    assert owner.api.post(f"{workflow}/pause").json["state"] == "paused"
    assert owner.api.post(f"{workflow}/resume").json["state"] == "on"


def test_a_workflow_is_turned_off_and_on(app: APIFlask, owner: Persona, organization: UUID) -> None:
    workflow = f"/workflows/{make_workflow(app, organization)}"
    assert owner.api.post(f"{workflow}/turn-off").json["state"] == "off"
    refused = owner.api.post(f"{workflow}/pause")
    assert (refused.status_code, refused.json["code"]) == (409, "workflow_off")
    assert owner.api.post(f"{workflow}/resume").json["state"] == "on"


@pytest.mark.parametrize(
    ("action", "code"), [("pause", "workflow_off"), ("resume", "workflow_not_published")]
)
def test_what_was_never_published_cannot_be_switched(
    app: APIFlask, owner: Persona, organization: UUID, action: str, code: str
) -> None:
    workflow_id = make_workflow(app, organization, publish=False)
    refused = owner.api.post(f"/workflows/{workflow_id}/{action}")
    assert (refused.status_code, refused.json["code"]) == (409, code)


def test_publishing_again_keeps_a_pause(app: APIFlask, owner: Persona, organization: UUID) -> None:
    workflow = f"/workflows/{make_workflow(app, organization)}"
    owner.api.post(f"{workflow}/pause")
    assert owner.api.post(f"{workflow}/publish").json["state"] == "paused"
    assert owner.api.post(f"{workflow}/resume").json["state"] == "on"


def test_a_pause_that_holds_runs_is_not_ended_by_turning_it_off(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow = f"/workflows/{make_workflow(app, organization)}"
    owner.api.post(f"{workflow}/pause")
    assert owner.api.post(f"{workflow}/runs", json={"input": {}}).status_code in (201, 202)
    refused = owner.api.post(f"{workflow}/turn-off")
    assert (refused.status_code, refused.json["code"]) == (409, "workflow_holds_runs")

"""What would bring an engine down, tried by people and by partners: refused, bounded or parked, and
always with a sentence."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import Row

from tests.far_ends.rest_service import RestService, started_rest_service
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.nesting import for_each
from tests.workers.scene import Worker, note, on_event, one, rows, steps_of, tell
from tests.workflows.clockwork.ticking import around, tick
from tests.workflows.connected import change, connect, seating
from wedsync.platform import clock
from wedsync.workflows.running import items

pytestmark = pytest.mark.usefixtures("empty_database", "worker")

MANUAL = {"kind": "manual", "input": None}
BY_OTHERS = {"kind": "workflow", "input": None}
MEGABYTE = 1024 * 1024


@pytest.fixture
def far_end() -> Iterator[RestService]:
    with started_rest_service() as started:
        yield started


def made(persona: Persona, trigger: Any, *steps: Any) -> str:
    """A workflow by the API, not published yet."""
    definition = {"format": 1, "trigger": trigger, "steps": list(steps)}
    body = {"name": "Seat the guests", "definition": definition}
    answer = persona.api.post("/workflows", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def published(persona: Persona, trigger: Any, *steps: Any) -> str:
    workflow = made(persona, trigger, *steps)
    answer = persona.api.post(f"/workflows/{workflow}/publish", json={})
    assert answer.status_code == 200, answer.text
    return workflow


def refused(persona: Persona, workflow: str) -> str:
    """What stands in the way of publishing it."""
    answer = persona.api.post(f"/workflows/{workflow}/publish", json={})
    assert (answer.status_code, answer.json["code"]) == (422, "workflow_invalid"), answer.text
    return " ".join(each["message"] for each in answer.json["problems"])


def started(persona: Persona, worker: Worker, workflow: str, given: Any) -> str:
    """The run of a workflow that was started by hand, worked to its end."""
    answer = persona.api.post(f"/workflows/{workflow}/runs", json={"input": given})
    assert answer.status_code == 202, answer.text
    worker.work()
    return str(answer.json["id"])


def run_of(app: APIFlask, run_id: str) -> Row[Any]:
    return one(app, "SELECT * FROM runs WHERE id = :id", id=run_id)


def page_of(persona: Persona, run_id: str) -> str:
    return words_of(persona.browser.get(f"/runs/{run_id}"))


def error_of(app: APIFlask, run_id: str, step: str) -> Any:
    return steps_of(app, run_of(app, run_id).id)[step].error


def calling(workflow: str) -> Any:
    return {"id": "call", "kind": "call", "workflow": workflow, "input": {}, "wait": False}


def fetching(url: str) -> Any:
    given = {"method": "GET", "url": url}
    return {"id": "fetch", "kind": "action", "use": "http.request", "input": given}


def edit(persona: Persona, workflow: str, trigger: Any, *steps: Any) -> None:
    definition = {"format": 1, "trigger": trigger, "steps": list(steps)}
    read = persona.api.get(f"/workflows/{workflow}/draft")
    answer = persona.api.put(
        f"/workflows/{workflow}/draft",
        json={"definition": definition},
        headers={"If-Match": read.headers["ETag"]},
    )
    assert answer.status_code == 200, answer.text


# --- names that are none


@pytest.mark.parametrize("name", ["x" * 5_000, "Seat given\n<b>", "seat.\u202egiven", "..", 7])
def test_a_name_of_an_event_that_was_worked_out_is_held_to_what_a_name_is(
    app: APIFlask, worker: Worker, owner: Persona, name: Any
) -> None:
    step = tell("say", "seat.given")
    step["input"]["event_type"] = {"var": "trigger.data.name"}
    run_id = started(owner, worker, published(owner, MANUAL, step), {"name": name})
    assert run_of(app, run_id).state == "failed"
    assert error_of(app, run_id, "say")["code"] == "input_invalid"
    assert rows(app, "SELECT 1 FROM events WHERE source LIKE 'workflow:%'") == []


@pytest.mark.parametrize(
    "url", ["https://[::1", "http://\u2100.com/", "//", "", "https://:0/", "x"]
)
def test_an_address_that_is_none_fails_its_own_step_and_spoils_nobodys_turn(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    stranger: Persona,
    url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fetch = fetching("https://partner.example/")
    fetch["input"]["url"] = {"var": "trigger.data.url"}
    other = published(stranger, MANUAL, note("n", a=1))
    stranger.api.post(f"/workflows/{other}/runs", json={"input": {}})
    run_id = started(owner, worker, published(owner, MANUAL, fetch), {"url": url})
    run = run_of(app, run_id)
    assert run.state in ("failed", "waiting"), run.reason
    assert error_of(app, run_id, "fetch")["message"]
    assert "one by one" not in caplog.text


def test_what_a_far_end_says_cannot_change_how_a_page_reads(
    app: APIFlask, worker: Worker, owner: Persona, far_end: RestService
) -> None:
    far_end.answers("GET", "/", body="No\u202e\nmore\x1b[31m".encode(), status=422)
    run_id = started(owner, worker, published(owner, MANUAL, fetching(f"{far_end.url}/")), {})
    assert error_of(app, run_id, "fetch")["message"] == "They answered 422: No more [31m"


# --- going round in circles


def test_workflows_that_call_each_other_in_a_circle_are_not_published(owner: Persona) -> None:
    first = published(owner, BY_OTHERS, note("n", a=1))
    second = published(owner, BY_OTHERS, calling(first))
    for workflow, called in ((first, first), (first, second)):
        edit(owner, workflow, BY_OTHERS, calling(called))
        assert "would never end" in refused(owner, workflow)


def test_a_ring_of_calls_and_events_is_parked(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    telling = published(owner, BY_OTHERS, tell("again", "ring.turned"))
    ring = published(owner, on_event("ring.turned"), calling(telling))
    owner.api.post("/events", json={"type": "ring.turned", "data": {}})
    worker.work()
    found = rows(app, "SELECT * FROM runs WHERE state = 'needs_attention'")
    assert [str(row.workflow_id) for row in found] in ([ring], [telling])
    assert len(rows(app, "SELECT id FROM runs")) < 12
    assert "set itself off" in page_of(owner, str(found[0].id))


def test_running_a_parked_ring_again_does_not_begin_it_anew(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    published(owner, on_event("ring.turned"), tell("again", "ring.turned"))
    owner.api.post("/events", json={"type": "ring.turned", "data": {}})
    worker.work()
    parked = one(app, "SELECT id FROM runs WHERE state = 'needs_attention'").id
    owner.api.post(f"/runs/{parked}/stop")
    again = owner.api.post(f"/runs/{parked}/rerun", json={})
    worker.work()
    assert again.status_code in (202, 409), again.text
    assert len(rows(app, "SELECT id FROM runs")) < 8
    assert len(rows(app, "SELECT id FROM runs WHERE state = 'queued'")) == 0


def test_a_ring_of_changes_to_a_wedding_is_parked(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    turn = {
        "if": [{"==": [{"var": "wedding.venue"}, "Barn"]}, "Orangery", "Barn"],
    }
    update = {"id": "turn", "kind": "action", "use": "wedding.update", "input": {"venue": turn}}
    published(owner, on_event("wedding.updated", "ours"), update)
    wedding = owner.api.post("/weddings", json={"title": "Ana & Ben"}).json["id"]
    owner.api.patch(f"/weddings/{wedding}", json={"venue": "Barn"})
    worker.work()
    states = [row.state for row in rows(app, "SELECT state FROM runs ORDER BY id")]
    assert states == ["succeeded"] * 3 + ["needs_attention"]


def test_a_wedding_that_postpones_itself_is_not_postponed_for_ever(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    near, far = (str(clock.now().date() - timedelta(days=days)) for days in (1, 2))
    other_day = {"if": [{"==": [{"var": "wedding.date"}, near]}, far, near]}
    update = {"status": "postponed", "date": other_day}
    step = {"id": "turn", "kind": "action", "use": "wedding.update", "input": update}
    published(owner, around(0, late="run"), step)
    wedding = {"title": "Ana & Ben", "date": near, "status": "booked"}
    assert owner.api.post("/weddings", json=wedding).status_code == 201
    for _ in range(15):
        worker.work()
        tick(app)
    found = rows(app, "SELECT state, reason FROM runs ORDER BY id")
    assert len(found) < 12
    assert found[-1].state == "needs_attention"


# --- too much of everything


def test_a_list_of_too_many_items_fails_its_step(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    workflow = published(
        owner, MANUAL, for_each("each", {"var": "trigger.data.all"}, note("n", a=1))
    )
    run = started(owner, worker, workflow, {"all": [0] * 100_000})
    assert run_of(app, run).state == "failed"
    assert "100,000 items, and 10,000 is the most" in error_of(app, run, "each")["message"]
    assert "100,000 items" in page_of(owner, run)
    assert rows(app, "SELECT id FROM runs WHERE parent_run_id IS NOT NULL") == []


def test_loops_inside_loops_do_not_add_up_to_a_million_items(
    app: APIFlask, worker: Worker, owner: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "ITEMS_OF_A_RUN", 50)
    listed = {"var": "trigger.data.all"}
    inner = for_each("inner", listed, note("n", a=1))
    workflow = published(owner, MANUAL, for_each("outer", listed, inner))
    run = started(owner, worker, workflow, {"all": list(range(20))})
    assert run_of(app, run).state == "needs_attention"
    assert "more than 50 items" in page_of(owner, run)
    assert len(rows(app, "SELECT id FROM runs")) <= 51


def test_a_million_items_cannot_be_written_into_a_definition(owner: Persona) -> None:
    definition = {"format": 1, "trigger": MANUAL, "steps": [for_each("each", [0] * 60_000)]}
    kept = owner.api.post("/workflows", json={"name": "Many", "definition": definition})
    assert refused(owner, kept.json["id"]) == "It has more than 50,000 parts."
    million = for_each("each", [0] * 1_000_000)
    answer = owner.api.post("/workflows", json={"name": "Many", "definition": million})
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


def test_an_answer_of_twenty_megabytes_is_not_kept(
    app: APIFlask, worker: Worker, owner: Persona, far_end: RestService
) -> None:
    far_end.answers("GET", "/huge", body=b"a" * 20 * MEGABYTE)
    far_end.answers("GET", "/large", {"all": "a" * MEGABYTE})
    for path in ("/huge", "/large"):
        workflow = published(owner, MANUAL, fetching(far_end.url + path), note("after", a=1))
        run = started(owner, worker, workflow, {})
        assert run_of(app, run).state == "failed", path
        error = error_of(app, run, "fetch")
        assert error["code"] == "output_refused", error
        assert error["message"] == "It was done, but what came back is larger than 256 kB."
        assert error["message"] in page_of(owner, run)
        assert "a" * 200 not in str(steps_of(app, run_of(app, run).id)["fetch"])


SO_FAR = {"var": "accumulator"}
DOUBLED = {"reduce": [{"var": "trigger.data.all"}, {"cat": [SO_FAR, SO_FAR]}, "ha"]}
MERGED = {"reduce": [{"var": "trigger.data.all"}, {"merge": [SO_FAR, SO_FAR]}, [1]]}
LOOPS = "".join("{% for x in trigger.data.all %}" for _ in range(3))
SAID = {"text.body": f"{LOOPS}ha{'{% endfor %}' * 3}"}


@pytest.mark.parametrize("bomb", [DOUBLED, MERGED, SAID], ids=["text", "list", "body"])
def test_an_expression_that_grows_without_end_is_refused_or_fails_its_step(
    app: APIFlask, worker: Worker, owner: Persona, bomb: Any
) -> None:
    workflow = made(owner, MANUAL, note("boom", words=bomb))
    answer = owner.api.post(f"/workflows/{workflow}/publish", json={})
    if answer.status_code == 422:
        assert answer.json["problems"][0]["message"]
        return
    run = started(owner, worker, workflow, {"all": list(range(300))})
    assert run_of(app, run).state == "failed"
    error = error_of(app, run, "boom")
    assert error["code"] == "expression_failed", error
    assert error["message"].endswith(".")
    assert error["message"] in page_of(owner, run)


# --- what is not there any more


def test_a_connection_that_was_removed_ends_the_run_with_a_sentence(
    app: APIFlask, worker: Worker, owner: Persona, far_end: RestService
) -> None:
    connection = connect(app, owner.organization_id, seating(far_end, "seats"))
    release = {"use": "seats.release", "connection": str(connection), "input": {"guest": "Ana"}}
    workflow = published(owner, MANUAL, {"id": "release", "kind": "action", **release})
    change(app, connection, state="deleted", secret=None)
    run = started(owner, worker, workflow, {})
    assert run_of(app, run).state == "failed"
    assert "was removed" in page_of(owner, run)
    assert far_end.asked == []

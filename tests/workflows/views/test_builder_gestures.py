"""Everything that can be pressed in the builder, sent as its page sends it."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.engine.building import act, choose, note, workflow
from tests.page_words import words_of
from tests.personas import Persona, make_persona
from tests.workflows.definitions import make_workflow
from tests.workflows.views.building import Builder, builder_of
from wedsync.platform.db import db
from wedsync.workflows.views.builder_routes import GESTURES

DRAFT = workflow(
    note("shape", guest=1),
    choose("which", ("Yes", {"==": [{"var": "trigger.data.count"}, 1]}, [act("first")])),
    act("last"),
)
GO_ON = {"id": "only", "kind": "filter", "when": None}


@pytest.fixture
def builder(app: APIFlask, owner: Persona) -> Builder:
    return builder_of(app, owner, DRAFT)


def test_a_workflow_is_begun_from_nothing(app: APIFlask, owner: Persona) -> None:
    answer = owner.browser.post("/workflows/new", data={"name": "Count the guests"})
    assert answer.status_code == 303
    address, _, query = answer.headers["Location"].partition("?")
    assert query == "pick=start"
    made = Builder(app, owner, UUID(address.split("/")[2]))
    assert made.draft == {"format": 1, "steps": []}
    page = owner.browser.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "Count the guests" in words_of(page)
    assert owner.browser.get(f"/workflows/{made.workflow_id}").status_code == 200


def test_one_without_a_name_gets_one(owner: Persona) -> None:
    answer = owner.browser.post("/workflows/new", data={"name": " "})
    assert "New workflow" in words_of(owner.browser.get(answer.headers["Location"]))


def test_a_name_that_is_too_long_is_refused_beside_its_field(owner: Persona) -> None:
    answer = owner.browser.post("/workflows/new", data={"name": "n" * 201})
    assert answer.status_code == 422
    assert "A name has 1 to 200 characters." in words_of(answer)


def test_what_starts_it_is_chosen_and_its_panel_opens(app: APIFlask, owner: Persona) -> None:
    builder = builder_of(app, owner, {"format": 1, "steps": []})
    answer = builder.press("set-trigger", {"pick": "start"}, key="ours:wedding.created")
    assert builder.draft["trigger"]["event_type"] == "wedding.created"
    assert answer.headers["Location"] == f"{builder.address}?step=-start"


def test_a_step_is_added_where_the_picker_stands_and_its_panel_opens(builder: Builder) -> None:
    state = {"pick": "step", "list": "steps", "after": "shape", "sample": "example"}
    answer = builder.press("add", state, key="step:wait:seconds")
    assert builder.ids == ["shape", "wait", "which", "last"]
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{builder.address}?step=wait&field=all&sample=example"


def test_a_step_is_added_inside_a_branch_and_inside_nothing(builder: Builder) -> None:
    place = {"owner": "which", "list": "branches.0.steps", "on": "Yes", "pick": "step"}
    builder.press("add", place, key="step:stop")
    first, second = builder.draft["steps"][1]["branches"][0]["steps"]
    assert (first["kind"], second["id"]) == ("stop", "first")
    builder.press("add", {"owner": "which", "list": "otherwise", "pick": "step"}, key="step:stop")
    assert builder.draft["steps"][1]["otherwise"][0]["kind"] == "stop"


@pytest.mark.parametrize(
    ("gesture", "fields", "expected"),
    [
        ("remove", {"step": "shape"}, ["which", "last"]),
        ("duplicate", {"step": "last"}, ["shape", "which", "last", "last-2"]),
        ("move", {"step": "which", "way": "up"}, ["which", "shape", "last"]),
        ("move", {"step": "shape", "way": "down"}, ["which", "last"]),
        ("move-to", {"step": "last", "list": "steps"}, ["last", "shape", "which"]),
        ("cut", {"step": "shape"}, ["which", "last"]),
    ],
)
def test_steps_are_moved_about(
    builder: Builder, gesture: str, fields: dict[str, str], expected: list[str]
) -> None:
    answer = builder.press(gesture, **fields)
    assert answer.status_code == 303
    assert builder.ids == expected


def test_a_step_is_turned_off_and_on_named_and_noted(builder: Builder) -> None:
    builder.press("turn-off", step="last")
    builder.press("rename", step="last", label="Tell them")
    builder.press("note", step="last", note="Only in summer")
    last = builder.draft["steps"][-1]
    assert (last["off"], last["label"], last["note"]) == (True, "Tell them", "Only in summer")
    builder.press("turn-on", step="last")
    assert "off" not in builder.draft["steps"][-1]


def test_what_was_copied_is_pasted_after_the_step_that_is_named(builder: Builder) -> None:
    builder.press("copy", step="shape")
    builder.press("paste", after="last")
    assert builder.ids == ["shape", "which", "last", "shape-2"]
    builder.press("paste", {"list": "steps"})
    assert builder.ids == ["shape-3", "shape", "which", "last", "shape-2"]


def test_nothing_copied_yet_says_so(builder: Builder) -> None:
    answer = builder.press("paste", {"list": "steps"})
    assert answer.status_code == 409
    assert "You have copied nothing yet." in words_of(answer)


def test_what_was_done_is_undone_and_done_again(builder: Builder) -> None:
    builder.press("remove", step="shape")
    builder.press("undo", operation=str(builder.operation))
    assert builder.ids == ["shape", "which", "last"]
    builder.press("redo")
    assert builder.ids == ["which", "last"]


def test_branches_are_added_named_moved_and_removed(builder: Builder) -> None:
    builder.press("add-branch", step="which")
    builder.press("rename-branch", step="which", branch="1", was="Branch 2", label="Perhaps")
    builder.press("move-branch", step="which", branch="1", was="Perhaps", way="up")
    assert [each["label"] for each in builder.draft["steps"][1]["branches"]] == ["Perhaps", "Yes"]
    builder.press("remove-branch", step="which", branch="1", was="Yes")
    assert [each["label"] for each in builder.draft["steps"][1]["branches"]] == ["Perhaps"]


def test_fields_are_kept_and_what_cannot_be_read_stays_as_typed(
    app: APIFlask, owner: Persona
) -> None:
    wait = {"id": "wait", "kind": "wait", "seconds": 60}
    builder = builder_of(app, owner, workflow(wait))
    state, seen = {"step": "wait"}, builder.seen("wait")
    kept = builder.press("fields", state, step="wait", seen=seen, seconds="2 days", label="Rest")
    assert kept.headers["Location"] == f"{builder.address}?step=wait"
    after = {**wait, "seconds": 172_800, "label": "Rest"}
    assert builder.draft["steps"] == [after]
    refused = builder.press(
        "fields", state, step="wait", seen=builder.seen("wait"), seconds="a while", label="Sleep"
    )
    assert refused.status_code == 422
    assert 'value="a while"' in refused.text
    assert 'value="Sleep"' in refused.text
    assert builder.draft["steps"] == [after]


def test_fields_of_what_starts_it_are_kept(app: APIFlask, owner: Persona) -> None:
    trigger = {"kind": "wedding_date", "anchor": "wedding.date", "offset_days": -14, "at": "09:00"}
    builder = builder_of(app, owner, workflow(note("a", b=1), trigger={**trigger, "late": "run"}))
    builder.press("fields", {"step": "start"}, step="", seen=builder.seen(None), at="18:30")
    assert builder.draft["trigger"]["at"] == "18:30"


def test_a_panel_without_what_it_showed_is_refused(builder: Builder) -> None:
    assert builder.press("fields", step="shape", label="Shape").status_code == 422
    assert "label" not in builder.draft["steps"][0]


def test_a_condition_is_made_row_by_row(app: APIFlask, owner: Persona) -> None:
    builder = builder_of(app, owner, workflow(GO_ON, trigger=OUR_WEDDING))
    about = {"step": "only", "field": "when"}

    def press(gesture: str, **fields: str) -> None:
        answer = builder.press(gesture, about, seen=builder.seen("only"), **about, **fields)
        assert answer.status_code == 303, words_of(answer)

    press("add-row")
    press("insert", pick="subject:0", name="Venue")
    press("change-row", place="0", verb="text.is")
    press("change-row", place="0", verb="text.is", others__0="Villa Rosa")
    assert builder.draft["steps"][0]["when"] == {
        "text.is": [{"var": "wedding.venue"}, "Villa Rosa"]
    }
    press("add-group")
    press("insert", pick="subject:1.0", name="Wedding date")
    when = builder.draft["steps"][0]["when"]
    assert list(when) == ["and"]
    press("set-joined", place="", joined="any")
    assert list(builder.draft["steps"][0]["when"]) == ["or"]
    press("remove-row", place="1.0")
    press("remove-row", place="0")
    assert builder.draft["steps"][0]["when"] == {}


OUR_WEDDING = {"kind": "event", "event_type": "wedding.created", "source": "ours"}


def test_what_a_row_compares_with_is_read_kindly_or_refused(app: APIFlask, owner: Persona) -> None:
    when = {"<": [{"var": "wedding.final_count"}, 5]}
    builder = builder_of(app, owner, workflow({**GO_ON, "when": when}, trigger=OUR_WEDDING))
    about = {"step": "only", "field": "when", "place": "0"}
    changed = builder.press("change-row", **about, verb="number.less", others__0="1,200")
    assert changed.status_code == 303, words_of(changed)
    assert builder.draft["steps"][0]["when"] == {"<": [{"var": "wedding.final_count"}, 1200]}
    refused = builder.press("change-row", **about, verb="number.less", others__0="a few")
    assert refused.status_code == 422
    assert builder.draft["steps"][0]["when"] == {"<": [{"var": "wedding.final_count"}, 1200]}


def test_an_amount_typed_into_a_row_is_in_the_currency_of_the_example(
    app: APIFlask, owner: Persona
) -> None:
    due = {"var": "trigger.data.due"}
    when = {"money.is_more": [due, {"money.of_minor": [100, "EUR"]}]}
    builder = builder_of(app, owner, workflow({**GO_ON, "when": when}, trigger=OUR_WEDDING))
    about = {"step": "only", "field": "when", "place": "0"}
    changed = builder.press("change-row", **about, others__0="6000")
    assert changed.status_code == 303, words_of(changed)
    in_pounds = {"money.is_more": [due, {"money.of_minor": [600_000, "GBP"]}]}
    assert builder.draft["steps"][0]["when"] == in_pounds


def test_a_value_is_put_into_a_field_and_a_function_used_on_it(
    app: APIFlask, owner: Persona
) -> None:
    loop = {"id": "each", "kind": "for_each", "items": None, "steps": [note("a", b=1)]}
    noted = note("city", name="At")
    builder = builder_of(app, owner, workflow(noted, loop, trigger=OUR_WEDDING))
    about = {"step": "city", "field": "values.0.value", "pick": "field"}
    builder.press("insert", seen=builder.seen("city"), name="Venue", **about)
    assert builder.draft["steps"][0]["values"] == {
        "name": {"cat": ["At ", {"var": "wedding.venue"}]}
    }
    about = {"step": "each", "field": "items", "pick": "field"}
    builder.press("insert", seen=builder.seen("each"), name="Venue", **about)
    assert builder.draft["steps"][1]["items"] == {"var": "wedding.venue"}
    made = builder.press("apply-function", function="text.upper", **about)
    assert made.status_code == 303, words_of(made)
    assert builder.draft["steps"][1]["items"] == {"text.upper": [{"var": "wedding.venue"}]}


def test_a_function_is_used_on_what_was_typed_and_taken_back_with_it(
    app: APIFlask, owner: Persona
) -> None:
    loop = {"id": "each", "kind": "for_each", "items": None, "steps": [note("a", b=1)]}
    builder = builder_of(app, owner, workflow(loop, trigger=OUR_WEDDING))
    before, operation = builder.draft, builder.operation
    about = {"step": "each", "field": "items", "pick": "field", "function": "text.upper"}
    typed = {"items": "[Venue]", "note": "Ana asked for this."}
    made = builder.press("apply-function", seen=builder.seen("each"), **about, **typed)
    assert made.status_code == 303, words_of(made)
    step = builder.draft["steps"][0]
    assert step["items"] == {"text.upper": [{"var": "wedding.venue"}]}
    assert step["note"] == "Ana asked for this."
    assert builder.operation == operation + 1
    builder.press("undo")
    assert builder.draft == before


def test_a_function_is_used_on_nothing_where_what_was_typed_cannot_be_read(
    app: APIFlask, owner: Persona
) -> None:
    loop = {"id": "each", "kind": "for_each", "items": None, "steps": [note("a", b=1)]}
    builder = builder_of(app, owner, workflow(loop, trigger=OUR_WEDDING))
    before = builder.draft
    about = {"step": "each", "field": "items", "pick": "field", "function": "text.upper"}
    for items in ("[Nobody’s venue]", ""):
        refused = builder.press("apply-function", seen=builder.seen("each"), **about, items=items)
        assert refused.status_code == 422
    gone = builder.press("apply-function", seen=builder.seen("each"), **{**about, "field": "x"})
    assert gone.status_code == 409
    assert builder.draft == before


def test_the_filter_of_what_starts_it_is_made_of_rows_and_taken_away(
    app: APIFlask, owner: Persona
) -> None:
    builder = builder_of(app, owner, workflow(note("a", b=1), trigger=OUR_WEDDING))
    about = {"step": "", "field": "filter"}
    builder.press("add-row", **about)
    assert "filter" in builder.draft["trigger"]
    builder.press("remove-row", place="0", **about)
    assert builder.draft["trigger"] == OUR_WEDDING


def test_discarding_the_draft_leads_back_to_the_builder(app: APIFlask, owner: Persona) -> None:
    made = make_workflow(app, owner.organization_id, workflow(note("shape", guest=1)))
    builder = Builder(app, owner, made)
    builder.press("duplicate", step="shape")
    answer = owner.browser.post(f"/workflows/{made}/discard", data={"back": "builder"})
    assert answer.headers["Location"] == builder.address
    assert builder.ids == ["shape"]


def test_the_workflow_is_renamed(builder: Builder) -> None:
    builder.press("name", name="Final count")
    assert "Final count" in words_of(builder.look())


def test_what_is_no_workflow_is_begun_anew_and_steps_get_names(
    app: APIFlask, owner: Persona
) -> None:
    builder = builder_of(app, owner, workflow({"kind": "stop", "outcome": "done"}))
    builder.press("name-steps")
    assert isinstance(builder.ids[0], str)
    builder.press("start-anew")
    assert builder.draft["steps"] == []


def test_a_gesture_that_comes_twice_is_done_once(builder: Builder) -> None:
    for _ in range(2):
        builder.press("duplicate", step="last", once="the same")
    key = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        builder.press("duplicate", headers=key, step="last")
    assert len(builder.ids) == 5


def test_two_people_change_one_step_and_neither_loses_anything(
    app: APIFlask, owner: Persona, builder: Builder
) -> None:
    ana = make_persona(app, owner.organization_id, "editor", name="Ana")
    hers = Builder(app, ana, builder.workflow_id)
    seen = builder.seen("shape")
    hers.press("fields", step="shape", seen=seen, label="Shape of it")
    refused = builder.press(
        "fields", {"step": "shape"}, step="shape", seen=seen, label="Its shape", note="Mine"
    )
    assert refused.status_code == 409
    said = words_of(refused)
    assert "Ana changed this step" in said
    assert "Yours Its shape Theirs Shape of it" in said
    assert 'value="Its shape"' in refused.text
    builder.press("fields", step="shape", seen=builder.seen("shape"), label="Its shape")
    assert builder.draft["steps"][0]["label"] == "Its shape"


def test_theirs_is_overwritten_by_who_saw_it(
    app: APIFlask, owner: Persona, builder: Builder
) -> None:
    ana = make_persona(app, owner.organization_id, "editor", name="Ana")
    seen = builder.seen("shape")
    Builder(app, ana, builder.workflow_id).press("rename", step="shape", label="Shape of it")
    over = builder.seen("shape")
    kept = builder.press("fields", step="shape", seen=seen, over=over, label="Its shape")
    assert kept.status_code == 303
    assert builder.draft["steps"][0]["label"] == "Its shape"


def test_a_step_that_somebody_removed_says_who_did(
    app: APIFlask, owner: Persona, builder: Builder
) -> None:
    ana = make_persona(app, owner.organization_id, "editor", name="Ana")
    seen = builder.seen("last")
    Builder(app, ana, builder.workflow_id).press("remove", step="last")
    refused = builder.press("fields", {"step": "last"}, step="last", seen=seen, label="Ours")
    assert refused.status_code == 409
    assert "Ana removed this step" in words_of(refused)


@pytest.mark.parametrize("gesture", sorted({*GESTURES} - {"start-anew"}))
def test_an_empty_form_is_refused_with_a_sentence_whatever_was_pressed(
    builder: Builder, gesture: str
) -> None:
    before = builder.draft
    answer = builder.press(gesture)
    nothing_to_do = gesture in ("take-out", "name-steps", "tidy-steps")
    assert answer.status_code in ((303,) if nothing_to_do else (409, 422))
    assert builder.draft == before


@pytest.mark.parametrize("gesture", sorted(GESTURES))
def test_who_only_looks_on_changes_nothing(builder: Builder, viewer: Persona, gesture: str) -> None:
    before = builder.draft
    onlooker = Builder(builder.app, viewer, builder.workflow_id)
    assert onlooker.press(gesture, step="last", key="step:stop").status_code == 403
    assert builder.draft == before


def test_a_stranger_finds_nothing_to_press(builder: Builder, stranger: Persona) -> None:
    theirs = Builder(builder.app, stranger, builder.workflow_id)
    assert theirs.look().status_code == 404
    assert {theirs.press(each, step="last").status_code for each in GESTURES} == {404}


def test_a_form_without_its_token_changes_nothing(builder: Builder) -> None:
    answer = builder.persona.browser.post(
        f"{builder.address}/remove", data={"step": "last"}, csrf=False
    )
    assert answer.status_code == 400
    assert builder.ids == ["shape", "which", "last"]


@pytest.mark.parametrize(
    "draft",
    [
        [],
        "text",
        {"steps": 7},
        {"format": 1, "trigger": [], "steps": [None, {"kind": []}, {"id": 5, "kind": "wait"}]},
        {"format": 1, "trigger": {"kind": "event"}, "steps": [{"id": "a"}, {"id": "a"}]},
    ],
)
def test_a_draft_of_any_shape_is_shown(app: APIFlask, builder: Builder, draft: Any) -> None:
    with app.app_context():
        db.session.execute(
            text("UPDATE workflows SET draft = CAST(:draft AS jsonb) WHERE id = :id"),
            {"draft": app.json.dumps(draft), "id": builder.workflow_id},
        )
        db.session.commit()
    states: list[dict[str, str]] = [{}, {"step": "-start"}, {"step": "a"}, {"pick": "step"}]
    for state in states:
        assert builder.look(**state).status_code == 200
    for gesture in sorted(GESTURES):
        assert builder.press(gesture, step="a", key="step:stop", way="up").status_code < 500

"""The panel: what can be set of every kind of step, trigger and action, written and read back."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.personas import make_organization
from tests.workflows.building.panels import (
    KNOWN,
    NAME,
    NOBODY,
    draft,
    fields_of,
    panel,
    posted,
    written,
)
from tests.workflows.building.test_slots import FILLED
from tests.workflows.connected import connect, seating
from tests.workflows.definitions import make_workflow
from wedsync.errors import Conflict, Invalid
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.building.panel.field import Field
from wedsync.workflows.building.panel.field_writing import write
from wedsync.workflows.building.panel.fields import as_typed, vocabulary_of
from wedsync.workflows.catalogue import entries
from wedsync.workflows.editing import drafts
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.triggers import TRIGGERS


@pytest.fixture(autouse=True)
def _inside(app: APIFlask) -> Iterator[None]:
    with app.app_context():
        yield


# --- works


_STRUCTURE = {"steps", "otherwise", "branches"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_everything_of_a_kind_of_step_can_be_set(kind: str) -> None:
    own = [step for step in FILLED if step["kind"] == kind] or [{"kind": kind}]
    found = {name.split(".")[0] for step in own for name in panel(draft(step))}
    assert KINDS[kind].fields - _STRUCTURE <= found | {"connection"}
    assert {"label", "note", "off"} <= found


@pytest.mark.parametrize("kind", sorted(TRIGGERS))
def test_everything_of_a_kind_of_trigger_can_be_set(kind: str) -> None:
    found = panel(draft(trigger={"kind": kind}), None)
    assert TRIGGERS[kind].fields == {name.split(".")[0] for name in found}
    assert TRIGGERS[kind].required == {name for name, each in found.items() if each.required}


def test_the_branches_of_a_choice_can_be_named() -> None:
    step = {"kind": "choose", "branches": [{"label": "Yes", "when": True, "steps": []}]}
    fields = panel(draft(step))
    assert fields["branches.0.when"].kind == "condition"
    after = written(draft(step), {"branches.0.label": "They come"})
    assert after["branches"][0] == {"label": "They come", "when": True, "steps": []}


_TYPED = {
    "text": "some words",
    "long_text": "some words\nbelow each other",
    "any": "some words",
    "data": "[Guest’s name]",
    "switch": "yes",
    "event_type": "external.rsvp.changed",
}


@pytest.mark.parametrize("use", sorted(entries()))
def test_everything_of_every_built_in_action_is_written_and_reads_back_the_same(use: str) -> None:
    entry = entries()[use]
    definition = draft({"kind": "action", "use": use, "input": {}})
    fields = panel(definition)
    inputs = {name: each for name, each in fields.items() if name.startswith("input.")}
    assert set(inputs) == {f"input.{name}" for name in entry.info.fields or ()}
    assert {n for n, each in inputs.items() if each.required} == {
        f"input.{name}" for name in entry.info.required
    }
    assert ("connection" in fields) == entry.needs_account
    form = {name: _answer(each) for name, each in inputs.items() if each.kind != "key_values"}
    for name, each in inputs.items():
        if each.kind == "key_values":
            form |= {f"{name}.0.name": "guest.name", f"{name}.0.value": "[Guest’s name]"}
    after = draft({**written(definition, form), "id": "s0"})
    again = posted(panel(after))
    assert {name: again[name] for name in form} == form
    assert written(after, again) == after["steps"][0]


def _answer(field: Field) -> str:
    """Something that fits: a choice, the example of its manifest, or words."""
    if field.choices:
        return field.choices[-1].value
    if field.kind == "number":
        return field.example or "2"
    return field.example if field.kind == "text" and field.example else _TYPED[field.kind]


@pytest.mark.parametrize("use", sorted(entries()))
def test_every_input_of_every_action_takes_a_value(use: str) -> None:
    definition = draft({"kind": "action", "use": use, "input": {}})
    for name in [each for each in panel(definition) if each.startswith("input.")]:
        after = written(definition, {name: "[Guest’s name]"})
        assert after["input"] == {name.removeprefix("input."): NAME}
        shown = panel(draft({**after, "id": "s0"}))[name]
        assert shown.typed == "[Guest’s name]"


_FORMS: list[tuple[dict[str, Any], dict[str, str], dict[str, Any]]] = [
    ({"kind": "set"}, {"values.0.name": "seats", "values.0.value": "2", "values.1.name": "max",
     "values.1.value": '"2"'}, {"values": {"seats": 2, "max": "2"}}),
    ({"kind": "set"}, {"values.0.name": "max", "values.0.value": "[Guest's name]"},
     {"values": {"$max": NAME}}),
    ({"kind": "for_each"}, {"items": "[Wedding date]", "parallel": "8"},
     {"items": {"var": "wedding.date"}, "parallel": 8}),
    ({"kind": "wait", "seconds": 60}, {"seconds": "3 days"}, {"seconds": 259_200}),
    ({"kind": "wait"}, {"way": "anchor"},
     {"anchor": "wedding.date", "offset_days": -14, "at": "09:00", "late": "ask"}),
    ({"kind": "wait", "anchor": "wedding.date", "offset_days": -14, "at": "09:00", "late": "ask"},
     {"anchor": "rsvp_deadline", "offset_days": "2 weeks after", "at": "5 pm", "late": "run"},
     {"anchor": "rsvp_deadline", "offset_days": 14, "at": "17:00", "late": "run"}),
    ({"kind": "wait", "event": {"event_type": ""}},
     {"event.event_type": "contract.signed", "event.match.0.name": "data.guest.id",
      "event.match.0.value": "[Guest’s name]", "event.timeout_s": "2 weeks"},
     {"event": {"event_type": "contract.signed", "match": {"data.guest.id": NAME},
                "timeout_s": 1_209_600}}),
    ({"kind": "wait", "until": ""}, {"until": "[Wedding date]"},
     {"until": {"var": "wedding.date"}}),
    ({"kind": "wait", "until": ""}, {"until": "12 June 2027 at 9am"},
     {"until": "2027-06-12T09:00"}),
    ({"kind": "wait", "until": "2027-06-12"}, {"until": "13/06/2027"}, {"until": "2027-06-13"}),
    ({"kind": "approval"},
     {"ask": "Seat [Guest’s name]?", "who": "role:owner", "remind_after_s": "1 day",
      "then_ask": "beth@rosewood.example", "expires_after_s": "1 week", "on_expiry": "refuse"},
     {"ask": {"text.body": "Seat {{ trigger.data.guest.name }}?"}, "who": {"role": "owner"},
      "remind_after_s": 86_400, "then_ask": {"email": "beth@rosewood.example"},
      "expires_after_s": 604_800, "on_expiry": "refuse"}),
    ({"kind": "approval"}, {"who": "[Guest’s name]"}, {"who": {"email": NAME}}),
    ({"kind": "call", "workflow": "w"},
     {"input.0.name": "guest", "input.0.value": "[Guest’s name]", "wait": "yes"},
     {"workflow": "w", "input": {"guest": NAME}, "wait": True}),
    ({"kind": "stop"}, {"outcome": "failed", "reason": "Nobody [came]."},
     {"outcome": "failed", "reason": "Nobody [came]."}),
    ({"kind": "stop", "outcome": "done"}, {"label": "The [end]", "note": "a\r\nb", "off": "yes"},
     {"outcome": "done", "label": "The [end]", "note": "a\nb", "off": True}),
]  # fmt: skip


@pytest.mark.parametrize(("step", "form", "kept"), _FORMS)
def test_what_is_written_is_kept_and_reads_back_the_same(
    step: dict[str, Any], form: dict[str, str], kept: dict[str, Any]
) -> None:
    after = written(draft(step), form)
    assert after == {"id": "s0", "kind": step["kind"], **kept}
    assert written(draft(after), posted(panel(draft(after)))) == after


_STARTED: list[tuple[dict[str, Any], dict[str, str], dict[str, Any]]] = [
    ({"kind": "schedule"},
     {"cron": "every weekday at 9am", "zone": "london", "missed": "once"},
     {"cron": "0 9 * * 1-5", "zone": "Europe/London", "missed": "once"}),
    ({"kind": "wedding_date"},
     {"anchor": "wedding.date", "offset_days": "on the day", "at": "9", "late": "skip"},
     {"anchor": "wedding.date", "offset_days": 0, "at": "09:00", "late": "skip"}),
    ({"kind": "event"}, {"event_type": "wedding.postponed", "source": "ours"},
     {"event_type": "wedding.postponed", "source": "ours"}),
    ({"kind": "poll"}, {"every_s": "15 minutes"}, {"every_s": 900}),
    ({"kind": "manual"},
     {"input.0.name": "guests", "input.0.value": "whole number, needed",
      "input.1.name": "note", "input.1.value": "text"},
     {"input": {"type": "object", "properties": {"guests": {"type": "integer"},
      "note": {"type": "string"}}, "required": ["guests"]}}),
]  # fmt: skip


@pytest.mark.parametrize(("trigger", "form", "kept"), _STARTED)
def test_what_is_written_of_a_trigger_is_kept_and_reads_back_the_same(
    trigger: dict[str, Any], form: dict[str, str], kept: dict[str, Any]
) -> None:
    after = written(draft(trigger=trigger), form, None)
    assert after == {"kind": trigger["kind"], **kept}
    again = draft(trigger=after)
    assert written(again, posted(panel(again, None)), None) == after


def test_rows_close_up_where_one_was_left_out_and_the_last_one_can_go() -> None:
    step = {"kind": "set", "values": {"a": 1, "b": 2}}
    form = {"values.1.name": "b", "values.1.value": "2", "values.7.name": "", "values.7.value": ""}
    assert written(draft(step), form)["values"] == {"b": 2}
    emptied = {"values.0.name": "", "values.0.value": ""}
    assert written(draft(step), emptied)["values"] == {}


def test_another_way_to_wait_leaves_nothing_of_the_one_before() -> None:
    step = {"kind": "wait", "anchor": "wedding.date", "offset_days": 1, "at": "09:00",
            "late": "ask", "label": "Wait for them"}  # fmt: skip
    after = written(draft(step), {"way": "seconds", "at": "10:00", "label": "Wait"})
    assert after == {"id": "s0", "kind": "wait", "label": "Wait", "seconds": 86_400}


def test_what_follows_a_failure_is_kept_beside_what_is_left_as_it_is() -> None:
    step = {"kind": "action", "use": "smtp.send", "input": {}}
    after = written(
        draft(step),
        {"on_error.then": "steps", "on_error.retry.attempts": "2", "timeout_s": "1 min"},
    )
    assert after["on_error"] == {"then": "steps", "steps": [], "retry": {"attempts": 2}}
    assert after["timeout_s"] == 60


def test_a_field_that_was_cleared_is_taken_away() -> None:
    step = {"kind": "action", "use": "smtp.send", "input": {"to": "a@b.c", "body": "x"}}
    assert written(draft(step), {"input.to": " ", "note": ""})["input"] == {"body": "x"}
    assert "reason" not in written(draft({"kind": "stop", "reason": "x"}), {"reason": ""})


def test_what_nobody_touched_is_never_rewritten() -> None:
    odd = {"cat": [NAME, 7, {"a": 1}]}
    step: dict[str, Any]
    step = {"kind": "action", "use": "smtp.send", "timeout_s": "soon",
            "input": {"to": ["x"], "subject": odd, "body": {"text.body": "{% if x %}a{% endif %}"},
                      "nonsense": {"deep": [1]}},
            "on_error": "never", "off": "perhaps"}  # fmt: skip
    definition = draft(step)
    assert write(NOBODY, definition, "s0", posted(panel(definition)), KNOWN) == []
    after = written(definition, {"input.to": "a@b.c"})
    assert after == {**definition["steps"][0], "input": {**step["input"], "to": "a@b.c"}}


def test_the_choices_are_those_of_the_organization(
    app: APIFlask, organization: UUID, owner: Any
) -> None:
    people = panel(draft({"kind": "approval"}), organization=organization)["who"].choices
    assert any(each.value.startswith("user:") for each in people)
    assert not any(
        each.value.startswith("user:") for each in panel(draft({"kind": "approval"}))["who"].choices
    )


def test_the_vocabulary_names_what_the_picker_offers() -> None:
    vocabulary = vocabulary_of(NOBODY, draft({"kind": "set"}), "s0", KNOWN)
    assert vocabulary.pill(NAME) == "[Guest’s name]"
    assert vocabulary.expression_of("guest's name") == NAME


def test_a_partners_action_is_set_and_its_account_chosen(app: APIFlask, organization: UUID) -> None:
    manifest = seating(RestService(port=9), f"seats-{uuid4().hex[:8]}")
    connection = connect(app, organization, manifest)
    use = f"{manifest.slug}.release"
    step = {"id": "s0", "kind": "action", "use": use, "input": {}}
    workflow_id = make_workflow(app, organization, draft(step), publish=False)
    fields = panel(draft(step), organization=organization)
    assert fields["input.guest"].required
    assert [each.value for each in fields["connection"].choices] == [str(connection)]
    form = {"connection": str(connection), "input.guest": "Guest [Guest’s name]"}
    changes = write(organization, draft(step), "s0", form, KNOWN)
    revision = queries.get_workflow(organization, workflow_id).draft_revision
    drafts.edit(organization, workflow_id, changes, expected_revision=revision)
    kept = queries.get_workflow(organization, workflow_id).draft["steps"][0]
    assert kept["connection"] == str(connection)
    assert kept["input"] == {"guest": {"cat": ["Guest ", NAME]}}
    db.session.rollback()


def test_nobody_can_choose_the_account_of_another_organization(
    app: APIFlask, organization: UUID
) -> None:
    manifest = seating(RestService(port=9), f"seats-{uuid4().hex[:8]}")
    theirs = connect(app, make_organization(app, "Others"), manifest)
    definition = draft({"kind": "action", "use": f"{manifest.slug}.release", "input": {}})
    assert panel(definition, organization=organization)["connection"].choices == ()
    with pytest.raises(Invalid):
        write(organization, definition, "s0", {"connection": str(theirs)}, KNOWN)


# --- refusals


@pytest.mark.parametrize(
    ("step", "form", "pointer"),
    [
        ({"kind": "wait", "seconds": 1}, {"seconds": "soon"}, "/seconds"),
        ({"kind": "wait", "seconds": 1}, {"way": "for ever"}, "/way"),
        ({"kind": "action", "use": "smtp.send", "input": {}}, {"timeout_s": "2 hours"},
         "/timeout_s"),
        ({"kind": "action", "use": "smtp.send", "input": {}}, {"input.to": "[nobody]"},
         "/input.to"),
        ({"kind": "action", "use": "smtp.send", "input": {}}, {"connection": str(NOBODY)},
         "/connection"),
        ({"kind": "action", "use": "stripe.refund_payment", "input": {}}, {"input.amount": "1.5"},
         "/input.amount"),
        ({"kind": "action", "use": "http.request", "input": {}}, {"input.method": "ASK"},
         "/input.method"),
        ({"kind": "set"}, {"values.0.name": "", "values.0.value": "x"}, "/values.0.name"),
        ({"kind": "set"}, {"values.0.name": "a", "values.0.value": "1", "values.1.name": "a.b",
                           "values.1.value": "2"}, "/values.1.name"),
        ({"kind": "set"}, {"values.0.name": "a", "values.0.value": "[x"}, "/values.0.value"),
        ({"kind": "approval"}, {"who": "somebody"}, "/who"),
        ({"kind": "approval"}, {"who": "role:king"}, "/who"),
        ({"kind": "for_each"}, {"items": "all [Wedding date]"}, "/items"),
        ({"kind": "for_each"}, {"parallel": "500"}, "/parallel"),
        ({"kind": "stop"}, {"reason": "a\x00"}, "/reason"),
        ({"kind": "stop"}, {"label": "x" * 300}, "/label"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_beside_its_field(
    step: dict[str, Any], form: dict[str, str], pointer: str
) -> None:
    definition = draft(step)
    with pytest.raises(Invalid) as refused:
        write(NOBODY, definition, "s0", form, KNOWN)
    assert [each.pointer for each in refused.value.errors] == [pointer]
    name = pointer.removeprefix("/")
    again = as_typed(fields_of(NOBODY, definition, "s0", KNOWN), form, refused.value)
    told = next(each for each in again if each.error)
    assert name.startswith(told.name)
    assert (told.error or "").endswith((".", "”"))
    assert told.rows or told.typed == form[name]


def test_a_step_that_is_gone_is_a_conflict() -> None:
    assert fields_of(NOBODY, draft(), "gone") == ()
    with pytest.raises(Conflict):
        write(NOBODY, draft(), "gone", {"label": "x"})

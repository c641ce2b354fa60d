"""Sentences with slots, of every kind of step and trigger and of every built-in action."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.definitions import definitions
from tests.workflows.building.surroundings import draft, known_of
from wedsync.workflows.building.sentences.slots import Slot, plain_said, questions, said
from wedsync.workflows.catalogue import entries, infos_of
from wedsync.workflows.engine import sentence, steps_in_order, trigger_sentence
from wedsync.workflows.engine.operators import literal
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.triggers import TRIGGERS
from wedsync.workflows.words.step_lines import pieces, plain

ACCOUNT, PERSON = "0198c0de-0000-7000-8000-00000000000a", "0198c0de-0000-7000-8000-00000000000b"
NAMES = {
    f"connection:{ACCOUNT}": "Rosewood",
    f"user:{PERSON}": "Imogen",
    f"workflow:{ACCOUNT}": "Lay out the album",
    f"hook:{ACCOUNT}": "Petal's answers",
    f"connection:{ACCOUNT} external.rsvp.received": "a guest answers",
}
NAME = {"var": "trigger.data.guest.name"}

FILLED: list[dict[str, Any]] = [
    {"kind": "filter", "when": {"==": [{"var": "trigger.data.status"}, "accepted"]}},
    {"kind": "set", "values": {"guest_name": NAME, "seats": 2}},
    {"kind": "set", "values": {f"value_{number}": 1 for number in range(9)}},
    {"kind": "for_each", "items": {"var": "trigger.data.guests"}, "steps": []},
    {"kind": "wait", "seconds": 259_200},
    {"kind": "wait", "until": {"var": "wedding.date"}},
    {"kind": "wait", "anchor": "wedding.date", "offset_days": -14, "at": "09:00", "late": "ask"},
    {"kind": "wait", "anchor": "wedding.date", "offset_days": 0, "at": "09:00", "late": "ask"},
    {"kind": "wait", "anchor": "final_count_due", "offset_days": 0, "at": "9:0", "late": "run"}
    | {"at": "10:30"},
    {"kind": "wait", "event": {"event_type": "contract.signed", "timeout_s": 3600}},
    {"kind": "approval", "ask": "Send the count?", "who": {"role": "owner"}},
    {"kind": "approval", "ask": {"cat": ["Seat ", NAME, "?"]}, "who": {"email": NAME}},
    {"kind": "call", "workflow": "somewhere", "wait": True},
    {"kind": "stop", "outcome": "failed", "reason": "Nobody came."},
    {"kind": "stop", "outcome": "done"},
]
STARTS: list[dict[str, Any]] = [
    {"kind": "event", "event_type": "external.rsvp.received", "source": f"connection:{ACCOUNT}"},
    {"kind": "event", "event_type": "external.rsvp.changed", "source": f"hook:{ACCOUNT}",
     "filter": {">": [{"var": "trigger.data.party_size"}, 4]}},
    {"kind": "event", "event_type": "contract.fully_signed", "source": "ours"},
    {"kind": "webhook", "hook": ACCOUNT},
    {"kind": "webhook", "hook": "gone"},
    {"kind": "schedule", "cron": "0 9 * * 1-5", "zone": "Europe/London", "missed": "once"},
    {"kind": "wedding_date", "anchor": "rsvp_deadline", "offset_days": 3, "at": "09:00",
     "late": "run"},
    {"kind": "poll", "connection": ACCOUNT, "stream": "answers", "every_s": 900},
    {"kind": "manual"},
    {"kind": "workflow"},
]  # fmt: skip


def _engine_says(step: dict[str, Any]) -> str:
    return plain(pieces(sentence(step, infos_of(entries()))))


def _unquoted(words: str) -> str:
    return words.replace("“", "").replace("”", "")


@pytest.mark.parametrize("step", FILLED, ids=lambda step: str(step["kind"]))
def test_a_step_says_what_its_sentence_says(step: dict[str, Any]) -> None:
    parts = said(step, {}, entries())
    assert _unquoted(plain_said(parts)) == _unquoted(_engine_says(step))
    assert not questions(parts)
    assert any(isinstance(part, Slot) for part in parts)


@pytest.mark.parametrize("trigger", STARTS, ids=lambda step: str(step["kind"]))
def test_what_starts_a_workflow_says_what_its_sentence_says(trigger: dict[str, Any]) -> None:
    told = plain(pieces(trigger_sentence(trigger, NAMES).removeprefix("When ")))
    parts = said(trigger, NAMES, entries())
    assert _unquoted(plain_said(parts)) == told[:1].upper() + told[1:]
    assert not questions(parts)


def _given(use: str) -> dict[str, Any]:
    fields = entries()[use].info.fields or ()
    given_: dict[str, Any] = literal({name: f"some {name}" for name in fields})
    return given_


@pytest.mark.parametrize("use", sorted(entries()))
def test_every_built_in_action_says_its_sentence_and_its_account(use: str) -> None:
    step = {"kind": "action", "use": use, "input": _given(use), "connection": ACCOUNT}
    parts = said(step, NAMES, entries())
    assert plain_said(parts) == f"{_engine_says(step)}, with Rosewood"
    assert not questions(parts)


@pytest.mark.parametrize("use", sorted(entries()))
def test_whatever_an_action_needs_is_asked_for(use: str) -> None:
    entry = entries()[use]
    asked = questions(said({"kind": "action", "use": use, "input": {}}, {}, entries()))
    wanted = {f"input.{name}" for name in (*entry.info.required, *tuple(entry.info.told)[:1])}
    assert {each.field for each in asked} == wanted | (
        {"connection"} if entry.needs_account else set()
    )
    assert all(each.words.endswith("?") for each in asked)


_NOT_SET_HERE = {"steps"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_whatever_a_kind_of_step_needs_is_asked_for(kind: str) -> None:
    asked = {each.field for each in questions(said({"kind": kind}, {}, entries()))}
    needed = set(KINDS[kind].required) - _NOT_SET_HERE
    if kind == "action":
        needed = {"use"}
    assert asked == (needed or {"way"})


@pytest.mark.parametrize("kind", sorted(TRIGGERS))
def test_whatever_a_kind_of_trigger_needs_is_asked_for(kind: str) -> None:
    asked = {each.field for each in questions(said({"kind": kind}, {}, entries()))}
    assert asked == TRIGGERS[kind].required


@pytest.mark.parametrize(
    ("use", "words"),
    [
        ("sandbox.hold_date", "Hold which date? for whom? with which account at Petal Practice?"),
        ("sandbox.find_guest", "Look up the guest: which guest? with which account at Petal"
         " Practice?"),
        ("sandbox.create_task", "Make the task which one? with which account at Petal Practice?"),
        ("webhook.send", "Tell the tools that listen: what happened?"),
    ],
)  # fmt: skip
def test_questions_do_not_repeat_what_the_sentence_says(use: str, words: str) -> None:
    assert plain_said(said({"kind": "action", "use": use}, {}, entries())) == words


def test_a_branch_without_a_condition_is_asked_for() -> None:
    status = {"==": [{"var": "wedding.status"}, "booked"]}
    branches = [{"label": "Yes", "when": status, "steps": []}, {"label": "No", "steps": []}]
    parts = said({"kind": "choose", "branches": branches}, {}, entries())
    assert plain_said(parts).startswith("Look at wedding status and take the first that fits")
    assert [each.field for each in questions(parts)] == ["branches.1.when"]


def test_people_and_workflows_are_called_by_name() -> None:
    step = {"kind": "approval", "ask": "Send it?", "who": {"user": PERSON},
            "remind_after_s": 86_400, "then_ask": {"email": "beth@rosewood.example"}}  # fmt: skip
    assert plain_said(said(step, NAMES, entries())) == (
        "Ask Imogen: “Send it?” and wait for the answer; after 1 day ask beth@rosewood.example"
    )
    call = {"kind": "call", "workflow": ACCOUNT}
    assert plain_said(said(call, NAMES, entries())) == "Start Lay out the album"


def test_a_value_is_a_pill_under_the_name_people_know() -> None:
    given_ = {"to": NAME, "subject": {"var": "steps.gone.title"}, "body": "x"}
    step = {"id": "s", "kind": "action", "use": "smtp.send", "input": given_, "connection": ACCOUNT}
    parts = said(step, NAMES, entries(), known_of(draft(step)))
    to, subject = (part for part in parts if isinstance(part, Slot) and part.is_pill)
    assert (to.field, to.words, to.is_missing) == ("input.to", "Guest’s name", False)
    assert to.icon
    assert (subject.field, subject.is_missing) == ("input.subject", True)


@given(definitions)
def test_every_step_of_any_definition_says_what_its_sentence_says(definition: Any) -> None:
    for placed in steps_in_order(definition):
        if placed.step["kind"] not in ("choose", "action"):
            told = plain_said(said(placed.step, {}, entries()))
            assert _unquoted(told) == _unquoted(_engine_says(dict(placed.step)))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just({"var": "a.b"}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
_names = sorted(
    {name for kind in KINDS.values() for name in kind.fields}
    | {name for start in TRIGGERS.values() for name in start.fields}
    | {"label", "note", "off"}
)
hostile = st.tuples(
    st.sampled_from([*KINDS, *TRIGGERS, "later"]) | _json,
    st.dictionaries(st.sampled_from(_names), _json | st.sampled_from(list(entries()))),
).map(lambda both: {"kind": both[0], **both[1]})


@given(hostile | _json)
def test_whatever_a_draft_holds_something_is_said(written: Any) -> None:
    parts = said(written, NAMES, entries())
    assert plain_said(parts)

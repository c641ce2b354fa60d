"""What is different between two definitions is told in sentences, whatever they hold."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wedsync.workflows.catalogue import entries, infos_of
from wedsync.workflows.editing import patches
from wedsync.workflows.editing.differences import between, done_words

ACTIONS = infos_of(entries())
ACCEPTED = {"==": [{"var": "trigger.data.status"}, "accepted"]}
DECLINED = {"==": [{"var": "trigger.data.status"}, "declined"]}
WORKFLOW: dict[str, Any] = {
    "format": 1,
    "trigger": {"kind": "manual"},
    "steps": [
        {"id": "note", "kind": "set", "label": "Note", "values": {"seats": 2}},
        {
            "id": "coming",
            "kind": "choose",
            "label": "Is the guest coming?",
            "branches": [
                {
                    "label": "Yes",
                    "when": ACCEPTED,
                    "steps": [
                        {
                            "id": "tell",
                            "kind": "action",
                            "label": "Tell",
                            "use": "webhook.send",
                            "input": {"event_type": "a.b", "data": {"guest": "Ana"}},
                        }
                    ],
                },
                {"label": "No", "when": DECLINED, "steps": []},
            ],
            "otherwise": [],
        },
        {"id": "wait", "kind": "wait", "label": "Wait", "seconds": 2 * 86_400},
        {"id": "end", "kind": "stop", "outcome": "done"},
    ],
}


def told(change: Callable[[Any], object], **wanted: Any) -> list[str]:
    new = copy.deepcopy(WORKFLOW)
    change(new)
    return [each.words for each in between(WORKFLOW, new, ACTIONS, **wanted)]


def step(workflow: Any, number: int) -> Any:
    return workflow["steps"][number]


def branch(workflow: Any, number: int) -> Any:
    return step(workflow, 1)["branches"][number]


CHANGES: list[tuple[Callable[[Any], object], list[str]]] = [
    (
        lambda w: step(w, 2).update(seconds=3 * 86_400),
        ["“Wait” now waits for 3 days instead of 2."],
    ),
    (lambda w: step(w, 2).update(note="Later"), ["“Wait” has a note now."]),
    (lambda w: step(w, 2).update(off=True), ["“Wait” was turned off."]),
    (
        lambda w: step(w, 2).update(off=True, label="Hold", seconds=86_400),
        [
            "“Wait” is now called “Hold”.",
            "“Hold” was turned off.",
            "“Hold” now waits for 1 day instead of 2.",
        ],
    ),
    (
        lambda w: step(w, 2).update(off=False),
        ["It is written another way, and means the same."],
    ),
    (
        lambda w: w["steps"].append({**step(w, 0), "id": "x", "label": "New", "off": True}),
        ["“New” was added, turned off."],
    ),
    (lambda w: step(w, 2).update(label="Hold"), ["“Wait” is now called “Hold”."]),
    (
        lambda w: w.update(trigger={"kind": "event", "event_type": "x.y", "source": "any"}),
        ["It now starts when “X y” comes in from anybody, and no longer when somebody starts it."],
    ),
    (
        lambda w: step(w, 1)["branches"].append({"label": "Maybe", "when": True, "steps": []}),
        ["“Is the guest coming?”: the branch “Maybe” was added."],
    ),
    (
        lambda w: branch(w, 0).update(label="Sure"),
        ["“Is the guest coming?”: the branch “Yes” is now called “Sure”."],
    ),
    (
        lambda w: branch(w, 0).update(when=DECLINED),
        [
            "“Is the guest coming?”: “Yes” is now taken when status is declined instead of when "
            "status is accepted."
        ],
    ),
    (
        lambda w: step(w, 1)["branches"].reverse(),
        ["“Is the guest coming?”: its branches are tried in another order."],
    ),
    (
        lambda w: step(w, 1)["branches"].pop(),
        ["“Is the guest coming?”: the branch “No” was removed."],
    ),
    (
        lambda w: w["steps"].pop(1),
        ["“Is the guest coming?” was removed, with the step inside it."],
    ),
    (lambda w: w["steps"].insert(0, w["steps"].pop()), ["“Stop” was moved up."]),
    (
        lambda w: step(w, 1)["otherwise"].append(w["steps"].pop()),
        ["“Stop” was moved into “Otherwise” of “Is the guest coming?”."],
    ),
    (
        lambda w: w["steps"].append(branch(w, 0)["steps"].pop()),
        ["“Tell” was moved out, among the steps of the workflow itself."],
    ),
    (
        lambda w: step(w, 0)["values"].update(seats=3, table=4),
        ["“Note” now notes 3 as seats instead of 2.", "“Note” now notes 4 as table."],
    ),
    (
        lambda w: branch(w, 0)["steps"][0]["input"]["data"].update(guest="Ben"),
        ["“Tell” now has Ben as guest instead of Ana."],
    ),
    (
        lambda w: branch(w, 0)["steps"][0]["input"]["data"].update(guest=["Ana"], table="A."),
        ["“Tell” now has Ana as guest, with other details.", "“Tell” now has A. as table."],
    ),
    (
        lambda w: branch(w, 0)["steps"][0].update(
            timeout_s=20, on_unsure="retry", on_error={"retry": {"attempts": 3}}
        ),
        [
            "“Tell” now waits at most 20 seconds for an answer instead of 30.",
            "“Tell” now tries again when it may have happened instead of asking somebody.",
            "“Tell” is now tried 3 times at most instead of 6.",
        ],
    ),
    (
        lambda w: w["steps"].append({"id": "z", "kind": "filter", "when": ACCEPTED}),
        ["“Go on only if status is accepted” was added."],
    ),
    (
        lambda w: step(w, 2).update(kind="stop", outcome="done"),
        ["“Wait” is a step of another kind now."],
    ),
    (lambda w: branch(w, 0)["steps"][0].update(timeout_s=30), [
        "It is written another way, and means the same."
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_each_change_has_its_sentence(change: Callable[[Any], object], words: list[str]) -> None:
    assert told(change) == words


ACT = {"id": "a", "kind": "action", "label": "A", "use": "webhook.send", "input": {}}
ASK = {"id": "a", "kind": "approval", "label": "A", "ask": "Yes?", "who": {"role": "owner"}}
CALL = {"id": "a", "kind": "call", "label": "A", "workflow": "w1"}
CHOICE = {"id": "a", "kind": "choose", "label": "A", "branches": []}
LOOP = {"id": "a", "kind": "for_each", "label": "A", "items": [1], "steps": []}
NOTES = {"id": "a", "kind": "set", "label": "A", "values": {"b": 1}}
DAY = {"id": "a", "kind": "wait", "label": "A", "anchor": "wedding.date", "offset_days": -3}
DAY |= {"at": "09:00", "late": "run"}
EVENT = {"id": "a", "kind": "wait", "label": "A", "event": {"event_type": "external.x"}}


def told_of(old: Any, new: Any) -> list[str]:
    def whole(step: Any) -> Any:
        return {"format": 1, "trigger": {"kind": "manual"}, "steps": [step]}

    return [each.words for each in between(whole(old), whole(new), ACTIONS)]


@pytest.mark.parametrize(
    ("old", "said"),
    [
        (ACT, {"connection": None, "timeout_s": 30, "on_unsure": "ask", "note": None}),
        (ACT, {"on_error": {}}),
        (ACT, {"on_error": {"retry": {}, "then": "stop"}}),
        (ACT, {"on_error": {"retry": {"attempts": 6, "max_delay_s": 86_400}}}),
        (ASK, {"remind_after_s": None, "then_ask": None, "expires_after_s": None}),
        (ASK, {"on_expiry": "stop"}),
        (CALL, {"input": {}, "wait": False}),
        (CALL, {"input": None, "wait": None}),
        (CHOICE, {"otherwise": []}),
        (CHOICE, {"otherwise": None}),
        (LOOP, {"batch_size": 1, "parallel": 4}),
        (EVENT, {"event": {**EVENT["event"], "match": {}, "timeout_s": None, "otherwise": []}}),
    ],
)
def test_a_default_written_out_is_no_change(old: Any, said: Any) -> None:
    assert told_of(old, {**old, **said}) == ["It is written another way, and means the same."]
    assert told_of({**old, **said}, old) == ["It is written another way, and means the same."]


@pytest.mark.parametrize(
    ("old", "said", "words"),
    [
        (ACT, {"input": {"event_type": "x"}}, ["“A” now has x as event type."]),
        (
            ACT,
            {"on_error": {"then": "continue"}},
            ["“A” now goes on when it fails instead of stopping."],
        ),
        (
            ASK,
            {"on_expiry": "approve"},
            ["“A” now goes on as approved when nobody answers instead of stopping."],
        ),
        (
            ASK,
            {"ask": {"cat": ["May ", {"var": "trigger.data.name"}, " come?"]}},
            ["“A” now asks “May name come?” instead of “Yes?”."],
        ),
        (
            ASK,
            {"expires_after_s": 86_400},
            ["“A” now waits 1 day for an answer instead of as long as it takes."],
        ),
        (
            CALL,
            {"wait": True},
            ["“A” now waits until the other one is over instead of going on at once."],
        ),
        (NOTES, {"values": {"b": None}}, ["“A” now notes nothing as b instead of 1."]),
        (NOTES, {"values": {}}, ["“A” no longer notes 1 as b."]),
        (NOTES, {"values": {"b": 1, "c": None}}, ["“A” now notes nothing as c."]),
        (
            EVENT,
            {"event": {"event_type": "external.x", "timeout_s": 2 * 86_400}},
            ["“A” now waits 2 days for it instead of as long as it takes."],
        ),
        (
            EVENT,
            {"event": {"event_type": "external.x", "match": {"data.id": 7}}},
            ["“A” now waits for one whose id is 7."],
        ),
        (
            EVENT,
            {"event": {"event_type": "external.y"}},
            ["“A” now waits for “Y” instead of “X”."],
        ),
    ],
)
def test_what_is_said_instead_of_a_default_has_its_sentence(
    old: Any, said: Any, words: list[str]
) -> None:
    assert told_of(old, {**old, **said}) == words


def test_a_wait_for_something_else_is_told_in_one_sentence() -> None:
    pause = {"id": "a", "kind": "wait", "label": "A", "seconds": 3600}
    assert told_of(DAY, pause) == [
        "“A” now waits for 1 hour instead of until 3 days before the wedding, at 09:00."
    ]


@pytest.mark.parametrize(
    ("old", "said", "words", "done"),
    [
        (LOOP, {"batch_size": 2}, "The loop now takes 2 at a time instead of 1.", "the loop"),
        (CHOICE, {"note": "Why"}, "The choice has a note now.", "the choice"),
    ],
)
def test_what_branches_and_has_no_name_is_called_by_its_kind(
    old: Any, said: Any, words: str, done: str
) -> None:
    nameless = {**old, "label": None}
    assert told_of(nameless, {**nameless, **said}) == [words]
    (found,) = between({"steps": [nameless]}, {"steps": [{**nameless, **said}]}, ACTIONS)
    assert found.done == f"changed {done}"


def test_what_has_the_same_words_and_is_another_value_is_told() -> None:
    old, new = ({**NOTES, "values": {"b": [1, {"c": number}]}} for number in (2, 3))
    assert told_of(old, new) == ["“A” now notes 1 and a record as b, with other details."]


def test_no_filter_and_an_empty_one_start_it_alike() -> None:
    start = {"kind": "event", "event_type": "external.x", "source": "any"}
    old, new = ({"trigger": {**start, **more}, "steps": []} for more in ({}, {"filter": None}))
    (found,) = between(old, new, ACTIONS)
    assert found.words == "It is written another way, and means the same."


def test_nothing_is_different_between_the_same() -> None:
    assert between(WORKFLOW, copy.deepcopy(WORKFLOW), ACTIONS) == []


def test_what_is_named_by_id_is_called_by_its_name() -> None:
    def use(workflow: Any) -> None:
        branch(workflow, 0)["steps"][0]["connection"] = "c1"

    words = told(use, names={"connection:c1": "Olive & Thyme"})
    assert words == ["“Tell” now uses Olive & Thyme."]


def test_of_two_that_changed_places_the_one_somebody_took_is_told() -> None:
    def swap(workflow: Any) -> None:
        workflow["steps"].insert(3, workflow["steps"].pop(2))

    assert told(swap) == ["“Stop” was moved up."]
    assert told(swap, taken={"wait"}) == ["“Wait” was moved down."]


def test_what_was_named_is_not_named_again() -> None:
    new = copy.deepcopy(WORKFLOW)
    new["steps"][2:4] = [{**step(new, 3), "note": "Now"}, step(new, 2)]
    assert done_words(between(WORKFLOW, new, ACTIONS)) == "moved “Stop” up and changed it"


def test_several_changes_have_one_name() -> None:
    new = copy.deepcopy(WORKFLOW)
    new["steps"] = [{**step(new, 0), "label": "Write down"}]
    found = between(WORKFLOW, new, ACTIONS)
    assert (
        done_words(found)
        == "renamed “Write down”, removed “Is the guest coming?” and 2 more changes"
    )


def test_a_difference_carries_what_was_and_what_is() -> None:
    new = copy.deepcopy(WORKFLOW)
    removed = new["steps"].pop()
    (found,) = between(WORKFLOW, new, ACTIONS)
    assert (found.step, found.kind, found.before, found.after) == ("end", "removed", removed, None)


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"steps": [1, None, {"kind": []}]}, {"steps": 3}])
def test_any_two_documents_can_be_compared(odd: Any) -> None:
    assert between(WORKFLOW, odd, ACTIONS)
    assert between(odd, WORKFLOW, ACTIONS)


words = st.sampled_from(["a", "b", "c", "choose", "set", "wait", "steps", "Yes", ""])
anything = st.recursive(
    words | st.none() | st.integers(0, 3) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "kind", "label", "steps", "when", "input"]), inner)
    ),
    max_leaves=12,
)
odd_steps = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={"id": words, "kind": words, "label": words, "values": anything, "x": anything},
    ),
    lambda inner: st.fixed_dictionaries(
        {"id": words, "kind": st.sampled_from(["choose", "for_each", "wait"])},
        optional={
            "branches": st.lists(
                st.fixed_dictionaries(
                    {}, optional={"label": words, "when": anything, "steps": st.lists(inner)}
                ),
                max_size=3,
            ),
            "otherwise": st.lists(inner, max_size=3),
            "steps": st.lists(inner, max_size=3),
            "event": st.fixed_dictionaries({}, optional={"otherwise": st.lists(inner)}),
        },
    ),
    max_leaves=8,
)
odd_workflows = st.fixed_dictionaries(
    {}, optional={"trigger": anything, "steps": st.lists(odd_steps, max_size=4), "format": words}
)


@settings(max_examples=400, deadline=None)
@given(odd_workflows, odd_workflows)
def test_no_difference_goes_untold_and_none_is_made_up(old: Any, new: Any) -> None:
    found = between(old, new, ACTIONS)
    assert (found == []) == patches.same(old, new)
    assert all(each.words.endswith((".", "?")) and each.done for each in found)


def test_turning_a_step_off_and_on_again_has_a_name_to_undo_it_by() -> None:
    passed_over = copy.deepcopy(WORKFLOW)
    step(passed_over, 1)["off"] = True
    assert done_words(between(WORKFLOW, passed_over, ACTIONS)) == (
        "turned off “Is the guest coming?”"
    )
    (back,) = between(passed_over, WORKFLOW, ACTIONS)
    assert back.words == "“Is the guest coming?” was turned on again."
    assert back.done == "turned “Is the guest coming?” on again"
    assert (back.before, back.after) == (True, False)

"""What a gesture does to a draft: operations that fit, the words it is undone by, the focus."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.building import act, ask, choose, loop, note, var, workflow
from tests.engine.definitions import definitions
from wedsync.errors import Conflict, Invalid, WedSyncError
from wedsync.workflows.building.gestures import of_branches as branch_gestures
from wedsync.workflows.building.gestures import of_steps as gestures
from wedsync.workflows.building.gestures.clipboard import cut_out, outside_of, pasted, picked
from wedsync.workflows.building.gestures.of_steps import Gesture
from wedsync.workflows.building.gestures.spots import Spot
from wedsync.workflows.editing.draft_operations import apply, located
from wedsync.workflows.engine.shape import refusal

DRAFT = workflow(
    note("shape", guest={"var": "trigger.data.guest"}),
    choose(
        "which",
        ("Yes", {"==": [1, 1]}, [act("first"), act("second")]),
        ("No", {"==": [1, 2]}, []),
        otherwise=[ask("sure")],
    ),
    act("last", input={"method": "POST", "url": {"var": "steps.shape.guest"}}),
)


def done(definition: Any, gesture: Gesture) -> Any:
    return apply(definition, gesture.operations) if gesture.operations else definition


def ids(definition: Any) -> list[Any]:
    return [each.step.get("id") for each in located(definition)]


def inside(definition: Any, field: str) -> list[str]:
    which = next(each.step for each in located(definition) if each.step["id"] == "which")
    found: Any = which
    for part in field.split("."):
        found = found[int(part)] if part.isdecimal() else found[part]
    return [step["id"] for step in found]


@pytest.mark.parametrize(
    ("spot", "expected"),
    [
        (Spot(), ["wait", "shape", "which", "first", "second", "sure", "last"]),
        (Spot(after="shape"), ["shape", "wait", "which", "first", "second", "sure", "last"]),
        (Spot(after="first"), ["shape", "which", "first", "wait", "second", "sure", "last"]),
        (Spot("which", "branches.1.steps"),
         ["shape", "which", "first", "second", "wait", "sure", "last"]),
        (Spot("which", "branches.7.steps", branch="No"),
         ["shape", "which", "first", "second", "wait", "sure", "last"]),
        (Spot("which", "otherwise", after="gone"),
         ["shape", "which", "first", "second", "sure", "wait", "last"]),
        (Spot(after="gone"), ["shape", "which", "first", "second", "sure", "last", "wait"]),
    ],
)  # fmt: skip
def test_a_step_is_added_at_a_spot(spot: Spot, expected: list[str]) -> None:
    gesture = gestures.add(DRAFT, {"kind": "wait", "seconds": 60}, spot)
    assert ids(done(DRAFT, gesture)) == expected
    assert gesture.focus == "wait"
    assert gesture.words.startswith("added “Wait for")


def test_a_fresh_step_gets_an_id_of_its_own() -> None:
    draft = workflow({"id": "wait", "kind": "wait"}, {"id": "wait-2", "kind": "wait"})
    assert gestures.add(draft, {"kind": "wait"}, Spot()).focus == "wait-3"


@pytest.mark.parametrize(
    ("step", "focus"),
    [("shape", "which"), ("last", "which"), ("first", "second"), ("second", "first"),
     ("sure", "which")],
)  # fmt: skip
def test_a_step_is_removed_and_the_focus_goes_to_its_neighbour(step: str, focus: str) -> None:
    gesture = gestures.remove(DRAFT, step)
    assert step not in ids(done(DRAFT, gesture))
    assert gesture.focus == focus


def test_the_words_of_a_removal_count_what_goes_with_it() -> None:
    assert gestures.remove(DRAFT, "which").words == (
        "removed the choice, with the 3 steps inside it"
    )
    draft = workflow(loop("each", [1], act("one")))
    assert gestures.remove(draft, "each").words == "removed the loop, with the step inside it"


def test_a_step_walks_through_the_branches_and_back() -> None:
    draft, seen = DRAFT, []
    for _ in range(8):
        draft = done(draft, gestures.move(draft, "shape", "down"))
        seen.append(ids(draft))
    assert inside(DRAFT, "branches.0.steps") == ["first", "second"]
    assert [each.index("shape") for each in seen] == [1, 2, 3, 3, 3, 4, 4, 5]
    again = gestures.move(draft, "shape", "down")
    assert (again.operations, again.told) == ((), ("This is the last step already.",))
    for expected in [*reversed(seen[:-1]), ids(DRAFT)]:
        draft = done(draft, gestures.move(draft, "shape", "up"))
        assert ids(draft) == expected
    assert draft == DRAFT
    assert gestures.move(draft, "shape", "up").told == ("This is the first step already.",)


@given(definitions, st.data())
def test_moving_down_takes_moving_up_back(definition: Any, data: st.DataObject) -> None:
    step = data.draw(st.sampled_from(ids(definition)))
    for one, other in (("up", "down"), ("down", "up")):
        moved = done(definition, gestures.move(definition, step, one))
        if moved is not definition:
            back = done(moved, gestures.move(moved, step, other))
            assert ids(back) == ids(definition)


def test_a_step_is_moved_to_a_spot() -> None:
    gesture = gestures.move_to(DRAFT, "last", Spot("which", "branches.1.steps"))
    assert inside(done(DRAFT, gesture), "branches.1.steps") == ["last"]
    gesture = gestures.move_to(DRAFT, "shape", Spot(after="last"))
    assert ids(done(DRAFT, gesture))[-2:] == ["last", "shape"]
    gesture = gestures.move_to(DRAFT, "first", Spot(after="second"))
    assert inside(done(DRAFT, gesture), "branches.0.steps") == ["second", "first"]
    for spot in (Spot(after="which"), Spot(after="last")):
        assert gestures.move_to(DRAFT, "last", spot).told == ("It is there already.",)
    with pytest.raises(Conflict):
        done(DRAFT, gestures.move_to(DRAFT, "which", Spot("which", "otherwise")))


def test_a_copy_reads_the_copies() -> None:
    body = {"text.body": "Dear {{ steps.inner.guest }}, {% if steps['inner'].x %}!{% endif %}"}
    draft = workflow(
        choose(
            "pick",
            ("A", {"==": [{"var": "steps.outer.x"}, 1]}, [
                note("inner", guest=1),
                act("tell", input={
                    "url": {"var": ["steps.inner.guest", "none"]},
                    "val": {"val": ["steps", "inner", "guest"]},
                    "body": body,
                    "gone": {"missing": ["steps.inner.guest", "steps.outer"]},
                }),
            ]),
        )
    )  # fmt: skip
    after = done(draft, gestures.duplicate(draft, "pick"))
    assert ids(after) == ["pick", "inner", "tell", "pick-2", "inner-2", "tell-2"]
    copied = after["steps"][1]["branches"][0]
    assert copied["when"] == {"==": [{"var": "steps.outer.x"}, 1]}
    assert copied["steps"][1]["input"] == {
        "url": {"var": ["steps.inner-2.guest", "none"]},
        "val": {"val": ["steps", "inner-2", "guest"]},
        "body": {
            "text.body": "Dear {{ steps.inner-2.guest }}, {% if steps['inner-2'].x %}!{% endif %}"
        },
        "gone": {"missing": ["steps.inner-2.guest", "steps.outer"]},
    }
    assert after["steps"][0] == draft["steps"][0]


def test_the_text_beside_the_tags_of_a_body_is_left_alone() -> None:
    draft = workflow(note("a", one=1), act("b", input={"body": {"text.body": "steps.a {{x}}"}}))
    gesture = gestures.duplicate(workflow(loop("l", [1], *draft["steps"])), "l")
    copied = gesture.operations[0].step["steps"]  # type: ignore[union-attr]
    assert copied[1]["input"]["body"] == {"text.body": "steps.a {{x}}"}


def test_a_copy_is_named_as_one() -> None:
    draft = workflow(note("a") | {"label": "Count seats"})
    gesture = gestures.duplicate(draft, "a")
    assert done(draft, gesture)["steps"][1]["label"] == "Count seats (copy)"
    assert (gesture.words, gesture.focus) == ("duplicated “Count seats”", "a-2")


def test_a_step_is_turned_off_and_on_again() -> None:
    off = gestures.turn_off(DRAFT, "shape")
    assert off.words == "turned off “Note guest”"
    draft = done(DRAFT, off)
    assert draft["steps"][0]["off"] is True
    assert gestures.turn_off(draft, "shape").operations == ()
    assert done(draft, gestures.turn_on(draft, "shape")) == DRAFT


def test_a_step_is_renamed_and_noted_at() -> None:
    draft = done(DRAFT, gestures.rename(DRAFT, "shape", "  Who it is "))
    draft = done(draft, gestures.set_note(draft, "shape", "For Ana"))
    assert (draft["steps"][0]["label"], draft["steps"][0]["note"]) == ("Who it is", "For Ana")
    draft = done(draft, gestures.rename(draft, "shape", ""))
    draft = done(draft, gestures.set_note(draft, "shape", " "))
    assert draft == DRAFT
    for refused in (
        lambda: gestures.rename(DRAFT, "shape", "x" * 201),
        lambda: gestures.set_note(DRAFT, "shape", "x" * 4_001),
    ):
        with pytest.raises(Invalid) as error:
            refused()
        assert error.value.errors[0].pointer in ("/label", "/note")


def test_branches_are_added_renamed_moved_and_removed() -> None:
    draft = done(DRAFT, branch_gestures.add_branch(DRAFT, "which"))
    labels = [each["label"] for each in draft["steps"][1]["branches"]]
    assert labels == ["Yes", "No", "Branch 3"]
    draft = done(draft, branch_gestures.rename_branch(draft, "which", 2, "Maybe"))
    draft = done(draft, branch_gestures.move_branch(draft, "which", 2, "up", label="Maybe"))
    labels = [each["label"] for each in draft["steps"][1]["branches"]]
    assert labels == ["Yes", "Maybe", "No"]
    assert branch_gestures.move_branch(draft, "which", 0, "up").operations == ()
    moved = branch_gestures.remove_branch(draft, "which", 0, label="Maybe")
    draft = done(draft, moved)
    draft = done(draft, branch_gestures.remove_branch(draft, "which", 0))
    assert [each["label"] for each in draft["steps"][1]["branches"]] == ["No"]


def test_the_words_of_a_branch_say_what_is_on_it() -> None:
    words = branch_gestures.remove_branch(DRAFT, "which", 0).words
    assert words == "removed the branch “Yes” of the choice, with the 2 steps on it"


@pytest.mark.parametrize("name", ["", " ", "No", "Otherwise", "x" * 201])
def test_a_branch_has_a_name_of_its_own(name: str) -> None:
    with pytest.raises(Invalid):
        branch_gestures.rename_branch(DRAFT, "which", 0, name)


def test_what_is_gone_is_said_to_be_gone() -> None:
    for refused in (
        lambda: gestures.remove(DRAFT, "nothing"),
        lambda: gestures.add(DRAFT, {"kind": "wait"}, Spot("nothing", "steps")),
        lambda: gestures.add(DRAFT, {"kind": "wait"}, Spot("which", "branches.0.steps", None, "?")),
        lambda: branch_gestures.remove_branch(DRAFT, "which", 0, label="Gone"),
        lambda: branch_gestures.add_branch(DRAFT, "shape"),
    ):
        with pytest.raises(Conflict) as error:
            refused()
        assert error.value.code == "step_gone"


def test_another_start_is_put_also_where_there_is_no_workflow_yet() -> None:
    assert done(DRAFT, gestures.set_trigger(DRAFT, {"kind": "manual"})) == DRAFT
    made = gestures.set_trigger([], {"kind": "manual"})
    assert apply([], made.operations) == workflow()


def test_pasted_steps_keep_their_ids_where_those_are_free() -> None:
    steps = picked(DRAFT, ["which", "first"])
    assert [step["id"] for step in steps] == ["which"]
    cut = cut_out(DRAFT, steps)
    assert (cut.words, cut.focus) == ("cut the choice", "last")
    without = done(DRAFT, cut)
    back = pasted(without, steps, outside_of(DRAFT, steps), Spot(after="shape"), is_same=True)
    assert done(without, back) == DRAFT
    assert back.told == ()


def test_what_pasted_steps_read_and_is_not_here_is_listed() -> None:
    steps = picked(DRAFT, ["last"])
    outside = outside_of(DRAFT, steps)
    assert outside == {"shape": {"name": "“Note guest”", "kind": "set"}}
    nowhere = pasted(workflow(), steps, outside, Spot(), is_same=False)
    assert nowhere.told == ("“Contact guest” reads “Note guest”, which is not in this workflow.",)
    like = workflow(note("shape", x=1))
    assert pasted(like, steps, outside, Spot(), is_same=False).told == ()


def test_a_step_that_happens_to_have_the_id_is_never_read_instead() -> None:
    steps = picked(DRAFT, ["last"])
    other = workflow(ask("shape"))
    gesture = pasted(other, steps, outside_of(DRAFT, steps), Spot(after="shape"), is_same=False)
    assert done(other, gesture)["steps"][1]["input"]["url"] == {"var": "steps.shape-2.guest"}
    assert len(gesture.told) == 1


def test_what_reads_the_item_of_a_loop_is_said_to_be_outside_of_one() -> None:
    reader = act("say", input={"url": var("item.name")})
    steps = picked(workflow(loop("each", [1], reader)), ["say"])
    lost = pasted(workflow(), steps, {}, Spot(), is_same=False)
    assert "reads the item of a loop" in lost.told[0]
    target = workflow(loop("each", [1], choose("c", ("A", True, []))))
    kept = pasted(target, steps, {}, Spot("c", "branches.0.steps"), is_same=False)
    assert kept.told == ()
    whole = picked(workflow(loop("each", [1], reader)), ["each"])
    assert pasted(workflow(), whole, {}, Spot(), is_same=False).told == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ("id", "kind", "steps", "branches", "otherwise", "label", "when", "input", "var",
             "text.body", "on_error", "then", "note", "trigger")
        ),
        part | st.sampled_from(("a", "b", "choose", "for_each", "action", "steps")),
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(_JSON, st.sampled_from(("a", "b")), st.integers(-1, 2))
def test_no_draft_is_too_odd_for_a_gesture(draft: Any, step: str, number: int) -> None:
    spot = Spot(step, "branches.0.steps", "b")
    acts = (
        lambda: gestures.add(draft, {"kind": "wait"}, spot),
        lambda: gestures.add(draft, {"kind": "wait"}, Spot(after=step)),
        lambda: gestures.remove(draft, step),
        lambda: gestures.move(draft, step, "up"),
        lambda: gestures.move(draft, step, "down"),
        lambda: gestures.move_to(draft, step, spot),
        lambda: gestures.duplicate(draft, step),
        lambda: gestures.turn_off(draft, step),
        lambda: gestures.rename(draft, step, "New"),
        lambda: gestures.set_note(draft, step, ""),
        lambda: branch_gestures.add_branch(draft, step),
        lambda: branch_gestures.remove_branch(draft, step, number),
        lambda: branch_gestures.rename_branch(draft, step, number, "New"),
        lambda: branch_gestures.move_branch(draft, step, number, "down"),
        lambda: cut_out(draft, picked(draft, [step])),
        lambda: pasted(
            draft, picked(draft, [step]), outside_of(draft, picked(draft, [step])), spot,
            is_same=False,
        ),
    )  # fmt: skip
    for each in acts:
        try:
            after = done(draft, each())
        except WedSyncError:
            continue
        assert refusal(after) is None

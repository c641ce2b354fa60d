"""What people do to the rows of a condition: add, remove, join, choose, type."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.building import var
from wedsync.errors import WedSyncError
from wedsync.workflows.building.conditions.compared_values import Surroundings
from wedsync.workflows.building.conditions.condition_gestures import (
    MOST_ROWS,
    Picked,
    add_group,
    add_row,
    change_row,
    remove,
    set_joined,
)
from wedsync.workflows.building.conditions.condition_rows import (
    BLANK_ROW,
    Group,
    Opaque,
    Row,
    places,
    tree_of,
    when_of,
)
from wedsync.workflows.building.conditions.condition_shapes import Kind
from wedsync.workflows.building.conditions.condition_verbs import VERBS, verbs_for

STATUS, SEATS, DUE = (var(f"trigger.data.{name}") for name in ("status", "seats", "due"))
TODAY = {"date.day": [var("now"), var("wedding.zone")]}
EMPTY = Group("all")


def _fault(gesture: Callable[[], Any]) -> dict[str, str]:
    with pytest.raises(WedSyncError) as refused:
        gesture()
    return {error.pointer: error.message for error in refused.value.errors} or {
        "": refused.value.detail
    }


def _row_of(tree: Group, place: str, subject: Any, kind: Kind, verb: str, *typed: str) -> Group:
    """A new row, filled in at once."""
    return change_row(add_row(tree), place, subject=subject, kind=kind, verb=verb, others=typed)


def test_the_condition_of_the_design_is_made_from_nothing() -> None:
    tree = _row_of(EMPTY, "0", SEATS, "number", "number.between", "1", "10")
    tree = _row_of(tree, "1", var("wedding.menu_lock"), "date", "date.after", "today")
    tree = _row_of(tree, "2", DUE, "money", "money.at_most", "£6,000")
    tree = add_row(add_group(tree), "3")
    style = ["Plated, Family style"]
    tree = change_row(tree, "3.0", subject=STATUS, kind="text", verb="text.one_of", others=style)
    tree = change_row(tree, "3.1", subject=var("trigger.data.signed"), kind="yes_no")
    assert when_of(tree) == {
        "and": [
            {"number.between": [SEATS, 1, 10]},
            {"date.is_after": [var("wedding.menu_lock"), TODAY, var("wedding.zone")]},
            {"money.is_at_most": [DUE, {"money.of_minor": [600_000, "GBP"]}]},
            {
                "or": [
                    {"text.is_one_of": [STATUS, ["Plated", "Family style"]]},
                    {"yes_no.is_yes": [var("trigger.data.signed")]},
                ]
            },
        ]
    }
    assert tree_of(when_of(tree)) == tree


def test_a_new_row_asks_the_first_verb_of_its_kind_and_waits_for_the_rest() -> None:
    tree = change_row(add_row(EMPTY), "0", subject=STATUS, kind="text")
    assert tree.parts == (Row(STATUS, "text.is", ({},)),)
    assert change_row(tree, "0", others=["  "]) == tree


def test_another_value_of_the_same_kind_keeps_what_was_typed() -> None:
    tree = Group("all", (Row(STATUS, "text.contains", ("nuts",)),))
    other = var("trigger.data.diet")
    assert change_row(tree, "0", subject=other, kind="text").parts == (
        Row(other, "text.contains", ("nuts",)),
    )
    assert change_row(tree, "0", subject=SEATS, kind="number").parts == (
        Row(SEATS, "number.is", ({},)),
    )
    assert change_row(tree, "0", subject=other, kind="list").parts == (
        Row(other, "list.contains", ("nuts",)),
    )


def test_another_verb_keeps_what_means_the_same() -> None:
    tree = Group("all", (Row(SEATS, "number.more", (4,)),))
    assert change_row(tree, "0", verb="number.between").parts == (
        Row(SEATS, "number.between", (4, {})),
    )
    assert change_row(tree, "0", verb="number.known").parts == (Row(SEATS, "number.known"),)


def test_data_is_chosen_to_compare_with() -> None:
    tree = Group("all", (Row(SEATS, "number.more", (4,)),))
    limit = var("trigger.data.limit")
    assert change_row(tree, "0", others=[Picked(limit)]).parts == (
        Row(SEATS, "number.more", (limit,)),
    )
    within = Group("all", (Row(STATUS, "date.next", (7,)),))
    assert _fault(lambda: change_row(within, "0", others=[Picked(limit)])) == {
        "/others/0": "Write it here; it cannot be read from data."
    }


def test_what_was_imported_stays_as_it_is_when_nothing_else_is_typed() -> None:
    strange = Row(STATUS, "text.exactly", ("  two  spaces ",))
    tree = Group("all", (strange,))
    assert change_row(tree, "0", others=["  two  spaces "]) == tree
    assert change_row(tree, "0", verb="text.exactly") == tree


def test_an_amount_without_a_currency_is_in_the_usual_one() -> None:
    tree = Group("all", (Row(DUE, "money.more", ({},)),))
    euros = change_row(tree, "0", others=["6000"], around=Surroundings(currency="EUR"))
    assert when_of(euros) == {"money.is_more": [DUE, {"money.of_minor": [600_000, "EUR"]}]}


def test_a_group_is_joined_the_other_way_and_can_be_joined_anew() -> None:
    tree = add_group(add_group(EMPTY), "0")
    assert tree == Group("all", (Group("any", (BLANK_ROW, Group("all", (BLANK_ROW,)))),))
    assert set_joined(tree, "", "any").joined == "any"
    assert set_joined(tree, "0", "all").parts[0] == Group("all", tree.parts[0].parts)  # type: ignore[union-attr]


def test_a_group_left_without_rows_goes_too() -> None:
    tree = add_group(add_group(add_row(EMPTY)), "1")
    assert remove(remove(tree, "1.1.0"), "1.0") == Group("all", (BLANK_ROW,))
    assert remove(Group("all", (BLANK_ROW,)), "0") == EMPTY
    assert remove(tree, "") == EMPTY


def test_what_rows_cannot_say_can_be_removed_and_nothing_else() -> None:
    tree = tree_of({"and": [{"some": [STATUS, True]}, {"text.is": [STATUS, "x"]}]})
    assert isinstance(tree.parts[0], Opaque)
    assert _fault(lambda: change_row(tree, "0", verb="text.is")) == {
        "": "This row is no longer there."
    }
    assert when_of(remove(tree, "0")) == {"text.is": [STATUS, "x"]}


def test_each_field_that_cannot_be_read_is_told_of() -> None:
    tree = Group("all", (Row(SEATS, "number.between", (1, 2)),))
    assert _fault(lambda: change_row(tree, "0", others=["few", "lots"])) == {
        "/others/0": "Write a number in figures, like 12 or 1,250.50.",
        "/others/1": "Write a number in figures, like 12 or 1,250.50.",
    }
    assert _fault(lambda: change_row(tree, "0", verb="number.sings")) == {
        "/verb": "Choose how to compare it."
    }
    assert _fault(lambda: change_row(tree, "0", verb="text.strictly")) == {
        "/verb": "Choose how to compare it."
    }
    for subject in ("status", 7, {"x": 1}, {"var": "\0"}):
        wanted = {"/subject": "Choose a value to look at."}
        assert _fault(lambda s=subject: change_row(tree, "0", subject=s)) == wanted  # type: ignore[misc]
    assert _fault(lambda: set_joined(tree, "", "some")) == {
        "/joined": "Choose “all of these” or “any of these”."
    }


def test_the_filter_of_a_trigger_takes_no_verb_that_knows_today() -> None:
    around = Surroundings(knows_today=False)
    tree = change_row(add_row(EMPTY), "0", subject=STATUS, kind="date", around=around)
    assert tree.parts == (Row(STATUS, "date.after.as_written", ({},)),)
    told = _fault(lambda: change_row(tree, "0", others=["today"], around=around))
    assert told["/others/0"].startswith("What starts a workflow cannot look at today.")
    assert "/verb" in _fault(lambda: change_row(tree, "0", verb="date.next", around=around))


@pytest.mark.parametrize("place", ["0", "7", "0.0", "-1", "x", "0.", "٣", "1" * 9, "." * 300])
def test_a_row_that_is_gone_is_said_to_be(place: str) -> None:
    told = {"": "This row is no longer there."}
    assert _fault(lambda: change_row(EMPTY, place, verb="text.is")) == told
    assert _fault(lambda: remove(EMPTY, place)) == told
    assert _fault(lambda: add_row(Group("all", (BLANK_ROW,)), place)) == told


def test_a_condition_has_at_most_a_hundred_rows_and_groups_three_deep() -> None:
    full = Group("all", (BLANK_ROW,) * MOST_ROWS)
    assert _fault(lambda: add_row(full)) == {"": "A condition has at most 100 rows."}
    assert _fault(lambda: add_group(full)) == {"": "A condition has at most 100 rows."}
    deep = add_group(add_group(EMPTY), "0")
    assert _fault(lambda: add_group(deep, "0.1")) == {"": "Groups go 3 deep at most."}
    assert len(list(places(add_row(deep, "0.1")))) == 5


def test_deeper_groups_that_were_imported_can_still_be_changed() -> None:
    when: Any = {"text.is": [STATUS, "x"]}
    for number in range(6):
        when = {"or" if number % 2 else "and": [{"yes_no.is_no": [STATUS]}, when]}
    tree = tree_of(when)
    place = ".".join("1" * 6)
    changed = change_row(tree, place, others=["y"])
    assert dict(places(changed))[place] == Row(STATUS, "text.is", ("y",))


_places = st.sampled_from(["", "0", "1", "0.0", "0.1", "1.0", "0.1.0"])
_gestures = st.one_of(
    st.builds(lambda at: lambda tree: add_row(tree, at), _places),
    st.builds(lambda at: lambda tree: add_group(tree, at), _places),
    st.builds(lambda at: lambda tree: remove(tree, at), _places),
    st.builds(
        lambda at, joined: lambda tree: set_joined(tree, at, joined),
        _places, st.sampled_from(["all", "any"]),
    ),
    st.builds(
        lambda at, kind: lambda tree: change_row(tree, at, subject=STATUS, kind=kind),
        _places, st.sampled_from(["text", "number", "money", "date", "list", "yes_no", "anything"]),
    ),
    st.builds(
        lambda at, verb, typed: lambda tree: change_row(tree, at, verb=verb, others=[typed, typed]),
        _places, st.sampled_from([verb.key for verb in VERBS.values() if verb.in_steps]),
        st.sampled_from(["", "x", "4", "£5", "today", "Friday", "in 3 days", "12 June 2027"]),
    ),
)  # fmt: skip


@given(st.lists(_gestures, max_size=14))
@settings(deadline=None, max_examples=300)
def test_whatever_is_done_the_rows_are_read_again_as_they_were_left(gestures: list[Any]) -> None:
    tree = add_row(EMPTY)
    for gesture in gestures:
        try:
            tree = gesture(tree)
        except WedSyncError:
            continue
        assert when_of(tree) == {} or tree_of(when_of(tree)) == tree


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_verb_that_is_offered_can_be_chosen(kind: Kind) -> None:
    for verb in verbs_for(kind):
        tree = change_row(add_row(EMPTY), "0", subject=STATUS, kind=kind, verb=verb.key)
        assert tree_of(when_of(tree)) == tree
        assert tree.parts == (Row(STATUS, verb.key, ({},) * len(verb.inputs)),)

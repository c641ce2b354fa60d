"""What a step can read: by people's names, with real values, and only what certainly happened."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.definitions import definitions
from tests.engine.test_hostile_definitions import anything
from tests.engine.test_hostile_definitions import steps as odd_steps
from tests.workflows.building.surroundings import (
    PAID,
    WORDS,
    draft,
    example,
    items,
    known_of,
    read,
    said,
)
from wedsync.workflows.building.known.data_items import labels_of
from wedsync.workflows.building.known.known_data import Known, known_in
from wedsync.workflows.building.known.working_out import LONGEST_S, value_of
from wedsync.workflows.engine import steps_in_order, validate
from wedsync.workflows.engine.functions.text import folded
from wedsync.workflows.engine.shape import readable

FIND = {"id": "find", "kind": "action", "use": "sandbox.find_guest", "input": {}}
NOTE = {
    "id": "shape",
    "kind": "set",
    "values": {"seats": read("trigger.data.party_size"), "day": read("wedding.date")},
}
ASK = {"id": "sure", "kind": "approval", "ask": "Send it?"}
END = {"id": "end", "kind": "stop", "outcome": "done"}


def choose(*inside: Any) -> dict[str, Any]:
    coming = {"==": [read("trigger.data.status"), "accepted"]}
    branch = {"label": "Coming", "when": coming, "steps": list(inside)}
    return {"id": "which", "kind": "choose", "branches": [branch], "otherwise": []}


def each(*inside: Any, items: Any = None) -> dict[str, Any]:
    guests = items or [{"name": "Ada", "seat": 1}, {"name": "Ben", "seat": 2}]
    return {"id": "each", "kind": "for_each", "items": guests, "steps": list(inside)}


def test_the_wedding_comes_first_by_the_names_people_use() -> None:
    wedding = known_of(draft(END)).at("end")[0]
    assert wedding.title == "The wedding"
    assert said((wedding,)) == {
        "Couple’s names": "Ada Lindqvist and Ben Okafor",
        "Couple’s first names": "Ada and Ben",
        "Wedding date": "22 May 2027",
        "Days until the wedding": "180",
        "Days since the wedding": "-180",
        "Venue": "Hartwell Barn, Somerset",
        "RSVP deadline": "10 Apr 2027",
        "Final count due": "8 May 2027",
        "Final count": "82",
        "Delivery day": "3 Jul 2027",
        "Where the wedding stands": "booked",
        "Name of the wedding": "Ada & Ben",
        "Wedding’s currency": "GBP",
        "Wedding’s time zone": "Europe/London",
        "Partners, one by one": "Ada Lindqvist and Ben Okafor",
    }


def test_what_came_in_is_named_by_what_it_belongs_to() -> None:
    trigger = known_of(draft(END)).at(None)
    told = said(trigger)
    assert told["Guest’s name"] == "Ben Carter"
    assert told["Guest’s e-mail"] == "ben.carter@example.com"
    assert told["Party size"] == "2"
    assert told["Meals lock date"] == "29 May 2027"
    assert told["When it happened"] == "today, 06:40"
    assert [group.title for group in trigger] == ["When: RSVP received comes in from a partner"]


def test_a_trigger_reads_only_what_came_in() -> None:
    expressions = [item.expression for item in items(known_of(draft(NOTE)).at(None)).values()]
    assert all(str(each["var"]).startswith("trigger.") for each in expressions)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        (("guest", "email"), "Guest’s e-mail"),
        (("guests", "0", "name"), "Guests’ name"),
        (("party_size",), "Party size"),
        (("mealsLockDate",), "Meals lock date"),
        (("before", "status"), "Status before"),
        (("changed", "final_count", "to"), "Final count after"),
        (("data", "object", "amount"), "Amount"),
        (("rsvp_id",), "RSVP number"),
        (("weird[key]{}",), "Weird key"),
        (("—",), "A value"),
        (("",), "A value"),
    ],
)
def test_a_field_is_called_in_words(path: tuple[str, ...], label: str) -> None:
    assert labels_of(path)[0] == label


def test_earlier_steps_follow_with_what_they_would_give() -> None:
    groups = known_of(draft(FIND, NOTE, END)).at("end")
    assert [group.title for group in groups][2:] == [
        "Step 1: Look up the guest",
        "Step 2: Note seats and day",
        "Always there",
    ]
    told = said(groups)
    assert told["Seat"] == "Table 1, seat 1"
    assert told["Seats"] == "2"
    assert told["Day"] == "22 May 2027"


def test_a_step_reads_neither_itself_nor_what_comes_later() -> None:
    known = known_of(draft(FIND, NOTE, END))
    assert "Seats" not in said(known.at("shape"))
    assert "Seat" not in said(known.at("find"))


def test_two_values_of_a_name_are_told_apart_by_their_step() -> None:
    told = said(known_of(draft(FIND, END)).at("end"))
    assert told["Status"] == "accepted"
    assert told["Status, step 1"] == "accepted"


def test_what_is_inside_a_branch_is_known_there_and_not_behind_it() -> None:
    known = known_of(draft(choose(NOTE, ASK), END))
    assert said(known.at("sure"))["Seats"] == "2"
    assert "Seats" not in said(known.at("end"))
    assert said(known.at("end"))["Which way was taken"] == "Coming"


def test_what_happens_after_an_error_is_no_sure_thing() -> None:
    failing = {**FIND, "on_error": {"then": "steps", "steps": [NOTE, ASK]}}
    known = known_of(draft(failing, END))
    assert "Seats" in said(known.at("sure"))
    assert "Seat" not in said(known.at("sure"))
    assert "Seats" not in said(known.at("end"))


def test_a_loop_gives_its_item_inside_and_lists_outside() -> None:
    inner = {"id": "inner", "kind": "set", "values": {"who": read("item.name")}}
    known = known_of(draft(each(inner, ASK), END))
    inside = known.at("sure")
    assert inside[0].title == "Each of 2 records"
    assert said(inside)["Seat"] == "1"
    assert said(inside)["Who"] == "Ada"
    outside = items(known.at("end"))
    assert "Who" not in outside
    assert outside["All of “Note who”"].kind == "list"
    assert outside["How many there were"].sample_words == "2"


def test_plain_items_are_the_one_it_is_about() -> None:
    known = known_of(draft(each(ASK, items=["Ada", "Ben"])))
    assert said(known.at("sure"))["The one it is about"] == "Ada"


def test_a_step_that_is_off_gives_nothing() -> None:
    known = known_of(draft({**NOTE, "off": True}, {**choose(FIND), "off": True}, END))
    assert not {"Seats", "Seat", "Which way was taken"} & said(known.at("end")).keys()


def test_a_note_that_cannot_be_worked_out_is_known_all_the_same() -> None:
    broken = {"id": "bad", "kind": "set", "values": {"sum": {"number.round": ["three"]}}}
    assert said(known_of(draft(broken, END)).at("end"))["Sum"] == "not known yet"


def test_money_of_stripe_is_money() -> None:
    amount = items(known_of(draft(trigger=PAID)).at(None))["Amount"]
    assert (amount.sample_words, amount.kind) == ("£1,500.00", "money")
    definition = draft(trigger=PAID)
    worth = value_of(amount.expression, example(definition).sight(None))
    assert worth == {"amount": 150_000, "currency": "GBP"}


def test_an_amount_with_its_currency_is_money() -> None:
    came = {"deposit": {"amount": 185_000, "currency": "EUR"}}
    deposit = items(known_of(draft(), came).at(None))["Deposit"]
    assert (deposit.sample_words, deposit.kind) == ("€1,850.00", "money")


def test_what_did_not_come_this_time_is_told_as_not_given() -> None:
    told = items(known_of(draft(), {"status": "declined", "guest": {"name": "Zoë"}}).at(None))
    assert told["Status"].sample_words == "declined"
    assert told["Guest’s name"].sample_words == "Zoë"
    assert told["Party size"].sample_words == "not given"
    assert told["Party size"].kind == "number"


def test_a_value_that_is_empty_this_time_keeps_its_kind() -> None:
    told = items(known_of(draft(), {"party_size": None}).at(None))
    assert (told["Party size"].sample_words, told["Party size"].kind) == ("not given", "number")


def test_sensitive_fields_are_there_and_not_said() -> None:
    told = items(known_of(draft()).at(None))
    allergy = told["Allergy"]
    assert allergy.sample_words == "hidden here"
    assert "Peanuts" not in repr(known_of(draft()).at(None))


def test_sealed_values_are_not_said_wherever_they_went() -> None:
    sealed = {"$sealed": "c2VjcmV0IG1lYWw="}
    passed = {"id": "pass", "kind": "set", "values": {"allergy": read("trigger.data.secret")}}
    quoted = {"id": "quote", "kind": "set", "values": {"s": {"cat": [read("trigger.data.secret")]}}}
    looped = each(ASK, items=read("trigger.data.list"))
    came = {"secret": sealed, "list": [sealed, sealed]}
    known = known_of(draft(passed, quoted, looped, END), came)
    assert said(known.at(None))["Secret"] == "hidden here"
    assert said(known.at(None))["List"] == "hidden here"
    told = said(known.at("end"))
    assert told["Allergy, step 1"] == "hidden here"
    assert told["S"] == "not known yet"
    assert "c2VjcmV0" not in repr(known)


def test_a_value_is_found_by_its_expression_inside_its_own_loop() -> None:
    inner = {**each(ASK, items=[{"name": "Cleo"}]), "id": "other"}
    known = known_of(draft(each({**ASK, "id": "first"}), inner))
    first, second = known.item(read("item.name"), "first"), known.item(read("item.name"), "sure")
    assert first is not None
    assert second is not None
    assert (first.sample_words, second.sample_words) == ("Ada", "Cleo")
    assert known.item(read("item.name")) is None


def test_names_hold_no_brackets_and_are_never_shared() -> None:
    came = {"a[b]": 1, "a b": 2, "A_B": 3, "x": {"a b": 4}, "": 5}
    known = known_of(draft({**FIND, "label": "[Odd] {one}"}, each(ASK), END), came)
    everywhere = (*known.steps.values(), *known.loops.values(), *known.lists.values())
    names = [
        item.label for group in (known.wedding, known.trigger, *everywhere) for item in group.items
    ]
    assert len({folded(name) for name in names}) == len(names)
    assert not any(mark in name for name in names for mark in "[]{}")


@settings(deadline=None, max_examples=80)
@given(definitions)
def test_whatever_is_offered_can_be_read_there(definition: dict[str, Any]) -> None:
    known = known_of(definition)
    notes = [each.step for each in steps_in_order(definition) if each.step["kind"] == "set"]
    for step in notes:
        offered = items(known.at(step["id"]))
        step["values"] = {f"v{n}": item.expression for n, item in enumerate(offered.values())}
    reading = [each.message for each in validate(definition) if "It reads" in each.message]
    assert reading == []


@settings(deadline=None, max_examples=80)
@given(st.dictionaries(st.sampled_from(["trigger", "steps", "format"]), anything) | anything)
def test_no_draft_is_too_odd(definition: Any) -> None:
    known = known_of(definition)
    for step in (None, "", "nobody", *known.placed):
        known.at(step)


@settings(deadline=None, max_examples=80)
@given(odd_steps)
def test_no_step_is_too_odd(steps: list[Any]) -> None:
    known = known_of(draft(*steps, END))
    assert all(known.names_at(step) for step in known.placed)


def test_a_draft_that_is_much_to_work_out_holds_no_page_back() -> None:
    heavy = {"map": [read("trigger.data.rows"), {"text.of": [{"val": []}, "a" * 20]}]}
    notes = [{"id": f"n{n}", "kind": "set", "values": {"x": heavy, "y": n}} for n in range(500)]
    began = time.monotonic()
    known = known_of(draft(*notes), {"rows": list(range(2_000))})
    assert said(known.at("n2"))["Y"] == "0"
    assert said(known.at("n499"))["Y, step 499"] == "not known yet"
    assert time.monotonic() - began < 10 * LONGEST_S


def test_names_come_with_their_expressions() -> None:
    assert (read("wedding.venue"), "Venue") in known_of(draft(END)).names_at("end")


@settings(deadline=None, max_examples=80)
@given(anything)
def test_nothing_that_comes_in_is_too_odd(data: Any) -> None:
    groups = known_of(draft(NOTE, END), data).at("end")
    assert all(len(item.label) <= 120 for group in groups for item in group.items)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda steps: steps,
    "the text of a letter": lambda steps: [
        *steps[:2],
        {**steps[2], "input": {"subject": "Hi"}},
        *steps[3:],
    ],
    "1 to yes": lambda steps: [{**steps[0], "values": {"a": True, "b": 2}}, *steps[1:]],
    "a name others have as well": lambda steps: [
        {**steps[0], "values": {"c": 1, "b": 2}},
        *steps[1:],
    ],
    "a name taken from others": lambda steps: [
        {**steps[0], "values": {"a": 1, "b": 2, "all": 3}},
        *steps[1:],
    ],
    "what another value is made of": lambda steps: [
        {**steps[0], "values": {"a": 7, "b": 2}},
        *steps[1:],
    ],
    "what a loop goes through": lambda steps: [
        *steps[:3],
        {**steps[3], "items": ["x", "y"]},
        *steps[4:],
    ],
    "the name of a step in a loop": lambda steps: [
        *steps[:3],
        {**steps[3], "steps": [{**steps[3]["steps"][0], "label": "Other"}]},
        *steps[4:],
    ],
    "the order": lambda steps: [steps[1], steps[0], *steps[2:]],
    "a step gone": lambda steps: steps[1:],
    "a step come": lambda steps: [noted("more", {"z": read("steps.first.a")}), *steps],
    "a step off": lambda steps: [{**steps[0], "off": True}, *steps[1:]],
    "a step in a loop that was outside": lambda steps: [
        *steps[1:3],
        {**steps[3], "steps": [steps[0], *steps[3]["steps"]]},
        *steps[4:],
    ],
}


def noted(name: str, values: Any) -> dict[str, Any]:
    return {"id": name, "kind": "set", "values": values}


STEPS = [
    noted("first", {"a": 1, "b": 2}),
    noted("second", {"sum": {"+": [read("steps.first.a"), 1]}}),
    {"id": "letter", "kind": "action", "use": "smtp.send", "input": {"subject": "Hello"}},
    {
        "id": "each",
        "kind": "for_each",
        "items": [1, 2],
        "steps": [noted("inner", {"it": read("item"), "a": read("steps.first.a")})],
    },
    noted("last", {"all": read("steps.inner"), "sum": read("steps.second.sum")}),
]


@pytest.mark.parametrize("changed", CHANGES)
def test_what_is_taken_from_before_a_change_is_what_would_be_found_anew(changed: str) -> None:
    _agree(draft(*STEPS), draft(*CHANGES[changed](STEPS)))


@given(definitions, definitions)
@settings(max_examples=30, deadline=None)
def test_what_is_taken_from_any_other_draft_is_what_would_be_found_anew(
    before: Any, after: Any
) -> None:
    _agree(before, after)


def test_what_a_start_brings_is_not_taken_from_another() -> None:
    _agree(draft(*STEPS), draft(*STEPS, trigger=PAID))


def _agree(before: Any, after: Any) -> None:
    earlier, anew = known_of(before), known_of(after)
    seen = example(after, earlier=earlier.chosen)
    taken = known_in(readable(after), seen, wording=WORDS, earlier=earlier)
    assert repr(seen.outputs) == repr(anew.chosen.outputs)
    for step in (None, "", *anew.placed):
        assert _shown(taken, step) == _shown(anew, step)
    assert taken.by_expression == anew.by_expression
    assert taken.by_loop == anew.by_loop


def _shown(known: Known, step: str | None) -> list[Any]:
    return [(group.title, group.items) for group in known.at(step)]

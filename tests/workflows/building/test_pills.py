"""Any expression as the words of a pill, and those whose step is gone."""

from typing import Any

import pytest
from hypothesis import given, settings

from tests.engine.test_hostile_definitions import anything
from tests.workflows.building.surroundings import draft, known_of, read
from wedsync.workflows.building.known.pills import Pill, label_of

FIND = {"id": "find", "kind": "action", "use": "sandbox.find_guest", "input": {}}
ASK = {"id": "sure", "kind": "approval", "ask": "Send it?"}
LOOP = {"id": "each", "kind": "for_each", "items": [{"name": "Ada"}], "steps": [ASK]}
END = {"id": "end", "kind": "stop", "outcome": "done"}
KNOWN = known_of(draft(FIND, LOOP, END))
WEDDING = {"var": "wedding"}
GUEST = read("trigger.data.guest.name")
MADE = "math-function"


def pill(expression: Any, step: str = "end") -> Pill:
    return label_of(expression, KNOWN, step)


@pytest.mark.parametrize(
    ("expression", "words", "icon"),
    [
        (read("wedding.date"), "Wedding date", "heart"),
        ({"wedding.first_names": [WEDDING]}, "Couple’s first names", "heart"),
        (read("trigger.data.guest.email"), "Guest’s e-mail", "mail"),
        (read("steps.find.status"), "Status, step 1", "letter-case"),
        (read("trigger.data.unheard_of.phone"), "Unheard of’s phone", "phone"),
        (read("now"), "Now", "calendar"),
        ({"date.day": [read("now"), read("wedding.zone")]}, "Today", MADE),
        (
            {"date.add_days": [{"date.day": [read("now"), read("wedding.zone")]}, 30]},
            "30 days after today",
            MADE,
        ),
        ({"text.upper": [GUEST]}, "Guest’s name, in capitals", MADE),
        ({"text.or_else": [read("trigger.data.meal"), "fish"]}, "Meal, or else fish", MADE),
        ({"date.add_days": [read("wedding.date"), -14]}, "14 days before wedding date", MADE),
        ({"money.percent": [read("trigger.data.deposit"), 30]}, "30 per cent of deposit", MADE),
        ({"+": [read("trigger.data.party_size"), 1]}, "Party size plus 1", MADE),
        (
            {"text.body": "Dear {{ trigger.data.guest.name | upcase }},"},
            "“Dear guest’s name,”",
            MADE,
        ),
        ({"wedding.is_booked": [WEDDING]}, "Wedding is booked", MADE),
        (
            {"date.format": [read("wedding.rsvp_deadline")]},
            "RSVP deadline, written out",
            MADE,
        ),
        (
            {"date.days_between": [read("wedding.rsvp_deadline"), read("wedding.date")]},
            "Days between RSVP deadline and wedding date",
            MADE,
        ),
    ],
)
def test_an_expression_is_said_with_the_names_of_its_values(
    expression: Any, words: str, icon: str
) -> None:
    assert pill(expression) == Pill(words, icon)


@pytest.mark.parametrize(
    "expression",
    [
        read("steps.gone.amount"),
        {"text.upper": [read("steps.gone.amount")]},
        {"cat": ["Dear ", read("steps.gone.name")]},
        {"text.body": "Dear {{ steps.gone.name }}"},
        read("nothing.here"),
        read("item.name"),
    ],
)
def test_what_reads_a_step_that_is_gone_is_missing(expression: Any) -> None:
    told = pill(expression)
    assert told.is_missing
    assert told.icon == "alert-circle"


def test_a_step_that_is_gone_is_said_so() -> None:
    assert pill(read("steps.gone.amount")).words == "Amount, of a step that is gone"


def test_the_item_of_a_loop_is_there_inside_it() -> None:
    assert pill(read("item.name"), "sure") == Pill("Name, each in step 2", "user")
    assert not label_of(read("item.other"), KNOWN, "sure").is_missing


def test_no_words_hold_code() -> None:
    odd = [{"var": ""}, {"if": [1, 2, 3]}, {"a": {"b": 1}, "c": 2}, [], {}, {"map": [[], {}]}]
    for expression in odd:
        assert not set(pill(expression).words) & set("{}[]")


@settings(deadline=None, max_examples=80)
@given(anything)
def test_no_expression_is_too_odd(expression: Any) -> None:
    assert pill(expression).words
    assert label_of(expression, KNOWN).words

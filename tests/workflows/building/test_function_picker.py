"""Functions on a value: those that fit it, what they ask for, and the expression that comes."""

from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.building.surroundings import draft, example, read
from wedsync.errors import Invalid
from wedsync.workflows.building.known.data_items import ItemKind
from wedsync.workflows.building.known.function_picker import FunctionChoice, apply, functions_for
from wedsync.workflows.building.known.working_out import value_of
from wedsync.workflows.engine.expressions import examine_template
from wedsync.workflows.engine.functions import FUNCTIONS

KINDS: tuple[ItemKind, ...] = get_args(ItemKind)
SIGHT = example(draft()).sight(None)


def choices(kind: ItemKind, query: str = "") -> dict[str, FunctionChoice]:
    return {each.name: each for group in functions_for(kind, query) for each in group.choices}


def gives(expression: Any) -> Any:
    return value_of(expression, SIGHT)


def test_each_kind_has_functions_of_its_own() -> None:
    assert {"text.upper", "text.or_else"} <= choices("text").keys()
    assert {"number.round", "money.of"} <= choices("number").keys()
    assert {"money.format", "money.percent"} <= choices("money").keys()
    assert {"date.add_days", "date.format"} <= choices("date").keys()
    assert {"list.first", "money.sum"} <= choices("list").keys()
    assert "yes_no.in_words" in choices("yes_no")
    assert "text.upper" not in choices("money")


def test_tests_are_left_to_conditions() -> None:
    every = {name for kind in KINDS for name in choices(kind)}
    assert not any(FUNCTIONS[name].verb for name in every)


def test_a_choice_says_what_it_does_with_an_example() -> None:
    upper = choices("text")["text.upper"]
    assert (upper.label, upper.example) == ("In capitals", "Lyon becomes LYON")
    assert upper.inputs == ()
    days = choices("date")["date.add_days"]
    assert [(each.name, each.title, each.required) for each in days.inputs] == [
        ("days", "Days", True)
    ]
    assert (days.gives, days.inputs[0].example) == ("date", "-30")


@pytest.mark.parametrize(
    ("kind", "query", "name"),
    [
        ("text", "/capitals", "text.upper"),
        ("text", "/ UPPERCASE", "text.upper"),
        ("text", "default", "text.or_else"),
        ("date", "add days", "date.add_days"),
        ("money", "per cent", "money.percent"),
    ],
)
def test_functions_are_found_by_peoples_words(kind: ItemKind, query: str, name: str) -> None:
    assert name in choices(kind, query)


def test_a_word_nothing_has_finds_nothing() -> None:
    assert functions_for("text", "/xylophone") == ()


@pytest.mark.parametrize(
    ("function", "path", "arguments", "result"),
    [
        ("text.upper", "trigger.data.guest.name", {}, "BEN CARTER"),
        ("date.add_days", "wedding.date", {"days": "-14"}, "2027-05-08"),
        ("date.days_until", "wedding.date", {}, 180),
        ("number.round", "trigger.data.party_size", {"places": ""}, 2),
        ("number.keep_between", "wedding.final_count", {"lowest": "0", "highest": "1,000"}, 82),
        ("text.of", "wedding.title", {"parts": " in June"}, "Ada & Ben in June"),
        ("list.first", "wedding.partners", {}, {"name": "Ada Lindqvist"}),
        ("date.days_between", "wedding.date", {"end": "12 June 2027"}, 21),
        ("date.at", "wedding.date", {"time": "14:00"}, "2027-05-22T13:00:00Z"),
    ],
)
def test_using_one_gives_what_it_says(
    function: str, path: str, arguments: dict[str, str], result: Any
) -> None:
    assert gives(apply(function, read(path), arguments)) == result


def test_money_is_typed_as_people_write_it() -> None:
    worth = {"money.of": [100, "GBP"]}
    rest = apply("money.subtract", worth, {"other": "£12.50"})
    assert gives(rest) == {"amount": 8_750, "currency": "GBP"}


def test_an_argument_may_be_a_value_itself() -> None:
    made = apply("text.or_else", read("trigger.data.nothing"), {"otherwise": read("wedding.title")})
    assert gives(made) == "Ada & Ben"


def test_what_is_needed_is_asked_for_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        apply("number.keep_between", read("wedding.final_count"), {"lowest": "none"})
    told = {each.pointer: (each.code, each.message) for each in refused.value.errors}
    assert told == {
        "/lowest": ("wrong_value", "This should be a number."),
        "/highest": ("missing", "Say a number."),
    }


def test_there_is_no_other_function() -> None:
    with pytest.raises(Invalid):
        apply("text.explode", read("wedding.title"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_choice_makes_a_sound_expression_of_its_own_example(kind: ItemKind) -> None:
    for name, choice in choices(kind).items():
        typed = {each.name: each.example for each in choice.inputs if each.example}
        if all(each.example for each in choice.inputs if each.required):
            assert examine_template(apply(name, read("trigger.data.x"), typed)).faults == ()


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(sorted(FUNCTIONS)), st.dictionaries(st.text(max_size=8), st.text()))
def test_nothing_typed_is_too_odd(name: str, typed: dict[str, str]) -> None:
    names = [argument.name for argument in FUNCTIONS[name].arguments]
    given_ = dict(zip(names[1:], typed.values(), strict=False))
    made: Any = None
    with suppress(Invalid):
        made = apply(name, read("trigger.data.x"), given_)
    assert examine_template(made).faults == ()

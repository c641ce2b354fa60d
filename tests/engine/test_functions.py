"""The typed functions: described once, frozen by name, examples true, calls checked and bounded."""

import random
from typing import Any

import orjson
import pytest

from tests.engine.building import NOW, scope, var, workflow
from wedsync.settings import CHECKOUT
from wedsync.workflows.engine import validate
from wedsync.workflows.engine.clauses import VERBS
from wedsync.workflows.engine.expressions import (
    EvaluationFailed,
    compile_condition,
    compile_template,
    examine_condition,
    examine_template,
)
from wedsync.workflows.engine.functions import FUNCTIONS, GROUPS, Function
from wedsync.workflows.engine.functions.kinds import YES_NO
from wedsync.workflows.engine.operators import RESERVED_PREFIXES, literal
from wedsync.workflows.engine.reference import page
from wedsync.workflows.engine.typed import KNOWN
from wedsync.workflows.engine.view import View

FROZEN = """
text.is text.is_one_of text.contains text.contains_one_of text.starts_with text.ends_with
text.is_filled text.of text.join text.upper text.lower text.title text.capital text.tidy
text.without_accents text.first_word text.last_word text.initials text.replace text.shorten
text.before text.after text.split text.lines text.length text.digits text.or_else text.body
number.read number.is_number number.round number.round_up number.round_down number.between
number.keep_between number.percent_of number.share number.format number.ordinal number.plural
money.of money.of_minor money.add money.sum money.subtract money.times money.percent money.split
money.split_by_percent money.format money.in_units money.in_minor money.currency money.is_more
money.is_less money.is_at_least money.is_at_most money.is
date.add_days date.add_weeks date.add_months date.add_hours date.add_minutes date.days_between
date.days_until date.is_before date.is_after date.is_on date.is_between date.weekday
date.is_weekend date.falls_on date.day date.time date.year date.month date.at date.start_of_day
date.start_of_month date.end_of_month date.earliest date.latest date.format date.is_date date.parse
list.count list.is_empty list.contains list.contains_one_of list.first list.last list.at list.take
list.skip list.where list.where_not list.find list.count_where list.pluck list.filled list.unique
list.without list.reverse list.sort_by list.sum list.average list.smallest list.largest
list.in_words list.tally list.tally_in_words
yes_no.is_yes yes_no.is_no yes_no.read yes_no.in_words
wedding.days_until wedding.days_since wedding.has_date wedding.is_past wedding.is_today
wedding.is_cancelled wedding.is_postponed wedding.is_booked wedding.couple wedding.first_names
wedding.partners wedding.zone
"""


def fill(expression: Any, data: Any = None) -> Any:
    return compile_template({"x": expression}).fill(View(scope(data), NOW))["x"]


@pytest.fixture(params=KNOWN.values(), ids=lambda function: function.name)
def function(request: pytest.FixtureRequest) -> Function:
    found: Function = request.param
    return found


def test_the_names_of_format_1_are_these_and_no_others() -> None:
    assert sorted(KNOWN) == sorted(FROZEN.split())
    assert tuple(f"{group}." for group in GROUPS) == RESERVED_PREFIXES


def test_an_example_gives_what_it_says(function: Function) -> None:
    call = {function.name: [literal(value) for value in function.example.given]}
    assert examine_template(call).faults == ()
    assert fill(call) == function.example.gives


def test_a_description_is_whole(function: Function) -> None:
    assert function.label == function.label.strip().lower()
    assert function.about.endswith((".", "`"))
    assert function.gives is not YES_NO or function.verb in VERBS or function.name == "yes_no.read"
    names = [argument.name for argument in function.arguments]
    assert names
    assert len(set(names)) == len(names)


def test_the_page_of_functions_is_the_one_of_the_code() -> None:
    written = (CHECKOUT / "docs" / "functions.md").read_text()
    assert written == page(), "python -m wedsync.workflows.engine.reference writes it"


def test_a_call_with_too_few_or_too_many_values_is_refused(function: Function) -> None:
    for count in (0, len(function.arguments) + 1):
        if fault := function.count_fault(count):
            call = {function.name: [var("trigger.data")] * count}
            assert fault in examine_template(call).faults


ODD_VALUES = (
    None, True, 0, -1, 1.5, 10**15, 1e300, "", "x", "é" * 50, "2027-06-12", "9" * 500, "\ud7ff",
    [], [1, "a", None, {}], [[[]]], {}, {"amount": 1}, {"amount": 10**14, "currency": "eur"},
    {"date": "soon", "zone": "Mars", "partners": 3}, "0001-01-01T00:00:00+14:00", "9999-12-31",
)  # fmt: skip


def test_whatever_it_is_given_it_answers_in_json_or_refuses_with_a_sentence(
    function: Function,
) -> None:
    chance = random.Random(function.name)
    most = min(int(min(function.most, 4)), 4)
    for _ in range(60):
        given = [chance.choice(ODD_VALUES) for _ in range(chance.randint(function.fewest, most))]
        assert _answers(function.name, given), given


def _answers(name: str, given: list[Any]) -> bool:
    if name == "text.body":
        return bool(examine_template({name: given}).faults) or isinstance(given[0], str)
    values = {f"v{place}": value for place, value in enumerate(given)}
    call = {name: [var(f"trigger.data.{value}") for value in values]}
    try:
        orjson.dumps(fill(call, values))
    except EvaluationFailed as failure:
        return _is_a_sentence(str(failure))
    return True


def _is_a_sentence(said: str) -> bool:
    return said.endswith(".") and said != "A calculation could not be done."


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ({"number.round": ["three"]}, "“number.round” needs a number for “number”: “three” is not"),
        ({"date.add_days": [var("wedding.date"), "soon"]}, "needs a whole number for “days”"),
        ({"date.at": [var("wedding.date"), "9am", "Europe/Paris"]}, "is not a time like 14:00"),
        ({"date.day": [var("now"), "Paris"]}, "is not a time zone like Europe/Paris"),
        ({"money.of": [5, "EURO"]}, "is not a currency like EUR"),
        ({"list.count": ["Ana"]}, "“Ana” is not a list"),
        ({"list.count": [1, 2, 3]}, "is not given what it needs: “list”"),
        ({"text.tittle": ["a"]}, "There is no function called “text.tittle”. Did you mean"),
        ({"if": [True, {"text.upper": []}]}, "“text.upper” is not given what it needs"),
        ({"text.of": [var(f"trigger.v{n}") for n in range(60)]}, "more than 50 values"),
        ({"map": [var("trigger.l"), {"text.of": ["x" * 5000]}]}, "says too much for each part"),
    ],
)
def test_an_obvious_mistake_is_told_before_it_runs(expression: Any, said: str) -> None:
    faults = examine_template(expression).faults
    assert any(said in fault for fault in faults), faults


def test_a_problem_says_what_a_function_wants_and_how_a_text_is_written() -> None:
    values = {"a": {"date.add_days": [var("wedding.date")]}, "b": {"text.body": "{{ x "}}
    wrong, unread = validate(workflow({"id": "s", "kind": "set", "values": values}))
    assert wrong.fix == "Give it date (date), days (whole number) and zone (time zone)."
    assert unread.fix == "Correct the text; a value in it is written {{ trigger.data.name }}."


def test_a_test_of_what_is_not_there_is_not_fulfilled() -> None:
    for when in (
        {"date.is_before": [var("trigger.data.none"), "2027-01-01"]},
        {"number.between": [var("trigger.data.none"), 1, 5]},
        {"text.contains": [var("trigger.data.none"), "x"]},
        {"wedding.is_cancelled": [var("trigger.data.none")]},
    ):
        assert examine_condition(when).faults == ()
        assert compile_condition(when).value(View(scope(), NOW)) is False


def test_a_failing_function_says_which_value_it_could_not_use() -> None:
    with pytest.raises(EvaluationFailed, match=r"“money.of” needs a number for “amount”: “a lot”"):
        fill({"money.of": [var("trigger.data.price"), "EUR"]}, {"price": "a lot"})


def test_functions_work_on_each_part_of_a_list() -> None:
    rows = {"map": [var("trigger.data.guests"), {"text.first_word": [var("name")]}]}
    assert fill(rows, {"guests": [{"name": "Ana Ruiz"}, {"name": "Ben"}]}) == ["Ana", "Ben"]


def test_what_a_function_of_the_wedding_reads_is_known() -> None:
    call = {"wedding.days_until": [var("wedding"), var("now")]}
    assert set(examine_template(call).reads) == {
        ("wedding", "date"), ("wedding", "zone"), ("now",)
    }  # fmt: skip
    assert compile_template({"x": call}).wedding_paths == {("wedding", "date"), ("wedding", "zone")}


BOMBS: dict[str, Any] = {
    "a list that multiplies": {
        "list.count": [{"map": [var("trigger.data.n"), {"val": [[1], "trigger", "data", "big"]}]}]
    },
    "a text in its own place": {
        "text.replace": [var("trigger.data.long"), "z", var("trigger.data.long")]
    },
    "the same long text again and again": {
        "map": [
            var("trigger.data.n"),
            {"text.is": [{"val": [[1], "trigger", "data", "long"]}, "x"]},
        ]
    },
    "too many calls": {"map": [var("trigger.data.n"), {"text.upper": [var("")]}]},
    "a running total that doubles": {
        "reduce": [
            var("trigger.data.n"),
            {"text.of": [var("accumulator"), var("accumulator")]},
            "xx",
        ]
    },
    "a text with loops for each": {
        "map": [
            {"slice": [var("trigger.data.n"), 0, 500]},
            {"text.body": "{% for i in (1..900) %}{% assign a = i %}{% endfor %}x"},
        ]
    },
    "a separator as long as a letter": {"list.in_words": [var("trigger.data.big"), "z" * 60_000]},
    "a list of a thousand splits": {
        "map": [var("trigger.data.n"), {"money.split": [{"money.of": [1, "EUR"]}, 100]}]
    },
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_call_that_asks_too_much_fails_with_a_sentence(name: str) -> None:
    data = {"n": list(range(4000)), "big": ["z" * 1000] * 1000, "long": "z" * 60_000}
    assert examine_template(BOMBS[name]).faults == ()
    with pytest.raises(EvaluationFailed, match=r"(too much|too large|64 kB|too long).*\.$"):
        fill(BOMBS[name], data)


def test_every_function_stands_in_the_table_under_its_group() -> None:
    assert {name.split(".")[0] for name in FUNCTIONS} == set(GROUPS)

"""Expressions: what they give, how literals are written, and that none of them can hurt."""

import time
from typing import Any

import pytest
from datalogic_py import Engine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.building import NOW, Journal, event, scope, the, var, workflow
from wedsync.workflows.engine import (
    Finish,
    Record,
    advance,
    compile_definition,
    escape_key,
    literal,
    validate,
)
from wedsync.workflows.engine.expressions import (
    EvaluationFailed,
    compile_condition,
    compile_template,
    examine_condition,
    examine_template,
)
from wedsync.workflows.engine.operators import AVAILABLE, FAMILIES, REFUSED, is_operator
from wedsync.workflows.engine.view import View

letters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(letters, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(letters, max_size=5)
            | st.sampled_from(["max", "var", "type", "$", "$var", "now", "try"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


def fill(values: dict[str, Any], data: Any = None) -> Any:
    return compile_template(values).fill(View(scope(data), NOW))


def test_the_operator_names_are_those_the_library_knows_and_no_others() -> None:
    families = list(FAMILIES)
    known = {
        name
        for each in Engine(families=families).operators()
        for name in [each["name"], *each["aliases"]]
    }
    frozen = AVAILABLE | {"now"}
    assert known == frozen, "a new release of datalogic would give stored texts a new meaning"


def test_values_are_filled_in_where_calculations_stand() -> None:
    data = {"guest": {"name": "Ada"}, "seats": 2}
    values = {
        "who": var("trigger.data.guest.name"),
        "rows": [var("trigger.data.seats"), {"+": [var("trigger.data.seats"), 1]}],
        "fixed": {"max": [1, 9], "of": "two"},
        "largest": {"max": [1, 9]},
        "missing": var("trigger.data.nothing"),
    }
    assert fill(values, data) == {
        "who": "Ada",
        "rows": [2, 3],
        "fixed": {"max": [1, 9], "of": "two"},
        "largest": 9,
        "missing": None,
    }


def test_an_object_whose_only_key_is_a_function_is_escaped_to_be_itself() -> None:
    assert fill({"x": {"$max": [1, 9]}}) == {"x": {"max": [1, 9]}}
    assert literal({"max": [1, 9]}) == {"$max": [1, 9]}
    assert escape_key("type", alone=True) == "$type"
    assert escape_key("type", alone=False) == "type"


@pytest.mark.parametrize("name", ["money.add", "date.shift", "try", "now"])
def test_names_kept_for_later_are_escaped_already(name: str) -> None:
    assert is_operator(name)
    assert fill({"x": literal({name: 1})}) == {"x": {name: 1}}


@given(json_values)
@settings(deadline=None, max_examples=300)
def test_a_literal_comes_back_exactly(value: Any) -> None:
    assert fill({"x": literal(value), "y": 1}) == {"x": value, "y": 1}


templates = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.text("abc", max_size=3)
    | st.sampled_from([var("a"), var("b.c"), {"+": [var("a"), 1]}, {"cat": [var("b.c"), "!"]}]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["p", "q", "$max", "$p2"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["k", "l", "m"]), templates, max_size=3))
@settings(deadline=None, max_examples=200)
def test_templates_mean_what_datalogic_means_by_them(values: dict[str, Any]) -> None:
    engine = Engine(templating=True, template_key_escape="$", families=list(FAMILIES))
    data = {"a": 1, "b": {"c": "x"}}
    seen = _Plain(data)
    assert compile_template(values).fill(seen) == engine.compile(values).evaluate(data)


class _Plain:
    """Data seen as it is, without the engine's scope around it."""

    def __init__(self, data: Any) -> None:
        from datalogic_py import DataHandle

        self._handle = DataHandle(data)

    def handle(self, reads: Any) -> Any:
        return self._handle


def test_a_value_with_the_name_of_a_function_is_pointed_out_before_it_surprises() -> None:
    step = {"id": "s", "kind": "set", "values": {"type": "venue"}}
    (problem,) = validate(workflow(step))
    assert problem.message.startswith("“type” is also the name of a function")
    assert problem.fix.endswith("write its name as “$type”.")
    assert validate(workflow({**step, "values": {"$type": "venue"}})) == []


def test_a_whole_set_of_values_may_be_read_from_one_place() -> None:
    step = {"id": "s", "kind": "set", "values": var("trigger.data")}
    program = compile_definition(workflow(step))
    done = the(advance(program, None, event("start", scope({"a": 1}))), Record)
    assert done.output == {"a": 1}
    failed = advance(program, None, event("start", {"trigger": {"data": [1]}}))
    assert the(failed, Finish).outcome == "failed"


# --- refused before they run ---------------------------------------------------------------------

DOUBLING = {"a": var("accumulator"), "b": var("accumulator")}

REFUSED_EXPRESSIONS = [
    ({"now": []}, "present moment"),
    ({"if": [True, 1, {"now": []}]}, "present moment"),
    ({"try": [1, 2]}, "failed step"),
    ({"money.add": [1, 2]}, "needs an amount with its currency"),
    ({"money.totals": [1]}, "There is no function called “money.totals”. Did you mean"),
    ({"reduce": [var("trigger.l"), DOUBLING, 1]}, "cannot build lists or records"),
    ({"map": [[{"a": var("now"), "b": var("now")}], [var("a"), var("b")]]}, "cannot build from"),
    ({"map": [1]}, "not given what it needs"),
    ({"cat": [[var(f"trigger.v{n}") for n in range(60)]]}, "at most 50 values"),
]


@pytest.mark.parametrize(("expression", "said"), REFUSED_EXPRESSIONS)
def test_what_could_surprise_or_burst_is_refused_before_it_runs(expression: Any, said: str) -> None:
    faults = examine_template(expression).faults
    assert any(said in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (None, "There is no condition yet."),
        ({}, "There is no condition yet."),
        ("yes", "A condition compares values"),
        ([], "A condition compares values"),
        ({"equals": [1, 1]}, "There is no function called “equals”."),
        ({"a": 1, "b": 2}, "cannot hold a record"),
        ({"==": [1]}, "not given what it needs"),
        ({"now": []}, "present moment"),
    ],
)
def test_a_condition_that_cannot_be_one_is_refused(when: Any, said: str) -> None:
    assert any(said in fault for fault in examine_condition(when).faults)


def test_only_names_that_are_read_as_functions_are_refused() -> None:
    assert REFUSED.keys() == {"now", "try", "throw"}
    assert examine_template({"now": [], "x": 1}).faults == ()


# --- bounded while they run ----------------------------------------------------------------------

NUMBERS = list(range(4000))
LETTER = "z" * 1000

BOMBS = {
    "a text of its own for each": {
        "reduce": [
            {"slice": [var("trigger.data.n"), 0, 12]},
            {"merge": [var("accumulator"), var("accumulator")]},
            ["z" * 60_000],
        ]
    },
    "a list of long lists, inside another": {
        "merge": [[[{"map": [var("trigger.data.n"), {"val": [[1], "trigger", "data", "big"]}]}]]]
    },
    "the whole letter for each of four thousand": {
        "map": [var("trigger.data.n"), {"val": [[1], "trigger", "data", "big"]}]
    },
    "a record of it for each": {
        "map": [
            var("trigger.data.n"),
            {
                "a": {"val": [[1], "trigger", "data", "big"]},
                "b": {"val": [[1], "trigger", "data", "big"]},
            },
        ]
    },
    "too many operations": {
        "map": [var("trigger.data.n"), {"map": [{"val": [[1], "trigger", "data", "n"]}, 1]}]
    },
    "a text doubled forty times": {
        "reduce": [
            {"slice": [var("trigger.data.n"), 0, 40]},
            {"cat": [var("accumulator"), var("accumulator")]},
            "xx",
        ]
    },
    "a list doubled forty times": {
        "reduce": [
            {"slice": [var("trigger.data.n"), 0, 40]},
            {"merge": [var("accumulator"), var("accumulator")]},
            [1, 2],
        ]
    },
    "one large value": var("trigger.data.big"),
    "not a number": {"+": [var("trigger.data.word"), 1]},
    "not comparable": {">": [var("trigger.data.word"), 1]},
    "division by nothing": {"/": [1, 0]},
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_expression_that_asks_too_much_is_a_failed_step_with_a_sentence(name: str) -> None:
    step = {"id": "s", "kind": "set", "values": {"x": BOMBS[name]}}
    data = {"n": NUMBERS, "big": [LETTER] * 1000, "word": "many"}
    journal = Journal(compile_definition(workflow(step)), data)
    began = time.thread_time()
    decision = journal.tell("start")
    assert time.thread_time() - began < 2
    record = the(decision, Record)
    assert (record.state, record.error["class"]) == ("failed", "permanent")
    assert record.error["message"].endswith(".")
    assert the(decision, Finish).outcome == "failed"


def test_many_values_that_are_too_large_together_are_refused() -> None:
    values = {f"v{n}": var("trigger.data.letter") for n in range(30)}
    with pytest.raises(EvaluationFailed, match="together are larger than 256 kB"):
        fill(values, {"letter": "z" * 10_000})


def test_a_list_of_records_can_be_built_from_a_list() -> None:
    guests = [{"name": "Ada", "diet": "vegan"}, {"name": "Ben", "diet": None}]
    rows = {"map": [var("trigger.data.guests"), {"guest": var("name"), "eats": var("diet")}]}
    assert fill({"rows": rows}, {"guests": guests}) == {
        "rows": [{"guest": "Ada", "eats": "vegan"}, {"guest": "Ben", "eats": None}]
    }


def test_data_too_deep_to_be_kept_is_refused() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    with pytest.raises(EvaluationFailed, match="nested too deeply"):
        fill({"a": {"b": {"c": {"d": {"e": {"f": var("trigger.data")}}}}}}, deep)


def test_data_that_is_not_json_is_a_failed_step() -> None:
    program = compile_definition(
        workflow({"id": "s", "kind": "set", "values": {"x": var("trigger.data")}})
    )
    decision = advance(program, None, event("start", scope({"x": object()})))
    assert the(decision, Finish).outcome == "failed"


@given(json_values, json_values)
@settings(deadline=None, max_examples=300)
def test_any_condition_that_passes_the_look_through_answers_or_fails_politely(
    when: Any, data: Any
) -> None:
    if not examine_condition(when).faults:
        assert _answer(when, data) in (True, False, "failed politely")


LIST = var("trigger.data.l")

reading = st.recursive(
    st.sampled_from(
        [
            var("trigger.data.a"), var("trigger.data.a.b"), var("trigger.data.l.1.x"),
            var("wedding"), var("wedding.date"), var("trigger.data"), var("steps.s"),
            var("steps.none.x"), var("now"),
            {"val": ["trigger", "data", "a", "b"]}, {"var": ["trigger.data.none", "else"]},
            {"missing": ["trigger.data.a", "trigger.none"]}, {"exists": ["trigger", "data", "a"]},
            {"exists": "trigger"}, {"var": {"cat": ["trigger.data.", "a"]}}, {"val": []},
            {"map": [LIST, {"cat": [var("x"), {"val": [[1], "wedding", "date"]}]}]},
            {"filter": [LIST, {"==": [var("x"), {"val": [[1], "steps", "s"]}]}]},
            {"reduce": [LIST, {"+": [var("accumulator"), var("current.x")]}, 0]},
            {"list.pluck": [var("trigger.data.l"), "x"]}, {"text.of": [var("wedding.date"), "!"]},
            {"wedding.has_date": [var("wedding")]}, {"text.body": "on {{ wedding.date | date }}"},
        ]
    ),
    lambda inner: st.builds(
        lambda name, parts: {name: parts},
        st.sampled_from(["if", "??", "merge", "==", "and", "or", "cat"]),
        st.lists(inner, min_size=2, max_size=3),
    ),
    max_leaves=5,
)  # fmt: skip


class _Whole(View):
    """Hands out everything, whatever is read."""

    def handle(self, reads: Any) -> Any:
        return super().handle(None)


@given(reading)
@settings(deadline=None, max_examples=300)
def test_what_is_copied_for_a_calculation_is_all_it_reads(expression: Any) -> None:
    assert examine_template(expression).faults == ()
    data = {"a": {"b": 3}, "l": [{"x": 1}, {"x": 2}], "more": [1, 2, 3]}
    seen = scope(data, s=1)
    template = compile_template({"x": expression})
    assert _filled(template, View(seen, NOW)) == _filled(template, _Whole(seen, NOW))


def _filled(template: Any, view: View) -> Any:
    try:
        return template.fill(view)
    except EvaluationFailed as failure:
        return str(failure)


def test_a_step_that_gave_something_new_is_seen_by_the_next() -> None:
    view = View(scope(), NOW)
    anything = compile_template({"x": {"var": {"cat": ["steps.", "a"]}}})
    exactly = compile_template({"x": var("steps.a")})
    assert (anything.fill(view), exactly.fill(view)) == ({"x": None}, {"x": None})
    view.learn("a", 5)
    assert (anything.fill(view), exactly.fill(view)) == ({"x": 5}, {"x": 5})


def _answer(when: Any, data: Any) -> Any:
    try:
        return compile_condition(when).value(View(scope(data), NOW))
    except EvaluationFailed as failure:
        return "failed politely" if str(failure).endswith(".") else failure

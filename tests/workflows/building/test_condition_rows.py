"""A condition as rows and groups, and back: nothing is lost, and it judges as it did."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.building import NOW, scope, var, workflow
from wedsync.workflows.building.conditions.condition_patterns import BLANK
from wedsync.workflows.building.conditions.condition_rows import (
    BLANK_ROW,
    UNREADABLE,
    Group,
    Opaque,
    Row,
    tree_of,
    unanswered,
    when_of,
)
from wedsync.workflows.building.conditions.condition_shapes import Kind
from wedsync.workflows.building.conditions.condition_verbs import (
    VERBS,
    choices_for,
    kind_of,
    verbs_for,
)
from wedsync.workflows.engine import condition_words, validate
from wedsync.workflows.engine.expressions import (
    EvaluationFailed,
    compile_condition,
    examine_condition,
)
from wedsync.workflows.engine.view import View

STATUS, SEATS, DAY = (var(f"trigger.data.{name}") for name in ("status", "seats", "day"))
TAGS, DUE = var("trigger.data.tags"), var("trigger.data.due")
NOW_, ZONE = var("now"), var("wedding.zone")
TODAY = {"date.day": [NOW_, ZONE]}
SOME_VEGAN = {"some": [TAGS, {"==": [var("diet"), "vegan"]}]}
EUROS = {"money.of_minor": [600_000, "EUR"]}


def all_of(*parts: Any) -> Group:
    return Group("all", parts)


READ: list[tuple[Any, Group]] = [
    (None, all_of()),
    ({}, all_of()),
    (True, all_of(Opaque("always", True))),
    ({"text.is": [STATUS, "accepted"]}, all_of(Row(STATUS, "text.is", ("accepted",)))),
    ({"==": [STATUS, "accepted"]}, all_of(Row(STATUS, "text.exactly", ("accepted",)))),
    ({"==": ["accepted", STATUS]}, all_of(Row(STATUS, "text.exactly", ("accepted",)))),
    ({"==": [SEATS, 4]}, all_of(Row(SEATS, "number.is", (4,)))),
    ({"<": [4, SEATS]}, all_of(Row(SEATS, "number.more", (4,)))),
    ({"<=": [1, SEATS, 10]}, all_of(Row(SEATS, "number.from_to", (1, 10)))),
    ({"number.between": [SEATS, 1, 10]}, all_of(Row(SEATS, "number.between", (1, 10)))),
    ({"!": {"text.is": [STATUS, "x"]}}, all_of(Row(STATUS, "text.is_not", ("x",)))),
    ({"!": [{">": [SEATS, 3]}]}, all_of(Row(SEATS, "number.more.not", (3,)))),
    ({"==": [STATUS, True]}, all_of(Row(STATUS, "yes_no.true"))),
    ({"yes_no.is_yes": STATUS}, all_of(Row(STATUS, "yes_no.yes"))),
    ({"money.is_at_most": [DUE, EUROS]}, all_of(Row(DUE, "money.at_most", (EUROS,)))),
    ({"in": ["nuts", TAGS]}, all_of(Row(TAGS, "text.has", ("nuts",)))),
    ({"in": [STATUS, ["a", "b"]]}, all_of(Row(STATUS, "text.in", (["a", "b"],)))),
    ({"<": [3, {"list.count": [TAGS]}]}, all_of(Row(TAGS, "list.more", (3,)))),
    (
        {">": [{"list.count": [TAGS]}, 3]},
        all_of(Row({"list.count": [TAGS]}, "number.more", (3,))),
    ),
    (STATUS, all_of(Row(STATUS, "anything.filled"))),
    ({"!": STATUS}, all_of(Row(STATUS, "anything.empty"))),
    ({"!!": [{"text.is": [STATUS, "x"]}]}, all_of(Row(STATUS, "text.is", ("x",)))),
    ({"!": [{"!": [{"text.is": [STATUS, "x"]}]}]}, all_of(Row(STATUS, "text.is", ("x",)))),
    (
        {"date.is_after": [DAY, TODAY, ZONE]},
        all_of(Row(DAY, "date.after", (TODAY,))),
    ),
    (
        {"date.is_between": [DAY, NOW_, {"date.add_days": [NOW_, 7, ZONE]}, ZONE]},
        all_of(Row(DAY, "date.next", (7,))),
    ),
    (
        {"date.is_between": [DAY, {"date.add_days": [NOW_, -7, ZONE]}, NOW_, ZONE]},
        all_of(Row(DAY, "date.last", (7,))),
    ),
    (
        {"date.is_before": [DAY, "2027-05-01"]},
        all_of(Row(DAY, "date.before.as_written", ("2027-05-01",))),
    ),
    ({"<": [DAY, "2027-05-01"]}, all_of(Row(DAY, "date.earlier_as_written", ("2027-05-01",)))),
    (
        {"wedding.is_cancelled": [var("wedding")]},
        all_of(Row(var("wedding"), "wedding.cancelled")),
    ),
    (
        {"!": [{"or": [{"text.is": [STATUS, "x"]}, {"!": STATUS}]}]},
        all_of(Row(STATUS, "text.is_not", ("x",)), Row(STATUS, "anything.filled")),
    ),
    (
        {"and": [{"==": [SEATS, 4]}, {"or": [{"!": STATUS}, {"text.is": [STATUS, "x"]}]}]},
        all_of(
            Row(SEATS, "number.is", (4,)),
            Group("any", (Row(STATUS, "anything.empty"), Row(STATUS, "text.is", ("x",)))),
        ),
    ),
    (
        {"some": [TAGS, {"==": [var("diet"), "vegan"]}]},
        all_of(Opaque("tags include one where diet is vegan", SOME_VEGAN)),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("when", "tree"), READ)
def test_a_condition_is_shown_as_rows_and_groups(when: Any, tree: Group) -> None:
    assert tree_of(when) == tree
    assert tree_of(when_of(tree)) == tree


def test_every_verb_that_is_offered_reads_as_a_sentence() -> None:
    for verb in (verb for verb in VERBS.values() if verb.in_steps):
        others = tuple(_EXAMPLES[one.kind] for one in verb.inputs)
        words = condition_words(when_of(all_of(Row(STATUS, verb.key, others))))
        assert not re.search("calculated|could not|not not|holds", words), (verb.key, words)


_EXAMPLES = {"text": "x", "texts": ["x", "y"], "number": 4, "count": 3, "days": 7, "money": EUROS,
             "day": "2027-06-12", "weekdays": ["Friday"]}  # fmt: skip


def test_a_condition_without_rows_is_one_that_is_still_to_be_made() -> None:
    assert when_of(Group("all")) == {}
    assert examine_condition({}).faults == ("There is no condition yet.",)


def test_what_a_value_is_decides_between_two_readings() -> None:
    limit = {"==": [STATUS, SEATS]}
    assert tree_of(limit).parts == (Row(STATUS, "number.is", (SEATS,)),)
    lock = {"date.at": [var("wedding.menu_lock"), "23:59", ZONE]}
    assert tree_of({"<=": [NOW_, lock]}).parts == (Row(NOW_, "date.until_as_written", (lock,)),)
    assert tree_of({"<=": [DAY, lock]}).parts == (Row(DAY, "date.until_as_written", (lock,)),)
    tags = tree_of({"in": ["nuts", TAGS]}, lambda subject: "list" if subject == TAGS else None)
    assert tags.parts == (Row(TAGS, "list.has", ("nuts",)),)
    assert when_of(tags) == {"in": ["nuts", TAGS]}


def test_a_row_not_filled_in_yet_is_found_again_and_refused_by_validation() -> None:
    row = Row(SEATS, "number.between", (1, dict(BLANK)))
    tree = all_of(Row(STATUS, "text.is", ("x",)), Group("any", (row, BLANK_ROW)))
    assert tree_of(when_of(tree)) == tree
    assert unanswered(tree) == ("1.0", "1.1")
    branch = {"label": "A few", "when": when_of(tree), "steps": []}
    found = validate(workflow({"id": "few", "kind": "choose", "branches": [branch]}))
    assert [(problem.field, problem.message, problem.fix) for problem in found] == [
        (
            "branches.0.when",
            "A row of the condition is not filled in yet.",
            "Fill it in, or remove the row.",
        )
    ]


@pytest.mark.parametrize(
    "when",
    [
        [],
        "soon",
        7,
        {1: 2},
        {"and": []},
        {"and": 3},
        {"or": {"var": "x"}},
        {"!": []},
        {"==": []},
        {"==": [1, 1]},
        {"text.is": []},
        {"number.between": [SEATS, [1], 2]},
        {"date.falls_on": [DAY, [["Friday"]]]},
        {"money.is": [DUE, {"amount": 1, "currency": "EUR"}]},
        {"and": [{}, None, [], {"x": 1}]},
        float("nan"),
        {"if": [STATUS, True, False]},
        {"unheard.of": [1]},
        {"var": {"var": {"var": []}}},
    ],
)  # fmt: skip
def test_nothing_is_lost_of_what_rows_cannot_say(when: Any) -> None:
    tree = tree_of(when)
    assert tree_of(when_of(tree)) == tree
    assert repr(when) in repr(when_of(tree)) or all(
        repr(part) in repr(when_of(tree)) for part in when.get("and", ())
    )


def test_a_condition_too_deep_to_be_read_is_kept_whole() -> None:
    deep: Any = STATUS
    for _ in range(5_000):
        deep = {"!": [deep]}
    assert tree_of(deep) == all_of(Opaque(UNREADABLE, deep))
    assert when_of(tree_of(deep)) is deep


def test_deeply_nested_groups_are_shown_as_they_are() -> None:
    when: Any = {"text.is": [STATUS, "x"]}
    for number in range(20):
        when = {"or" if number % 2 else "and": [{"!": STATUS}, when]}
    assert when_of(tree_of(when)) == _with_lists(when)


def _with_lists(when: Any) -> Any:
    if when == {"!": STATUS}:
        return {"!": [STATUS]}
    if isinstance(when, dict):
        return {name: _with_lists(part) for name, part in when.items()}
    return [_with_lists(part) for part in when] if isinstance(when, list) else when


@pytest.mark.parametrize("kind", ["text", "number", "money", "date", "list", "yes_no", "wedding"])
def test_each_kind_offers_verbs_whose_words_differ(kind: Any) -> None:
    words = [verb.words for verb in verbs_for(kind)]
    assert len(words) >= 4
    assert len(set(words)) == len(words)
    assert {verb.kind for verb in verbs_for(kind)} == {kind}


def test_the_verbs_of_the_panel_are_those_of_the_design() -> None:
    kinds: tuple[Kind, ...] = ("text", "number", "money", "date", "yes_no")
    words = {kind: {verb.words for verb in verbs_for(kind)} for kind in kinds}
    assert {"is one of", "is", "contains", "is empty"} <= words["text"]
    assert {"is between", "is exactly", "is more than", "is less than"} <= words["number"]
    assert {"is later than", "is before", "is on", "is within the next"} <= words["date"]
    assert {"is at most", "is more than"} <= words["money"]
    assert {"is yes", "is no"} <= words["yes_no"]


def test_the_filter_of_a_trigger_offers_nothing_about_today_or_the_wedding() -> None:
    keys = {verb.key for verb in verbs_for("date", in_trigger=True)}
    assert {"date.after.as_written", "date.known"} <= keys
    assert "date.next" not in keys
    assert all("wedding" not in str(VERBS[key].pattern) for key in keys)
    assert verbs_for("wedding", in_trigger=True) == ()


def test_a_verb_that_was_imported_is_offered_where_it_stands() -> None:
    assert choices_for("text.exactly", "text")[0].key == "text.exactly"
    assert "text.exactly" not in [verb.key for verb in verbs_for("text")]


def test_the_kind_of_what_a_function_gives_is_known() -> None:
    assert kind_of({"money.percent": [DUE, 30]}) == "money"
    assert kind_of({"list.count": [TAGS]}) == "number"
    assert kind_of(var("wedding")) == "wedding"
    assert kind_of(STATUS) is None


subjects = st.sampled_from([STATUS, SEATS, DAY, TAGS, DUE, {"list.count": [TAGS]}, var("wedding")])
values = st.one_of(
    st.sampled_from([None, True, False, 0, 3, 4.5, "3", "", "x", "Accepted", "2027-05-11"])
    | st.just("2027-05-14T10:00:00Z"),
    st.lists(st.sampled_from(["x", "vegan", 3]), max_size=3),
    st.builds(lambda amount: {"amount": amount, "currency": "EUR"}, st.integers(0, 900_000)),
)  # fmt: skip
data = st.fixed_dictionaries(dict.fromkeys(("status", "seats", "day", "tags", "due"), values))
_literals = st.one_of(
    st.sampled_from([None, True, "x", "accepted", 3, 4.5, "2027-05-12", ["x", "vegan"], []]),
    st.sampled_from([EUROS, TODAY]),
    subjects,
)  # fmt: skip
_binary = st.sampled_from(
    ["==", "===", "!=", "!==", ">", ">=", "<", "<=", "in", "starts_with", "text.is",
     "text.contains", "text.is_one_of", "list.contains", "list.contains_one_of",
     "money.is_more", "money.is",
     "date.is_after", "date.is_on"]
)  # fmt: skip
_unary = st.sampled_from(
    ["!", "!!", "text.is_filled", "list.is_empty", "yes_no.is_yes", "number.is_number",
     "date.is_date", "date.is_weekend", "wedding.is_booked"]
)  # fmt: skip
atoms = st.one_of(
    st.builds(lambda name, one, two: {name: [one, two]}, _binary, subjects, _literals),
    st.builds(lambda name, one, two: {name: [two, one]}, _binary, subjects, _literals),
    st.builds(lambda name, one: {name: one}, _unary, subjects),
    st.builds(lambda one: {"number.between": [one, 1, 4]}, subjects),
    st.builds(lambda one: {"<=": [1, one, 4]}, subjects),
    st.sampled_from([STATUS, True, {"if": [SEATS, STATUS, False]}]),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(
            lambda name, parts: {name: parts},
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(lambda name, one: {name: [one]}, st.sampled_from(["!", "!!"]), inner),
    ),
    max_leaves=8,
)  # fmt: skip


def _judged(when: Any, seen: dict[str, Any]) -> bool | str:
    try:
        return bool(compile_condition(when).value(View(scope(seen), NOW)))
    except EvaluationFailed:
        return "failed"


@given(conditions, data)
@settings(deadline=None, max_examples=400)
def test_the_rows_judge_as_the_condition_does(when: Any, seen: dict[str, Any]) -> None:
    tree = tree_of(when)
    assert tree_of(when_of(tree)) == tree
    if examine_condition(when).faults == ():
        assert examine_condition(when_of(tree)).faults == ()
        assert _judged(when_of(tree), seen) == _judged(when, seen)


_LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
_inputs: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(_LETTERS, min_size=1, max_size=5) | st.just(STATUS),
    "texts": st.lists(st.text(_LETTERS, min_size=1, max_size=5), min_size=1, max_size=3)
    | st.just(TAGS),
    "number": st.integers(-9, 9) | st.just(4.5) | st.just(SEATS),
    "count": st.integers(0, 9),
    "days": st.integers(0, 90),
    "money": st.sampled_from([EUROS, DUE]),
    "day": st.sampled_from(["2027-05-12", TODAY, {"date.add_days": [TODAY, 3]}, DAY]),
    "weekdays": st.just(["Friday", "Sunday"]),
}


@st.composite
def rows(draw: st.DrawFn) -> Row:
    verb = draw(st.sampled_from([*verbs_for("anything"), *verbs_for("money"), *verbs_for("list"),
                                 *verbs_for("yes_no"), *verbs_for("wedding")]))  # fmt: skip
    others = tuple(draw(_inputs[one.kind] | st.just(dict(BLANK))) for one in verb.inputs)
    return Row(draw(st.sampled_from([STATUS, SEATS, DAY, DUE, TAGS])), verb.key, others)


trees = st.builds(
    Group,
    st.sampled_from(["all", "any"]),
    st.lists(
        st.recursive(
            rows() | st.just(BLANK_ROW),
            lambda inner: st.builds(
                Group,
                st.sampled_from(["all", "any"]),
                st.lists(inner, min_size=1, max_size=3).map(tuple),
            ),
            max_leaves=6,
        ),
        max_size=3,
    ).map(tuple),
)  # fmt: skip


@given(trees)
@settings(deadline=None, max_examples=400)
def test_rows_that_were_written_are_read_as_the_same_rows(tree: Group) -> None:
    if tree.parts:
        assert tree_of(when_of(tree)) == tree

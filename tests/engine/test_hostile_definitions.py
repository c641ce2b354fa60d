"""Nothing that can be sent instead of a definition hurts validation, or the words for it."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.building import ACTIONS, choose, problems, var, workflow
from wedsync.workflows.engine import Problem, compile_definition, sentence, steps_in_order, summary
from wedsync.workflows.engine.limits import MAX_PROBLEMS
from wedsync.workflows.engine.outline import steps_of
from wedsync.workflows.engine.shape import readable, refusal

SET = {"id": "s", "kind": "set", "values": {"x": 1}}


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def endless() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def choices(depth: int) -> Any:
    step: Any = SET
    for n in range(depth):
        step = choose(f"c{n}", ("In", True, [step]))
    return step


HOSTILE = {
    "nested a thousand deep": workflow({**SET, "values": {"x": nested(1000)}}),
    "nested a hundred thousand deep": nested(100_000),
    "inside itself": endless(),
    "branches in branches in branches": workflow(choices(100)),
    "a huge text": workflow({**SET, "label": "x" * 10_000_000}),
    "a huge list": workflow(*([SET] * 200_000)),
    "many large texts": workflow(*[{**SET, "note": "y" * 60_000} for _ in range(100)]),
    "a nul": workflow({**SET, "label": "a\x00b"}),
    "half a character": workflow({**SET, "label": "\ud800"}),
    "half a character in a name": workflow({**SET, "values": {"\ud800": 1}}),
    "not a number": workflow({**SET, "values": {"x": float("nan")}}),
    "too large a number": workflow({**SET, "values": {"x": 10**400}}),
    "not json": workflow({**SET, "values": {"x": object()}}),
    "names that are no texts": workflow({**SET, "values": {1: 2}}),
    "a million unknown fields": {f"f{n}": n for n in range(30_000)},
    "wrong everywhere": workflow(*[{"id": "s", "kind": "set", f"z{n}": n} for n in range(400)]),
    "kinds that are lists": workflow({"id": [], "kind": {}, "label": 3}),
    "long names": workflow({**SET, "values": {"x": var("trigger." + "y" * 50_000)}}),
    "thousands of unknown steps": workflow(
        {**SET, "values": {f"v{n}": var(f"steps.s{n}.x") for n in range(4000)}}
    ),
    "a wide condition": workflow(
        choose("c", ("A", {"or": [{"==": [var("trigger.x"), n]} for n in range(8000)]}, []))
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_of_what_is_sent_all_can_be_gone_through_or_nothing(name: str) -> None:
    sent = HOSTILE[name]
    found = readable(sent)
    assert (found is sent) == (isinstance(sent, dict) and refusal(sent) is None)
    assert found is sent or found == {}
    assert list(steps_of(found)) == list(steps_in_order(sent))


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_can_be_sent_hurts(name: str) -> None:
    began = time.thread_time()
    found = problems(HOSTILE[name])
    said = [sentence(HOSTILE[name], ACTIONS), summary(HOSTILE[name], ACTIONS)]
    list(steps_in_order(HOSTILE[name]))
    assert time.thread_time() - began < 3
    assert len(found) <= MAX_PROBLEMS
    assert all(len(each.message) + len(each.fix) < 600 for each in found)
    assert all(len(each) < 10_000 for each in said)
    if not any(each.severity == "error" for each in found):
        compile_definition(HOSTILE[name])


# fmt: off
NAMES = [
    "id", "kind", "steps", "branches", "when", "values", "input", "on_error", "then", "label",
    "otherwise", "retry", "use", "var", "and", "==", "map", "in", "!", "<", "outcome", "reason",
    "trigger", "filter", "event_type", "source", "hook",
]
# fmt: on
WORDS = ["set", "choose", "filter", "action", "stop", "wait", "for_each", "approval", "call"]
WORDS += ["manual", "schedule", "wedding_date", "poll", "steps", "event", "anchor", "items", "who"]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=25,
)
steps = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c"]),
            "kind": st.sampled_from(["set", "choose", "filter"]),
        },
        optional={
            "values": anything,
            "when": anything,
            "branches": st.lists(
                st.fixed_dictionaries({"label": anything, "when": anything, "steps": anything}),
                max_size=2,
            ),
            "otherwise": anything,
        },
    )
    | st.fixed_dictionaries(
        {"id": anything, "kind": st.just("action"), "use": anything, "input": anything},
        optional={"on_error": anything, "timeout_s": anything, "on_unsure": anything},
    )
    | anything,
    max_size=4,
)


@given(anything | st.builds(lambda several: workflow(*several), steps))
@settings(deadline=None, max_examples=400)
def test_whatever_is_sent_gets_problems_and_words_never_an_exception(definition: Any) -> None:
    found = problems(definition)
    assert all(isinstance(each, Problem) for each in found)
    assert summary(definition, ACTIONS)
    for placed in steps_in_order(definition):
        assert sentence(placed.step, ACTIONS).endswith(".")
    if isinstance(definition, dict) and not any(each.severity == "error" for each in found):
        compile_definition(definition)

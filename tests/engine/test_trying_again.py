"""Retries: when, how often, and what comes after the last."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.attempting import AFTER, under_way
from tests.engine.building import NOW, Journal, act, error, records, the, var, workflow
from wedsync.workflows.engine import Finish, Record, WaitUntil, compile_definition
from wedsync.workflows.engine.limits import MAX_DELAY_S
from wedsync.workflows.engine.retry import RetryPolicy

# --- retries -------------------------------------------------------------------------------------


def test_retries_wait_longer_each_time_and_end_after_the_last() -> None:
    policy = {"attempts": 4, "first_delay_s": 10, "factor": 3, "max_delay_s": 60}
    journal = under_way(label="Tell them", on_error={"retry": policy, "then": "stop"})
    delays = []
    for _ in range(3):
        asked_at = journal.now
        decision = journal.result(error=error("not_sent"), random=0.0)
        wait = the(decision, WaitUntil)
        assert records(decision) == [("tell", "waiting")]
        assert wait.waiting_for["kind"] == "retry"
        delays.append((wait.due_at - asked_at).total_seconds())
        journal.tell("resume", step="tell")
    assert delays == [10, 30, 60]
    decision = journal.result(error=error("not_sent"))
    assert records(decision) == [("tell", "failed")]
    assert the(decision, Finish) == Finish(
        "failed", "“Tell them” did not work: They are closed.", "tell"
    )
    assert [each.attempt for each in journal.performed] == [1, 2, 3, 4]


def test_the_default_is_six_attempts_from_five_seconds_on() -> None:
    journal = under_way()
    delays = []
    while not journal.ended():
        asked_at = journal.now
        decision = journal.result(error=error("not_sent"), random=0.0)
        if wait := journal.waiting():
            delays.append((wait.due_at - asked_at).total_seconds())
            journal.tell("resume", step="tell")
    assert delays == [5, 15, 45, 135, 405]
    assert records(decision)[0] == ("tell", "failed")


def test_the_wait_says_until_when_in_words_a_page_can_use() -> None:
    journal = under_way()
    wait = the(journal.result(error=error("not_sent"), random=0.0), WaitUntil)
    assert wait.due_at == NOW + timedelta(seconds=5)
    assert wait.waiting_for == {"kind": "retry", "id": "tell", "until": "2027-05-11T12:40:05.000Z"}


@pytest.mark.parametrize(
    ("asked", "least"), [(600, 600), (1, 5), (0, 5), (-5, 5), (None, 5), (1e300, MAX_DELAY_S)]
)
def test_what_the_far_end_asks_for_is_honoured_and_never_undercut(
    asked: float | None, least: float
) -> None:
    journal = under_way()
    failure = error("rate_limit", retry_after_s=asked)
    wait = the(journal.result(error=failure), WaitUntil)
    waited = (wait.due_at - NOW).total_seconds()
    assert least <= waited <= least * 1.1 + 0.001


@given(
    st.integers(1, 60),
    st.floats(0, 86_400),
    st.floats(1, 100),
    st.floats(0, MAX_DELAY_S),
    st.floats(allow_nan=True),
    st.none() | st.floats(0, 1e12),
)
def test_a_delay_is_bounded_whatever_the_policy_and_the_chance(
    tries: int, first: float, factor: float, most: float, random: float, asked: float | None
) -> None:
    policy = RetryPolicy(10, first, factor, most)
    delay = policy.delay_s(tries, random, asked)
    floor = min(asked or 0, MAX_DELAY_S)
    assert floor <= delay <= max(most, floor) * 1.1 + 1
    assert delay == policy.delay_s(tries, random, asked)


def test_chance_spreads_the_retries_of_runs_that_failed_together() -> None:
    policy = RetryPolicy(6, 100, 3, 1000)
    delays = [policy.delay_s(1, chance) for chance in (0.0, 0.5, 1.0)]
    assert delays == pytest.approx([100, 105, 110])


# --- after the last failure ----------------------------------------------------------------------


def test_continue_goes_on_with_nothing_in_place_of_the_answer() -> None:
    journal = under_way(on_error={"then": "continue"})
    decision = journal.result(error=error("permanent"))
    assert records(decision) == [("tell", "failed"), ("after", "succeeded")]
    assert journal.outputs["after"] == {"told": None}
    assert the(decision, Finish).outcome == "succeeded"


def test_steps_of_an_error_branch_run_and_then_the_flow_goes_on() -> None:
    branch = [{"id": "plan_b", "kind": "set", "values": {"ring": "them"}}]
    journal = under_way(on_error={"then": "steps", "steps": branch})
    decision = journal.result(error=error("permanent"))
    assert records(decision) == [
        ("tell", "failed"),
        ("plan_b", "succeeded"),
        ("after", "succeeded"),
    ]


def test_an_error_branch_is_not_taken_when_all_went_well() -> None:
    branch = [{"id": "plan_b", "kind": "set", "values": {"ring": "them"}}]
    journal = under_way(on_error={"then": "steps", "steps": branch})
    assert records(journal.result(output={"ok": True})) == [
        ("tell", "succeeded"),
        ("after", "succeeded"),
    ]


def test_an_input_that_cannot_be_worked_out_fails_the_step_before_anything_leaves() -> None:
    broken = {"method": "POST", "url": {"+": [var("trigger.data.word"), 1]}}
    definition = workflow(act(input=broken, on_error={"then": "continue"}), AFTER)
    journal = Journal(compile_definition(definition), {"word": "many"})
    decision = journal.tell("start")
    assert journal.performed == []
    assert records(decision) == [("tell", "failed"), ("after", "succeeded")]
    failure = decision.actions[0]
    assert isinstance(failure, Record)
    assert failure.error is not None
    assert failure.error["class"] == "permanent"
    assert "not a number" in failure.error["message"]


@pytest.mark.parametrize(
    "output", [{"x": "y" * 300_000}, {"x": "\x00"}, {"x": object()}, {"x": "\ud800"}]
)
def test_an_answer_that_cannot_be_kept_fails_the_step_without_another_try(output: Any) -> None:
    journal = Journal(compile_definition(workflow(act())))
    journal.tell("start")
    decision = journal.result(output=output, effect="idempotent")
    record = the(decision, Record)
    assert (record.state, record.error["code"]) == ("failed", "output_refused")
    assert record.error["message"].startswith("It was done")


def test_an_answer_that_only_speaks_of_nul_is_kept() -> None:
    journal = under_way()
    assert records(journal.result(output={"x": "\\u0000"}))[0] == ("tell", "succeeded")

"""The unsure matrix, retries, deaths, and what a person may decide."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.building import (
    NOW,
    Journal,
    act,
    error,
    event,
    records,
    the,
    var,
    workflow,
)
from wedsync.workflows.engine import (
    Finish,
    NeedsAttention,
    Perform,
    Record,
    WaitUntil,
    advance,
    compile_definition,
)
from wedsync.workflows.engine.limits import MAX_DELAY_S
from wedsync.workflows.engine.retry import RetryPolicy

AFTER = {"id": "after", "kind": "set", "values": {"told": var("steps.tell")}}

REPEATED = "repeated"
LOOKED_UP = "looked up"
ASKED = "asked"
SKIPPED = "skipped"
FAILED = "failed"


def under_way(**fields: Any) -> Journal:
    journal = Journal(compile_definition(workflow(act(**fields), AFTER)))
    journal.tell("start")
    return journal


def came_of(journal: Journal) -> str:
    if journal.waiting() or journal.performing():
        return LOOKED_UP if the_position(journal)["plan"] else REPEATED
    if journal.asked():
        return ASKED
    finish = journal.ended()
    assert finish is not None
    return FAILED if finish.outcome == "failed" else SKIPPED


def the_position(journal: Journal) -> dict[str, Any]:
    (position,) = journal.state["positions"]
    return dict(position)


CALM, KNOWABLE, GRAVE = ("none", "local", "idempotent"), ("lookup",), ("once",)
ALL = CALM + KNOWABLE + GRAVE

# (classes, effects, what follows when on_unsure is ask, retry, skip)
TABLE = [
    (("not_sent", "rate_limit"), ALL, (REPEATED, REPEATED, REPEATED)),
    (("maybe", "unknown class"), CALM, (REPEATED, REPEATED, REPEATED)),
    (("maybe", "unknown class"), KNOWABLE, (LOOKED_UP, LOOKED_UP, LOOKED_UP)),
    (("maybe", "unknown class"), GRAVE, (ASKED, REPEATED, SKIPPED)),
    (("auth", "permanent"), ALL, (FAILED, FAILED, FAILED)),
]
MATRIX = [
    (kind, effect, on_unsure, expected)
    for kinds, effects, followed in TABLE
    for kind in kinds
    for effect in effects
    for on_unsure, expected in zip(("ask", "retry", "skip"), followed, strict=True)
]


@pytest.mark.parametrize(("kind", "effect", "on_unsure", "expected"), MATRIX)
def test_what_follows_an_error(kind: str, effect: str, on_unsure: str, expected: str) -> None:
    journal = under_way(on_unsure=on_unsure)
    journal.result(error=error(kind), effect=effect)
    assert came_of(journal) == expected


@pytest.mark.parametrize(
    ("effect", "on_unsure", "expected"), [row[1:] for row in MATRIX if row[0] == "maybe"]
)
def test_a_death_after_started_is_exactly_a_maybe(
    effect: str, on_unsure: str, expected: str
) -> None:
    journal = under_way(on_unsure=on_unsure)
    journal.died(effect)
    assert came_of(journal) == expected


@pytest.mark.parametrize("effect", ["none", "local", "idempotent"])
def test_a_repeated_attempt_says_the_same_thing_under_the_same_key(effect: str) -> None:
    journal = under_way(input={"method": "POST", "url": "https://far.example/", "at": var("now")})
    first = journal.performed[0]
    journal.result(error=error("maybe"), effect=effect)
    journal.tell("resume", step="tell", input=first.input)
    second = journal.performed[1]
    assert second.input == first.input
    assert (second.attempt, second.key_generation) == (2, first.key_generation)


def test_an_unsure_step_that_asks_says_so_kindly_and_sends_nothing() -> None:
    journal = under_way(label="Send the questionnaire")
    decision = journal.result(error=error("maybe"), effect="once")
    record = the(decision, Record)
    assert record.state == "unsure"
    assert record.error["message"] == "They are closed."
    assert the(decision, NeedsAttention) == NeedsAttention(
        "tell",
        None,
        "“Send the questionnaire” may have happened."
        " We have not tried again, so nobody gets it twice.",
        "unsure",
    )


def test_an_unsure_step_that_is_skipped_gives_nothing_and_the_run_goes_on() -> None:
    journal = under_way(on_unsure="skip")
    decision = journal.result(error=error("maybe"), effect="once")
    assert records(decision) == [("tell", "unsure"), ("after", "succeeded")]
    assert journal.outputs["after"] == {"told": None}


def test_the_effect_is_taken_for_the_worst_when_nobody_says_what_it_is() -> None:
    journal = under_way()
    journal.result(error=error("maybe"))
    assert came_of(journal) == ASKED


# --- looking up what became of an attempt


def lost(attempts: int = 3, **fields: Any) -> Journal:
    """A step whose first attempt may have happened, and its look on its way."""
    retry = {"attempts": attempts, "first_delay_s": 10, "factor": 1, "max_delay_s": 60}
    journal = under_way(on_error={"retry": retry, "then": "stop"}, **fields)
    decision = journal.result(error=error("maybe"), effect="lookup")
    assert records(decision) == [("tell", "unsure")]
    assert the(decision, WaitUntil).due_at > NOW + timedelta(seconds=9)
    look_again(journal)
    return journal


def look_again(journal: Journal) -> None:
    journal.tell("resume", step="tell", input=journal.performed[0].input)
    assert journal.performed[-1].looks_up


def test_a_look_that_finds_it_is_the_result() -> None:
    journal = lost()
    first, look = journal.performed
    assert (first.looks_up, look.attempt, look.input) == (False, 2, first.input)
    journal.result(output={"id": "p1"}, effect="lookup")
    assert journal.outputs["after"] == {"told": {"id": "p1"}}


def test_what_a_look_does_not_find_is_done_again_under_the_same_key() -> None:
    journal = lost()
    journal.result(error=error("absent"), effect="lookup")
    first, _, again = journal.performed
    assert (again.looks_up, again.attempt, again.input) == (False, 3, first.input)
    assert again.key_generation == first.key_generation
    journal.result(output={"id": "p1"}, effect="lookup")
    assert journal.ended() is not None


def test_what_did_not_happen_is_not_done_more_often_than_it_may_be_tried() -> None:
    journal = lost(attempts=1)
    journal.result(error=error("absent"), effect="lookup")
    assert came_of(journal) == FAILED


@pytest.mark.parametrize("kind", ["not_sent", "maybe", "rate_limit", "unknown class"])
def test_a_look_that_says_nothing_is_taken_again_and_then_a_person_is_asked(kind: str) -> None:
    journal = lost()
    for _ in range(2):
        journal.result(error=error(kind), effect="lookup")
        assert came_of(journal) == LOOKED_UP
        look_again(journal)
    journal.result(error=error(kind), effect="lookup")
    assert came_of(journal) == ASKED
    assert the_position(journal)["plan"] is None


@pytest.mark.parametrize("kind", ["auth", "permanent"])
@pytest.mark.parametrize(("on_unsure", "expected"), [("ask", ASKED), ("skip", SKIPPED)])
def test_a_look_that_is_refused_leaves_it_unsure(kind: str, on_unsure: str, expected: str) -> None:
    journal = lost(on_unsure=on_unsure)
    journal.result(error=error(kind), effect="lookup")
    assert came_of(journal) == expected


def test_a_death_while_looking_looks_again_at_once() -> None:
    journal = lost()
    journal.died("lookup")
    assert journal.performed[-1].looks_up
    assert the_position(journal)["recoveries"] == 1


def test_a_run_that_is_stopped_before_the_look_says_that_it_may_have_happened() -> None:
    journal = under_way()
    journal.result(error=error("maybe"), effect="lookup")
    decision = journal.tell("stop", reason="Somebody stopped it.")
    assert records(decision) == [("tell", "unsure")]


def test_what_a_person_sends_again_is_not_looked_up() -> None:
    journal = lost()
    journal.result(error=error("permanent"), effect="lookup")
    journal.tell("decide", step="tell", decision="send_again", input=journal.performed[0].input)
    again = journal.performed[-1]
    assert (again.looks_up, again.key_generation) == (False, 1)


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


# --- deaths --------------------------------------------------------------------------------------


def test_a_death_is_followed_by_another_attempt_at_once() -> None:
    journal = under_way(on_error={"retry": {"attempts": 1}, "then": "stop"})
    perform = the(journal.died("idempotent"), Perform)
    assert (perform.attempt, perform.key_generation) == (2, 0)


def test_the_third_recovery_of_a_step_parks_the_run() -> None:
    journal = under_way(label="Tell them")
    journal.died("idempotent")
    journal.died("idempotent")
    decision = journal.died("idempotent")
    question = the(decision, NeedsAttention)
    assert question.code == "poison"
    assert question.reason.startswith("“Tell them” may have happened. We were interrupted 3 times")
    assert len(journal.performed) == 3


def test_a_test_that_kills_at_random_may_raise_the_limit() -> None:
    journal = under_way()
    journal.parked_at = 100
    for _ in range(50):
        journal.died("none")
    assert journal.performing() is not None


def test_deaths_do_not_use_up_the_tries_of_the_far_end() -> None:
    journal = under_way(on_error={"retry": {"attempts": 2}, "then": "stop"})
    journal.died("idempotent")
    journal.result(error=error("maybe"), effect="idempotent")
    assert journal.waiting() is not None


# --- people --------------------------------------------------------------------------------------


def unsure() -> Journal:
    journal = under_way()
    journal.result(error=error("maybe"), effect="once")
    return journal


def test_send_again_raises_the_generation_and_gives_all_tries_back() -> None:
    journal = unsure()
    perform = the(journal.tell("decide", step="tell", decision="send_again"), Perform)
    assert (perform.attempt, perform.key_generation) == (2, 1)
    assert journal.state["positions"][0]["tries"] == 0


def test_send_again_may_carry_a_changed_input() -> None:
    changed = {"method": "POST", "url": "https://other.example/"}
    journal = unsure()
    decision = journal.tell("decide", step="tell", decision="send_again", input=changed)
    assert the(decision, Perform).input == changed


def test_treat_as_done_goes_on_with_what_the_person_knows() -> None:
    journal = unsure()
    decision = journal.tell("decide", step="tell", decision="treat_as_done", output={"status": 200})
    assert records(decision) == [("tell", "succeeded"), ("after", "succeeded")]
    assert journal.outputs["after"] == {"told": {"status": 200}}


def test_skip_leaves_it_out_and_goes_on() -> None:
    journal = unsure()
    decision = journal.tell("decide", step="tell", decision="skip")
    assert records(decision) == [("tell", "skipped"), ("after", "succeeded")]


def test_an_answer_we_do_not_know_changes_nothing() -> None:
    journal = unsure()
    assert journal.tell("decide", step="tell", decision="explode").stale


def test_a_decision_is_taken_once() -> None:
    journal = unsure()
    journal.tell("decide", step="tell", decision="send_again")
    assert journal.tell("decide", step="tell", decision="send_again").stale
    assert len(journal.performed) == 2


def test_stopping_while_something_is_under_way_leaves_it_unsure() -> None:
    decision = under_way().tell("stop")
    assert records(decision) == [("tell", "unsure")]
    assert the(decision, Finish) == Finish("stopped", "Somebody stopped it.", "tell")


def test_stopping_while_a_retry_is_due_leaves_it_out() -> None:
    journal = under_way()
    journal.result(error=error("not_sent"))
    assert records(journal.tell("stop")) == [("tell", "skipped")]


def test_stopping_while_a_person_is_asked_keeps_what_was_recorded() -> None:
    assert records(unsure().tell("stop")) == []


def test_a_result_after_a_stop_changes_nothing() -> None:
    journal = under_way()
    journal.tell("stop")
    assert journal.result(output={}).stale


def test_a_step_that_is_gone_from_the_program_leaves_the_run_standing() -> None:
    state = advance(compile_definition(workflow(act())), None, event("start")).state
    other = compile_definition(workflow(act("renamed")))
    assert advance(other, state, event("result", step="tell", attempt=1)).stale

"""Workers that die over a step, and what a person may decide about it."""

from tests.engine.attempting import under_way
from tests.engine.building import Journal, act, error, event, records, the, workflow
from wedsync.workflows.engine import Finish, NeedsAttention, Perform, advance, compile_definition

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

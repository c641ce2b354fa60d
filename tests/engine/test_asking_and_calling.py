"""Approvals, and calls of other workflows."""

from datetime import timedelta
from typing import Any

import pytest

from tests.engine.building import (
    NOW,
    OTHER,
    Journal,
    ask,
    call,
    error,
    note,
    records,
    the,
    var,
    workflow,
)
from wedsync.workflows.engine import Ask, Finish, StartRun, compile_definition

GUEST = {"guest": "Ada", "email": "petra@example.com"}


def begun(*steps: dict[str, Any], data: Any = None) -> Journal:
    journal = Journal(compile_definition(workflow(*steps, note("after"))), data or GUEST)
    journal.tell("start")
    return journal


def asked(journal: Journal) -> Ask:
    assert journal.last is not None
    found: Ask = the(journal.last, Ask)
    return found


def reason(journal: Journal) -> str:
    end = journal.ended()
    assert end is not None
    return end.reason or ""


def test_somebody_is_asked_and_the_answer_is_what_later_steps_read() -> None:
    who, then_ask = {"role": "owner"}, {"email": var("trigger.data.email")}
    journal = begun(
        ask(
            ask={"cat": ["Invite ", var("trigger.data.guest"), "?"]},
            who=who,
            then_ask=then_ask,
            remind_after_s=3600,
            expires_after_s=86_400,
            on_expiry="refuse",
        )
    )
    assert asked(journal) == Ask(
        "ask",
        None,
        "Invite Ada?",
        who,
        3600,
        {"email": "petra@example.com"},
        NOW + timedelta(days=1),
        "refuse",
    )
    journal.tell("answered", step="ask", output={"approved": True, "by": "Petra", "note": "Yes"})
    assert journal.outputs["ask"] == {"approved": True, "by": "Petra", "note": "Yes"}
    assert journal.ended() == Finish("succeeded")


def test_a_question_without_an_end_waits_for_ever() -> None:
    question = asked(begun(ask()))
    assert (question.until, question.on_expiry, question.then_ask) == (None, "stop", None)


@pytest.mark.parametrize("answer", [{}, None, 7, {"approved": "yes"}, {"approved": 1}])
def test_only_a_plain_yes_is_a_yes(answer: Any) -> None:
    journal = begun(ask())
    journal.tell("answered", step="ask", output=answer)
    assert journal.outputs["ask"]["approved"] is False


@pytest.mark.parametrize(("on_expiry", "approved"), [("approve", True), ("refuse", False)])
def test_nobody_in_time_can_mean_yes_or_no(on_expiry: str, approved: bool) -> None:
    journal = begun(ask(expires_after_s=3600, on_expiry=on_expiry))
    journal.tell("timed_out", step="ask")
    assert journal.outputs["ask"] == {"approved": approved, "by": "nobody in time", "note": None}
    assert journal.ended() == Finish("succeeded")


def test_nobody_in_time_can_end_the_run_with_a_sentence() -> None:
    journal = begun(ask(expires_after_s=3600, label="The gallery"))
    decision = journal.tell("timed_out", step="ask")
    assert records(decision) == [("ask", "skipped")]
    assert the(decision, Finish) == Finish(
        "stopped", "Nobody answered “The gallery” in time.", "ask"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"ask": var("trigger.data.nothing")}, "What it asks is not a text"),
        ({"ask": {"cat": [" "]}}, "What it asks is not a text"),
        ({"who": {"email": var("trigger.data.nothing")}}, "Whom it asks is not known"),
        ({"who": {"email": var("trigger.data.guest")}}, "is not one"),
        ({"then_ask": {"user": var("trigger.data.nothing")}}, "Whom it asks is not known"),
    ],
)
def test_a_question_nobody_could_answer_fails_with_a_sentence(
    fields: dict[str, Any], said: str
) -> None:
    assert said in reason(begun(ask(**fields)))


def test_a_question_that_cannot_be_asked_fails_the_step() -> None:
    journal = begun(ask())
    journal.tell("answered", step="ask", error=error("permanent", message="Nobody is an owner."))
    assert reason(journal) == "“ask” did not work: Nobody is an owner."


def test_another_workflow_is_started_with_what_is_worked_out() -> None:
    journal = begun(call(input={"guest": var("trigger.data.guest")}, wait=True))
    assert journal.last is not None
    assert the(journal.last, StartRun) == StartRun("other", None, OTHER, {"guest": "Ada"}, True)
    over = {"run_id": "r2", "outcome": "failed", "output": None}
    journal.tell("returned", step="other", output=over)
    assert journal.outputs["other"] == over
    assert journal.ended() == Finish("succeeded")


def test_it_is_not_waited_for_unless_asked() -> None:
    journal = begun(call())
    assert journal.last is not None
    assert the(journal.last, StartRun) == StartRun("other", None, OTHER, {}, False)
    journal.tell("returned", step="other", output={"run_id": "r2"})
    assert journal.outputs["other"] == {"run_id": "r2"}


def test_a_workflow_that_cannot_be_started_fails_the_step() -> None:
    journal = begun(call())
    journal.tell("returned", step="other", error={"class": "permanent", "message": "It is off."})
    assert reason(journal) == "“other” did not work: It is off."


def test_what_came_back_is_kept_only_when_it_can_be() -> None:
    journal = begun(call(wait=True))
    journal.tell("returned", step="other", output={"output": "x" * 300_000})
    assert "larger than 256 kB" in reason(journal)


@pytest.mark.parametrize("step", [ask("hold"), call("hold")])
def test_stopped_meanwhile_the_step_is_left_out(step: dict[str, Any]) -> None:
    decision = begun(step).tell("stop", reason="Petra stopped it.")
    assert records(decision) == [("hold", "skipped")]
    assert the(decision, Finish) == Finish("stopped", "Petra stopped it.", "hold")

"""What a step reads of the wedding is recorded beside what it made of it."""

from typing import Any

from tests.engine.building import (
    Journal,
    act,
    call,
    choose,
    error,
    loop,
    note,
    var,
    wait,
    workflow,
)
from wedsync.workflows.engine import Decision, Record, compile_definition

DATE = {"wedding.date": "2027-06-12"}


def begun(*steps: dict[str, Any], **fields: Any) -> Journal:
    journal = Journal(compile_definition(workflow(*steps)), **fields)
    journal.tell("start")
    return journal


def reads(decision: Decision | None) -> list[tuple[str, Any]]:
    actions = decision.actions if decision else ()
    return [(each.step, each.reads) for each in actions if isinstance(each, Record)]


def test_a_value_of_the_wedding_is_recorded_with_the_step_that_read_it() -> None:
    journal = begun(note("a", day=var("wedding.date")), note("b", day=var("steps.a.day")))
    assert reads(journal.last) == [("a", DATE), ("b", None)]


def test_a_choice_reads_what_any_of_its_branches_reads() -> None:
    tuscan = {"==": [var("wedding.city"), "Florence"]}
    late = {">": [var("wedding.date"), "2027-06-01"]}
    journal = begun(choose("c", ("A", tuscan, []), ("B", late, [])))
    assert reads(journal.last) == [("c", {"wedding.city": "Florence", **DATE})]


def test_what_is_not_there_was_read_as_nothing() -> None:
    step = note("a", name=var("wedding.partners.1.name"))
    assert reads(begun(step).last) == [("a", {"wedding.partners.1.name": None})]
    couple = {"partners": [{"name": "Ada"}, {"name": "Ben"}]}
    assert reads(begun(step, wedding=couple).last) == [("a", {"wedding.partners.1.name": "Ben"})]
    assert reads(begun(step, wedding=None).last) == [("a", {"wedding.partners.1.name": None})]


def test_an_attempt_reads_when_its_input_is_worked_out_and_not_when_it_is_repeated() -> None:
    given = {"method": "POST", "url": var("wedding.date")}
    journal = begun(act(input=given, on_unsure="ask"))
    assert reads(journal.last) == [("tell", DATE)]
    assert reads(journal.result(error=error("not_sent"))) == [("tell", None)]
    again = {"method": "POST", "url": "2027-06-12"}
    assert reads(journal.tell("resume", step="tell", input=again)) == [("tell", None)]
    journal.result(error=error("maybe"), effect="once")
    anew = journal.tell("decide", step="tell", decision="send_again")
    assert reads(anew) == [("tell", DATE)]


def test_a_list_to_go_through_and_an_input_to_pass_on_are_read_too() -> None:
    assert reads(begun(loop("l", var("wedding.partners"), note())).last) == [
        ("l", {"wedding.partners": None})
    ]
    assert reads(begun(call(input={"day": var("wedding.date")})).last) == [("other", DATE)]


def test_a_time_without_a_zone_is_read_by_the_clocks_of_the_wedding() -> None:
    (hold,) = reads(begun(wait(until="2027-06-01T09:00")).last)
    assert hold == ("hold", {"wedding.zone": "Europe/Rome"})


def test_a_calculation_that_fails_still_says_what_it_read() -> None:
    journal = begun(note("a", day={"+": [var("wedding.date"), 1]}))
    assert reads(journal.last) == [("a", DATE)]
    assert journal.ended() is not None

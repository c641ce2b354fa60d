"""The engine on an ordinary day: a start, an effect, an answer, an end."""

from typing import Any

import pytest

from tests.engine.building import (
    NOW,
    Journal,
    act,
    choose,
    event,
    records,
    scope,
    the,
    var,
    workflow,
)
from wedsync.workflows.engine import (
    Finish,
    Perform,
    Record,
    advance,
    compile_definition,
)

RSVP = workflow(
    choose(
        "coming",
        (
            "Yes",
            {"==": [var("trigger.data.status"), "accepted"]},
            [
                {
                    "id": "shape",
                    "kind": "set",
                    "values": {"guest": var("trigger.data.guest.name"), "seats": 2},
                },
                act(
                    "tell",
                    use="webhook.send",
                    input={
                        "event_type": "seating.guest_added",
                        "data": {
                            "guest": var("steps.shape.guest"),
                            "by": var("steps.coming.branch"),
                        },
                    },
                ),
            ],
        ),
    )
)


def test_a_start_walks_to_the_first_effect_and_says_everything_on_the_way() -> None:
    seen = scope({"status": "accepted", "guest": {"name": "Rosa Osei"}})
    decision = advance(compile_definition(RSVP), None, event("start", seen))
    assert records(decision) == [
        ("coming", "succeeded"),
        ("shape", "succeeded"),
        ("tell", "started"),
    ]
    coming, shape = decision.actions[0], decision.actions[1]
    assert isinstance(coming, Record)
    assert isinstance(shape, Record)
    assert coming.output == {"branch": "Yes"}
    assert shape.output == {"guest": "Rosa Osei", "seats": 2}
    perform = the(decision, Perform)
    assert perform.input == {
        "event_type": "seating.guest_added",
        "data": {"guest": "Rosa Osei", "by": "Yes"},
    }
    assert (perform.use, perform.connection, perform.timeout_s) == ("webhook.send", None, 30)
    assert (perform.attempt, perform.key_generation, perform.on_unsure) == (1, 0, "ask")


def test_the_answer_of_the_last_step_ends_the_run() -> None:
    journal = Journal(compile_definition(RSVP), {"status": "accepted", "guest": {"name": "Rosa"}})
    journal.tell("start")
    decision = journal.result(output={"event_id": "e2"})
    assert records(decision) == [("tell", "succeeded")]
    assert the(decision, Finish) == Finish("succeeded")
    assert journal.outputs["tell"] == {"event_id": "e2"}


def test_no_branch_fits_and_the_run_ends_well_with_the_reason_recorded() -> None:
    decision = advance(
        compile_definition(RSVP), None, event("start", scope({"status": "declined"}))
    )
    coming = decision.actions[0]
    assert isinstance(coming, Record)
    assert coming.output == {"branch": None}
    assert coming.explanation == {
        "taken": None,
        "branches": [
            {"label": "Yes", "fits": False, "why": "status was declined, wanted accepted"}
        ],
    }
    assert the(decision, Finish).outcome == "succeeded"


def test_the_first_branch_that_fits_is_taken_and_later_ones_are_not_asked() -> None:
    impossible = {">": [var("trigger.data.word"), 3]}
    definition = workflow(
        choose(
            "which",
            ("Few", {"<": [var("trigger.data.n"), 3]}, []),
            ("Some", {"<": [var("trigger.data.n"), 10]}, []),
            ("Never", impossible, []),
        )
    )
    seen = scope({"n": 4, "word": "many"})
    decision = advance(compile_definition(definition), None, event("start", seen))
    which = decision.actions[0]
    assert isinstance(which, Record)
    assert which.output == {"branch": "Some"}
    assert which.explanation is not None
    assert [each["fits"] for each in which.explanation["branches"]] == [False, True, None]
    assert which.explanation["branches"][2]["why"] == "not needed, an earlier branch fitted"


def test_after_a_branch_the_flow_goes_on_behind_the_choose_however_deep_it_was() -> None:
    inner = choose("inner", ("In", True, [{"id": "a", "kind": "set", "values": {"x": 1}}]))
    outer = choose("outer", ("Out", True, [inner, {"id": "b", "kind": "set", "values": {"y": 2}}]))
    definition = workflow(outer, {"id": "c", "kind": "set", "values": {"z": var("steps.a.x")}})
    decision = advance(compile_definition(definition), None, event("start"))
    assert [step for step, _ in records(decision)] == ["outer", "inner", "a", "b", "c"]
    last = decision.actions[-2]
    assert isinstance(last, Record)
    assert last.output == {"z": 1}


def test_otherwise_is_taken_when_nothing_fits() -> None:
    fallback = {"id": "rest", "kind": "set", "values": {"x": 1}}
    definition = workflow(choose("c", ("No", False, []), otherwise=[fallback]))
    assert records(advance(compile_definition(definition), None, event("start"))) == [
        ("c", "succeeded"),
        ("rest", "succeeded"),
    ]


def test_a_filter_that_does_not_fit_ends_the_run_quietly_with_its_reason() -> None:
    definition = workflow(
        {"id": "big", "kind": "filter", "when": {">=": [var("trigger.data.party_size"), 4]}}, act()
    )
    program = compile_definition(definition)
    decision = advance(program, None, event("start", scope({"party_size": 2})))
    assert the(decision, Record).explanation == {
        "fits": False,
        "why": "party size was 2, wanted at least 4",
    }
    assert the(decision, Finish) == Finish("filtered", "party size was 2, wanted at least 4", "big")
    passed = advance(program, None, event("start", scope({"party_size": 5})))
    assert the(passed, Perform).step == "tell"


@pytest.mark.parametrize(("written", "outcome"), [("done", "succeeded"), ("failed", "failed")])
def test_a_stop_ends_the_run_as_it_says(written: str, outcome: str) -> None:
    stop = {"id": "end", "kind": "stop", "outcome": written, "reason": "Enough for today"}
    program = compile_definition(workflow(stop, act("never")))
    decision = advance(program, None, event("start"))
    assert the(decision, Finish) == Finish(outcome, "Enough for today", "end")  # type: ignore[arg-type]


def test_a_workflow_without_steps_is_done_at_once() -> None:
    decision = advance(compile_definition(workflow()), None, event("start"))
    assert decision.actions == (Finish("succeeded"),)
    assert decision.state == {"state_format": 2, "outcome": "succeeded", "positions": []}


def test_now_and_the_wedding_can_be_read() -> None:
    values = {"at": var("now"), "city": var("wedding.city"), "run": var("run.id")}
    program = compile_definition(workflow({"id": "s", "kind": "set", "values": values}))
    record = the(advance(program, None, event("start")), Record)
    assert record.output == {"at": "2027-05-11T12:40:00.000Z", "city": "Florence", "run": "r1"}


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "result", "step": "tell", "attempt": 2},
        {"kind": "result", "step": "other", "attempt": 1},
        {"kind": "result", "step": "tell", "attempt": 1, "item": 3},
        {"kind": "result", "step": "tell"},
        {"kind": "recovered", "step": "tell", "attempt": 7},
        {"kind": "resume", "step": "tell", "attempt": 1},
        {"kind": "decide", "step": "tell", "decision": "send_again"},
        {"kind": "start"},
        {"kind": "unheard of"},
    ],
)
def test_an_event_that_does_not_fit_changes_nothing(fields: dict[str, Any]) -> None:
    program = compile_definition(workflow(act()))
    state = advance(program, None, event("start")).state
    late = event(fields.pop("kind"), **fields)
    decision = advance(program, state, late)
    assert decision.stale
    assert decision.state == state
    assert decision.actions == ()


def test_before_the_start_only_a_start_or_a_stop_means_anything() -> None:
    program = compile_definition(workflow(act()))
    early = advance(program, None, event("result", step="tell", attempt=1))
    assert early.stale
    assert early.state is None
    stopped = advance(program, None, event("stop", reason="Imogen changed her mind."))
    assert stopped.actions == (Finish("stopped", "Imogen changed her mind."),)


def test_a_run_that_is_over_stays_over() -> None:
    program = compile_definition(workflow(act()))
    over = advance(program, None, event("stop")).state
    for kind in ("start", "result", "resume", "recovered", "decide", "stop"):
        assert advance(program, over, event(kind, step="tell", attempt=1)).stale


@pytest.mark.parametrize(
    "state", [{}, {"state_format": 99}, {"positions": [1]}, {"state_format": 1}]
)
def test_a_state_of_another_release_is_left_alone_but_can_be_stopped(state: Any) -> None:
    program = compile_definition(workflow(act()))
    assert advance(program, state, event("resume", step="tell")).stale
    assert the(advance(program, state, event("stop")), Finish).outcome == "stopped"


def test_a_trigger_filter_says_whether_and_why() -> None:
    trigger = {
        "kind": "event",
        "event_type": "external.rsvp.received",
        "source": "any",
        "filter": {"==": [var("trigger.data.city"), "Paris"]},
    }
    program = compile_definition(workflow(trigger=trigger))
    verdict = program.accepts({"data": {"city": "Lyon"}}, NOW)
    assert (verdict.fits, verdict.why) == (False, "city was Lyon, wanted Paris")
    assert program.accepts({"data": {"city": "Paris"}}, NOW).fits
    assert not program.accepts({"data": {"city": {"name": "Paris"}}}, NOW).fits


def test_a_trigger_without_a_filter_accepts_everything() -> None:
    assert compile_definition(workflow()).accepts({}, NOW).fits


def test_a_rerun_goes_on_at_the_step_where_the_first_run_ended() -> None:
    seen = scope(
        {"status": "accepted"}, coming={"branch": "Yes"}, shape={"guest": "Rosa", "seats": 2}
    )
    decision = advance(compile_definition(RSVP), None, event("start", seen, step="tell"))
    assert records(decision) == [("tell", "started")]
    assert the(decision, Perform).input["data"] == {"guest": "Rosa", "by": "Yes"}


def test_a_rerun_at_a_step_that_is_not_there_begins_anew() -> None:
    seen = scope({"status": "accepted", "guest": {"name": "Rosa"}})
    decision = advance(compile_definition(RSVP), None, event("start", seen, step="gone"))
    assert records(decision)[0] == ("coming", "succeeded")

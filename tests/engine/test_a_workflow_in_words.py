"""A step as a sentence, a workflow as a paragraph, and the order people read it in."""

from typing import Any

import pytest

from tests.engine.building import (
    ACTIONS,
    HOOK,
    act,
    ask,
    before_the_wedding,
    call,
    choose,
    loop,
    var,
    wait,
    workflow,
)
from wedsync.workflows.engine import sentence, steps_in_order, summary, trigger_sentence

ACCEPTED = {"==": [var("trigger.data.status"), "accepted"]}
SHAPE = {"id": "shape", "kind": "set", "values": {"guest": 1, "party_size": 2}}


def before(anchor: str, days: int) -> dict[str, Any]:
    return {"kind": "wedding_date", "anchor": anchor, "offset_days": days, "at": "09:00"}


SEND = act("tell", use="webhook.send", input={"event_type": "seating.guest_added", "data": {}})


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (SHAPE, "Note guest and party size."),
        (SEND, "Send “seating.guest_added” to whoever listens."),
        (act(), "Call far.example."),
        (act(input={"url": var("trigger.data.link")}), "Call link."),
        (act(input={}), "Call …."),
        (
            act(input={"url": {"cat": ["Dear ", {"??": [var("trigger.data.name"), "friend"]}]}}),
            "Call “Dear friend”.",
        ),
        (act(input={"url": {"??": [var("trigger.data.x"), "who asks"]}}), "Call “who asks”."),
        (act(input={"url": {"if": [var("trigger.data.x"), 1, "none"]}}), "Call “none”."),
        (act(input={"url": {"if": [var("trigger.data.x"), 1, 2]}}), "Call a calculated value."),
        (act(input={"url": var("trigger.data.guest.id")}), "Call guest."),
        (
            act(input={"url": {"cat": ["About “", var("trigger.data.couple"), "”"]}}),
            "Call “About ‘couple’”.",
        ),
        (
            {
                "id": "f",
                "kind": "filter",
                "when": {"<=": [var("now"), "2027-06-01T23:59:59+01:00"]},
            },
            "Go on only if today is on or before Tue 1 June 2027, 23:59.",
        ),
        (act(use="xero.post_invoice"), "Do “xero.post_invoice”."),
        ({"id": "f", "kind": "filter", "when": ACCEPTED}, "Go on only if status is accepted."),
        ({"id": "x", "kind": "stop", "outcome": "done", "reason": "All told."}, "Stop (All told)."),
        ({"id": "x", "kind": "stop", "outcome": "failed"}, "Stop as failed."),
        (
            choose("c", ("Yes", ACCEPTED, []), ("Never", False, [])),
            "Take the first that fits: “Yes” when status is accepted; “Never” when never;"
            " otherwise go on.",
        ),
        (wait(seconds=259_200), "Wait for 3 days."),
        (wait(seconds=5_400), "Wait for 90 minutes."),
        (wait(seconds=100_000), "Wait for 1 day and 3 hours."),
        (wait(seconds=1), "Wait for 1 second."),
        (wait(), "Wait for some time."),
        (wait(until=var("trigger.data.ceremony_at")), "Wait until ceremony at."),
        (wait(until="2027-06-01"), "Wait until Tue 1 June 2027."),
        (before_the_wedding(), "Wait until 14 days before the wedding, at 09:00."),
        (
            before_the_wedding(anchor="delivery_date", offset_days=1),
            "Wait until 1 day after the delivery date, at 09:00.",
        ),
        (before_the_wedding(offset_days=0), "Wait until the day of the wedding, at 09:00."),
        (
            before_the_wedding(anchor="nothing"),
            "Wait until a date of the wedding, at 09:00.",
        ),
        (
            wait(event={"event_type": "contract.fully_signed", "timeout_s": 604_800}),
            "Wait for “Contract fully signed”, for 1 week at most.",
        ),
        (wait(event={"event_type": "external.rsvp.received"}), "Wait for “RSVP received”."),
        (wait(event=7), "Wait for an event."),
        (ask(), "Ask an owner: “Send the gallery?” and wait for the answer."),
        (
            ask(ask={"cat": ["May ", var("trigger.data.name"), " come?"]}),
            "Ask an owner: “May name come?” and wait for the answer.",
        ),
        (
            ask(who={"email": "petra@example.com"}),
            "Ask petra@example.com: “Send the gallery?” and wait for the answer.",
        ),
        (
            ask(ask=None, who={"email": var("trigger.data.email")}),
            "Ask the person at e-mail and wait for the answer.",
        ),
        (ask(ask=None, who=None), "Ask somebody and wait for the answer."),
        (call(), "Start another workflow."),
        (call(wait=True), "Start another workflow and wait until it is done."),
        (loop("l", var("trigger.data.guests")), "Do the same for each of the guests."),
        (loop("l", [1, 2]), "Do the same for each of 1 and 2."),
        (loop("l", None), "Do the same for each of a list."),
        ({"id": "w", "kind": "dance"}, "Do something unknown (“dance”)."),
        (None, "Do something unknown (“None”)."),
    ],
)
def test_a_step_is_a_sentence(step: Any, said: str) -> None:
    assert sentence(step, ACTIONS) == said


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ({"kind": "webhook", "hook": HOOK}, "When a webhook arrives at Petal's answers."),
        ({"kind": "webhook", "hook": "other"}, "When a partner's webhook arrives."),
        (
            {"kind": "event", "event_type": "external.rsvp.received", "source": f"hook:{HOOK}"},
            "When “RSVP received” comes in from Petal's answers.",
        ),
        (
            {"kind": "event", "event_type": "external.rsvp.received", "source": "any"},
            "When “RSVP received” comes in from anybody.",
        ),
        (
            {
                "kind": "event",
                "event_type": "external.rsvp.received",
                "source": "connection:meadow",
            },
            "When “a guest answers” at Meadow Weddings.",
        ),
        (
            {
                "kind": "event",
                "event_type": "payment.succeeded",
                "source": "ours",
                "filter": {">": [var("trigger.data.amount"), 100]},
            },
            "When “Payment succeeded” happens, and amount is more than 100.",
        ),
        ({"kind": "manual"}, "When somebody starts it."),
        ({"kind": "workflow"}, "When another workflow starts it."),
        (before("wedding.date", -14), "14 days before the wedding, at 09:00."),
        (before("wedding.date", 0), "On the day of the wedding, at 09:00."),
        (before("final_count_due", 0), "On the day the final count is due, at 09:00."),
        (before("delivery_date", 1), "1 day after the delivery date, at 09:00."),
        ({"kind": "wedding_date"}, "On a date of the wedding, at some time of day."),
        (
            {"kind": "poll", "connection": "meadow", "stream": "new_guests", "every_s": 300},
            "When there is something new in “new guests” at Meadow Weddings"
            " (we look every 5 minutes).",
        ),
        ({"kind": "poll", "every_s": 3600}, "When a partner has news (we look every hour)."),
        (None, "When something starts it."),
    ],
)
def test_a_trigger_is_a_sentence(trigger: Any, said: str) -> None:
    names = {
        f"hook:{HOOK}": "Petal's answers",
        "connection:meadow": "Meadow Weddings",
        "connection:meadow external.rsvp.received": "a guest answers",
    }
    assert trigger_sentence(trigger, names) == said


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 9 * * 1-5", "Every weekday at 09:00 (London)."),
        ("0 9 * * *", "Every day at 09:00 (London)."),
        ("30 9,17 * * MON,THU", "Every Monday and Thursday at 09:30 and 17:30 (London)."),
        ("0 0 * * 7", "Every Sunday at 00:00 (London)."),
        ("0 9 * * 0,6", "Every Saturday and Sunday at 09:00 (London)."),
        ("0 9 * DEC MON", "Every Monday in December at 09:00 (London)."),
        ("0 9 1,22 * *", "On the 1st and 22nd of every month at 09:00 (London)."),
        ("0 9 11 6-7 *", "On the 11th in June and July at 09:00 (London)."),
        ("0 9 L * *", "On the last day of every month at 09:00 (London)."),
        ("*/15 * * * *", "Every 15 minutes (London)."),
        ("* * * * *", "Every minute (London)."),
        ("0 */2 * * *", "Every 2 hours (London)."),
        ("5 * * * 1-5", "Every hour at 5 past, every weekday (London)."),
        ("0 9 * * 1#1", "On the schedule “0 9 * * 1#1” (London)."),
        ("*/5 9-17 * * *", "On the schedule “*/5 9-17 * * *” (London)."),
        ("whenever", "At set times."),
        (None, "At set times."),
    ],
)
def test_a_schedule_is_a_sentence(cron: Any, said: str) -> None:
    trigger = {"kind": "schedule", "cron": cron, "zone": "Europe/London", "missed": "skip"}
    assert trigger_sentence(trigger) == said


def test_a_zone_is_called_by_its_city() -> None:
    trigger = {"kind": "schedule", "cron": "0 9 * * *", "zone": "America/New_York"}
    assert trigger_sentence(trigger) == "Every day at 09:00 (New York)."


def test_a_loop_and_what_follows_a_wait_are_told_with_what_is_inside() -> None:
    signed = {"event_type": "contract.signed", "timeout_s": 604_800, "otherwise": [SEND]}
    definition = workflow(
        loop("each", var("trigger.data.guests"), SHAPE, wait(event=signed)), call()
    )
    assert summary(definition, ACTIONS) == (
        "When somebody starts it: for each of the guests, note guest and party size, then wait for"
        " “Contract signed”, for 1 week at most; if that does not come in time, send"
        " “seating.guest_added” to whoever listens. Then start another workflow."
    )


def test_the_steps_inside_a_loop_stand_below_it() -> None:
    placed = list(steps_in_order(workflow(loop("each", [1], act("tell")), act("after"))))
    assert [(each.step["id"], each.depth, each.path) for each in placed] == [
        ("each", 0, ()),
        ("tell", 1, ("Each",)),
        ("after", 0, ()),
    ]


def test_a_workflow_is_one_paragraph() -> None:
    definition = workflow(
        choose("coming", ("Yes", ACCEPTED, [SHAPE, SEND])),
        trigger={"kind": "webhook", "hook": HOOK},
    )
    assert summary(definition, ACTIONS) == (
        "When a partner's webhook arrives: if status is accepted, note guest and party size, then"
        " send “seating.guest_added” to whoever listens; otherwise nothing."
    )


def test_what_comes_after_a_branching_begins_a_new_sentence() -> None:
    branch = {"then": "steps", "steps": [{"id": "x", "kind": "stop", "outcome": "failed"}]}
    definition = workflow(
        SHAPE, choose("c", ("A", ACCEPTED, [SEND]), otherwise=[SHAPE]), act(on_error=branch)
    )
    assert summary(definition, ACTIONS) == (
        "When somebody starts it: note guest and party size, then if status is accepted, send"
        " “seating.guest_added” to whoever listens; otherwise note guest and party size. Then call"
        " far.example; if that fails, stop as failed."
    )


def test_an_empty_workflow_says_so() -> None:
    assert summary(workflow(), ACTIONS) == "When somebody starts it: nothing happens yet."


def test_a_very_long_workflow_is_cut_short() -> None:
    said = summary(workflow(*[SHAPE] * 200), ACTIONS)
    assert said.endswith(", then more.")
    assert len(said) < 2000


def test_steps_come_in_reading_order_with_the_branches_around_them() -> None:
    inner = choose("inner", ("Deep", True, [SEND]), otherwise=[SHAPE])
    definition = workflow(
        choose("outer", ("Yes", True, [inner])),
        act("last", on_error={"then": "steps", "steps": [{**SHAPE, "id": "plan_b"}]}),
    )
    assert [(each.step["id"], each.depth, each.path) for each in steps_in_order(definition)] == [
        ("outer", 0, ()),
        ("inner", 1, ("Yes",)),
        ("tell", 2, ("Yes", "Deep")),
        ("shape", 2, ("Yes", "Otherwise")),
        ("last", 0, ()),
        ("plan_b", 1, ("If it fails",)),
    ]
    assert next(steps_in_order(definition)).branches == ("Yes", "Otherwise")


@pytest.mark.parametrize(
    ("hours", "said"),
    [(1, "1 hour after arrival"), (-1, "1 hour before arrival"), (3, "3 hours after arrival")],
)
def test_one_hour_is_not_called_hours(hours: int, said: str) -> None:
    later = {"date.add_hours": [var("trigger.data.arrival"), hours]}
    assert sentence(wait(until=later), ACTIONS) == f"Wait until {said}."

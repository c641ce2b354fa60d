"""A step as a sentence, a workflow as a paragraph, and the order people read it in."""

from typing import Any

import pytest

from tests.engine.building import ACTIONS, HOOK, act, choose, var, workflow
from wedsync.workflows.engine import sentence, steps_in_order, summary, trigger_sentence

ACCEPTED = {"==": [var("trigger.data.status"), "accepted"]}
SHAPE = {"id": "shape", "kind": "set", "values": {"guest": 1, "party_size": 2}}
SEND = act("tell", use="webhook.send", input={"event_type": "seating.guest_added", "data": {}})


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (SHAPE, "Note guest and party size."),
        (SEND, "Send “seating.guest_added” to whoever listens."),
        (act(), "Call “https://far.example/”."),
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
            "When “rsvp received” comes in from Petal's answers.",
        ),
        (
            {"kind": "event", "event_type": "external.rsvp.received", "source": "any"},
            "When “rsvp received” comes in from anybody.",
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
            "When “payment succeeded” happens, and amount is more than 100.",
        ),
        ({"kind": "manual"}, "When somebody starts it."),
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
        " “https://far.example/”; if that fails, stop as failed."
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

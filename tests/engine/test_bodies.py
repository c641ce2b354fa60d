"""Bodies: texts with values, never with holes, bounded, and without a way out."""

import time
from typing import Any

import pytest

from tests.engine.building import NOW, Journal, event, scope, the, var, workflow
from wedsync.workflows.engine import Finish, Record, advance, compile_definition, validate
from wedsync.workflows.engine.expressions import (
    EvaluationFailed,
    compile_template,
    examine_template,
)
from wedsync.workflows.engine.view import View

DATA = {
    "guest": {"name": "Ana Ruiz", "note": None, "space": " "},
    "guests": [{"name": "Ana", "diet": "vegan"}, {"name": "Ben", "diet": None}],
    "total": {"amount": 125_000, "currency": "EUR"},
    "long": "z" * 60_000,
    "n": list(range(5_000)),
    "attending": True,
}


def write(body: str, data: Any = None) -> Any:
    template = compile_template({"x": {"text.body": body}})
    return template.fill(View(scope(DATA if data is None else data), NOW))["x"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Dear {{ trigger.data.guest.name }},", "Dear Ana Ruiz,"),
        ("See you on {{ wedding.date | date }}.", "See you on Sat 12 June 2027."),
        ("{{ trigger.data.guests | map: 'name' | list }}", "Ana and Ben"),
        ("{{ trigger.data.guests.size | plural: 'guest' }}", "2 guests"),
        ("{{ trigger.data.guests[0].name | upcase }}", "ANA"),
        ("{{ trigger.data.total | money }}", "€1,250.00"),
        ("{{ trigger.data.guest.note | default: 'no note' }}", "no note"),
        ("{% if trigger.data.guest.note %}a{% else %}b{% endif %}", "b"),
        (
            "{% for g in trigger.data.guests %}{{ g.name }}{% unless forloop.last %}, "
            "{% endunless %}{% endfor %}",
            "Ana, Ben",
        ),
        ("{% assign who = trigger.data.guest.name | first_word %}Dear {{ who }}", "Dear Ana"),
        ("{{ trigger.data.attending }} & <b>", "yes & <b>"),
        ("{{ steps.count.total }} of {{ now | date: wedding.zone, 'day' }}", None),
    ],
)
def test_a_body_is_a_text_with_values(body: str, text: str | None) -> None:
    assert examine_template({"text.body": body}).faults == ()
    if text is not None:
        assert write(body) == text


@pytest.mark.parametrize(
    "body",
    [
        "Dear {{ trigger.data.guest.note }},",
        "Dear {{ trigger.data.guest.nobody }},",
        "Dear {{ trigger.data.guest.space }},",
        "Dear {{ trigger.data.nobody.name | upcase }},",
        "Dear {{ 'Ms ' | append: trigger.data.guest.note }},",
        "{% for g in trigger.data.guests %}{{ g.diet }}{% endfor %}",
        "{% for g in trigger.data.nobody %}x{% endfor %}",
        "{{ today }}",
    ],
)
def test_a_value_that_is_missing_is_a_failed_step_and_no_hole(body: str) -> None:
    with pytest.raises(EvaluationFailed, match=r"The text needs “[\w.]+”, which is missing or emp"):
        write(body)


def test_a_run_says_which_value_its_letter_lacked() -> None:
    letter = {"text.body": "Dear {{ trigger.data.guest.name }},"}
    program = compile_definition(workflow({"id": "s", "kind": "set", "values": {"letter": letter}}))
    decision = advance(program, None, event("start", scope({"guest": {}})))
    assert the(decision, Finish).outcome == "failed"
    record = the(decision, Record)
    assert "“trigger.data.guest.name”" in record.error["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("Dear {{ trigger.data.name", "Line 1 of the text cannot be read"),
        ("a\nb {% if x %}", "cannot be read"),
        ("{% include 'letter' %}", "unexpected tag “include”"),
        ("{% render 'letter' %}", "unexpected tag “render”"),
        ("{{ x | base64_decode }}", "There is no filter called “base64_decode”"),
        ("x" * 20_000, "at most 16,384 characters"),
        (var("trigger.data.text"), "is written out, not calculated"),
        (12, "is written out, not calculated"),
        ("{{ a" + "[a" * 12 + "]" * 12 + " }}", "lies too deep"),
        ("{{ a" + ".a" * 100 + " }}", "lies too deep"),
    ],
)
def test_a_body_that_cannot_be_used_is_told_before_it_runs(body: Any, said: str) -> None:
    faults = examine_template({"text.body": [body]}).faults
    assert any(said in fault for fault in faults), faults


def test_what_a_body_reads_is_reported_like_any_reading() -> None:
    body = "{{ steps.a.b }} {{ steps.later.x }} {% for g in trigger.data.l %}{{ g.x }}{% endfor %}"
    assert set(examine_template({"text.body": body}).reads) == {
        ("steps", "a", "b"), ("steps", "later", "x"), ("trigger", "data", "l")
    }  # fmt: skip
    values = {"letter": {"text.body": "Dear {{ guest.name }}, {{ steps.nowhere.x }}"}}
    messages = [
        each.message for each in validate(workflow({"id": "s", "kind": "set", "values": values}))
    ]
    assert any("There is nothing called “guest.name” here." in message for message in messages)
    assert any("It reads step “nowhere”, which does not exist." in message for message in messages)


def test_a_body_inside_a_loop_reads_the_part_it_is_about() -> None:
    lines = {
        "map": [var("trigger.data.guests"), {"text.body": "{{ name }}: {{ diet | default: '–' }}"}]
    }
    filled = compile_template({"x": lines}).fill(View(scope(DATA), NOW))
    assert filled == {"x": ["Ana: vegan", "Ben: –"]}


BOMBS = [
    "{% for i in (1..1000000000) %}x{% endfor %}",
    "{% for i in trigger.data.n %}{% for j in trigger.data.n %}{{ j }}{% endfor %}{% endfor %}",
    "{% for i in trigger.data.n %}{{ trigger.data.long | upcase | size }}{% endfor %}",
    "{{ trigger.data.long | replace: 'z', trigger.data.long }}",
    "{% assign a = 'aaaaaaaa' %}" + "{% assign a = a | append: a %}" * 30 + "{{ a | size }}",
    "{{ (1..100000000) | join }}",
    "{{ trigger.data.long }}{{ trigger.data.long }}",
    "{{ 9 | times: 999999999999 | times: 999999999999 }}",
    "{% for i in trigger.data.n %}" + "{% if i %}{% endif %}" * 600 + "{% endfor %}",
    "{% for i in (1..40) %}{% capture a %}{{ a | default: 'xxxx' }}{{ a | default: 'xx' }}"
    "{% endcapture %}{% endfor %}{{ a }}",
]


@pytest.mark.parametrize("body", BOMBS)
def test_a_body_that_asks_too_much_is_a_failed_step_with_a_sentence(body: str) -> None:
    values = {"x": {"text.body": body}}
    journal = Journal(
        compile_definition(workflow({"id": "s", "kind": "set", "values": values})), DATA
    )
    began = time.process_time()
    record = the(journal.tell("start"), Record)
    assert time.process_time() - began < 2
    assert (record.state, record.error["class"]) == ("failed", "permanent")
    assert record.error["message"].endswith(".")

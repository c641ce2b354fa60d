"""Every ready-made workflow does what it promises, whichever way its conditions go."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.engine.building import NOW, Journal
from tests.workflows.ready_made.recipe_answers import answers_for
from wedsync import connectors
from wedsync.errors import NotFound
from wedsync.events.types import is_ours, stored_event_type
from wedsync.workflows.catalogue import entries, infos_of
from wedsync.workflows.engine import compile_definition, steps_in_order, validate
from wedsync.workflows.ready_made import answers, filling, find, recipe_of, recipes
from wedsync.workflows.ready_made.preview import letters, sample_event
from wedsync.workflows.ready_made.recipe import Recipe, by_goal
from wedsync.workflows.ready_made.slots import Answers, filled

CONNECTIONS = {
    "sandbox": UUID("0198c0de-0000-7000-8000-000000000001"),
    "smtp": UUID("0198c0de-0000-7000-8000-000000000002"),
    "stripe": UUID("0198c0de-0000-7000-8000-000000000003"),
}
OFFERED = {slug: frozenset([str(each)]) for slug, each in CONNECTIONS.items()}
KEYS = ("allergy", "enquiry", "favourites", "final-count", "guest-declines", "payment")
Definition = dict[str, Any]


def filled_in(recipe: Recipe, **changes: str) -> Definition:
    """The definition of sample answers, some changed."""
    given = answers_for(recipe, CONNECTIONS) | changes
    read = answers.read(recipe, given, OFFERED, today=NOW.date())
    return filling.fill(recipe, read.require(), business="Rosewood Weddings", zone="Europe/London")


def changed(data: Any, path: str, value: Any) -> Any:
    """The data with another value at a dotted path."""
    first, dot, rest = path.partition(".")
    inner = changed(data.get(first) or {}, rest, value) if dot else value
    return {**data, first: inner}


def performed(recipe: Recipe, definition: Definition, data: Any, **outputs: Any) -> list[Any]:
    """What a run does for this event, each effect answered by the sample of its manifest."""
    journal = Journal(compile_definition(definition), data)
    decision = journal.tell("start")
    while (now := journal.performing()) is not None:
        decision = journal.result(output=outputs.get(now.step, output_sample(now.use)))
    assert decision is not None
    ended = journal.ended()
    assert ended is not None
    assert ended.outcome == "succeeded", ended
    return journal.performed


def output_sample(use: str) -> Any:
    slug, _, key = use.partition(".")
    if slug == "webhook":
        return {"event_id": "0198c0de-0000-7000-8000-00000000000e"}
    (entry,) = [each for each in connectors.manifests()[slug].actions if each.key == key]
    return entry.output_sample


def test_there_are_six_each_with_a_goal_and_its_questions() -> None:
    assert sorted(recipes()) == sorted(KEYS)
    shelved = [recipe.key for _goal, own in by_goal() for recipe in own]
    assert sorted(shelved) == sorted(KEYS)
    assert all(2 <= len(recipe.questions) <= 4 for recipe in recipes().values())


def test_one_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound, match="no ready-made workflow"):
        find("../secrets")


@pytest.mark.parametrize("key", KEYS)
def test_answered_it_has_nothing_left_to_mend(key: str) -> None:
    definition = filled_in(find(key))
    assert validate(definition, actions=infos_of(entries()), is_ours=is_ours) == []


@pytest.mark.parametrize("key", KEYS)
def test_every_choice_gives_a_workflow_without_problems(key: str) -> None:
    recipe = find(key)
    for question in recipe.questions:
        for choice in question.choices:
            definition = filled_in(recipe, **{question.key: choice.value})
            assert validate(definition, actions=infos_of(entries()), is_ours=is_ours) == []


@pytest.mark.parametrize("key", KEYS)
def test_what_starts_it_is_something_its_connector_tells(key: str) -> None:
    recipe = find(key)
    told = {
        stored_event_type(trigger.event_type, "connection")
        for trigger in connectors.manifests()[recipe.begins_at].triggers
    }
    for choice in ({}, *({each.key: c.value} for each in recipe.questions for c in each.choices)):
        assert filled_in(recipe, **choice)["trigger"]["event_type"] in told


@pytest.mark.parametrize("key", KEYS)
def test_it_names_no_connection_but_those_it_asks_for(key: str) -> None:
    recipe = find(key)
    text = json.dumps(filled_in(recipe))
    named = set(re.findall(r"0198c0de-[0-9a-f-]{27}", text))
    assert named == {str(CONNECTIONS[slug]) for slug in recipe.connectors}


LEAVING = [
    (
        "guest-declines",
        {"status": "declined"},
        ["sandbox.release_seat", "smtp.send", "webhook.send"],
    ),
    ("guest-declines", {"status": "accepted"}, []),
    ("allergy", {}, ["sandbox.ask_acknowledgement", "smtp.send"]),
    ("final-count", {"accepted": 71}, ["sandbox.set_meals"]),
    ("enquiry", {}, ["sandbox.check_date", "sandbox.hold_date", "smtp.send"]),
    (
        "payment",
        {"object.metadata.invoice_number": "2027-014", "object.receipt_email": "a@b.example"},
        ["smtp.send", "webhook.send"],
    ),
    ("payment", {"object.metadata": {}}, ["smtp.send"]),
    ("payment", {"object.receipt_email": None}, ["smtp.send"]),
    ("favourites", {"chosen": 60}, ["sandbox.create_task"]),
    ("favourites", {"chosen": 59}, ["smtp.send"]),
]


@pytest.mark.parametrize(("key", "event", "uses"), LEAVING)
def test_it_takes_either_way(key: str, event: dict[str, Any], uses: list[str]) -> None:
    recipe = find(key)
    data = sample_event(recipe)
    for path, value in event.items():
        data = changed(data, path, value)
    done = performed(recipe, filled_in(recipe), data)
    assert [each.use for each in done] == uses


def test_a_date_that_is_taken_gets_other_dates_and_is_not_held() -> None:
    recipe = find("enquiry")
    taken = {"date": "2027-06-12", "free": False, "reason": "wedding"}
    done = performed(recipe, filled_in(recipe), sample_event(recipe), look=taken)
    assert [each.use for each in done] == ["sandbox.check_date", "smtp.send"]
    assert "5 June, 19 June" in done[-1].input["body"]


def test_after_the_lock_date_the_caterer_is_asked() -> None:
    recipe = find("final-count")
    definition = filled_in(recipe, lock_date=NOW.date().isoformat())
    data = sample_event(recipe)
    late = json.loads(json.dumps(definition).replace("2027-05-11T23:59", "2027-05-10T23:59"))
    assert [each.use for each in performed(recipe, definition, data)] == ["sandbox.set_meals"]
    asked = performed(recipe, late, data)
    assert [each.use for each in asked] == ["smtp.send"]
    assert "May we still change the count" in asked[0].input["subject"]


def test_the_last_day_counts_until_its_end_where_the_business_is() -> None:
    ending = {
        zone: filled("{end of day}", Answers({"day": "2027-06-01"}, zone))
        for zone in ("Europe/London", "America/New_York", "America/Santiago")
    }
    assert ending == {
        "Europe/London": "2027-06-01T23:59:59+01:00",
        "America/New_York": "2027-06-01T23:59:59-04:00",
        "America/Santiago": "2027-06-01T23:59:59-04:00",
    }


def test_the_allergy_stands_alone_in_the_letter_so_that_it_can_stay_sealed() -> None:
    recipe = find("allergy")
    sealed = {"$sealed": "c2VhbGVk"}
    data = changed(sample_event(recipe), "guest.allergy", sealed)
    ask, letter = performed(recipe, filled_in(recipe), data)
    assert sealed in letter.input["body"]
    assert "$sealed" not in json.dumps([ask.input, letter.input["subject"]])


def test_the_allergy_stays_out_of_the_letter_when_that_was_chosen() -> None:
    recipe = find("allergy")
    data = changed(sample_event(recipe), "guest.allergy", {"$sealed": "c2VhbGVk"})
    done = performed(recipe, filled_in(recipe, words="only_that"), data)
    assert [each.use for each in done] == ["sandbox.ask_acknowledgement", "smtp.send"]
    assert "$sealed" not in json.dumps([each.input for each in done])


@pytest.mark.parametrize("key", KEYS)
def test_no_condition_looks_at_what_may_be_sealed(key: str) -> None:
    definition = filled_in(find(key))
    conditions = [
        branch["when"]
        for placed in steps_in_order(definition)
        for branch in placed.step.get("branches", ())
    ]
    assert "allergy" not in json.dumps([conditions, definition["trigger"].get("filter")])


@pytest.mark.parametrize("key", KEYS)
def test_its_letters_are_whole_and_signed(key: str) -> None:
    recipe = find(key)
    written = list(letters(recipe, filled_in(recipe)))
    assert written
    for letter in written:
        assert "@" in letter.to
        assert "Rosewood Weddings" in letter.text
        for hole in ("…", "{", "}", "None", "null", " ,", "  "):
            assert hole not in letter.subject, letter
        for hole in ("…", "{", "}", "None", "null", " ,"):
            assert hole not in letter.text, letter


@pytest.mark.parametrize("key", KEYS)
def test_its_letters_read_well_when_hardly_anything_comes_in(key: str) -> None:
    """A name that is missing becomes a word, never a hole."""
    recipe = find(key)
    definition = filled_in(recipe)
    for subject in subjects(definition):
        said = Journal(
            compile_definition(
                {**definition, "steps": [{"id": "s", "kind": "set", "values": {"x": subject}}]}
            ),
            {},
        )
        said.tell("start")
        assert "  " not in said.outputs["s"]["x"], subject
        assert not said.outputs["s"]["x"].endswith((" ", ":"))


def subjects(definition: Definition) -> Iterator[Any]:
    for placed in steps_in_order(definition):
        if placed.step.get("use") == "smtp.send" and "steps." not in json.dumps(
            placed.step["input"]["subject"]
        ):
            yield placed.step["input"]["subject"]


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (150000, "gbp", "£1,500.00"),
        (150005, "eur", "€1,500.05"),
        (99, "usd", "US$0.99"),
        (15000, "jpy", "JP¥15,000"),
        (1234567, "kwd", "KWD\N{NO-BREAK SPACE}1,234.567"),
        (0, "gbp", "£0.00"),
        (None, "gbp", "some money"),
        (150000, None, "some money"),
    ],
)
def test_money_is_written_in_its_own_exponent(
    amount: int | None, currency: str | None, said: str
) -> None:
    recipe = find("payment")
    data = {"object": {"amount_received": amount, "currency": currency, "metadata": {}}}
    (review,) = performed(recipe, filled_in(recipe), data)
    assert review.input["subject"] == f"A payment of {said} needs your eyes"


@pytest.mark.parametrize("key", KEYS)
def test_a_workflow_knows_the_recipe_it_came_from_until_it_is_rebuilt(key: str) -> None:
    definition = filled_in(find(key))
    came_from = recipe_of(definition)
    assert came_from is not None
    assert came_from.key == key
    more = [*definition["steps"], {"id": "end", "kind": "stop", "outcome": "done"}]
    assert recipe_of({**definition, "steps": more}) is None
    assert recipe_of(None) is None

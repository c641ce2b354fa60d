"""Answers to a ready-made workflow's questions: taken as meant, refused with a sentence each."""

from datetime import date
from uuid import UUID

import pytest

from tests.workflows.ready_made.recipe_answers import answers_for
from wedsync.errors import Invalid
from wedsync.workflows.ready_made import answers, find
from wedsync.workflows.ready_made.answers import Read

TODAY = date(2027, 5, 11)
CONNECTIONS = {
    "sandbox": UUID("0197b1a0-0000-7000-8000-000000000001"),
    "smtp": UUID("0197b1a0-0000-7000-8000-000000000002"),
}
_NOBODYS = "0197b1a0-0000-7000-8000-000000000003"
OFFERED = {slug: frozenset([str(each)]) for slug, each in CONNECTIONS.items()}


def read(key: str, **changes: str) -> Read:
    recipe = find(key)
    given = answers_for(recipe, CONNECTIONS) | changes
    return answers.read(recipe, given, OFFERED, today=TODAY)


def test_answers_become_values_of_their_kind() -> None:
    said = read("favourites", enough=" 72 ")
    assert said.faults == {}
    assert said.values["enough"] == 72
    assert UUID(said.values["pictures"]) == CONNECTIONS["sandbox"]


def test_today_is_still_a_day_to_come() -> None:
    assert read("final-count", lock_date="2027-05-11").values["lock_date"] == "2027-05-11"


def test_a_question_nobody_answered_says_what_it_wants() -> None:
    said = answers.read(find("enquiry"), {}, OFFERED, today=TODAY)
    assert said.faults == {
        "dates": "Choose the diary that knows which dates are free.",
        "mail": "Choose the mailbox that the letters leave from.",
        "brochure": "Where can they read your brochure?",
        "others": "Name a date or two, so that the answer is not only a no.",
    }


@pytest.mark.parametrize(
    ("key", "question", "written", "sentence"),
    [
        ("final-count", "lock_date", "2027-02-30", "This is not a date. Write it like 2027-06-12."),
        ("final-count", "lock_date", "next Friday", "This is not a date."),
        ("final-count", "lock_date", "2027-05-10", "That day is over."),
        ("guest-declines", "caterer", "kitchen", "This does not look like an e-mail."),
        (
            "guest-declines",
            "caterer",
            "a@olive.example\nBcc: b@olive.example",
            "Write it on one line",
        ),
        ("guest-declines", "caterer", "a@olive.example\r\n", "Write it on one line"),
        ("guest-declines", "caterer", f"{'a' * 255}@olive.example", "at most 254 characters"),
        ("guest-declines", "answer", "everything", "Choose one of the answers."),
        ("favourites", "enough", "0", "Write a whole number from 1 to 2,000."),
        ("favourites", "enough", "6.5", "Write a whole number"),
        ("favourites", "enough", "9" * 5_000, "Write a whole number"),
        ("favourites", "enough", "٣", "Write a whole number"),
        ("enquiry", "brochure", "javascript:alert(1)", "It begins with https://."),
        ("enquiry", "brochure", "https://", "It begins with https://."),
        ("enquiry", "brochure", "https://[half", "It begins with https://."),
        ("enquiry", "others", "x" * 501, "Use at most 500 characters."),
        ("enquiry", "others", "5 June\x00", "Write it on one line"),
        ("enquiry", "mail", "not an id", "Choose one of your connections from the list."),
        ("enquiry", "mail", _NOBODYS, "Choose one of your connections from the list."),
        (
            "enquiry",
            "mail",
            str(CONNECTIONS["sandbox"]),
            "Choose one of your connections from the list.",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    key: str, question: str, written: str, sentence: str
) -> None:
    said = read(key, **{question: written})
    assert set(said.faults) == {question}
    assert sentence in said.faults[question]


def test_starting_names_every_refusal_by_its_question() -> None:
    with pytest.raises(Invalid) as refused:
        read("enquiry", brochure="", mail="").require()
    assert {each.pointer for each in refused.value.errors} == {"/brochure", "/mail"}


def test_words_with_braces_stay_words() -> None:
    """An answer is never read as a slot."""
    said = read("enquiry", others="{trigger.data.email} or {business}")
    assert said.values["others"] == "{trigger.data.email} or {business}"

"""Reading a list at an account: what of an answer can be chosen, whatever a partner answers."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.connectors.carrying import CONNECTION
from wedsync.connectors import choices
from wedsync.connectors.choices import Choice, Page
from wedsync.connectors.contract import Access, Failed
from wedsync.connectors.manifest import ChoicesEntry
from wedsync.platform.outbound import Answer, Request, Timings

SECRET = "canary-of-the-lists"
ACCESS = Access(
    CONNECTION,
    "https://lists.example/v1",
    credentials={"api_key": SECRET},
    headers={"Authorization": f"Bearer {SECRET}"},
)
LISTED = ChoicesEntry.model_validate(
    {
        "key": "calendars",
        "label": "Calendars",
        "request": {
            "method": "GET",
            "path": "/calendars",
            "query": {"size": 100, "after": "{cursor.page}"},
        },
        "records": "data",
        "name": "title",
        "note": "owner.email",
        "next_path": "next",
    }
)


def answered(document: Any, status: int = 200) -> Answer:
    headers = {"content-type": "application/json"}
    return Answer(status, headers, orjson.dumps(document), timings=Timings())


def read(document: Any) -> Page:
    found = choices.read(LISTED, ACCESS, answered(document))
    assert isinstance(found, Page), found
    return found


def named(*names: str) -> list[Choice]:
    return [Choice(name, name) for name in names]


# --- works


def test_a_record_is_its_value_its_name_and_what_tells_it_apart() -> None:
    record = {"id": "c1", "title": " Weddings\n2027 ", "owner": {"email": "ana@example.com"}}
    assert read({"data": [record]}).choices == (Choice("c1", "Weddings 2027", "ana@example.com"),)


def test_a_record_without_a_name_is_known_by_its_note_or_its_value() -> None:
    nameless = [{"id": "c1", "owner": {"email": "ana@example.com"}}, {"id": 7, "title": ""}]
    found = (Choice("c1", "ana@example.com"), Choice(7, "7"))
    assert read({"data": nameless}).choices == found


def test_a_note_that_says_the_name_again_is_left_out() -> None:
    record = {"id": "c1", "title": "Ana", "owner": {"email": "Ana"}}
    assert read({"data": [record]}).choices == (Choice("c1", "Ana"),)


def test_a_number_stays_a_number() -> None:
    assert read({"data": [{"id": 12, "title": "Twelve"}]}).choices[0].value == 12


def test_the_first_page_names_none_and_the_next_is_what_they_said() -> None:
    first = choices.request(LISTED, ACCESS, None, 5.0)
    second = choices.request(LISTED, ACCESS, "c 1&x", 5.0)
    assert isinstance(first, Request)
    assert isinstance(second, Request)
    assert first.url == "https://lists.example/v1/calendars?size=100"
    assert second.url == "https://lists.example/v1/calendars?size=100&after=c+1%26x"
    assert first.headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("said", "page"),
    [("c9", "c9"), (2, 2), ("", None), (None, None), (True, None), (["c9"], None)],
)
def test_what_names_no_page_ends_the_list(said: Any, page: Any) -> None:
    assert read({"data": [], "next": said}).next_page == page


def test_pages_are_joined_and_each_value_is_there_once() -> None:
    known = named("a", "b")
    page = Page((Choice("b", "again"), Choice("c", "c"), Choice("c", "the last word")))
    assert choices.joined(known, page) == (*known, Choice("c", "the last word"))


# --- validation and negatives


@pytest.mark.parametrize(
    "record",
    [None, "c1", [], {}, {"id": None}, {"id": ""}, {"id": True}, {"id": 1.5}, {"id": "x" * 201}],
)
def test_a_record_nobody_could_choose_is_passed_over(record: Any) -> None:
    assert read({"data": [record, {"id": "c1", "title": "One"}]}).choices == (Choice("c1", "One"),)


@pytest.mark.parametrize("document", [{}, {"data": None}, {"data": {"id": 1}}, [], "data", 3])
def test_an_answer_without_the_list_is_said_to_be_unreadable(document: Any) -> None:
    found = choices.read(LISTED, ACCESS, answered(document))
    assert found == Failed("permanent", "answer_unreadable", "There is no list in their answer.")


def test_a_name_is_one_short_line_without_what_turns_words_around() -> None:
    hostile = {"id": "c1", "title": "Evil\u202e\x07 name " + "x" * 500}
    name = read({"data": [hostile]}).choices[0].name
    assert name.startswith("Evil name x")
    assert len(name) == 120


def test_the_credentials_of_the_connection_are_not_among_what_is_read() -> None:
    record = {"id": "c1", "title": f"Bearer {SECRET}", "owner": {"email": SECRET}}
    assert SECRET not in repr(read({"data": [record], "next": SECRET}))


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["data", "id", "title", "owner", "email", "next"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_no_answer_makes_it_raise(document: Any) -> None:
    assert isinstance(choices.read(LISTED, ACCESS, answered(document)), Page | Failed)

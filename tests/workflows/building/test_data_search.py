"""The data picker's search: people's words for things, whatever their case and accents."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.building.surroundings import draft, known_of
from wedsync.workflows.building.known.data_items import DataGroup, DataItem
from wedsync.workflows.building.known.data_search import LONGEST_QUERY, search, words_of

END = {"id": "end", "kind": "stop", "outcome": "done"}
GROUPS = known_of(draft(END)).at("end")


def found(query: str) -> list[str]:
    return [item.label for group in search(GROUPS, query) for item in group.items]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("wedding date", "Wedding date"),
        ("WEDDING DATE", "Wedding date"),
        ("e-mail", "Guest’s e-mail"),
        ("email", "Guest’s e-mail"),
        ("mail", "Guest’s e-mail"),
        ("guest's mail", "Guest’s e-mail"),
        ("first names", "Couple’s first names"),
        ("groom", "Couple’s names"),
        ("location", "Venue"),
        ("headcount", "Final count due"),
        ("deadline", "RSVP deadline"),
        ("rsv", "RSVP deadline"),
        ("florist", ""),
        ("carter", "Guest’s name"),
        ("somerset", "Venue"),
    ],
)
def test_people_find_what_they_mean(query: str, first: str) -> None:
    assert [*found(query), ""][0] == first


def test_every_word_must_be_found() -> None:
    assert "Guest’s name" in found("guest name")
    assert found("guest xylophone") == []


def test_accents_do_not_matter() -> None:
    item = DataItem({"var": "x"}, "Größe der Fête", "heart", "text", "Zoë")
    group = DataGroup("Group", (item,))
    assert search([group], "fete zoe")[0].items == (item,)


def test_what_is_called_so_comes_before_what_holds_it() -> None:
    named = DataItem({"var": "a"}, "Wedding date", "heart", "date", "12 Jun 2027")
    held = DataItem({"var": "b"}, "Words", "heart", "text", "date of birth")
    assert search([DataGroup("Group", (held, named))], "date")[0].items == (named, held)


def test_the_title_of_a_group_finds_it_when_nothing_else_does() -> None:
    groups = [DataGroup("Step 2: Tasting", (DataItem({"var": "a"}, "Day", "heart", "date", ""),))]
    assert search(groups, "tasting") == tuple(groups)


def test_an_empty_search_shows_everything() -> None:
    assert search(GROUPS, "  ") == GROUPS


def test_what_is_hidden_is_not_found_by_what_it_is() -> None:
    assert found("peanuts") == []


@settings(deadline=None, max_examples=80)
@given(st.text(max_size=3 * LONGEST_QUERY))
def test_no_query_is_too_odd(query: str) -> None:
    shown = {item.label for group in GROUPS for item in group.items}
    assert set(found(query)) <= shown


def test_words_are_without_their_marks() -> None:
    assert words_of("Couple’s  E-Mail, ZOË") == ["couples", "email", "zoe"]

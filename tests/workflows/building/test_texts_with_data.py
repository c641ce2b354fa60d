"""Texts with data in them, as people type them."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync.workflows.building.panel.typed_rows import read_rows, shown_rows
from wedsync.workflows.building.panel.typed_values import read_any, shown_any
from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.texts_with_data import (
    Vocabulary,
    read_text,
    shown_text,
    values_in,
)
from wedsync.workflows.building.typed.typed_moments import read_moment, shown_moment
from wedsync.workflows.building.typed.typed_schedules import read_schedule, shown_schedule
from wedsync.workflows.building.typed.typed_times import (
    read_clock,
    read_duration,
    read_offset,
    read_zone,
    shown_duration,
    shown_offset,
)
from wedsync.workflows.engine.operators import literal
from wedsync.workflows.engine.schedules import is_cron

GUEST = {"var": "trigger.data.guest.name"}
TOTAL = {"money.add": [{"var": "steps.a.total"}, {"var": "steps.b.total"}]}
KNOWN = [(GUEST, "Couple’s first names"), ({"var": "wedding.date"}, "Wedding date")]


def told(**about: Any) -> Vocabulary:
    return Vocabulary(known=KNOWN, **about)


@pytest.mark.parametrize(
    ("typed", "long", "kept"),
    [
        ("Hello", False, "Hello"),
        ("[Wedding date]", False, {"var": "wedding.date"}),
        ("Dear [couple's  FIRST names]!", False, {"cat": ["Dear ", GUEST, "!"]}),
        (
            "Dear [Couple’s first names],\nsee you",
            True,
            {"text.body": "Dear {{ trigger.data.guest.name }},\nsee you"},
        ),
        ("a \\[note] and \\{{", False, "a [note] and {{"),
        ("C:\\new \\\\[Wedding date]", False, {"cat": ["C:\\new \\", {"var": "wedding.date"}]}),
        (
            "On {{ wedding.date | date }}",
            False,
            {"text.body": "On {{ wedding.date | date }}"},
        ),
        ("   ", False, None),
    ],
)
def test_a_typed_text_is_kept_as_a_text_or_as_one_with_values(
    typed: str, long: bool, kept: Any
) -> None:
    assert read_text(typed, told(), long=long) == kept


def test_a_value_that_is_worked_out_keeps_a_long_text_from_being_a_body() -> None:
    vocabulary = Vocabulary([TOTAL], KNOWN)
    typed = f"To pay: {vocabulary.pill(TOTAL)}"
    assert read_text(typed, vocabulary, long=True) == {"cat": ["To pay: ", TOTAL]}


def test_a_text_put_together_stays_one() -> None:
    before = {"text.of": ["a ", GUEST]}
    typed = shown_text(before, told()) + "!"
    assert read_text(typed, told(), long=True, before=before) == {"text.of": ["a ", GUEST, "!"]}


def test_two_values_of_one_name_are_told_apart() -> None:
    one, other = {"var": "steps.a.name"}, {"var": "steps.b.name"}
    vocabulary = Vocabulary([one], [(one, "Name"), (other, "Name")])
    assert (vocabulary.pill(one), vocabulary.pill(other)) == ("[Name]", "[Name (2)]")
    assert read_text("[Name (2)]", vocabulary) == other


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Dear [nobody]", "nothing called “nobody”"),
        ("Dear [Wedding date", "bracket is open"),
        ("{{ wedding.date", "cannot be read"),
        ("{{ wedding.date | sparkle }}", "filter"),
        ("{{ wedding.date }} \\{{ x", "plain ones"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(typed: str, words: str) -> None:
    with pytest.raises(NotReadable, match=re.escape(words)):
        read_text(typed, told())


_texts = st.text(alphabet='ab [](){}\\%"”|.\n', max_size=12)
_values = st.sampled_from([GUEST, TOTAL, {"var": "wedding.date"}, {"var": "trigger.l.0.x"}])
_pieces = st.lists(_texts.filter(bool) | _values, min_size=2, max_size=5)


def _apart(parts: list[Any]) -> bool:
    """Whether no two texts follow each other, which would be one."""
    return not any(isinstance(one, str) and isinstance(two, str) for one, two in pairwise(parts))


@given(_texts.filter(str.strip))
def test_every_plain_text_is_read_back_as_it_is(text: str) -> None:
    assert read_text(shown_text(text, told()), told()) == text


@given(_pieces.filter(_apart))
def test_every_text_with_values_is_read_back_as_it_is(parts: list[Any]) -> None:
    value = {"cat": parts}
    vocabulary = Vocabulary(values_in(value), KNOWN)
    assert read_text(shown_text(value, vocabulary), vocabulary, before=value) == value


@given(_texts.filter(lambda text: "{" not in text), _texts.filter(lambda text: "{" not in text))
def test_every_body_is_read_back_as_it_is(before: str, after: str) -> None:
    for inside in ("{{ trigger.data.name }}", "{{ wedding.date | date }}", "{{ item.l[0] }}"):
        value = {"text.body": f"{before}{inside} and {{{{ wedding.title | upcase }}}}{after}"}
        vocabulary = Vocabulary(values_in(value))
        assert read_text(shown_text(value, vocabulary), vocabulary, before=value) == value


_any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["62", "yes", '"quoted"', " ", "1e5", "[x]", "no "])
    | _texts
    | _values,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b.c", "max", "$x", "d\\"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(_any)
def test_every_value_is_read_back_with_its_kind(value: Any) -> None:
    kept = value if value in _SAMPLES else literal(value)
    vocabulary = Vocabulary(values_in(kept))
    assert read_any(shown_any(kept, vocabulary), vocabulary, kept) == kept


_SAMPLES = [GUEST, TOTAL]


@given(st.dictionaries(st.sampled_from(["a", "b.c", "max", "$x", "d\\", ".", "e"]), _any))
def test_rows_of_values_are_read_back_as_they_were(values: dict[str, Any]) -> None:
    kept = literal(values)
    vocabulary = Vocabulary()
    rows = shown_rows(kept, vocabulary)
    assert read_rows(rows, kept, vocabulary) == (kept if rows else {})


@given(st.integers(0, 10**9) | st.floats(0, 1e6).map(lambda each: round(each, 3)))
def test_every_length_of_time_is_read_back(seconds: float) -> None:
    assert read_duration(shown_duration(seconds)) == seconds


@given(st.integers(-3_650, 3_650))
def test_every_number_of_days_is_read_back(days: int) -> None:
    assert read_offset(shown_offset(days)) == days


@given(
    st.from_regex(r"(\*|\*/[1-9]|[0-9]|[1-5][0-9]|0,30) (\*|\*/2|[0-9]|9,17) "
                  r"(\*|L|1|1,15) (\*|6) (\*|1-5|0|6,0|1,3|MON)", fullmatch=True)
)  # fmt: skip
def test_every_schedule_is_read_back(cron: str) -> None:
    if is_cron(cron):
        assert read_schedule(shown_schedule(cron)) == cron


@pytest.mark.parametrize(
    ("typed", "cron"),
    [
        ("every weekday at 9am", "0 9 * * 1-5"),
        ("Every Monday and Friday at 08:30", "30 8 * * 1,5"),
        ("every day at 9 and 17", "0 9,17 * * *"),
        ("the 1st of every month at 10:00", "0 10 1 * *"),
        ("every 15 minutes", "*/15 * * * *"),
        ("0 9 * * 1", "0 9 * * 1"),
    ],
)
def test_a_schedule_is_typed_in_words(typed: str, cron: str) -> None:
    assert read_schedule(typed) == cron


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("an hour", 3_600), ("1h 30min", 5_400), ("2 weeks", 1_209_600), ("1 day and 2 hours", 93_600),
     ("half a", None), ("soon", None), ("45", None), ("-3 days", None)],
)  # fmt: skip
def test_a_length_of_time_is_typed_as_people_say_it(typed: str, seconds: int | None) -> None:
    if seconds is None:
        with pytest.raises(NotReadable):
            read_duration(typed)
    else:
        assert read_duration(typed) == seconds


@pytest.mark.parametrize(
    ("typed", "read"),
    [("9", "09:00"), ("9.30", "09:30"), ("5 pm", "17:00"), ("12am", "00:00"), ("noon", "12:00")],
)
def test_a_time_of_day_is_typed_as_people_say_it(typed: str, read: str) -> None:
    assert read_clock(typed) == read


def test_days_and_zones_are_typed_as_people_say_them() -> None:
    assert read_offset("2 weeks before the wedding") == -14
    assert read_offset("the day after") == 1
    assert read_zone("london") == "Europe/London"
    assert read_zone("new york") == "America/New_York"


def _read_text(typed: str) -> Any:
    return read_text(typed, told(), long=True)


def _read_any(typed: str) -> Any:
    return read_any(typed, told())


@pytest.mark.parametrize(
    "read",
    [
        read_duration,
        read_offset,
        read_clock,
        read_zone,
        read_schedule,
        read_moment,
        _read_text,
        _read_any,
    ],
)
@given(typed=st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused(read: Callable[[str], Any], typed: str) -> None:
    with suppress(NotReadable):
        read(typed)


@given(st.datetimes() | st.dates())
def test_every_moment_is_read_back(moment: datetime | date) -> None:
    written = moment.isoformat()[:16]
    assert read_moment(shown_moment(written) or "") == written

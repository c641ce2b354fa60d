"""Numbers, money and days as people type them: read kindly, or refused with a sentence."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync.workflows.building.conditions.compared_values import (
    Surroundings,
    accepts,
    read_typed,
    shown_typed,
)
from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.typed_amounts import money_of, read_money, read_number
from wedsync.workflows.building.typed.typed_days import TODAY, read_day, read_days, read_weekdays
from wedsync.workflows.engine.currencies import EXPONENTS
from wedsync.workflows.engine.functions.kinds import LARGEST_NUMBER

HERE = Surroundings()


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12", 12),
        (" 1,250 ", 1250),
        ("1 250", 1250),
        ("1'250.50", 1250.5),
        ("12.5", 12.5),
        ("1,5", 1.5),
        ("1.250,5", 1250.5),
        ("1,250,000", 1_250_000),
        ("1.250.000", 1_250_000),
        ("0,125", 0.125),
        ("-3", -3),
        ("−3", -3),
        ("ten", 10),
        ("10 guests", 10),
        ("50%", 50),
        ("2.0", 2),
    ],
)
def test_a_number_is_read_as_people_write_it(typed: str, number: float) -> None:
    found = read_number(typed)
    assert found == number
    assert type(found) is type(number)


@pytest.mark.parametrize("typed", ["", "many", "10 or 12", "6k", "1,2,3", "12,34.5", "1e9", "٣"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(NotReadable, match=r"^Write .+\.$"):
        read_number(typed)


def test_a_number_nobody_can_keep_exactly_is_refused() -> None:
    with pytest.raises(NotReadable, match="too large"):
        read_number("9" * 20)
    with pytest.raises(NotReadable, match="more figures"):
        read_number("0.1234567890123456789")


@pytest.mark.parametrize(
    ("typed", "usual", "amount"),
    [
        ("£6,000", None, (600_000, "GBP")),
        ("6000 EUR", None, (600_000, "EUR")),
        ("eur 6000", None, (600_000, "EUR")),
        ("1.250,50 €", None, (125_050, "EUR")),
        ("US$12", None, (1200, "USD")),
        ("$12", None, (1200, "USD")),
        ("$12", "CAD", (1200, "CAD")),
        ("¥150,000", None, (150_000, "JPY")),
        ("6000", "GBP", (600_000, "GBP")),
        ("40 pounds", None, (4000, "GBP")),
        ("-£50", None, (-5000, "GBP")),
        ("KWD 1.255", None, (1255, "KWD")),
    ],
)
def test_an_amount_is_read_in_its_currency(
    typed: str, usual: str | None, amount: tuple[int, str]
) -> None:
    assert money_of(read_money(typed, usual)) == amount


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("6000", "Which currency? Write it like £6,000 or 6,000 EUR."),
        ("£", "Write an amount like £6,000 or 6,000 EUR."),
        ("£1.255", "An amount in GBP has at most 2 decimals."),
        ("¥1.5", "An amount in JPY has no decimals."),
        ("6000 XYZ", "“XYZ” is not a currency; write GBP, EUR or USD, for example."),
        ("£" + "9" * 15, "That amount is too large."),
        ("£5 EUR", "Write an amount like £6,000 or 6,000 EUR."),
    ],
)
def test_an_amount_that_could_be_two_things_is_asked_about(typed: str, sentence: str) -> None:
    with pytest.raises(NotReadable) as refused:
        read_money(typed)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("12 June 2027", "2027-06-12"),
        ("12/06/2027", "2027-06-12"),
        ("June 12th, 2027", "2027-06-12"),
        ("2027-06-12", "2027-06-12"),
        ("2027-06-12T14:00:00Z", "2027-06-12T14:00:00Z"),
        ("Today", TODAY),
        ("tomorrow", {"date.add_days": [TODAY, 1]}),
        ("in 30 days", {"date.add_days": [TODAY, 30]}),
        ("two weeks from now", {"date.add_days": [TODAY, 14]}),
        ("a week ago", {"date.add_days": [TODAY, -7]}),
    ],
)
def test_a_day_is_read_as_people_write_it(typed: str, day: Any) -> None:
    assert read_day(typed) == day


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("12 June", "Of which year? Write a day like 12 June 2027."),
        ("31/02/2027", "There is no such day. Write a day like 12 June 2027."),
        ("soon", "Write a day like 12 June 2027, or “today” or “in 30 days”."),
        ("in 3 hours", "Only whole days can be counted here, like 7 or 2 weeks."),
    ],
)
def test_what_is_no_day_is_refused(typed: str, sentence: str) -> None:
    with pytest.raises(NotReadable) as refused:
        read_day(typed)
    assert str(refused.value) == sentence


def test_what_starts_a_workflow_cannot_look_at_today() -> None:
    with pytest.raises(NotReadable, match="cannot look at today"):
        read_day("today", knows_today=False)
    assert read_day("1 May 2027", knows_today=False) == "2027-05-01"


def test_days_and_weekdays_are_read_by_their_names() -> None:
    assert [read_days(typed) for typed in ("7", "7 days", "two weeks")] == [7, 7, 14]
    assert read_weekdays("fri or Saturdays") == ["Friday", "Saturday"]
    assert read_weekdays("weekends") == ["Saturday", "Sunday"]
    with pytest.raises(NotReadable, match="like Friday"):
        read_weekdays("someday")


def test_several_texts_are_parted_by_what_does_not_stand_in_them() -> None:
    assert read_typed("texts", "Plated, Family style", HERE) == ["Plated", "Family style"]
    assert shown_typed("texts", ["Plated", "Family style"]) == "Plated, Family style"
    assert shown_typed("texts", ["Osei, Rosa"]) == "Osei, Rosa;"
    assert read_typed("texts", "Osei, Rosa;", HERE) == ["Osei, Rosa"]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=8)
written = {
    "number": st.integers(-LARGEST_NUMBER, LARGEST_NUMBER)
    | st.decimals(-10_000, 10_000, places=2).map(lambda d: float(d) if d % 1 else int(d)),
    "days": st.integers(0, 3650),
    "day": st.dates().map(lambda day: day.isoformat())
    | st.integers(1, 3650).map(lambda days: {"date.add_days": [TODAY, -days]})
    | st.just(TODAY),
    "money": st.builds(
        lambda amount, code: {"money.of_minor": [amount, code]},
        st.integers(-(10**12), 10**12),
        st.sampled_from(sorted(EXPONENTS)),
    ),
    "text": texts.map(str.strip).filter(bool),
    "texts": st.lists(texts.map(str.strip).filter(bool), min_size=1, max_size=4),
    "weekdays": st.lists(
        st.sampled_from(["Monday", "Friday"]), min_size=1, max_size=2, unique=True
    ),
}


@pytest.mark.parametrize("kind", written)
@given(st.data())
def test_what_is_shown_is_read_back_as_the_same(kind: Any, data: st.DataObject) -> None:
    value = data.draw(written[kind])
    shown = shown_typed(kind, value)
    assert accepts(kind, value)
    if kind != "texts" or shown is not None:
        assert read_typed(kind, str(shown), HERE) == value


@pytest.mark.parametrize("kind", [*written, "count"])
@given(st.text(max_size=40) | st.text("0123456789.,-£$ daysinago", max_size=20))
def test_nothing_typed_breaks_the_reading(kind: Any, typed: str) -> None:
    with suppress(NotReadable):
        assert accepts(kind, read_typed(kind, typed, HERE))

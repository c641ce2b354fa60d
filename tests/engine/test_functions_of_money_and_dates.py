"""What must be exact: minor units, instalments, zones, clocks that change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync.platform import wording
from wedsync.workflows.engine.currencies import EXPONENTS, SYMBOLS
from wedsync.workflows.engine.functions import FUNCTIONS
from wedsync.workflows.engine.functions.kinds import Unusable


def call(name: str, *given: Any) -> Any:
    return FUNCTIONS[name](given)


def money(amount: int, currency: str = "EUR") -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


@pytest.mark.parametrize(
    ("units", "currency", "minor"),
    [(12.5, "EUR", 1250), (150_000, "JPY", 150_000), (1.2345, "KWD", 1235), ("0.005", "GBP", 1)],
)
def test_minor_units_follow_the_currency(units: Any, currency: str, minor: int) -> None:
    assert call("money.of", units, currency) == money(minor, currency)


@pytest.mark.parametrize("currency", sorted(SYMBOLS))
def test_amounts_are_written_as_on_the_pages(currency: str) -> None:
    amount = 123_456_789
    assert call("money.format", money(amount, currency)) == wording.money(amount, currency)


@given(st.integers(-(10**12), 10**12), st.integers(1, 100), st.sampled_from(sorted(EXPONENTS)))
def test_instalments_sum_to_the_amount_exactly(amount: int, parts: int, currency: str) -> None:
    sizes = [part["amount"] for part in call("money.split", money(amount, currency), parts)]
    assert sum(sizes) == amount
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 30), max_size=3))
def test_shares_sum_to_the_amount_exactly(amount: int, shares: list[int]) -> None:
    parts = call("money.split_by_percent", money(amount), [*shares, 100 - sum(shares)])
    assert sum(part["amount"] for part in parts) == amount


def test_two_currencies_are_never_mixed() -> None:
    for name in ("money.add", "money.subtract", "money.is_more", "money.is_at_most"):
        with pytest.raises(Unusable, match="EUR and one in GBP cannot be mixed"):
            call(name, money(1), money(1, "GBP"))


def test_a_half_rounds_away_from_nothing() -> None:
    assert call("money.percent", money(50), 1) == money(1)
    assert call("money.percent", money(-50), 1) == money(-1)
    assert [call("number.round", n, 0) for n in (0.5, 1.5, 2.5, -2.5)] == [1, 2, 3, -3]


PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("name", "given", "gives"),
    [
        # 09:00 stays 09:00 across the change of 28 March 2027
        ("date.add_days", ("2027-03-27T08:00:00Z", 1, PARIS), "2027-03-28T07:00:00Z"),
        ("date.add_weeks", ("2027-10-30T07:00:00Z", 1, PARIS), "2027-11-06T08:00:00Z"),
        # without a zone a day has 24 hours
        ("date.add_days", ("2027-03-27T08:00:00Z", 1), "2027-03-28T08:00:00Z"),
        ("date.at", ("2027-03-28", "02:30", PARIS), "2027-03-28T01:00:00Z"),
        ("date.at", ("2027-10-31", "02:30", PARIS), "2027-10-31T00:30:00Z"),
        ("date.add_months", ("2027-03-31", -1), "2027-02-28"),
        ("date.add_months", ("2028-02-29", 12), "2029-02-28"),
        ("date.days_until", ("2027-06-12", "2027-06-11T22:30:00Z", PARIS), 0),
        ("date.days_until", ("2027-06-12", "2027-06-11T22:30:00Z"), 1),
        ("date.is_on", ("2027-06-11T22:30:00Z", "2027-06-12", PARIS), True),
        ("date.is_before", ("2027-06-12T10:00:00Z", "2027-06-12"), False),
        ("date.is_before", ("2027-06-12T10:00:00+02:00", "2027-06-12T09:00:00Z"), True),
        ("date.weekday", ("2027-06-12T23:30:00Z", PARIS), "Sunday"),
        ("date.format", ("2027-06-12",), "Sat 12 June 2027"),
        ("date.format", ("2027-06-12T12:00:00Z", PARIS, "short"), "12/06/2027"),
        ("date.parse", ("Saturday 12th June 2027",), "2027-06-12"),
        ("date.parse", ("June 12, 2027",), "2027-06-12"),
        ("date.parse", ("06/12/2027", "month first"), "2027-06-12"),
        ("date.parse", ("12.6.27",), "2027-06-12"),
    ],
)
def test_days_and_instants_follow_the_clocks(name: str, given: tuple[Any, ...], gives: Any) -> None:
    assert call(name, *given) == gives


@pytest.mark.parametrize("text", ["31/02/2027", "soon", "12 Brumaire 2027", "13/13/2027"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Unusable, match=r"date|day"):
        call("date.parse", text)


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        ("Yes", True), ("y", True), ("TRUE", True), (1, True), ("Joyfully accepts!", True),
        ("Joyfully accept with pleasure", True), ("no", False), ("Regretfully declines", False),
        ("can't come", False), ("can’t make it, sorry", None), (0, False), ("", None),
        ("maybe", None), (None, None), (2, None), ("not attending", False), ("Attending", True),
    ],
)  # fmt: skip
def test_answers_are_read_as_people_give_them(answer: Any, meant: bool | None) -> None:
    assert call("yes_no.read", answer) is meant
    assert call("yes_no.is_yes", answer) is (meant is True)
    assert call("yes_no.is_no", answer) is (meant is False)


def test_texts_are_compared_as_people_do() -> None:
    assert call("text.is", " ZOË  Núñez", "zoe nunez")
    assert call("text.is_one_of", "Café", ["bar", "CAFE"])
    assert not call("text.contains", "anything", " ")


def test_a_couple_is_named_by_what_is_known() -> None:
    assert call("wedding.first_names", {"title": "The garden wedding", "partners": []}) == (
        "The garden wedding"
    )
    assert call("wedding.couple", {"partners": ["Ana Ruiz", {"name": "Ben"}, {"role": "x"}]}) == (
        "Ana Ruiz and Ben"
    )

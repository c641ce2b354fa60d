"""What is somebody's own is found in a text wherever it stands, and nothing else is."""

import time
from typing import Any
from uuid import uuid4

import pytest

from wedsync.workflows.ready_made.own.leaving_out import (
    A_NAME,
    A_PHONE,
    A_SECRET,
    AN_EMAIL,
    AN_ID,
    Leaving,
    Privacy,
)

PLAIN = Privacy()


@pytest.mark.parametrize(
    ("said", "clean", "what"),
    [
        ("Write to ana@florist.example.", "Write to ….", AN_EMAIL),
        ("ana.o'neil+wed@mail.florist.co.uk", "…", AN_EMAIL),
        ("Call +44 7700 900123 now", "Call … now", A_PHONE),
        ("Call 020 7946 0958.", "Call ….", A_PHONE),
        ("0044-20-7946-0958", "…", A_PHONE),
        ("wedding 45bef07b-d6b5-49a6-85e8-1177d66caa3a", "wedding …", AN_ID),
        ("connection:84318702-D6AF-4F79-8345-F8775DFE0DDD", "connection:…", AN_ID),
        ("Bearer abcdefgh12", "…", A_SECRET),
        ("wsk_live0123456789abcdef", "…", A_SECRET),
        ("whsec_MfKQ9r8GKYqrTwjU", "…", A_SECRET),
        ("https://ana:hunter22@olive.example/x", "https://…olive.example/x", A_SECRET),
        ("https://a.example/?a=1&token=q9&b=2", "https://a.example/?a=1&token=…&b=2", A_SECRET),
        ("https://a.example/T0/B0/XXk2jd83hs9d02jsla8sh2", "https://a.example/T0/B0/…", A_SECRET),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx", "…", A_SECRET),
    ],
)  # fmt: skip
def test_it_is_taken_out_and_named(said: str, clean: str, what: str) -> None:
    assert PLAIN.clean(said) == (clean, (what,))


@pytest.mark.parametrize(
    "said",
    [
        "Dear friend, your seat is at table 5.",
        "12 June 2027 at 09:00",
        "2027-06-12T09:00:00+01:00",
        "£6,000.00 of £12,500.00",
        "https://rosewood.example/brochure-2027-spring-edition.pdf",
        "{{ trigger.data.guest.name | default: 'a guest' }}",
        "steps.tell_caterer_2_after_the_lock_date.output",
        "external.rsvp.changed",
        "The basic information package",
        "Donaudampfschifffahrtsgesellschaft",
        "Table 0 to 100, seats 1-8",
        "",
    ],
)
def test_ordinary_words_stay(said: str) -> None:
    assert PLAIN.clean(said) == (said, ())


def test_names_of_couples_and_guests_are_found_however_they_are_written() -> None:
    privacy = Privacy(names=frozenset(("ada & ben", "ada okafor", "rosamund quill")))
    said = "Dear ADA  OKAFOR: (Rosamund Quill’s) table, for Ada & Ben."
    assert privacy.clean(said) == ("Dear …: (…’s) table, for ….", (A_NAME,))
    assert privacy.clean("Ada and Rosamund") == ("Ada and Rosamund", ())


def test_ids_of_what_goes_along_stay() -> None:
    kept = str(uuid4())
    assert Privacy(kept=frozenset((kept,))).clean(kept) == (kept, ())


def test_a_field_named_for_a_secret_is_left_out_whatever_it_holds() -> None:
    leaving = Leaving(PLAIN, {("steps", 0): "“Post it”"})
    given: Any = {"steps": [{"id": "post", "input": {"headers": {
        "X-Api-Key": "short", "Authorization": {"var": "steps.a"}, "Accept": "text/plain",
    }}}]}  # fmt: skip
    kept = leaving.out(given)["steps"][0]["input"]["headers"]
    assert kept == {"Authorization": {"var": "steps.a"}, "Accept": "text/plain"}
    assert list(leaving.told) == ["A secret in “Post it”."]


def test_names_of_values_that_are_private_go_with_them() -> None:
    leaving = Leaving(PLAIN, {("steps", 0): "“Look”"})
    given = {"steps": [{"id": "look", "values": {"ana@florist.example": "yes", "other": "no"}}]}
    assert leaving.out(given)["steps"][0]["values"] == {"other": "no"}


def test_how_steps_are_put_together_stays() -> None:
    step_id = str(uuid4())
    definition = {
        "trigger": {"kind": "event", "event_type": "external.rsvp.changed"},
        "steps": [{"id": step_id, "kind": "set", "values": {"x": {"var": f"steps.{step_id}.y"}}}],
    }
    assert Leaving(PLAIN, {("steps", 0): "“Note”"}).out(definition) == definition


@pytest.mark.parametrize(
    "said",
    ["a" * 200_000, "1 " * 100_000, "@" * 100_000, "a@" * 100_000, "+1(" * 60_000, "0" * 200_000,
     "eyJ." * 50_000, "://" * 60_000, "-" * 200_000, "?key" * 50_000],
    ids=lambda said: said[:4],
)  # fmt: skip
def test_a_long_text_meant_to_take_long_does_not(said: str) -> None:
    before = time.process_time()
    PLAIN.clean(said)
    assert time.process_time() - before < 5

"""What is checked by machine before a person reads a manifest."""

import time
from typing import Any

import pytest

from tests.listings.manifests import SEATWELL, seatwell
from wedsync.listings import checks
from wedsync.listings.models import Listing

OAUTH = {
    "authorize_url": "https://seatwell.example/authorize",
    "token_url": "https://seatwell.example/token",
    "client_from": "listing",
    "scopes": [{"name": "guests.read", "words": "See your guests"}],
}
BY_OAUTH = {"auth": {"kind": "oauth2_code", "oauth": OAUTH}}


def failed(listing: Listing | None = None, **changes: Any) -> set[str]:
    found = checks.run(listing or Listing(), seatwell(**changes))
    return {check.code for check in found if not check.passed}


def shelf(**changes: Any) -> dict[str, Any]:
    return {"shelf": {**SEATWELL["shelf"], **changes}}


def test_a_manifest_as_it_should_be_passes_every_check() -> None:
    assert failed() == set()
    assert checks.blocking(seatwell()) == []


def test_one_thing_to_use_is_enough_and_none_is_too_few() -> None:
    nothing = {"actions": [], "triggers": [], "hooks": None, "account": None, "base_url": ""}
    assert checks.blocking(seatwell(triggers=[], hooks=None)) == []
    assert {problem.path for problem in checks.blocking(seatwell(**nothing))} == {
        "base_url",
        "actions",
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (shelf(permissions=[]), "permissions"),
        (shelf(docs_url=""), "docs"),
        (shelf(support_url=""), "support"),
        ({"account": None}, "account"),
        ({"triggers": [{**SEATWELL["triggers"][0], "sample": None}]}, "samples"),
        ({"actions": [{**SEATWELL["actions"][0], "output_sample": None}]}, "samples"),
    ],
)
def test_what_is_missing_needs_a_look_and_keeps_nobody_from_sending(
    changes: dict[str, Any], code: str
) -> None:
    assert failed(**changes) == {code}
    assert checks.blocking(seatwell(**changes)) == []


def test_a_scope_without_plain_words_needs_a_look() -> None:
    scopes = [{"name": "guests.read", "words": "guests.read"}]
    auth = {"kind": "oauth2_code", "oauth": {**OAUTH, "scopes": scopes}}
    assert failed(Listing(client_id="wedsync"), auth=auth) == {"scopes"}


def test_without_a_client_nobody_could_connect_it() -> None:
    assert failed(**BY_OAUTH) == {"client"}
    assert failed(Listing(client_id="wedsync"), **BY_OAUTH) == set()


@pytest.mark.parametrize(
    "secret",
    [
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "-----BEGIN RSA PRIVATE KEY-----",
        "dGhpcyBpcyBhIGxvbmcgc2VjcmV0IHRva2VuIQ0",
    ],
)
@pytest.mark.parametrize("place", ["description", "header", "sample"])
def test_a_key_somebody_pasted_keeps_it_from_being_sent(secret: str, place: str) -> None:
    [action] = SEATWELL["actions"]
    changes: dict[str, Any] = {
        "description": shelf(description=secret),
        "header": {
            "actions": [{**action, "request": {**action["request"], "query": {"key": secret}}}]
        },
        "sample": {"actions": [{**action, "output_sample": [{"key": secret}]}]},
    }[place]
    assert checks.blocking(seatwell(**changes))


@pytest.mark.parametrize(
    "harmless",
    [
        "Table plans that follow the answers",
        "https://api.seatwell.example/v2/guests/list/of/everybody",
        "0123456789abcdef0123456789abcdef",
        "Bearer {secret.api_key}",
    ],
)
def test_words_and_addresses_are_no_keys(harmless: str) -> None:
    assert checks.blocking(seatwell(**shelf(description=harmless))) == []


def test_what_nobody_could_read_to_its_end_is_not_sent() -> None:
    [action] = SEATWELL["actions"]
    long = {"actions": [{**action, "output_sample": list(range(checks.MOST_LINES))}]}
    [problem] = checks.blocking(seatwell(**long))
    assert "A person has to read them all" in problem.sentence


def test_a_long_text_that_begins_like_a_key_is_looked_through_in_no_time() -> None:
    [action] = SEATWELL["actions"]
    begun = time.process_time()
    assert not checks.blocking(
        seatwell(actions=[{**action, "output_sample": "." + "eyJ" * 60_000}])
    )
    assert time.process_time() - begun < 2

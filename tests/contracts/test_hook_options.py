"""A partner's manifest says how its hooks are signed: the rules for it are those of the schemes."""

from typing import Any

import pytest

from tests.listings.manifests import seatwell
from wedsync.connectors import checks
from wedsync.webhooks import schemes

GOOD = {"header": "X-Signature", "algorithm": "sha256", "encoding": "hex"}


def problems(scheme: str, **hooks: Any) -> list[str]:
    said = {"scheme": scheme, "setup": "by_hand", "instructions": "Paste it.", **hooks}
    found = checks.problems(seatwell(hooks=said), built_in=False)
    return sorted(each.path for each in found)


@pytest.mark.parametrize("scheme", schemes.SCHEMES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        GOOD,
        {**GOOD, "prefix": "sha256="},
        {**GOOD, "id_header": "X-Id", "timestamp_header": "X-Time"},
        {**GOOD, "prefix": "sha 256"},
        {**GOOD, "prefix": 7},
        {**GOOD, "header": "X Signature"},
        {**GOOD, "header": ["X-Signature"]},
        {**GOOD, "algorithm": "md5"},
        {**GOOD, "encoding": None},
        {**GOOD, "id_header": "X\nId"},
        {**GOOD, "tolerance": "9999999"},
        {"id_header": "X-Id"},
        {"id_header": 7},
        {"header": "X Token"},
        {"header": "X-Signature"},
        {"id_header": "authorization"},
        {"header": "X-Token", "id_header": "x-token"},
        {"header": "X-Token", "id_header": "Authorization"},
    ],
    ids=str,
)
def test_what_a_scheme_does_not_take_is_said_before_it_is_listed(
    scheme: str, options: dict[str, Any]
) -> None:
    expected = schemes.named(scheme).option_problems(options)
    found = problems(scheme, options=options, event_type="rsvp.received")
    assert found == sorted(f"hooks.options.{name}" for name, _ in expected)


@pytest.mark.parametrize("scheme", schemes.SCHEMES)
@pytest.mark.parametrize("sensitive", [["guest.email"], ["a..b"], [""], ["a b"], ["a"] * 51])
def test_places_that_are_none_are_not_sealed_by_anybody(scheme: str, sensitive: list[str]) -> None:
    options = {**(GOOD if scheme == "hmac" else {}), "sensitive": sensitive}
    expected = schemes.named(scheme).option_problems(options)
    del options["sensitive"]
    found = problems(scheme, options=options, sensitive=sensitive, event_type="rsvp.received")
    assert bool(found) == bool(expected)

"""What a far end echoes of our secrets is kept nowhere, in whichever form it comes."""

from base64 import b64encode, urlsafe_b64encode
from typing import Any
from uuid import UUID

import pytest

from wedsync.connectors.contract import Access, Failed, Succeeded
from wedsync.connectors.scrubbing import scrubbed
from wedsync.platform.vault import MASK

KEY = "canary/key+with 99% of?everything"
ACCESS = Access(
    UUID(int=7),
    "https://api.example.com",
    credentials={"api_key": KEY, "pin": "1234", "password": "blåbærsyltetøy"},
    headers={"Authorization": f"Bearer {KEY}", "X-Signed": "a-line-made-of-it"},
)


def output_of(output: Any) -> Any:
    finished = scrubbed(Succeeded(output), ACCESS)
    assert isinstance(finished, Succeeded)
    return finished.output


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        f"Authorization: Bearer {KEY}",
        "?key=canary%2Fkey%2Bwith%2099%25%20of%3Feverything&a=1",
        "?key=canary%2Fkey%2Bwith+99%25+of%3Feverything&a=1",
        b64encode(KEY.encode()).decode(),
        b64encode(f"me:{KEY}".encode()).decode(),
        b64encode(f"\0you\0{KEY}".encode()).decode(),
        urlsafe_b64encode(f"you:{KEY}!".encode()).decode(),
        "blåbærsyltetøy",
        b64encode("me:blåbærsyltetøy".encode()).decode(),
        "a-line-made-of-it",
    ],
)
def test_an_echo_is_hidden_wherever_it_stands(echo: str) -> None:
    for output in (echo, [echo], {"headers": [{"said": f"<{echo}>"}]}, {echo: 1}):
        kept = output_of(output)
        assert MASK in str(kept)
        assert echo not in str(kept)
        assert _readable(kept) == {MASK}
    failed = scrubbed(Failed("permanent", "http_400", f"They answered 400: {echo}!"), ACCESS)
    assert isinstance(failed, Failed)
    assert echo not in failed.message
    assert (failed.kind, failed.code) == ("permanent", "http_400")


def _readable(kept: Any) -> set[str]:
    """The mask, where it is all that is left of a secret."""
    return {MASK} if MASK in str(kept) and "everything" not in str(kept) else {str(kept)}


def test_what_holds_no_secret_is_not_even_copied() -> None:
    output = {"guest": "Ben Carter", "pin": "1234", "seats": [1, None, True]}
    assert output_of(output) is output


def test_a_short_secret_is_left_alone_for_it_stands_in_ordinary_words() -> None:
    assert output_of({"room": "1234"}) == {"room": "1234"}


def test_a_quotation_that_ends_inside_a_secret_is_hidden_to_its_end() -> None:
    said = f"They answered 400: you sent {KEY[:20]}…"
    failed = scrubbed(Failed("permanent", "http_400", said), ACCESS)
    assert isinstance(failed, Failed)
    assert failed.message == f"They answered 400: you sent {MASK}…"


def test_what_cannot_be_written_as_json_is_still_gone_through() -> None:
    assert output_of({"big": 2**70, "said": KEY}) == {"big": 2**70, "said": MASK}

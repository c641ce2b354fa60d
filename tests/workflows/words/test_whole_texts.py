"""A text with values in it is read whole, each value by its name."""

from typing import Any

import pytest

from wedsync.workflows.words.whole_texts import whole_text

LONG = "so many " * 60


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Dear kitchen", "Dear kitchen"),
        ({"cat": [LONG, {"var": "trigger.data.people_coming"}]}, f"{LONG}[people coming]"),
        ({"text.of": ["For ", {"var": "wedding.venue"}]}, "For [venue]"),
        ({"text.body": f"{LONG}{{{{ trigger.data.seats }}}}"}, f"{LONG}[seats]"),
        ({"text.body": ["Dear {{ trigger.data.guest.name | upcase }}"]}, "Dear [guest name]"),
    ],
)
def test_a_text_is_whole_however_it_is_kept(value: Any, words: str) -> None:
    assert whole_text(value) == words


@pytest.mark.parametrize("value", [None, 7, {}, [], {"var": "wedding.venue"}, {"text.body": 7}])
def test_what_is_no_text_has_none(value: Any) -> None:
    assert whole_text(value) is None

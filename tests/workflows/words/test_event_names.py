"""What came in is called the same wherever it is named."""

import pytest

from wedsync.platform.wording import name_words
from wedsync.workflows.engine import sentence, trigger_sentence
from wedsync.workflows.engine.plain_words import event_words
from wedsync.workflows.words.step_lines import pieces, plain

RSVP = "external.rsvp.received"


@pytest.mark.parametrize(
    "event_type", [RSVP, "contract.fully_signed", "api.url_changed", "external.Flowers", "vat.id"]
)
def test_the_engine_names_an_event_as_the_pages_do(event_type: str) -> None:
    assert event_words(event_type) == name_words(event_type)


def test_a_wait_a_trigger_and_a_title_say_rsvp_received() -> None:
    wait = {"id": "w", "kind": "wait", "event": {"event_type": RSVP}}
    trigger = {"kind": "event", "event_type": RSVP, "source": "api"}
    assert plain(pieces(sentence(wait, {}))) == "Wait for RSVP received"
    assert plain(pieces(trigger_sentence(trigger))) == "When RSVP received comes in from the API"
    assert name_words(RSVP) == "RSVP received"

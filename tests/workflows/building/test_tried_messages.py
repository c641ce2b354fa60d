"""A message that is tried: to whom it goes, within the rules for messages."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.far_ends.practice_partner import PracticePartner
from tests.personas import Persona
from tests.weddings.couples import change as change_wedding
from tests.weddings.couples import marry
from tests.workers.scene import Worker, one, rows
from tests.workflows.building.trying import (
    NOON,
    made,
    really,
    state_of,
    write,
)
from tests.workflows.clockwork.ticking import MovedClock
from tests.workflows.connected import change, mailbox
from wedsync.errors import Conflict
from wedsync.workflows import queries
from wedsync.workflows.building.known.samples import EXAMPLE
from wedsync.workflows.building.tries import service

pytestmark = pytest.mark.usefixtures("empty_database", "built_in_listings")


@pytest.fixture
def couple(app: APIFlask, owner: Persona, moved_clock: MovedClock) -> UUID:
    """A wedding where it is noon, eleven days before the day."""
    moved_clock.set(NOON)
    return marry(app, owner, date=date(2027, 6, 12))


@pytest.fixture
def writing(app: APIFlask, owner: Persona, practice_partner: PracticePartner) -> UUID:
    """A draft that writes one e-mail to its couple."""
    box = mailbox(app, owner.organization_id, practice_partner.smtp_port)
    return made(app, owner, write(box))


def to_whom(partner: PracticePartner) -> list[str]:
    return [address for letter in partner.inbox() for address in _addresses(letter)]


def _addresses(letter: dict[str, Any]) -> list[str]:
    to = letter["to"]
    return to if isinstance(to, list) else [to]


def test_a_message_goes_to_oneself_or_to_the_couple_as_the_button_said(
    app: APIFlask,
    owner: Persona,
    worker: Worker,
    couple: UUID,
    writing: UUID,
    practice_partner: PracticePartner,
) -> None:
    mine = really(app, owner, writing, "write", sample=str(couple), to_me=True)
    worker.try_steps()
    assert state_of(app, mine) == ("done", f"Sent an e-mail to {owner.email}: Your answer.")
    assert to_whom(practice_partner) == [owner.email]
    assert rows(app, "SELECT 1 FROM message_slots") == []
    theirs = really(app, owner, writing, "write", sample=str(couple))
    worker.try_steps()
    assert state_of(app, theirs) == ("done", "Sent an e-mail to ada@guest.example: Your answer.")
    slot = one(app, "SELECT run_id, step_id, number FROM message_slots")
    assert tuple(slot) == (None, "write", 1)
    assert sorted(to_whom(practice_partner)) == sorted([owner.email, "ada@guest.example"])


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2027-06-01T21:30:00Z", "Not sent: it is quiet at the wedding until Wed 2 June 2027,"),
        ("2027-06-12T10:00:00Z", "Not sent: nobody is written to on the wedding day, until"),
    ],
)
def test_at_the_wrong_hour_nothing_reaches_the_couple_and_one_gets_it_oneself(
    app: APIFlask,
    owner: Persona,
    worker: Worker,
    couple: UUID,
    writing: UUID,
    moved_clock: MovedClock,
    practice_partner: PracticePartner,
    at: str,
    why: str,
) -> None:
    moved_clock.set(at)
    theirs = really(app, owner, writing, "write", sample=str(couple))
    worker.try_steps()
    state, message = state_of(app, theirs)
    assert (state, message.startswith(why)) == ("failed", True)
    assert to_whom(practice_partner) == []
    really(app, owner, writing, "write", sample=str(couple), to_me=True)
    worker.try_steps()
    assert to_whom(practice_partner) == [owner.email]


def test_what_is_tried_counts_among_the_messages_of_the_day(
    app: APIFlask, owner: Persona, worker: Worker, couple: UUID, writing: UUID
) -> None:
    for _ in range(3):
        really(app, owner, writing, "write", sample=str(couple))
        worker.try_steps()
    one_more = really(app, owner, writing, "write", sample=str(couple))
    worker.try_steps()
    assert state_of(app, one_more) == (
        "failed",
        "Not sent: these people got as many messages today as you allow in a day.",
    )


def test_nobody_writes_to_a_couple_that_cancelled(
    app: APIFlask, owner: Persona, worker: Worker, couple: UUID, writing: UUID
) -> None:
    try_id = really(app, owner, writing, "write", sample=str(couple))
    change_wedding(app, owner, couple, status="cancelled")
    worker.try_steps()
    assert state_of(app, try_id) == ("failed", "Not sent: this wedding is cancelled.")


def test_nobody_writes_to_the_example_couple(app: APIFlask, owner: Persona, writing: UUID) -> None:
    with app.test_request_context(), pytest.raises(Conflict) as refused:
        service.really(owner.identity, writing, "write", sample=EXAMPLE)
    assert refused.value.code == "example_recipient"
    assert really(app, owner, writing, "write", sample=EXAMPLE, to_me=True)


def test_a_connection_that_cannot_be_used_is_said(
    app: APIFlask, owner: Persona, worker: Worker, couple: UUID, writing: UUID
) -> None:
    with app.app_context():
        draft = queries.get_workflow(owner.organization_id, writing).draft
    change(app, UUID(draft["steps"][0]["connection"]), state="needs_reauth")
    try_id = really(app, owner, writing, "write", sample=str(couple), to_me=True)
    worker.try_steps()
    assert state_of(app, try_id)[0] == "failed"
    assert "Connections" in state_of(app, try_id)[1]


def test_a_key_has_no_address_to_send_to(app: APIFlask, owner: Persona, writing: UUID) -> None:
    wanted = {"how": "really", "step": "write", "to_me": True}
    answer = owner.api.post(f"/workflows/{writing}/tries", json=wanted)
    assert (answer.status_code, answer.json["code"]) == (409, "nothing_to_try")

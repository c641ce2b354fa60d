"""The couple and the event a draft is looked at with: ours alone, real where there is something
real, and nothing sealed ever told."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.statements import statements_asked
from tests.weddings.couples import ahead, change, marry
from tests.workflows.building.surroundings import draft, items, read, said
from tests.workflows.connected import change as change_connection
from tests.workflows.connected import connect_built_in
from wedsync.events.models import Event
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.wording import Wording
from wedsync.workflows.building.known.known_data import known_at, known_in
from wedsync.workflows.building.known.samples import (
    EXAMPLE,
    MOST_COUPLES,
    Sample,
    SampleChoice,
    sample,
    samples_for,
)
from wedsync.workflows.building.known.working_out import value_of

SOMEONES = {"kind": "event", "event_type": "external.rsvp.received", "source": "any"}
SEALED = {"$sealed": "c2VjcmV0IG1lYWw="}


def came_in(app: APIFlask, organization_id: UUID, data: Any, **fields: Any) -> UUID:
    """An event that was passed on already."""
    event = {
        "id": ids.new_id(),
        "organization_id": organization_id,
        "type": "external.rsvp.received",
        "source": "api",
        "occurred_at": clock.now(),
        "causation": {},
        "fanned_out_at": clock.now(),
        "data": data,
        **fields,
    }
    with app.app_context():
        db.session.add(Event(**event))
        db.session.commit()
    return event["id"]


def seen(
    app: APIFlask, organization_id: UUID, definition: Any, chosen: Any = None, **given: Any
) -> Sample:
    with app.app_context():
        return sample(organization_id, definition, chosen and str(chosen), **given)


def choices(app: APIFlask, organization_id: UUID) -> tuple[SampleChoice, ...]:
    with app.app_context():
        return samples_for(organization_id)


def test_the_couples_to_choose_from_are_those_that_come_next(app: APIFlask, owner: Persona) -> None:
    later = marry(app, owner, title="Clara & Inès", date=ahead(90))
    sooner = marry(app, owner, title="Amara & Daniel", date=ahead(30))
    marry(app, owner, title="Long ago", date=ahead(-30))
    told = choices(app, owner.organization_id)
    assert [(each.key, each.name) for each in told] == [
        (str(sooner), "Amara & Daniel"),
        (str(later), "Clara & Inès"),
        (EXAMPLE, "Example couple: Ada & Ben"),
    ]
    assert told[0].day == Wording().day(ahead(30))


def test_the_example_couple_is_always_there_and_there_are_not_too_many(
    app: APIFlask, owner: Persona
) -> None:
    assert [each.key for each in choices(app, owner.organization_id)] == [EXAMPLE]
    for _ in range(MOST_COUPLES + 1):
        marry(app, owner)
    assert len(choices(app, owner.organization_id)) == MOST_COUPLES + 1


def test_every_field_of_the_example_couple_is_filled(app: APIFlask, organization: UUID) -> None:
    found = seen(app, organization, draft(), EXAMPLE)
    assert found.wedding is not None
    assert all(value for value in found.wedding.values())
    with app.app_context():
        told = said(known_in(draft(), found).at(""))
    assert "not given" not in told.values()


def test_a_wedding_is_seen_as_expressions_see_it(app: APIFlask, owner: Persona) -> None:
    wedding_id = marry(app, owner, title="Priya & Tom")
    found = seen(app, owner.organization_id, draft(), wedding_id)
    assert (found.key, found.name) == (str(wedding_id), "Priya & Tom")
    assert value_of(read("wedding.venue"), found.sight(None)) == "Villa Serena"


def test_the_next_wedding_is_looked_at_when_none_is_chosen(app: APIFlask, owner: Persona) -> None:
    marry(app, owner, title="Later", date=ahead(400))
    sooner = marry(app, owner, title="Sooner", date=ahead(10))
    marry(app, owner, title="Past", date=ahead(-10))
    assert seen(app, owner.organization_id, draft()).key == str(sooner)


def test_what_came_in_for_that_couple_comes_before_what_is_newer(
    app: APIFlask, owner: Persona
) -> None:
    theirs = marry(app, owner)
    others = marry(app, owner, title="Others")
    first = came_in(app, owner.organization_id, {"status": "theirs"}, wedding_id=theirs)
    newer = came_in(app, owner.organization_id, {"status": "newer"}, wedding_id=others)
    definition = draft(trigger=SOMEONES)
    of_theirs = seen(app, owner.organization_id, definition, theirs)
    assert (of_theirs.trigger["id"], of_theirs.is_real) == (str(first), True)
    assert seen(app, owner.organization_id, definition, EXAMPLE).trigger["id"] == str(newer)


def test_without_an_event_the_example_of_its_maker_stands_in(
    app: APIFlask, organization: UUID
) -> None:
    found = seen(app, organization, draft(trigger=SOMEONES))
    assert not found.is_real
    assert found.trigger["type"] == "external.rsvp.received"
    assert found.trigger["data"]["guest"]["name"] == "Ben Carter"
    assert found.trigger["data"]["guest"]["allergy"] == {"$sealed": "hidden"}


@pytest.mark.parametrize(
    ("trigger", "data"),
    [
        ({"kind": "manual"}, None),
        (
            {
                "kind": "manual",
                "input": {
                    "type": "object",
                    "properties": {
                        "reason": {"type": "string", "examples": ["Rain"]},
                        "guests": {"type": "integer"},
                        "day": {"type": "string", "format": "date"},
                    },
                },
            },
            {"reason": "Rain", "guests": 1, "day": "2027-06-12"},
        ),
        ({"kind": "schedule", "cron": "0 9 * * 1", "zone": "Europe/London"}, None),
        ({"kind": "webhook", "hook": "0198c0de-0000-7000-8000-000000000001"}, {}),
        ({"kind": "event", "event_type": "deposit.received", "source": "api"}, {}),
        (
            {"kind": "event", "event_type": "wedding.created", "source": "ours"},
            {
                "wedding_id": "0198c0de-0000-7000-8000-000000000001",
                "status": "booked",
                "date": "2027-06-12",
            },
        ),
    ],
)
def test_what_nobody_described_is_made_up_by_its_type(
    app: APIFlask, organization: UUID, trigger: Any, data: Any
) -> None:
    assert seen(app, organization, draft(trigger=trigger)).trigger["data"] == data


def test_a_connection_s_connector_says_what_comes_from_it(
    app: APIFlask, organization: UUID, built_in_listings: None
) -> None:
    connection_id = connect_built_in(app, organization, "sandbox", {})
    source = f"connection:{connection_id}"
    trigger = {"kind": "event", "event_type": "external.rsvp.changed", "source": source}
    assert seen(app, organization, draft(trigger=trigger)).trigger["data"]["party_size"] == 0
    poll = {"kind": "poll", "connection": str(connection_id), "stream": "answers", "every_s": 600}
    shape = seen(app, organization, draft(trigger=poll)).trigger["data"]
    assert shape["answered_at"].startswith("2027-03-01")
    came_in(app, organization, {"id": "r1"}, source=source)
    assert seen(app, organization, draft(trigger=poll)).trigger["data"] == {"id": "r1"}


def test_tries_come_before_the_samples_of_manifests(app: APIFlask, organization: UUID) -> None:
    find = {"id": "find", "kind": "action", "use": "sandbox.find_guest", "input": {}}
    shape = {"id": "shape", "kind": "set", "values": {"who": read("steps.find.name")}}
    definition = draft(find, shape)
    assert seen(app, organization, definition).steps["shape"] == {"who": "Ben Carter"}
    tried = seen(app, organization, definition, tried={"find": {"name": "Rosa"}})
    assert tried.steps["shape"] == {"who": "Rosa"}


def test_an_id_that_is_nobody_s_gives_the_example(app: APIFlask, owner: Persona) -> None:
    marry(app, owner)
    for chosen in (uuid4(), "nonsense", "'; --", "\x00"):
        assert seen(app, owner.organization_id, draft(), chosen).key == EXAMPLE


def test_events_that_are_old_parked_or_not_passed_on_yet_are_none(
    app: APIFlask, organization: UUID
) -> None:
    long_ago = clock.now() - timedelta(days=120)
    old = UUID(int=ids.first_at(long_ago).int | 7)
    came_in(app, organization, {"status": "old"}, id=old, occurred_at=long_ago)
    came_in(app, organization, None, fanned_out_at=None)
    came_in(app, organization, {"status": "other"}, type="external.rsvp.changed")
    came_in(app, organization, {"status": "forged"}, source="ours")
    assert not seen(app, organization, draft(trigger=SOMEONES)).is_real


def test_a_trigger_of_one_source_sees_only_what_came_from_it(
    app: APIFlask, organization: UUID
) -> None:
    hook = f"hook:{uuid4()}"
    came_in(app, organization, {"status": "hook"}, source=hook)
    came_in(app, organization, {"status": "api"})
    one = draft(trigger={**SOMEONES, "source": hook})
    assert seen(app, organization, one).trigger["data"] == {"status": "hook"}
    whole = draft(trigger={"kind": "webhook", "hook": hook.removeprefix("hook:")})
    assert seen(app, organization, whole).trigger["data"] == {"status": "hook"}


def test_a_stranger_s_wedding_and_events_never_appear(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    theirs = marry(app, stranger, title="Somebody else’s")
    hook = str(uuid4())
    for source in ("api", f"hook:{hook}"):
        data = {"status": "private", "guest": {"name": "Private Person"}}
        came_in(app, stranger.organization_id, data, source=source, wedding_id=theirs)
    for trigger in (SOMEONES, {"kind": "webhook", "hook": hook}):
        found = seen(app, owner.organization_id, draft(trigger=trigger), theirs)
        assert (found.key, found.is_real) == (EXAMPLE, False)
        with app.app_context():
            known = known_in(draft(trigger=trigger), found)
        assert "rivate" not in repr((found.trigger, found.wedding, known))
    assert [each.key for each in choices(app, owner.organization_id)] == [EXAMPLE]
    assert seen(app, owner.organization_id, draft()).key == EXAMPLE


def test_a_stranger_s_connection_says_nothing(
    app: APIFlask, organization: UUID, stranger: Persona, built_in_listings: None
) -> None:
    theirs = connect_built_in(app, stranger.organization_id, "sandbox", {})
    own = connect_built_in(app, organization, "sandbox", {})
    for connection_id, expected in ((theirs, {}), (own, 2)):
        trigger = {**SOMEONES, "source": f"connection:{connection_id}"}
        data = seen(app, organization, draft(trigger=trigger)).trigger["data"]
        assert (data and data["party_size"]) == expected
    change_connection(app, own, state="deleted")
    assert seen(app, organization, draft(trigger=trigger)).trigger["data"] == {}


def test_sealed_values_stay_sealed(app: APIFlask, organization: UUID) -> None:
    came_in(app, organization, {"guest": {"name": "Ben", "allergy": SEALED}, "all": [SEALED]})
    passed = {"id": "pass", "kind": "set", "values": {"on": read("trigger.data.guest.allergy")}}
    looked = {"id": "look", "kind": "set", "values": {"in": {"values": [read("trigger.data.all")]}}}
    definition = draft(passed, looked, {"id": "end", "kind": "stop"}, trigger=SOMEONES)
    found = seen(app, organization, definition, tried={"pass": {"on": SEALED}})
    with app.app_context():
        groups = known_at(organization, definition, "end", found)
    told = items(groups)
    assert told["Allergy"].sample_words == "hidden here"
    assert told["All"].sample_words == "hidden here"
    assert told["On"].sample_words == "hidden here"
    assert "c2VjcmV0" not in repr((groups, found))


def test_it_is_looked_up_in_three_statements(
    app: APIFlask, owner: Persona, built_in_listings: None
) -> None:
    connection_id = connect_built_in(app, owner.organization_id, "sandbox", {})
    wedding_id = marry(app, owner)
    came_in(app, owner.organization_id, {}, source=f"connection:{connection_id}")
    trigger = {**SOMEONES, "source": f"connection:{connection_id}"}
    definition = draft(*({"id": f"s{n}", "kind": "filter"} for n in range(60)), trigger=trigger)
    seen(app, owner.organization_id, definition, wedding_id)
    with statements_asked(app) as asked:
        seen(app, owner.organization_id, definition, wedding_id)
    assert len(asked) <= 3
    with app.app_context():
        found = sample(owner.organization_id, definition, str(wedding_id))
        with statements_asked(app) as asked:
            known_in(definition, found)
    assert asked == []


def test_a_wedding_that_changes_is_seen_as_it_is_now(app: APIFlask, owner: Persona) -> None:
    wedding_id = marry(app, owner)
    change(app, owner, wedding_id, final_count=91)
    found = seen(app, owner.organization_id, draft(), wedding_id)
    assert found.wedding is not None
    assert found.wedding["final_count"] == 91


@pytest.mark.parametrize(
    "definition",
    [
        None,
        [],
        {"trigger": 5, "steps": {}},
        {"trigger": {"kind": "event", "event_type": "a\x00b", "source": "any"}},
        {"trigger": {"kind": "event", "event_type": "\ud800", "source": "any"}},
        {"trigger": {"kind": "webhook", "hook": "x" * 5_000}},
        {"trigger": {"kind": "poll", "connection": {"a": []}, "stream": 7}},
        {"trigger": {"kind": "event", "event_type": "x.y", "source": "connection:"}},
        {"trigger": {"kind": "manual", "input": {"properties": 3, "type": ["null"]}}},
        {"trigger": {"kind": "manual", "input": {"enum": "yes", "examples": 5, "type": {}}}},
    ],
)
def test_no_draft_is_too_odd(app: APIFlask, organization: UUID, definition: Any) -> None:
    found = seen(app, organization, definition)
    with app.app_context():
        assert known_at(organization, definition, "x", found)

"""What can be added, found by whatever people call it."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.personas import Persona
from tests.workflows.connected import change, connect, connect_built_in, mailbox, seating
from wedsync.errors import Invalid
from wedsync.platform import ids
from wedsync.workflows.building.picking import finding, step_picker, trigger_picker
from wedsync.workflows.building.picking.step_picker import GOALS, Group, Pick
from wedsync.workflows.editing.checking import problems_of
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.triggers import TRIGGERS

PRACTICE: dict[str, Any] = {}


def steps(app: APIFlask, somebody: Persona, query: str = "", **given: Any) -> tuple[Group, ...]:
    with app.app_context():
        return step_picker.choices(somebody.organization_id, query, **given)


def starts(app: APIFlask, somebody: Persona, query: str = "", **given: Any) -> tuple[Group, ...]:
    with app.app_context():
        return trigger_picker.choices(somebody.organization_id, query, **given)


def picks(groups: tuple[Group, ...]) -> list[Pick]:
    return [pick for group in groups for pick in group.picks]


def pick(groups: tuple[Group, ...], key: str) -> Pick:
    return next(each for each in picks(groups) if each.key == key)


def test_every_kind_of_step_and_every_action_is_there(app: APIFlask, owner: Persona) -> None:
    groups = steps(app, owner)
    assert [group.goal for group in groups] == [
        goal for goal in (*GOALS, "Flow") if goal in {group.goal for group in groups}
    ]
    keys = {each.key for each in picks(groups)}
    assert {
        "do:smtp.send",
        "do:webhook.send",
        "do:wedding.update",
        "do:stripe.find_payment",
    } <= keys
    kinds = {key.split(":")[1] for key in keys if key.startswith("step:")}
    assert kinds == KINDS.keys() - {"action"}


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("mail", "do:smtp.send"),
        ("e-mail", "do:smtp.send"),
        ("letter", "do:smtp.send"),
        ("gmail", "do:smtp.send"),
        ("send emial", "do:smtp.send"),
        ("pause", "step:wait:seconds"),
        ("wiat", "step:wait:seconds"),
        ("before the wedding", "step:wait:anchor"),
        ("approve", "step:approval"),
        ("aprove", "step:approval"),
        ("permission", "step:approval"),
        ("branch", "step:choose"),
        ("condition", "step:choose"),
        ("IF", "step:choose"),
        ("loop", "step:for_each"),
        ("repeat", "step:for_each"),
        ("variable", "step:set"),
        ("another workflow", "step:call"),
        ("stop", "step:stop"),
        ("finish", "step:stop"),
        ("refund", "do:stripe.refund_payment"),
        ("refnud", "do:stripe.refund_payment"),
        ("caterer", "do:sandbox.set_meals"),
        ("rsvp", "do:sandbox.record_answer"),
        ("todo", "do:sandbox.create_task"),
        ("availability", "do:sandbox.check_date"),
        ("webhook", "do:webhook.send"),
    ],
)
def test_a_step_is_found_by_what_people_call_it(
    app: APIFlask, owner: Persona, typed: str, first: str
) -> None:
    found = picks(steps(app, owner, typed))
    assert [each.key for each in found][:1] == [first]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("rsvp", "on:sandbox.rsvp_received"),
        ("guest changes answer", "on:sandbox.rsvp_changed"),
        ("payment", "on:stripe.payment_succeeded"),
        ("every day", "start:schedule"),
        ("cron", "start:schedule"),
        ("mondays", "start:schedule"),
        ("before the wedding", "start:before"),
        ("by hand", "start:manual"),
        ("wedding postponed", "ours:wedding.postponed"),
        ("hook", "start:webhook"),
        ("enquiry", "on:sandbox.enquiry_received"),
    ],
)
def test_a_start_is_found_by_what_people_call_it(
    app: APIFlask, owner: Persona, typed: str, first: str
) -> None:
    found = picks(starts(app, owner, typed))
    assert [each.key for each in found][:1] == [first]


def test_what_only_developers_can_fill_in_comes_last(app: APIFlask, owner: Persona) -> None:
    for query in ("", "sms"):
        keys = [each.key for each in picks(steps(app, owner, query))]
        email = keys.index("do:smtp.send")
        for other in ("do:http.request", "do:webhook.send", "do:rest-api.request"):
            assert email < keys.index(other)


@pytest.mark.parametrize("typed", ["zzzz", "qwertyuiop", "e-mail zzzz", "\x00\ud800", "🎉"])
def test_what_is_not_there_is_not_found(app: APIFlask, owner: Persona, typed: str) -> None:
    found = picks(steps(app, owner, typed)) + picks(starts(app, owner, typed))
    assert not found or typed in ("🎉", "\x00\ud800")


def test_very_much_typed_is_read_quickly(app: APIFlask, owner: Persona) -> None:
    assert picks(steps(app, owner, "x " * 100_000)) == []


@pytest.mark.parametrize(
    ("one", "other", "is_meant"),
    [
        ("wait", "wait", True),
        ("wiat", "wait", True),
        ("wai", "wait", True),
        ("waitt", "wait", True),
        ("aproval", "approval", True),
        ("kalender", "calendar", False),
        ("calandar", "calendar", True),
        ("cat", "car", False),
        ("with", "wait", False),
    ],
)
def test_a_letter_or_two_may_be_wrong(one: str, other: str, is_meant: bool) -> None:
    assert finding.is_mistyped(one, other) is is_meant


def test_accents_and_capitals_do_not_matter() -> None:
    assert finding.words_of("Café É-mail E-MAIL") == ["cafe", "e", "mail", "email"]


def test_what_needs_an_account_says_where_to_get_one(app: APIFlask, owner: Persona) -> None:
    back = "/workflows/1/edit?step=a#panel"
    found = pick(steps(app, owner, "send an e-mail", back=back), "do:smtp.send")
    assert not found.is_connected
    assert found.connect_url == "/connect/smtp?next=%2Fworkflows%2F1%2Fedit%3Fstep%3Da%23panel"
    assert pick(steps(app, owner), "do:webhook.send").connect_url is None


def test_the_only_account_is_chosen(
    app: APIFlask, owner: Persona, stranger: Persona, built_in_listings: None
) -> None:
    mailbox(app, stranger.organization_id, 25)
    with app.app_context():
        assert "connection" not in step_picker.made(owner.organization_id, "do:smtp.send")
    first = mailbox(app, owner.organization_id, 25)
    assert pick(steps(app, owner, "mail"), "do:smtp.send").is_connected
    with app.app_context():
        made = step_picker.made(owner.organization_id, "do:smtp.send")
        assert made["connection"] == str(first)
    second = mailbox(app, owner.organization_id, 26)
    with app.app_context():
        assert "connection" not in step_picker.made(owner.organization_id, "do:smtp.send")
        newest = step_picker.newest_account(owner.organization_id, "smtp.send")
        assert newest == str(second)
    change(app, first, state="deleted")
    with app.app_context():
        made = step_picker.made(owner.organization_id, "do:smtp.send")
        assert made["connection"] == str(second)


def test_a_partners_action_is_there_when_it_is_connected(
    app: APIFlask, owner: Persona, service: RestService
) -> None:
    slug = f"seating-{ids.new_id().hex[-8:]}"
    connection = connect(app, owner.organization_id, seating(service, slug))
    found = pick(steps(app, owner, "release a seat"), f"do:{slug}.release")
    assert (found.words, found.connector_name) == ("Release a seat", "Seating Plans")
    with app.app_context():
        made = step_picker.made(owner.organization_id, found.key)
    assert made == {
        "kind": "action",
        "use": f"{slug}.release",
        "input": {},
        "connection": str(connection),
    }


def test_everything_that_can_be_picked_can_be_made(app: APIFlask, owner: Persona) -> None:
    with app.app_context():
        for each in picks(step_picker.choices(owner.organization_id)):
            step = {"id": "one", **step_picker.made(owner.organization_id, each.key)}
            definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [step]}
            found = problems_of(owner.organization_id, definition)
            assert not [p for p in found if "no such" in p.message or p.field == "kind"]
        for each in picks(trigger_picker.choices(owner.organization_id)):
            trigger = trigger_picker.made(owner.organization_id, each.key)
            assert TRIGGERS[trigger["kind"]].required <= trigger.keys()


@pytest.mark.parametrize("key", ["", "step:", "do:", "do:nothing.here", "step:action", "smtp.send"])
def test_a_key_of_nothing_is_refused(app: APIFlask, owner: Persona, key: str) -> None:
    with app.app_context(), pytest.raises(Invalid):
        step_picker.made(owner.organization_id, key)


@pytest.mark.parametrize(
    "key",
    ["", "on:", "on:sandbox.nothing", "on:sandbox.rsvp_changed@1", "look:sandbox.rsvp_changed",
     "hook:1", "ours:run.failed", "start:"],
)  # fmt: skip
def test_a_key_of_no_start_is_refused(app: APIFlask, owner: Persona, key: str) -> None:
    with app.app_context(), pytest.raises(Invalid):
        trigger_picker.made(owner.organization_id, key)


def test_a_hook_starts_it_and_nobody_elses_does(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    hook = UUID(
        owner.api.post("/hooks", json={"name": "Petal", "scheme": "standard_webhooks"}).json["id"]
    )
    key = f"hook:{hook}"
    assert pick(starts(app, owner, "petal"), key).words == "When a webhook arrives at Petal"
    with app.app_context():
        made = trigger_picker.made(owner.organization_id, key)
        assert made == {"kind": "webhook", "hook": str(hook)}
        with pytest.raises(Invalid):
            trigger_picker.made(stranger.organization_id, key)


def test_what_an_integration_tells_comes_from_the_account(
    app: APIFlask, owner: Persona, built_in_listings: None
) -> None:
    first = connect_built_in(app, owner.organization_id, "sandbox", PRACTICE)
    with app.app_context():
        made = trigger_picker.made(owner.organization_id, "on:sandbox.rsvp_changed")
        assert made == {
            "kind": "event",
            "event_type": "external.rsvp.changed",
            "source": f"connection:{first}",
        }
        looks = trigger_picker.made(owner.organization_id, "look:sandbox.answers")
    assert looks == {
        "kind": "poll", "connection": str(first), "stream": "answers", "every_s": 900,
    }  # fmt: skip
    second = connect_built_in(app, owner.organization_id, "sandbox", PRACTICE)
    found = [each for each in picks(starts(app, owner)) if "rsvp_changed" in each.key]
    assert {each.key for each in found} == {
        f"on:sandbox.rsvp_changed@{account}" for account in (first, second)
    }
    with app.app_context():
        made = trigger_picker.made(owner.organization_id, f"on:sandbox.rsvp_changed@{second}")
    assert made["source"] == f"connection:{second}"

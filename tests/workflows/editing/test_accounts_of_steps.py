"""Steps that act through an account: whether they name one, and one that fits."""

from typing import Any

import pytest
from apiflask import APIFlask
from flask import g

from tests.far_ends.rest_service import RestService
from tests.personas import Persona
from tests.workers.scene import make_hook, on_event
from tests.workflows.connected import change, connect, connect_built_in, release, seating
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.webhooks.models import Hook
from wedsync.workflows import catalogue
from wedsync.workflows.editing import checking
from wedsync.workflows.editing.checking import problems_of
from wedsync.workflows.words.step_lines import lines_of, plain

MAILBOX = {"host": "127.0.0.1", "port": "25", "security": "None", "from_address": "a@b.example"}


@pytest.fixture
def slug() -> str:
    return f"seating-{ids.new_id().hex[-8:]}"


def problems(app: APIFlask, owner: Persona, *steps: Any, trigger: Any = None) -> list[Any]:
    definition = {
        "format": 1,
        "trigger": trigger or {"kind": "manual"},
        "steps": list(steps),
    }
    with app.app_context():
        found = problems_of(owner.organization_id, definition)
    return [(each.step, each.field, each.message) for each in found]


def test_a_step_with_a_fitting_account_has_nothing_to_mend(
    app: APIFlask, owner: Persona, service: RestService, slug: str
) -> None:
    connection = connect(app, owner.organization_id, seating(service, slug))
    assert problems(app, owner, release("seat", connection, slug)) == []


def test_a_step_without_the_account_it_needs_says_so(app: APIFlask, owner: Persona) -> None:
    given = {"to": "a@b.example", "subject": "Hello", "body": "Hello"}
    step = {"id": "write", "kind": "action", "use": "smtp.send", "input": given}
    message = "This step needs an account at E-mail (SMTP)."
    assert problems(app, owner, step) == [("write", "connection", message)]


def test_a_step_that_is_off_may_lack_its_account_and_all_it_names(
    app: APIFlask, owner: Persona
) -> None:
    given = {"to": "a@b.example", "subject": "Hello", "body": "Hello"}
    write = {"id": "write", "kind": "action", "use": "smtp.send", "input": given, "off": True}
    gone = str(ids.new_id())
    inside = {**write, "id": "inside", "connection": gone, "off": False}
    choice = {"id": "which", "kind": "choose", "branches": [], "otherwise": [inside], "off": True}
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [write, choice]}
    with app.app_context():
        found = problems_of(owner.organization_id, definition)
        assert checking.gone(owner.organization_id, definition) == []
        on = {**definition, "steps": [inside]}
        assert [each.step for each in checking.gone(owner.organization_id, on)] == ["inside"]
    assert {each.severity for each in found} == {"warning"}
    told = {(each.step, each.message) for each in found}
    assert ("write", "This step needs an account at E-mail (SMTP).") in told
    assert ("inside", "There is no such connection.") in told


def test_an_account_of_another_kind_does_not_fit(
    app: APIFlask, owner: Persona, built_in_listings: None, service: RestService, slug: str
) -> None:
    connect(app, owner.organization_id, seating(service, slug))
    mailbox = connect_built_in(app, owner.organization_id, "smtp", MAILBOX)
    found = problems(app, owner, release("seat", mailbox, slug))
    assert found == [("seat", "connection", "This is not an account at Seating Plans.")]


def test_neither_a_strangers_account_nor_one_that_was_removed_can_be_named(
    app: APIFlask, owner: Persona, stranger: Persona, service: RestService, slug: str
) -> None:
    theirs = connect(app, stranger.organization_id, seating(service, slug))
    missing = [("seat", "connection", "There is no such connection.")]
    assert problems(app, owner, release("seat", theirs, slug)) == missing
    other = f"{slug}-2"
    removed = connect(app, owner.organization_id, seating(service, other))
    change(app, removed, state="deleted")
    assert problems(app, owner, release("seat", removed, other)) == missing


def test_a_trigger_may_name_a_connection_of_ours_only(
    app: APIFlask, owner: Persona, stranger: Persona, service: RestService, slug: str
) -> None:
    ours = connect(app, owner.organization_id, seating(service, slug))
    theirs = connect(app, stranger.organization_id, seating(service, f"{slug}-2"))
    step = {"id": "noted", "kind": "set", "values": {"a": 1}}
    begins = on_event("external.rsvp.received", f"connection:{ours}")
    assert problems(app, owner, step, trigger=begins) == []
    begins = on_event("external.rsvp.received", f"connection:{theirs}")
    missing = (None, "trigger.source", "There is no such connection.")
    assert problems(app, owner, step, trigger=begins) == [missing]


def test_a_connections_hook_cannot_be_named_as_a_hook(
    app: APIFlask, owner: Persona, service: RestService, slug: str
) -> None:
    connection = connect(app, owner.organization_id, seating(service, slug))
    hook = make_hook(app, owner.organization_id)
    step = {"id": "noted", "kind": "set", "values": {"a": 1}}
    begins = {"kind": "webhook", "hook": str(hook.id)}
    assert problems(app, owner, step, trigger=begins) == []
    with app.app_context():
        db.session.get_one(Hook, hook.id).connection_id = connection
        db.session.commit()
    assert problems(app, owner, step, trigger=begins) == [
        (None, "trigger.hook", "There is no such hook.")
    ]


def test_partners_actions_are_known_to_an_organization_in_their_own_words(
    app: APIFlask, owner: Persona, service: RestService, slug: str
) -> None:
    connection = connect(app, owner.organization_id, seating(service, slug))
    with app.test_request_context():
        assert f"{slug}.release" not in catalogue.entries()
        assert f"{slug}.release" in catalogue.entries(owner.organization_id)
        g.identity = owner.identity
        (line,) = lines_of({"steps": [release("seat", connection, slug)]})
    assert plain(line.sentence) == "Release the seat of guest"
    assert line.icon == "armchair"


def test_built_in_connectors_are_known_to_everybody() -> None:
    known = catalogue.entries()
    assert known["smtp.send"].needs_account
    assert known["webhook.send"].needs_account is False
    assert known["sandbox.release_seat"].info.effect({}) == "idempotent"

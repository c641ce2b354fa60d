"""A viewer and a key that only reads change nothing; nobody in particular reaches nothing.

| who | what they get |
|---|---|
| a viewer, a key that may only read | 403 for every change |
| nobody in particular | 401 from the API, the sign-in page from pages |
"""

import pytest
from apiflask import APIFlask
from sqlalchemy.orm import Session

from tests.contracts.crossing import (
    PUBLIC,
    address,
    api_operations,
    everything_of,
    filled,
    page_rules,
)
from tests.contracts.objects import Objects
from tests.personas import Persona, Script, browser_of
from wedsync.accounts import api_keys
from wedsync.factory import inbound
from wedsync.platform.db import db

pytestmark = pytest.mark.usefixtures("built_in_listings")

OPEN_TO_VIEWERS = {
    "workflows.answer_approval",
    "accounts.sign_out",
    "accounts.switch_organization",
    "accounts.change_password",
    "accounts.send_confirmation",
    "accounts.revoke_sign_in",
    "accounts.revoke_other_sign_ins",
    "workflows.ready_made_preview",
    "workflows.template_preview",
    "workflows.builder_news",
}
"""What a viewer may post: their own coming and going, and a look at what is not kept."""

NOT_OF_EACH = {"fetch_messages": 409}
"""What is read only of some: of an endpoint that polls."""


@pytest.fixture
def reader(app: APIFlask, owner: Persona) -> Script:
    """A key of the owner's organization that may read everything and change nothing."""
    scopes = [f"{resource}:read" for resource in api_keys.RESOURCES]
    with app.app_context():
        _key, raw = api_keys.create(owner.organization_id, "Reads only", scopes)
        db.session.commit()
    return Script(app, raw)


# --- a viewer


def test_a_viewer_changes_nothing(app: APIFlask, objects: Objects, viewer: Persona) -> None:
    before = everything_of(app, viewer.organization_id)
    wrong = []
    for rule, method in page_rules(app):
        if method == "GET" or rule.endpoint in OPEN_TO_VIEWERS:
            continue
        answer = viewer.browser.open(address(app, rule, objects), method=method)
        if answer.status_code != 403:
            wrong.append((method, rule.rule, answer.status_code))
    assert not wrong
    after = everything_of(app, viewer.organization_id)
    assert {name for name in after if after[name] != before[name]} <= {"sign_ins"}


def test_a_key_that_only_reads_changes_nothing(
    app: APIFlask, owner: Persona, objects: Objects, reader: Script
) -> None:
    before = everything_of(app, owner.organization_id)
    for operation in api_operations(app):
        answer = operation.send(reader, filled(operation.path, objects))
        if operation.method == "GET":
            assert answer.status_code == NOT_OF_EACH.get(operation.name, 200), operation.name
        else:
            wanted = (403, "scope_missing")
            assert (answer.status_code, answer.json["code"]) == wanted, operation.name
    after = everything_of(app, owner.organization_id)
    assert {name for name in after if after[name] != before[name]} <= {"api_keys"}


# --- nobody in particular


def test_only_what_is_listed_is_open_to_the_world() -> None:
    assert set(inbound.PUBLIC) == PUBLIC


def test_nobody_reaches_a_page_without_signing_in(app: APIFlask, objects: Objects) -> None:
    for rule, method in page_rules(app):
        answer = browser_of(app).open(address(app, rule, objects), method=method)
        if rule.rule.startswith("/live/"):
            assert answer.status_code == 401, rule.rule
        else:
            assert answer.status_code == 303, (rule.rule, method, answer.status_code)
            assert answer.location.startswith("/sign-in"), rule.rule


def test_nobody_reaches_the_api_without_a_key(
    app: APIFlask, objects: Objects, database: Session
) -> None:
    nobody = Script(app, "")
    for operation in api_operations(app):
        answer = operation.send(nobody, filled(operation.path, objects))
        assert (answer.status_code, answer.json["code"]) == (401, "api_key_missing")

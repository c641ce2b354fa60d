"""The mask of a secret sent back keeps the secret, by the API and by each page that takes one."""

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.workers.scene import one
from wedsync.platform.vault import MASK

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBzZW5kZXIsIG9mIHRoaXJ0eSB0d28="
_ROW = "SELECT secret, previous_secret, state FROM hooks WHERE id = :id"


@pytest.fixture
def hook_id(owner: Persona) -> str:
    made = owner.api.post(
        "/hooks", json={"name": "Guests", "scheme": "standard_webhooks", "secret": SECRET}
    )
    assert made.status_code == 201, made.json
    return str(made.json["id"])


@pytest.mark.parametrize("mask", [MASK, f" {MASK} "])
def test_by_the_api(app: APIFlask, owner: Persona, hook_id: str, mask: str) -> None:
    before = one(app, _ROW, id=hook_id)
    read = owner.api.get(f"/hooks/{hook_id}").json
    sent = owner.api.patch(f"/hooks/{hook_id}", json={"name": "Tables", "secret": mask})
    assert (sent.status_code, sent.json["secret"]) == (200, MASK)
    assert sent.json == read | {"name": "Tables"}
    assert one(app, _ROW, id=hook_id) == before


@pytest.mark.parametrize("page", ["edit", "secret"])
def test_by_a_page(app: APIFlask, owner: Persona, hook_id: str, page: str) -> None:
    before = one(app, _ROW, id=hook_id)
    path = f"/webhooks/hooks/{hook_id}/{page}"
    sent = owner.browser.post(
        path, data={"name": "Guests", "scheme": "standard_webhooks", "secret": MASK, "state": "on"}
    )
    assert sent.status_code in (200, 303), sent.status_code
    assert one(app, _ROW, id=hook_id) == before


def test_a_mask_is_no_secret_of_a_new_hook(app: APIFlask, owner: Persona) -> None:
    made = owner.api.post(
        "/hooks", json={"name": "Guests", "scheme": "standard_webhooks", "secret": MASK}
    )
    assert made.json["secret"].startswith("whsec_"), "one is made, as where none is named"
    waiting = owner.api.post("/hooks", json={"name": "Pay", "scheme": "stripe", "secret": MASK})
    assert (waiting.json["state"], waiting.json["secret"]) == ("needs_secret", None)


def test_an_endpoint_takes_no_secret_and_so_no_mask(app: APIFlask, owner: Persona) -> None:
    made = owner.api.post("/endpoints", json={"url": "https://partner.example/in"}).json
    row = "SELECT secret, previous_secret FROM endpoints WHERE id = :id"
    before = one(app, row, id=made["id"])
    read = owner.api.get(f"/endpoints/{made['id']}").json
    sent = owner.api.patch(
        f"/endpoints/{made['id']}", json={"description": "Tables", "secret": read["secret"]}
    )
    assert sent.status_code == 422
    assert one(app, row, id=made["id"]) == before

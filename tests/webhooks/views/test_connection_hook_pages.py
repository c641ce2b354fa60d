"""The page of a connection's hook: what to do by hand, and who may see it."""

from collections.abc import Callable

from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.page_words import words_of
from tests.personas import Persona
from tests.webhooks.arranging import (
    BY_HAND,
    agrees,
    connected,
    hook_of,
    secret_of,
)
from tests.workers.scene import Worker
from tests.workflows.connected import change


def test_by_hand_the_page_says_what_to_do_and_takes_the_secret(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service, hooks=BY_HAND)
    hook = hook_of(app, connection)
    assert (hook.state, hook.subscription) == ("needs_secret", "by_hand")
    path = f"/webhooks/of-connection/{connection}"
    page = owner.browser.get(path).text
    assert "Needs its secret" in page
    assert "Add the address." in page
    assert hook.token in page
    wrong = owner.browser.post(f"{path}/secret", data={"secret": "nonsense with spaces"})
    assert wrong.status_code == 422
    kept = owner.browser.post(f"{path}/secret", data={"secret": "whsec_1234567890abcdef"})
    assert kept.status_code == 303
    hook = hook_of(app, connection)
    assert (hook.state, secret_of(app, hook)) == ("on", "whsec_1234567890abcdef")
    assert "whsec_1234567890abcdef" not in owner.browser.get(path).text


def test_a_viewer_sees_neither_address_nor_secret(
    app: APIFlask, worker: Worker, owner: Persona, viewer: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service, hooks=BY_HAND)
    page = viewer.browser.get(f"/webhooks/of-connection/{connection}")
    assert page.status_code == 200
    assert hook_of(app, connection).token not in page.text
    refused = viewer.browser.post(f"/webhooks/of-connection/{connection}/again")
    assert refused.status_code == 403


def test_as_a_fragment_it_is_only_the_part(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service)
    part = owner.browser.get(f"/webhooks/of-connection/{connection}", fragment=True).text
    assert "<html" not in part
    assert "Asking Our seating to tell us" in part


def test_without_permission_nobody_claims_that_they_tell_us(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    agrees(service)
    connection = connected(app, worker, owner, service)
    subscribe()
    path = f"/webhooks/of-connection/{connection}"
    assert "nothing for you to do" in owner.browser.get(path).text
    change(app, connection, state="needs_reauth")
    said = owner.browser.get(path).text
    assert "may not tell us anything until it is connected again" in said
    assert "nothing for you to do" not in said


def test_a_connections_hook_is_not_among_the_hooks_people_make(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service)
    hook = hook_of(app, connection)
    assert owner.browser.get(f"/webhooks/hooks/{hook.id}").status_code == 404
    assert owner.browser.post(f"/webhooks/hooks/{hook.id}/remove").status_code == 404
    assert owner.api.get(f"/hooks/{hook.id}").status_code == 404
    assert owner.api.get("/hooks").json["data"] == []


def test_a_strangers_connection_is_not_found(
    app: APIFlask, worker: Worker, owner: Persona, stranger: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service)
    for path in ("", "/secret", "/again"):
        ask = stranger.browser.post if path else stranger.browser.get
        answer = ask(
            f"/webhooks/of-connection/{connection}{path}", data={"secret": "whsec_12345678"}
        )
        assert answer.status_code == 404


def test_a_partner_who_wants_an_echo_gets_it_while_that_is_awaited(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service, hooks={**BY_HAND, "scheme": "meta"})
    assert hook_of(app, connection).handshake_until is not None
    path = f"/webhooks/of-connection/{connection}"
    page = words_of(owner.browser.get(path))
    assert "An echo is awaited until" in page
    assert "Verify token" in page
    answer = owner.browser.post(f"{path}/await-handshake", follow_redirects=True)
    assert "An echo is awaited for an hour." in words_of(answer)
    other = connected(app, worker, owner, service, hooks=BY_HAND)
    refused = owner.browser.post(
        f"/webhooks/of-connection/{other}/await-handshake", follow_redirects=True
    )
    assert "This sender asks for no handshake." in words_of(refused)

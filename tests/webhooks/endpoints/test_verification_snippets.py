"""What the page gives partners to paste takes what we really send, and nothing else."""

import time
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.webhooks.receivers import REFUSED, Received, judged, received, shown
from tests.workers.scene import Sink, Worker, make_endpoint, publish, rows
from wedsync.platform.db import db
from wedsync.webhooks import queries, signing
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.endpoints import verification
from wedsync.webhooks.schemes.signatures import new_standard_secret

DATA = {"guest": "Zoë & Señor “Ö”", "seats": 2, "note": "a\u2028b \\ \" 'x'"}
LANGUAGES = sorted(verification.LANGUAGES)


@pytest.fixture
def told(app: APIFlask, worker: Worker, sink: Sink, owner: Persona) -> tuple[Any, str, Received]:
    """An endpoint signed for with both, its secret, and one delivery as it came."""
    url = sink.url(path_of(owner))
    endpoint_id, secret = make_endpoint(app, owner.organization_id, url, key_pair=True)
    publish(app, owner.organization_id, "seating.guest_added", DATA)
    worker.work()
    (came,) = received(sink, path_of(owner))
    return endpoint_id, secret, came


def path_of(owner: Persona) -> str:
    """An address at the receiver that nobody else has."""
    return f"/ok/snippets-{owner.organization_id}"


def signed_at(came: Received, moment: float, *keys: str) -> Received:
    """The same message, signed by these keys at another moment."""
    headers = signing.sign(came.headers["webhook-id"], int(moment), came.body, keys)
    return Received({**came.headers, **headers}, came.body)


def what_must_be_refused(came: Received, *own: str) -> dict[str, Received]:
    """By what is wrong with it. `own` are the keys of the endpoint."""
    now = time.time()
    body = came.body.replace(b'"seats":2', b'"seats":3')
    assert body != came.body
    strange = (new_standard_secret(), signing.new_signing_key())
    later = str(int(came.headers["webhook-timestamp"]) + 1)
    versions = came.headers["webhook-signature"].replace("v1,", "v2,").replace("v1a,", "v2a,")
    return {
        "another body": Received(came.headers, body),
        "a body with a space more": Received(came.headers, came.body + b" "),
        "no body": Received(came.headers, b""),
        "another id": came.but(webhook_id=came.headers["webhook-id"][:-1] + "_"),
        "another moment": came.but(webhook_timestamp=later),
        "old": signed_at(came, now - 600, *own),
        "from the future": signed_at(came, now + 600, *own),
        "signed by a stranger": signed_at(came, now, *strange),
        "of another version": came.but(webhook_signature=versions),
        "an empty signature": came.but(webhook_signature=""),
        "a cut signature": came.but(webhook_signature="v1, v1a, v1,AAAA v1a,AAAA"),
        "no base64": came.but(webhook_signature="v1,*** v1a,*** v1a,é ,, v1"),
        "no signature": came.but(webhook_signature=None),
        "no moment": came.but(webhook_timestamp=None),
        "no id": came.but(webhook_id=None),
        "no number for a moment": came.but(webhook_timestamp="soon"),
        "an endless moment": came.but(webhook_timestamp="1e308"),
    }


def own_keys(app: APIFlask, owner: Persona, endpoint_id: Any, secret: str) -> list[str]:
    """The secret and the signing key, as only we know it."""
    with app.app_context():
        endpoint = queries.get_endpoint(owner.organization_id, endpoint_id)
        vault = app.extensions["wedsync"].vault
        where = f"endpoints:{endpoint.id}:signing_key"
        assert endpoint.signing_key is not None
        opened = vault.open(db.session, owner.organization_id, where, endpoint.signing_key)
        return [secret, opened.decode()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_snippet_takes_a_real_delivery_and_refuses_all_others(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    told: tuple[Any, str, Received],
    tmp_path: Path,
    language: str,
) -> None:
    endpoint_id, secret, came = told
    snippets = shown(owner, endpoint_id, language)
    wrong = what_must_be_refused(came, *own_keys(app, owner, endpoint_id, secret))
    assert {"secret", "key"} <= set(snippets)
    for name, code in snippets.items():
        alone = name == "secret" or (name == "key" and language != "python")
        said = judged(
            language,
            code,
            [came, *wrong.values()],
            tmp_path / name,
            secret=secret if name != "key" else "",
            libraries=not alone,
        )
        taken, *others = said
        assert (taken["type"], taken["data"]) == ("seating.guest_added", DATA), name
        assert dict(zip(wrong, others, strict=True)) == dict.fromkeys(wrong, REFUSED), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_while_secrets_change_a_snippet_with_either_takes_it_and_afterwards_only_one(
    app: APIFlask,
    worker: Worker,
    sink: Sink,
    owner: Persona,
    told: tuple[Any, str, Received],
    tmp_path: Path,
    language: str,
) -> None:
    endpoint_id, old, _ = told
    before = shown(owner, endpoint_id, language)
    with app.app_context():
        _, new = endpoints.rotate_secret(owner.identity, endpoint_id)
        db.session.commit()
    after = shown(owner, endpoint_id, language)
    publish(app, owner.organization_id, "seating.guest_added", {"turn": "both"})
    worker.work()
    over = "UPDATE endpoints SET previous_secret_until = now() - interval '1 s'"
    rows(app, f"{over} WHERE id = :id RETURNING 1", id=endpoint_id)
    publish(app, owner.organization_id, "seating.guest_added", {"turn": "new"})
    worker.work()
    _, both, alone = received(sink, path_of(owner))
    turns = [{"turn": "both"}, {"turn": "new"}]
    for name, known, secret in (("secret", before, old), ("key", before, "")):
        said = judged(language, known[name], [both, alone], tmp_path / f"old-{name}", secret=secret)
        assert (said[0]["data"], said[1]) == (turns[0], REFUSED)
    for name, known, secret in (("secret", after, new), ("key", after, "")):
        said = judged(language, known[name], [both, alone], tmp_path / f"new-{name}", secret=secret)
        assert [each["data"] for each in said] == turns


def test_the_library_stands_on_the_page_where_a_test_can_have_it(
    worker: Worker, owner: Persona, told: tuple[Any, str, Received]
) -> None:
    named = {language: list(shown(owner, told[0], language)) for language in LANGUAGES}
    assert named == {
        "javascript": ["secret", "library", "key"],
        "php": ["secret", "key"],
        "python": ["secret", "library", "key"],
    }

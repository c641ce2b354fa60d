"""What a worker sends is taken by libraries that know nothing of us, of each signature."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import svix.webhooks
from apiflask import APIFlask

from tests.personas import Persona
from tests.webhooks.receivers import REFUSED, Received, judged, received
from tests.workers.scene import Sink, Worker, make_endpoint, publish, rows
from wedsync.platform.db import db
from wedsync.webhooks import queries, secrets
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.schemes.signatures import new_standard_secret

DATA = {"guest": "Zoë Ödön", "seats": 2}
_BY_JAVASCRIPT = """
import {{ Webhook }} from "{library}";
export function verify(headers, body) {{
  return new Webhook(process.env.WEDSYNC_SECRET).verify(body.toString(), headers);
}}
"""
# RFC 8032 by libsodium, and by Node's OpenSSL: neither knows the library that signs here.
_ED25519 = {
    "php": """<?php
function verify(array $headers, string $body): array
{
    $signed = $headers['webhook-id'] . '.' . $headers['webhook-timestamp'] . '.' . $body;
    foreach (explode(' ', $headers['webhook-signature']) as $each) {
        [$version, $made] = explode(',', $each);
        $key = base64_decode(substr(getenv('WEDSYNC_SECRET'), 5));
        if ($version === 'v1a'
            && sodium_crypto_sign_verify_detached(base64_decode($made), $signed, $key)) {
            return json_decode($body, true);
        }
    }
    throw new RuntimeException('not signed');
}
""",
    "javascript": """
import { createPublicKey, verify as checks } from "node:crypto";
export function verify(headers, body) {
  const raw = Buffer.from(process.env.WEDSYNC_SECRET.slice(5), "base64");
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  const start = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`;
  const signed = Buffer.concat([Buffer.from(start), body]);
  for (const each of headers["webhook-signature"].split(" ")) {
    const [version, made] = each.split(",");
    if (version === "v1a" && checks(null, signed, key, Buffer.from(made, "base64"))) {
      return JSON.parse(body);
    }
  }
  throw new Error("not signed");
}
""",
}


class Told:
    """An endpoint that is told things by a worker, and changes its secrets meanwhile."""

    def __init__(self, app: APIFlask, worker: Worker, sink: Sink, owner: Persona) -> None:
        self._app, self._worker, self._sink, self._owner = app, worker, sink, owner
        self._path = f"/ok/foreign-{owner.organization_id}"
        self.id, self.secret = make_endpoint(
            app, owner.organization_id, sink.url(self._path), key_pair=True
        )

    def sent(self) -> Received:
        """What comes when something happens now."""
        publish(self._app, self._owner.organization_id, "seating.guest_added", DATA)
        self._worker.work()
        return received(self._sink, self._path)[-1]

    def rotate(self, overlap: timedelta) -> str:
        with self._app.app_context():
            _, self.secret = endpoints.rotate_secret(self._owner.identity, self.id, overlap)
            db.session.commit()
        return self.secret

    def end_overlap(self) -> None:
        with self._app.app_context():
            endpoints.end_overlap(self._owner.identity, self.id)
            db.session.commit()

    def public_key(self) -> str:
        with self._app.app_context():
            found = queries.get_endpoint(self._owner.organization_id, self.id)
            key = secrets.public_keys(found).present
            assert key is not None
            return key


@pytest.fixture
def told(app: APIFlask, worker: Worker, sink: Sink, owner: Persona) -> Told:
    return Told(app, worker, sink, owner)


def by_python(library: Any, came: Received, secret: str) -> Any:
    """What a Python library says; one of them says nothing where it is content."""
    try:
        library.Webhook(secret).verify(came.body, dict(came.headers))
    except standardwebhooks.WebhookVerificationError:
        return REFUSED
    return json.loads(came.body)


def taken_by(came: Received, secret: str, folder: Path) -> dict[str, bool]:
    """Which of the four libraries take it."""
    said = {
        "standardwebhooks of Python": by_python(standardwebhooks, came, secret),
        "svix of Python": by_python(svix.webhooks, came, secret),
    }
    for library in ("standardwebhooks", "svix"):
        code = _BY_JAVASCRIPT.format(library=library)
        (judgement,) = judged("javascript", code, [came], folder / library, secret=secret)
        said[f"{library} of JavaScript"] = judgement
    for judgement in said.values():
        assert judgement == REFUSED or judgement["data"] == DATA
    return {library: judgement != REFUSED for library, judgement in said.items()}


EVERYBODY = {
    f"{library} of {language}": True
    for library in ("standardwebhooks", "svix")
    for language in ("Python", "JavaScript")
}
NOBODY = dict.fromkeys(EVERYBODY, False)


def test_every_library_takes_what_a_worker_sends(told: Told, tmp_path: Path) -> None:
    came = told.sent()
    assert [each.partition(",")[0] for each in came.headers["webhook-signature"].split(" ")] == [
        "v1",
        "v1a",
    ]
    assert taken_by(came, told.secret, tmp_path) == EVERYBODY
    assert taken_by(came, new_standard_secret(), tmp_path) == NOBODY
    assert taken_by(Received(came.headers, came.body + b" "), told.secret, tmp_path) == NOBODY


def test_during_a_rotation_every_library_takes_it_with_either_secret(
    told: Told, tmp_path: Path
) -> None:
    old = told.secret
    new = told.rotate(timedelta(hours=1))
    both = told.sent()
    assert taken_by(both, old, tmp_path) == taken_by(both, new, tmp_path) == EVERYBODY
    told.end_overlap()
    alone = told.sent()
    assert taken_by(alone, old, tmp_path) == NOBODY
    assert taken_by(alone, new, tmp_path) == EVERYBODY
    at_once = told.rotate(timedelta(0))
    last = told.sent()
    assert taken_by(last, new, tmp_path) == NOBODY
    assert taken_by(last, at_once, tmp_path) == EVERYBODY


@pytest.mark.parametrize("language", sorted(_ED25519))
def test_another_ed25519_takes_v1a_also_during_a_rotation(
    told: Told, tmp_path: Path, language: str
) -> None:
    def says(came: Received, key: str) -> Any:
        (said,) = judged(language, _ED25519[language], [came], tmp_path, secret=key)
        return said if said == REFUSED else said["data"]

    old = told.public_key()
    first = told.sent()
    assert says(first, old) == DATA
    assert says(Received(first.headers, first.body + b" "), old) == REFUSED
    told.rotate(timedelta(hours=24))
    new = told.public_key()
    both = told.sent()
    assert says(both, old) == says(both, new) == DATA
    told.end_overlap()
    alone = told.sent()
    assert (says(alone, old), says(alone, new)) == (REFUSED, DATA)


def test_an_overlap_ends_by_itself_when_its_time_is_over(
    told: Told, app: APIFlask, tmp_path: Path
) -> None:
    old = told.secret
    new = told.rotate(timedelta(hours=1))
    over = "UPDATE endpoints SET previous_secret_until = now() - interval '1 s'"
    rows(app, f"{over} WHERE id = :id RETURNING 1", id=told.id)
    came = told.sent()
    assert len(came.headers["webhook-signature"].split(" ")) == 2
    assert taken_by(came, old, tmp_path) == NOBODY
    assert taken_by(came, new, tmp_path) == EVERYBODY


def test_a_public_key_is_32_bytes_of_base64(told: Told) -> None:
    key = told.public_key()
    assert key.startswith("whpk_")
    assert len(base64.b64decode(key.removeprefix("whpk_"), validate=True)) == 32

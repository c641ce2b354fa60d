"""V11.2: implementations, agility, strength, time and failure."""

import base64
import hmac
import os
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.asvs.foreign import by_node
from tests.connections.ways import change, row_of
from tests.page_words import words_of
from tests.personas import Browser, Persona
from tests.workflows.connected import connect_built_in
from wedsync.accounts import passwords, tokens
from wedsync.connections import credentials
from wedsync.connections.access import Unusable, open_for_work
from wedsync.connections.means import Means
from wedsync.platform import crypto
from wedsync.platform.db import db
from wedsync.platform.vault import Keyring, Vault
from wedsync.webhooks import schemes
from wedsync.webhooks.schemes import signatures
from wedsync.webhooks.signing import new_signing_key

pytestmark = pytest.mark.usefixtures("built_in_listings")

TYPED = {"address": "https://service.example", "header": "X-Key", "check_path": "/"}


@pytest.fixture
def connection_id(app: APIFlask, owner: Persona) -> UUID:
    secrets = {"api_key": "a key of the tests"}
    return connect_built_in(app, owner.organization_id, "rest-api", TYPED, secrets)


def test_v11_2_1_what_we_seal_is_opened_by_another_implementation() -> None:
    key, plain, associated = crypto.new_key(), "Ödön’s key".encode(), b"a row and a field"
    sealed = crypto.seal(uuid4(), key, plain, associated)
    given = {"key": key.hex(), "sealed": sealed.hex(), "associated": associated.hex()}
    assert by_node("open", **given) == plain.hex()


def test_v11_2_1_what_we_derive_is_derived_by_another_implementation() -> None:
    key = crypto.new_key()
    made = crypto.derive(key, "wedsync data keys")
    assert by_node("derive", key=key.hex(), purpose="wedsync data keys") == made.hex()


def test_v11_2_2_sealed_bytes_name_their_version_and_their_key() -> None:
    key_id, key = uuid4(), crypto.new_key()
    sealed = crypto.seal(key_id, key, b"plain", b"")
    assert crypto.key_id_of(sealed) == key_id
    later = bytes([sealed[0] + 1]) + sealed[1:]
    with pytest.raises(crypto.Unsealable):
        crypto.key_id_of(later)
    with pytest.raises(crypto.Unsealable):
        crypto.unseal(key, later, b"")


def test_v11_2_2_a_new_master_key_opens_nothing_of_the_old_and_both_together_all(
    app: APIFlask, owner: Persona
) -> None:
    ours, new = owner.organization_id, crypto.new_key()
    olds = app.extensions["wedsync"].settings.master_keys
    with app.app_context():
        sealed = app.extensions["wedsync"].vault.seal(db.session, ours, "a:b:c", b"plain")
        both = Vault(Keyring([new, *olds]))
        assert both.open(db.session, ours, "a:b:c", sealed) == b"plain"
        with pytest.raises(crypto.Unsealable):
            Vault(Keyring([new])).open(db.session, ours, "a:b:c", sealed)


def test_v11_2_2_a_password_with_weaker_settings_is_hashed_anew_at_the_next_sign_in(
    app: APIFlask, owner: Persona, client: Browser, database: Session
) -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(owner.password)
    given = {"id": owner.user_id, "hash": weaker}
    database.execute(text("UPDATE users SET password_hash = :hash WHERE id = :id"), given)
    sent = {"email": owner.email, "password": owner.password}
    assert client.post("/sign-in", data=sent).status_code == 303
    query = text("SELECT password_hash FROM users WHERE id = :id")
    kept = database.scalar(query, {"id": owner.user_id})
    assert kept != weaker
    assert not passwords.is_outdated(str(kept))


def test_v11_2_3_every_key_has_256_bits(app: APIFlask) -> None:
    assert len(crypto.new_key()) == crypto.KEY_BYTES == 32
    assert len(crypto.derive(b"k" * 32, "any")) == 32
    assert len(app.secret_key or b"") == 32
    for made in (new_signing_key(), signatures.new_standard_secret()):
        assert len(base64.b64decode(made.partition("_")[2])) == 32


def test_v11_2_3_a_secret_of_a_hook_has_128_bits_whatever_its_scheme() -> None:
    made = [secret for scheme in schemes.SCHEMES.values() if (secret := scheme.new_secret())]
    assert len(made) >= 4
    for secret in made:
        assert len(secret.removeprefix("wedsync:").removeprefix("whsec_")) >= 22, secret


def test_v11_2_4_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return honest(one, other)

    honest = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", noted)
    wanted = signatures.made("secret", b"body", "hex").encode()
    flipped = {place: bytearray(wanted) for place in (0, -1)}
    for place, signature in flipped.items():
        signature[place] ^= 1
        compared.clear()
        assert not signatures.made_by_any(
            [b"secret", b"before"], "sha256", b"body", "hex", [bytes(signature)]
        )
        assert len(compared) == 2, "Nothing ends early: each secret is compared."
    assert signatures.made_by_any([b"secret", b"before"], "sha256", b"body", "hex", [wanted])
    assert len(compared) == 4


def test_v11_2_4_what_names_somebody_is_found_by_its_hash_and_never_kept(
    owner: Persona, database: Session
) -> None:
    query = text("SELECT key_hash FROM api_keys WHERE organization_id = :id")
    hashes = set(database.scalars(query, {"id": owner.organization_id}))
    assert tokens.hashed(owner.key) in hashes
    lines = text("SELECT t::text FROM api_keys t WHERE organization_id = :id")
    assert owner.key not in str(database.scalars(lines, {"id": owner.organization_id}).all())


WRONG = {
    "the version": 0,
    "the key's id": 5,
    "the nonce": 20,
    "what is said": 30,
    "the tag": -1,
}


@pytest.mark.parametrize("place", WRONG.values(), ids=WRONG.keys())
def test_v11_2_5_whatever_is_wrong_with_sealed_bytes_the_same_is_said(
    app: APIFlask, owner: Persona, connection_id: UUID, place: int
) -> None:
    sealed = bytearray(row_of(app, connection_id).secret)
    sealed[place] ^= 1
    change(app, connection_id, "secret = :sealed", sealed=bytes(sealed))
    found = opened(app, connection_id)
    assert isinstance(found, Unusable)
    assert found.gone
    cut = bytes(sealed[:12])
    change(app, connection_id, "secret = :sealed", sealed=cut)
    assert opened(app, connection_id) == found
    page = owner.browser.get(f"/connections/{connection_id}")
    assert page.status_code == 200, words_of(page)


def test_v11_2_5_a_lost_master_key_opens_nothing_and_breaks_no_page(
    app: APIFlask, owner: Persona, connection_id: UUID
) -> None:
    with app.app_context():
        stray = os.urandom(32)
        sealed = crypto.seal(uuid4(), stray, b"{}", credentials.held_place(connection_id).encode())
    change(app, connection_id, "secret = :sealed", sealed=sealed)
    assert isinstance(opened(app, connection_id), Unusable)
    assert owner.browser.get("/connections").status_code == 200


def opened(app: APIFlask, connection_id: UUID) -> object:
    runtime = app.extensions["wedsync"]
    organization_id = row_of(app, connection_id).organization_id
    with app.app_context():
        means = Means(db.engine, runtime.vault, runtime.settings)
    with means.engine.begin() as database:
        return open_for_work(database, means.vault, means.settings, organization_id, connection_id)

"""V11.3: one authenticated mode, bound to its place, with nonces that never come twice."""

import ast
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.asvs.foreign import by_node
from tests.asvs.test_v11_1_inventory import sources
from tests.connections.ways import engine_of
from tests.personas import Persona
from wedsync.platform import crypto
from wedsync.platform.db import db
from wedsync.platform.vault import Vault, place

_NONCE = slice(17, 29)
_ALLOWED = {
    "AESGCM",
    "Ed25519PrivateKey",
    "Ed25519PublicKey",
    "HKDF",
    "InvalidSignature",
    "InvalidTag",
    "SHA256",
}
_REQUIRED = {"AESGCM"}


def primitives() -> set[str]:
    """Every name that is imported from `cryptography`."""
    return {
        name.name
        for _path, module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography")
        for name in node.names
    }


def vault_of(app: APIFlask) -> Vault:
    vault: Vault = app.extensions["wedsync"].vault
    return vault


def test_v11_3_1_equal_blocks_are_not_seen_in_what_is_sealed() -> None:
    sealed = crypto.seal(uuid4(), crypto.new_key(), b"sixteen letters!" * 64, b"")[29:]
    blocks = [sealed[start : start + 16] for start in range(0, len(sealed), 16)]
    assert len(set(blocks)) == len(blocks)
    assert len(sealed) == 16 * 64 + 16, "nothing is padded: only a tag is added"


def test_v11_3_1_no_mode_and_no_padding_is_chosen_by_hand() -> None:
    assert primitives() - _ALLOWED == set()


def test_v11_3_2_the_cipher_is_aes_256_in_gcm() -> None:
    assert primitives() >= _REQUIRED
    key = crypto.new_key()
    sealed = crypto.seal(uuid4(), key, b"plain", b"here")
    given = {"sealed": sealed.hex(), "associated": b"here".hex()}
    assert by_node("open", key=key.hex(), **given) == b"plain".hex()
    with pytest.raises(ValueError, match="key"):
        crypto.seal(uuid4(), key[:20], b"plain", b"here")


def test_v11_3_3_no_bit_can_be_changed() -> None:
    key = crypto.new_key()
    sealed = crypto.seal(uuid4(), key, b"plain", b"here")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(crypto.Unsealable):
            crypto.unseal(key, bytes(changed), b"here")
    for length in range(len(sealed)):
        with pytest.raises(crypto.Unsealable):
            crypto.unseal(key, sealed[:length], b"here")
    assert crypto.unseal(key, sealed, b"here") == b"plain"


def test_v11_3_3_what_is_sealed_opens_nowhere_else(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    vault, row, ours = vault_of(app), uuid4(), owner.organization_id
    here = place("connections", row, "secret")
    elsewhere = [
        (ours, place("connections", uuid4(), "secret")),
        (ours, place("connections", row, "held")),
        (ours, place("hooks", row, "secret")),
        (stranger.organization_id, here),
    ]
    with app.app_context():
        sealed = vault.seal(db.session, ours, here, b"plain")
        assert vault.open(db.session, ours, here, sealed) == b"plain"
        for organization_id, where in elsewhere:
            with pytest.raises(crypto.Unsealable):
                vault.open(db.session, organization_id, where, sealed)
        with pytest.raises(crypto.Unsealable):
            vault.open_for_platform(here, sealed)


def test_v11_3_4_no_nonce_comes_twice() -> None:
    key_id, key = uuid4(), crypto.new_key()
    nonces = {crypto.seal(key_id, key, b"", b"")[_NONCE] for _ in range(20_000)}
    assert len(nonces) == 20_000
    # Random all through: every one of 96 bits is now this and now that.
    ones = int.from_bytes(b"\xff" * 12)
    zeros = 0
    for nonce in nonces:
        number = int.from_bytes(nonce)
        ones &= number
        zeros |= number
    assert (ones, zeros) == (0, 2**96 - 1)


def test_v11_3_4_each_organization_has_a_key_of_its_own(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    def keys_of(organization_id: UUID) -> set[UUID]:
        query = text("SELECT id FROM data_keys WHERE organization_id = :id")
        with engine_of(app).connect() as database:
            return set(database.scalars(query, {"id": organization_id}))

    ours, theirs = keys_of(owner.organization_id), keys_of(stranger.organization_id)
    assert ours
    assert theirs
    assert ours & theirs == set()
    with app.app_context():
        sealed = vault_of(app).seal(db.session, owner.organization_id, "a:b:c", b"plain")
    assert crypto.key_id_of(sealed) in ours

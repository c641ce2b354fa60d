"""V11.4 hashes, V11.5 random values, V11.6 signatures, V11.7 data in use."""

import ast
import base64
import hashlib
import hmac
import random
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from apiflask import APIFlask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.asvs.foreign import by_node
from tests.asvs.test_v11_1_inventory import sources
from tests.connections.renewing import opened
from tests.connections.ways import begin, connected
from tests.far_ends.practice_partner import CLIENT, PracticePartner
from tests.personas import Browser, Persona
from wedsync.accounts import passwords, tokens
from wedsync.connections.connecting import attempts
from wedsync.connections.grants import Grant
from wedsync.platform import crypto
from wedsync.settings import Settings
from wedsync.webhooks import signing
from wedsync.webhooks.schemes import bearer, graph, signatures

pytestmark = pytest.mark.usefixtures("built_in_listings")

_HASHES = {"sha256", "blake2b"}
_FOREIGN = {"webhooks/schemes/generic_hmac.py", "webhooks/schemes/twilio.py"}
"""Where a sender's own algorithm is verified, because it has nothing else."""

_BROKEN = ("md5", "sha1", "md4", "ripemd")


# --- hashes


def test_v11_4_1_only_approved_hashes_are_used() -> None:
    for name, module in sources():
        called = {
            node.attr
            for node in ast.walk(module)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hashlib"
        }
        assert called <= _HASHES, name
        said = {
            node.value
            for node in ast.walk(module)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        if name not in _FOREIGN:
            assert not said & {*_BROKEN}, name


def test_v11_4_1_a_session_is_signed_with_sha_256(
    app: APIFlask, owner: Persona, client: Browser
) -> None:
    client.post("/sign-in", data={"email": owner.email, "password": owner.password})
    cookie = client.get_cookie("session")
    assert cookie is not None
    key = bytes(app.secret_key or b"")
    signed = {"key": key.hex(), "salt": "cookie-session", "value": cookie.value}
    assert by_node("unsign", **signed, digest="sha256")
    assert not by_node("unsign", **signed, digest="sha1")


def test_v11_4_1_a_token_of_a_form_is_signed_with_sha_256(app: APIFlask, owner: Persona) -> None:
    serializer = URLSafeTimedSerializer(app.secret_key or b"", salt="wtf-csrf-token")
    assert len(base64.urlsafe_b64decode(serializer.dumps("x").split(".")[-1] + "==")) == 32
    with owner.browser.session_transaction() as session:
        session["csrf_token"] = "0" * 40
    weak = URLSafeTimedSerializer(
        app.secret_key or b"", salt="wtf-csrf-token", signer_kwargs={"digest_method": hashlib.sha1}
    )
    headers = {"X-CSRFToken": str(weak.dumps("0" * 40))}
    answer = owner.browser.post("/sign-out", csrf=False, headers=headers)
    assert answer.status_code == 400


def test_v11_4_2_passwords_are_kept_by_argon2id_with_the_cost_of_today(
    owner: Persona, database: Session
) -> None:
    query = text("SELECT password_hash FROM users WHERE id = :id")
    kept = str(database.scalar(query, {"id": owner.user_id}))
    _empty, name, version, cost, salt, digest = kept.split("$")
    assert (name, version) == ("argon2id", "v=19")
    found = {part.partition("=")[0]: int(part.partition("=")[2]) for part in cost.split(",")}
    # OWASP's password storage cheat sheet: 46 MiB and one pass, or 19 MiB and two.
    assert found["m"] >= 47_104 or (found["m"] >= 19_456 and found["t"] >= 2)
    assert len(base64.b64decode(salt + "==")) >= 16
    assert len(base64.b64decode(digest + "==")) >= 32
    assert passwords.hashed(owner.password) != passwords.hashed(owner.password)


def test_v11_4_3_signatures_are_made_with_256_bits_and_cut_nowhere() -> None:
    secret = signatures.new_standard_secret()
    headers = signing.sign("msg_1", 1_700_000_000, b"body", [secret])
    made = base64.b64decode(headers["webhook-signature"].removeprefix("v1,"))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert made == hmac.digest(key, b"msg_1.1700000000.body", "sha256")
    assert len(tokens.hashed("any")) == len(attempts.hash_of("any")) == 32


# --- random values

GUESSED: dict[str, Callable[[], str]] = {
    "an API key": lambda: tokens.new("wsk_"),
    "a data key": lambda: crypto.new_key().hex(),
    "a signing key": signing.new_signing_key,
    "a secret of ours": signatures.new_standard_secret,
    "a token for a sender": bearer.new_secret,
    "a client state for Graph": graph.new_secret,
}


@pytest.mark.parametrize("make", GUESSED.values(), ids=GUESSED.keys())
def test_v11_5_1_nobody_who_knows_the_seed_guesses(make: Callable[[], str]) -> None:
    made = set()
    for _ in range(50):
        random.seed(7)
        made.add(make())
    assert len(made) == 50
    assert min(len(each) for each in made) >= 22  # of 64 characters: 128 bits


def test_v11_5_1_state_and_verifier_are_random_all_through(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    states, challenges = set(), set()
    for _ in range(5):
        random.seed(7)
        asked = parse_qs(urlsplit(begin(editor)).query)
        states.add(asked["state"][0])
        challenges.add(asked["code_challenge"][0])
    assert len(states) == len(challenges) == 5
    assert min(len(state) for state in states) >= 43


def test_v11_5_1_an_id_proves_nothing(app: APIFlask, owner: Persona, client: Browser) -> None:
    """Ids are UUIDs: whoever has guessed one is nobody all the same."""
    unsigned = base64.urlsafe_b64encode(b'{"_user_id":"%b"}' % str(owner.sign_in_id).encode())
    for value in (str(owner.sign_in_id), f"{unsigned.decode()}.x.x"):
        client.set_cookie("session", value)
        assert client.get("/connections").status_code == 303
    keyed = {"Authorization": f"Bearer {owner.sign_in_id}"}
    assert client.get("/api/integrations/marketplace/events", headers=keyed).status_code == 401


def test_v11_5_2_nothing_comes_twice_from_many_threads_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [secrets.token_bytes(16) for _ in range(2_000)], range(8)))
        keys = list(pool.map(lambda _: [tokens.new("wsk_") for _ in range(100)], range(8)))
    assert len({each for part in made for each in part}) == 16_000
    assert len({each for part in keys for each in part}) == 800


# --- signatures


def test_v11_6_1_a_signature_of_a_key_pair_is_verified_by_another_implementation() -> None:
    key = signing.new_signing_key()
    headers = signing.sign("msg_1", 1_700_000_000, b"body", [key])
    made = base64.b64decode(headers["webhook-signature"].removeprefix("v1a,"))
    public = base64.b64decode(signing.public_key(key).removeprefix("whpk_"))
    given = {"key": public.hex(), "signature": made.hex()}
    assert by_node("verify", signed=b"msg_1.1700000000.body".hex(), **given)
    assert not by_node("verify", signed=b"msg_1.1700000000.other".hex(), **given)


# --- data in use


def test_v11_7_2_what_holds_a_secret_does_not_print_it(
    app: APIFlask,
    editor: Persona,
    practice_partner: PracticePartner,
    settings: Settings,
) -> None:
    connection_id: UUID = connected(app, editor, practice_partner)
    access = opened(app, connection_id)
    token = access.credentials["access_token"]  # type: ignore[union-attr]
    held = [access, Grant(token, "a refresh token"), settings, app.extensions["wedsync"].vault]
    for each in held:
        said = f"{each!r} {each}"
        assert token not in said
        assert "a refresh token" not in said
        assert CLIENT[1] not in said
        for key in settings.master_keys:
            assert key.hex() not in said
            assert repr(key) not in said

"""What we send is signed as Standard Webhooks asks; its reference library verifies it."""

import base64
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from wedsync.webhooks import signing
from wedsync.webhooks.schemes.signatures import new_standard_secret
from wedsync.webhooks.signing import sign

BODY = '{"id":"1","type":"guest.added","timestamp":"2026-05-30T12:00:00Z","data":{"é":1}}'.encode()
MESSAGE = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')

# From the tests of the specification's own libraries, and of the first sender that spoke it:
# libraries/javascript/src/webhook.test.ts, libraries/go/webhook_asymmetric_test.go of
# standard-webhooks/standard-webhooks; server/svix-server/src/core/cryptography.rs of svix.
VECTORS = {
    "v1, libraries": (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    "v1a, libraries": (
        "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=",
        "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==",
    ),
    "v1a, svix": (
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
    ),
}


@pytest.mark.parametrize("of", sorted(VECTORS))
def test_the_vectors_of_the_specification_come_out(of: str) -> None:
    key, expected = VECTORS[of]
    identifier, timestamp, body = MESSAGE
    assert sign(identifier, timestamp, body, [key]) == {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": expected,
    }


def test_the_public_key_of_a_known_signing_key_comes_out() -> None:
    key, _ = VECTORS["v1a, svix"]
    assert signing.public_key(key) == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="


# RFC 8032, 7.1, tests 1 and 3: seed and public key.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ),
]


@pytest.mark.parametrize(("seed", "public"), RFC_8032)
def test_a_seed_has_the_public_key_that_rfc_8032_says(seed: str, public: str) -> None:
    written = "whsk_" + base64.b64encode(bytes.fromhex(seed)).decode()
    assert base64.b64decode(signing.public_key(written).removeprefix("whpk_")).hex() == public


def test_the_reference_library_verifies_what_we_sign() -> None:
    secret = new_standard_secret()
    headers = sign("019b", int(time.time()), BODY, [secret])
    assert Webhook(secret).verify(BODY, headers)["type"] == "guest.added"


def test_while_secrets_change_either_verifies() -> None:
    new, old = new_standard_secret(), new_standard_secret()
    headers = sign("019b", int(time.time()), BODY, [new, old])
    for secret in (new, old):
        assert Webhook(secret).verify(BODY, headers)


def test_a_key_pair_signs_beside_the_secret_and_disturbs_nobody_who_knows_only_that() -> None:
    secret, key = new_standard_secret(), signing.new_signing_key()
    headers = sign("019b", int(time.time()), BODY, [secret, key])
    v1, v1a = headers["webhook-signature"].split(" ")
    assert (v1[:3], v1a[:4]) == ("v1,", "v1a,")
    assert Webhook(secret).verify(BODY, headers)
    public = base64.b64decode(signing.public_key(key).removeprefix("whpk_"))
    signed = b".".join([b"019b", headers["webhook-timestamp"].encode(), BODY])
    Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(v1a[4:]), signed)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(v1a[4:]), signed + b" ")


def test_another_secret_body_or_moment_does_not_verify() -> None:
    secret = new_standard_secret()
    headers = sign("019b", int(time.time()), BODY, [secret])
    with pytest.raises(WebhookVerificationError):
        Webhook(new_standard_secret()).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, sign("019b", int(time.time()) - 600, BODY, [secret]))


def test_a_secret_of_ours_is_32_random_bytes() -> None:
    for made, prefix in ((new_standard_secret, "whsec_"), (signing.new_signing_key, "whsk_")):
        first, second = made(), made()
        assert first != second
        assert len(base64.b64decode(first.removeprefix(prefix))) == 32

"""What we send is signed as Standard Webhooks asks; its reference library verifies it."""

import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from wedsync.webhooks.schemes.signatures import new_standard_secret
from wedsync.webhooks.signing import sign

BODY = '{"id":"1","type":"guest.added","timestamp":"2026-05-30T12:00:00Z","data":{"é":1}}'.encode()


def test_the_reference_library_verifies_what_we_sign() -> None:
    secret = new_standard_secret()
    headers = sign("019b", int(time.time()), BODY, [secret])
    assert Webhook(secret).verify(BODY, headers)["type"] == "guest.added"


def test_while_secrets_change_either_verifies() -> None:
    new, old = new_standard_secret(), new_standard_secret()
    headers = sign("019b", int(time.time()), BODY, [new, old])
    for secret in (new, old):
        assert Webhook(secret).verify(BODY, headers)


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
    first, second = new_standard_secret(), new_standard_secret()
    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32

"""Senders' own libraries and we agree, whoever signs and whoever judges."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.webhooks import senders
from tests.webhooks.senders import BODY, FORM, JUDGES, OTHER, SECRET, SIGNERS, URL, request_of
from wedsync.webhooks import schemes
from wedsync.webhooks.schemes import Rejected, Request, Verified

MINUTE = timedelta(minutes=1)


def now() -> datetime:
    """A whole second: what is signed has no smaller part."""
    return datetime.now(UTC).replace(microsecond=0)


def ours(scheme: str, request: Request, *secrets: str, at: datetime | None = None) -> str:
    """What we say: `verified`, or the code."""
    judge = schemes.named(scheme)
    verdict = judge.verify(secrets or senders.secrets_for(scheme), {}, request, at or now())
    return verdict.code if isinstance(verdict, Rejected) else "verified"


@pytest.mark.parametrize("library", sorted(SIGNERS))
def test_what_their_library_signs_we_take(library: str) -> None:
    scheme, sign, body = SIGNERS[library]
    assert ours(scheme, request_of(sign(body, now()), body)) == "verified"


@pytest.mark.parametrize("library", sorted(SIGNERS))
def test_what_their_library_signs_for_another_body_we_refuse(library: str) -> None:
    scheme, sign, body = SIGNERS[library]
    assert ours(scheme, request_of(sign(body, now()), body + "x")) == "signature_invalid"


@pytest.mark.parametrize("library", sorted(SIGNERS))
def test_what_their_library_signs_with_another_secret_we_refuse(library: str) -> None:
    scheme, sign, body = SIGNERS[library]
    other = base64.b64encode(bytes(range(1, 33))).decode() if scheme.endswith("v1a") else OTHER
    assert ours(scheme, request_of(sign(body, now(), other), body)) == "signature_invalid"


@pytest.mark.parametrize("library", sorted(JUDGES))
def test_what_we_sign_their_library_takes(library: str) -> None:
    scheme, takes = JUDGES[library]
    signer = schemes.named(scheme)
    for body in [signer.example("rsvp.received", now()), BODY]:
        sample = signer.sample(SECRET, {}, body.encode(), URL, now())
        assert sample is not None
        request = request_of(sample.headers, sample.body, sample.url)
        assert takes(request, SECRET)
        assert ours(scheme, request) == "verified"


MUTATIONS: dict[str, Callable[[Request], Request]] = {
    "as it is": lambda request: request,
    "a byte more": lambda request: Request(request.headers, request.body + b"1", request.url),
    "a byte less": lambda request: Request(request.headers, request.body[:-1], request.url),
    "another case": lambda request: Request(request.headers, request.body.swapcase(), request.url),
    "empty": lambda request: Request(request.headers, b"", request.url),
}


@pytest.mark.parametrize("mutation", sorted(MUTATIONS))
@pytest.mark.parametrize("library", sorted(JUDGES))
def test_we_and_their_library_take_and_refuse_the_same(library: str, mutation: str) -> None:
    scheme, takes = JUDGES[library]
    signer = schemes.named(scheme)
    body = FORM if scheme == "twilio" else BODY
    sample = signer.sample(SECRET, {}, body.encode(), URL, now())
    assert sample is not None
    request = MUTATIONS[mutation](request_of(sample.headers, sample.body, sample.url))
    assert takes(request, SECRET) == (ours(scheme, request) == "verified")
    assert takes(request, OTHER) == (ours(scheme, request, OTHER) == "verified") is False


@pytest.mark.parametrize("minutes", [-10, 10])
@pytest.mark.parametrize("library", ["slack_sdk", "standardwebhooks", "standardwebhooks.js",
                                     "svix", "svix.js"])  # fmt: skip
def test_what_is_ten_minutes_off_neither_takes(library: str, minutes: int) -> None:
    scheme, takes = JUDGES[library]
    sample = schemes.named(scheme).sample(SECRET, {}, BODY.encode(), URL, now() + minutes * MINUTE)
    assert sample is not None
    request = request_of(sample.headers, sample.body)
    assert not takes(request, SECRET)
    assert ours(scheme, request) == "signature_stale"


def test_an_old_moment_stripe_refuses_too() -> None:
    sample = schemes.named("stripe").sample(SECRET, {}, BODY.encode(), URL, now() - 10 * MINUTE)
    assert sample is not None
    request = request_of(sample.headers, sample.body)
    assert not senders.stripe_takes(request, SECRET)
    assert ours("stripe", request) == "signature_stale"


def test_two_independent_ed25519_agree_with_ours() -> None:
    request = request_of(senders.by_cryptography(BODY, now()), BODY)
    public = senders.PUBLIC.removeprefix("whpk_")
    assert senders.cryptography_takes(request, senders.PUBLIC)
    assert senders.in_javascript(senders.asking("ed25519 verify", request, public)) == [True]
    assert ours("standard_webhooks_v1a", request) == "verified"


# --- Twilio signs the address


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
@pytest.mark.parametrize(
    "url", [URL, URL.replace(".example/", ".example:443/"), URL + "?a=1&b=%20"]
)
def test_twilio_signs_the_address_with_or_without_its_port(url: str, algorithm: str) -> None:
    headers = senders.by_twilio(FORM, now(), url=url, algorithm=algorithm)
    known_as = url.replace(":443", "")
    request = request_of(headers, FORM, known_as)
    assert senders.twilio_takes(request, SECRET)
    assert ours("twilio", request) == "verified"
    assert ours("twilio", request_of(headers, FORM, known_as + "x")) == "signature_invalid"


def test_a_body_of_twilios_that_is_no_form_is_bound_by_the_address() -> None:
    digest = hashlib.sha256(BODY.encode()).hexdigest()
    url = f"{URL}?bodySHA256={digest}"
    headers = senders.by_twilio("", now(), url=url) | {"Content-Type": "application/json"}
    request = request_of(headers, BODY, url)
    assert senders.twilio_takes(request, SECRET)
    assert ours("twilio", request) == "verified"
    changed = request_of(headers, BODY + " ", url)
    assert not senders.twilio_takes(changed, SECRET)
    assert ours("twilio", changed) == "signature_invalid"


def test_an_address_signed_alone_lets_no_other_body_in() -> None:
    headers = senders.by_twilio("", now()) | {"Content-Type": "application/json"}
    assert ours("twilio", request_of(headers, BODY)) == "signature_invalid"


@pytest.mark.parametrize("body", ["=", "&&", "=&=&=", FORM], ids=repr)
def test_a_form_is_held_to_the_hash_in_the_address_too(body: str) -> None:
    url = f"{URL}?bodySHA256={hashlib.sha256(BODY.encode()).hexdigest()}"
    headers = senders.by_twilio(body if body == FORM else "", now(), url=url)
    assert ours("twilio", request_of(headers, body, url)) == "signature_invalid"


def test_a_form_that_is_the_one_of_the_hash_is_taken() -> None:
    url = f"{URL}?bodySHA256={hashlib.sha256(FORM.encode()).hexdigest()}"
    headers = senders.by_twilio(FORM, now(), url=url)
    assert senders.twilio_takes(request_of(headers, FORM, url), SECRET)
    assert ours("twilio", request_of(headers, FORM, url)) == "verified"


@pytest.mark.parametrize("body", ["=", "=&=", f"=&{FORM}"], ids=repr)
def test_a_field_without_a_name_is_refused(body: str) -> None:
    headers = senders.by_twilio(body.removeprefix("=&") if FORM in body else "", now())
    assert ours("twilio", request_of(headers, body)) == "signature_invalid"


def test_an_algorithm_nobody_knows_is_refused() -> None:
    headers = senders.by_twilio(FORM, now())
    headers["X-Twilio-Webhooks-Signature-Settings"] = "key=1,algorithm=NONE"
    assert not senders.twilio_takes(request_of(headers, FORM), SECRET)
    assert ours("twilio", request_of(headers, FORM)) == "signature_invalid"


# --- vectors that were published


def test_the_vectors_of_standard_webhooks_are_taken() -> None:
    """libraries/javascript/src/webhook.test.ts of standard-webhooks/standard-webhooks."""
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    request = request_of(headers, '{"test": 2432232314}')
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert ours("standard_webhooks", request, secret, at=at) == "verified"


@pytest.mark.parametrize(
    ("public", "signature"),
    [
        (
            "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
            "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+"
            "m7TBAg==",
        ),
        (
            "of the seed VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=",
            "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeF"
            "iL8Ag==",
        ),
    ],
    ids=["svix", "libraries"],
)
def test_the_vectors_of_v1a_are_taken(public: str, signature: str) -> None:
    """server/svix-server/src/core/cryptography.rs of svix; libraries/go of standard-webhooks."""
    if public.startswith("of the seed "):
        seed = base64.b64decode(public.removeprefix("of the seed "))
        raw = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        public = "whpk_" + base64.b64encode(raw).decode()
    assert schemes.named("standard_webhooks_v1a").secret_problem(public) is None
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature,
    }
    at = datetime.fromtimestamp(1614265330, UTC)
    request = request_of(headers, '{"test": 2432232314}')
    assert ours("standard_webhooks_v1a", request, public, at=at) == "verified"
    other = request_of(headers, '{"test": 2432232315}')
    assert ours("standard_webhooks_v1a", other, public, at=at) == "signature_invalid"


def test_the_vector_of_githubs_documentation_is_taken() -> None:
    """Validating webhook deliveries, “Testing the webhook payload validation”."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    request = request_of({"X-Hub-Signature-256": signature}, "Hello, World!")
    assert ours("github", request, "It's a Secret to Everybody") == "verified"


def test_the_vector_of_slacks_documentation_is_taken() -> None:
    """Verifying requests from Slack, the example of the recipe."""
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9"
        "T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&"
        "text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F9"
        "6rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b670"
        "3c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    at = datetime.fromtimestamp(1531420618, UTC)
    secret = "8f742231b10e8888abcd99yyyzzz85a5"
    assert ours("slack", request_of(headers, body), secret, at=at) == "verified"


def test_the_vector_of_twilios_documentation_is_taken() -> None:
    """Webhooks security, “Validating signatures from Twilio”."""
    body = (
        "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309"
        "&To=%2B18005551212"
    )
    request = request_of(
        {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        body,
        "https://mycompany.com/myapp.php?foo=1&bar=2",
    )
    assert ours("twilio", request, "12345") == "verified"


RFC_4231 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
SIGNED_BY_JEFE = "what do ya want for nothing?"


@pytest.mark.parametrize(
    ("scheme", "header", "signature"),
    [
        ("shopify", "X-Shopify-Hmac-Sha256", base64.b64encode(bytes.fromhex(RFC_4231)).decode()),
        ("xero", "x-xero-signature", base64.b64encode(bytes.fromhex(RFC_4231)).decode()),
        ("meta", "X-Hub-Signature-256", f"sha256={RFC_4231}"),
        ("tripleseat", "X-Signature", RFC_4231),
    ],
)
def test_whoever_has_no_library_here_is_held_to_a_public_vector(
    scheme: str, header: str, signature: str
) -> None:
    """Test case 2 of RFC 4231 where, and written as, their documentation says."""
    assert ours(scheme, request_of({header: signature}, SIGNED_BY_JEFE), "Jefe") == "verified"
    changed = request_of({header: signature}, SIGNED_BY_JEFE + " ")
    assert ours(scheme, changed, "Jefe") == "signature_invalid"


def test_the_vector_of_rfc_4231_is_taken() -> None:
    """Test case 2, as a signature in a header."""
    options = {"header": "X-Sign", "algorithm": "sha256", "encoding": "hex"}
    request = request_of({"X-Sign": RFC_4231}, SIGNED_BY_JEFE)
    assert schemes.named("hmac").verify(["Jefe"], options, request, now()) == Verified()


def test_the_examples_of_rfc_7617_and_6750_are_taken() -> None:
    basic = request_of({"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, "{}")
    assert ours("basic", basic, "Aladdin:open sesame") == "verified"
    bearer = request_of({"Authorization": "Bearer mF_9.B5f-4.1JqM"}, "{}")
    assert ours("bearer", bearer, "mF_9.B5f-4.1JqM") == "verified"

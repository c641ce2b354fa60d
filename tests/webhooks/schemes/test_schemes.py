"""Signatures: what the senders' own libraries make is taken, everything else has a stable code."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from standardwebhooks import Webhook

from wedsync.webhooks import schemes
from wedsync.webhooks.schemes import Headers, Rejected, Request, Verified

NOW = datetime(2026, 5, 30, 12, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
BODY = b'{"type":"rsvp.received","timestamp":"2026-05-30T12:00:00Z","data":{"guest":"Zo\xc3\xab"}}'
HMAC_OPTIONS = {
    "header": "X-Signature",
    "algorithm": "sha256",
    "encoding": "hex",
    "prefix": "sha256=",
    "id_header": "X-Event-Id",
    "timestamp_header": "X-Timestamp",
}

Pairs = list[tuple[bytes, bytes]]


def standard(body: bytes = BODY, at: datetime = NOW, secret: str = SECRET) -> Pairs:
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    return [
        (b"webhook-id", b"msg_1"),
        (b"webhook-timestamp", str(int(at.timestamp())).encode()),
        (b"webhook-signature", signature.encode()),
    ]


def stripes(body: bytes = BODY, at: datetime = NOW, secret: str = SECRET) -> Pairs:
    header = stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret, int(at.timestamp())
    )
    return [(b"stripe-signature", header.encode())]


def generic(body: bytes = BODY, at: datetime = NOW, secret: str = SECRET) -> Pairs:
    timestamp = str(int(at.timestamp())).encode()
    digest = hmac.new(secret.encode(), timestamp + b"." + body, hashlib.sha256).hexdigest()
    return [
        (b"x-signature", f"sha256={digest}".encode()),
        (b"x-timestamp", timestamp),
        (b"x-event-id", b"msg_1"),
    ]


SIGNERS = {"standard_webhooks": standard, "stripe": stripes, "hmac": generic}
Signer = Callable[..., Pairs]


def verify(
    scheme: str, pairs: Pairs, body: bytes = BODY, now: datetime = NOW, *secrets: str
) -> Verified | Rejected:
    options = HMAC_OPTIONS if scheme == "hmac" else {}
    found = schemes.named(scheme)
    return found.verify(secrets or (SECRET,), options, Request(Headers(pairs), body), now)


def code(verdict: Verified | Rejected) -> str:
    return verdict.code if isinstance(verdict, Rejected) else "verified"


@pytest.fixture(params=sorted(SIGNERS))
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sign(scheme: str) -> Signer:
    return SIGNERS[scheme]


def test_a_signature_made_by_the_senders_library_is_taken(scheme: str, sign: Signer) -> None:
    assert isinstance(verify(scheme, sign()), Verified)


def test_the_signed_id_is_what_makes_a_repeat_a_repeat() -> None:
    assert verify("standard_webhooks", standard()) == Verified("msg_1")
    assert verify("hmac", generic()) == Verified("msg_1")
    assert verify("stripe", stripes()) == Verified(None)


def test_either_of_two_live_secrets_may_sign(scheme: str, sign: Signer) -> None:
    for used in (SECRET, OTHER):
        verdict = verify(scheme, sign(secret=used), BODY, NOW, SECRET, OTHER)
        assert isinstance(verdict, Verified)


def test_another_secret_or_another_body_is_refused(scheme: str, sign: Signer) -> None:
    assert code(verify(scheme, sign(secret=OTHER))) == "signature_invalid"
    assert code(verify(scheme, sign(), BODY + b" ")) == "signature_invalid"


def test_a_hook_without_a_secret_refuses_everything(scheme: str, sign: Signer) -> None:
    found = schemes.named(scheme)
    options = HMAC_OPTIONS if scheme == "hmac" else {}
    request = Request(Headers(sign()), BODY)
    assert code(found.verify((), options, request, NOW)) == "signature_invalid"


@pytest.mark.parametrize("minutes", [-5, 5])
def test_five_minutes_either_way_are_in_time(scheme: str, sign: Signer, minutes: int) -> None:
    assert isinstance(verify(scheme, sign(at=NOW + timedelta(minutes=minutes))), Verified)


@pytest.mark.parametrize("seconds", [-600, -301, 301, 600])
def test_beyond_five_minutes_is_stale(scheme: str, sign: Signer, seconds: int) -> None:
    assert code(verify(scheme, sign(at=NOW + timedelta(seconds=seconds)))) == "signature_stale"


def test_a_stale_signature_that_is_wrong_too_is_wrong(scheme: str, sign: Signer) -> None:
    pairs = sign(at=NOW - timedelta(hours=1), secret=OTHER)
    assert code(verify(scheme, pairs)) == "signature_invalid"


def test_each_header_of_a_signature_is_needed(scheme: str, sign: Signer) -> None:
    for left_out, _ in sign():
        pairs = [pair for pair in sign() if pair[0] != left_out]
        wanted = "verified" if left_out == b"x-event-id" else "signature_missing"
        assert code(verify(scheme, pairs)) == wanted


def test_a_header_sent_twice_is_refused_even_with_equal_values(scheme: str, sign: Signer) -> None:
    for pair in sign():
        assert code(verify(scheme, [*sign(), pair])) == "signature_invalid"


@pytest.mark.parametrize(
    "timestamp",
    [b"1e308", b"-1", b"nan", b"178014.0", b"9" * 400, b"\xff\xfe", b" ", b"+1", b"0x1"],
)  # fmt: skip
def test_a_moment_that_is_no_whole_number_is_refused(timestamp: bytes) -> None:
    pairs = [(n, timestamp if n == b"webhook-timestamp" else v) for n, v in standard()]
    assert code(verify("standard_webhooks", pairs)) == "signature_invalid"
    digest = hmac.new(SECRET.encode(), timestamp + b"." + BODY, hashlib.sha256).hexdigest()
    signed = [(b"x-signature", b"sha256=" + digest.encode()), (b"x-timestamp", timestamp)]
    assert code(verify("hmac", signed)) == "signature_invalid"
    header = b"t=" + timestamp + b",v1=" + digest.encode()
    assert code(verify("stripe", [(b"stripe-signature", header)])) == "signature_invalid"


@pytest.mark.parametrize(
    "signature", [b"v1,%%%", b"v1", b"v1,", b",", b"v1," + b"A" * 9000, b"\xff"]
)
def test_broken_base64_is_a_wrong_signature(signature: bytes) -> None:
    pairs = [(n, signature if n == b"webhook-signature" else v) for n, v in standard()]
    assert code(verify("standard_webhooks", pairs)) == "signature_invalid"


def test_one_fitting_signature_among_others_is_enough() -> None:
    pairs = dict(standard())
    pairs[b"webhook-signature"] = b"v1a,xx v2,yy v1,AAAA " + pairs[b"webhook-signature"]
    assert isinstance(verify("standard_webhooks", list(pairs.items())), Verified)
    header = stripes()[0][1]
    pairs = {b"stripe-signature": header.replace(b",", b",v0=ab,v1=cd,")}
    assert isinstance(verify("stripe", list(pairs.items())), Verified)


def test_signatures_beyond_the_sixteenth_are_not_looked_at() -> None:
    pairs = dict(standard())
    pairs[b"webhook-signature"] = b"v1,AAAA " * 16 + pairs[b"webhook-signature"]
    assert code(verify("standard_webhooks", list(pairs.items()))) == "signature_invalid"


def test_an_id_that_is_no_plain_text_is_refused() -> None:
    for identifier in (b"\xc3\xa9", b"a b", b"x" * 256):
        pairs = [(n, identifier if n == b"webhook-id" else v) for n, v in standard()]
        assert code(verify("standard_webhooks", pairs)) == "signature_invalid"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha1"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_hmac_comes_in_every_algorithm_and_encoding(algorithm: str, encoding: str) -> None:
    digest = hmac.new(b"a plain secret", BODY, algorithm).digest()
    text = digest.hex().upper() if encoding == "hex" else base64.b64encode(digest).decode()
    options = {"header": "X-Sign", "algorithm": algorithm, "encoding": encoding}
    verdict = schemes.named("hmac").verify(
        ["a plain secret"], options, Request(Headers([(b"x-sign", text.encode())]), BODY), NOW
    )
    assert verdict == Verified(None)


def test_an_envelope_of_standard_webhooks_is_opened() -> None:
    document = {"type": "seat.taken", "timestamp": "2026-05-30T13:00:00+02:00", "data": {"a": 1}}
    incoming = schemes.named("standard_webhooks").read(
        document, "other.name", Verified("msg_1"), NOW
    )
    assert incoming == schemes.Incoming(
        "msg_1", "seat.taken", datetime(2026, 5, 30, 11, tzinfo=UTC), {"a": 1}
    )


@pytest.mark.parametrize(
    "document",
    [
        {"hello": 1}, {"type": "", "data": 1}, {"type": 5, "data": 1}, {"type": "a b", "data": 1},
        {"type": "x" * 121, "data": 1}, {"type": "a.b"}, [1], "text", None, 5,
    ],
)  # fmt: skip
def test_any_other_body_is_data_under_the_hooks_own_name(document: object) -> None:
    scheme = schemes.named("standard_webhooks")
    assert scheme.read(document, "rsvp.received", Verified("m"), NOW).type == "rsvp.received"
    assert scheme.read(document, None, Verified("m"), NOW).type == schemes.DEFAULT_TYPE
    assert scheme.data_of(document) == document


@pytest.mark.parametrize("moment", ["", "soon", "1e308", 1e308, True, "0001-01-01T00:00:00+14:00"])
def test_a_moment_nobody_can_read_is_the_time_of_receipt(moment: object) -> None:
    document = {"type": "a.b", "timestamp": moment, "data": {}}
    assert (
        schemes.named("standard_webhooks").read(document, None, Verified("m"), NOW).occurred_at
        == NOW
    )


def test_a_stripe_event_says_id_type_moment_and_data() -> None:
    document = {"id": "evt_1", "type": "charge.paid", "created": 1780142400, "data": {"object": {}}}
    incoming = schemes.named("stripe").read(document, None, Verified(), NOW)
    assert incoming == schemes.Incoming("evt_1", "charge.paid", NOW, {"object": {}})


def test_a_very_long_id_of_stripes_still_fits_the_index() -> None:
    document = {"id": "é" * 4000, "type": "charge.paid", "data": {}}
    found = schemes.named("stripe").read(document, None, Verified(), NOW).sender_event_id
    assert found is not None
    assert len(found) < 100


def test_an_hmac_body_is_data_whole() -> None:
    document = {"type": "not.this", "data": 1}
    incoming = schemes.named("hmac").read(document, "rsvp.received", Verified(), NOW)
    assert (incoming.type, incoming.data, incoming.sender_event_id) == (
        "rsvp.received", document, None,
    )  # fmt: skip


@pytest.mark.parametrize("size", [24, 32, 64])
def test_standard_secrets_stand_for_24_to_64_bytes(size: int) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * size).decode()
    assert schemes.named("standard_webhooks").secret_problem(secret) is None


@pytest.mark.parametrize(
    "secret", ["whsec_", "whsec_AAAA", "whsec_***", "A" * 44, "whsec_" + "A" * 400]
)
def test_other_secrets_are_refused_with_a_sentence(secret: str) -> None:
    problem = schemes.named("standard_webhooks").secret_problem(secret)
    assert problem is not None
    assert problem.endswith(".")


def test_options_are_checked_with_a_sentence_each() -> None:
    found = schemes.named("hmac")
    assert found.option_problems({**HMAC_OPTIONS, "sensitive": ["guest.email"]}) == []
    wrong = found.option_problems(
        {"header": "X Y", "algorithm": "md5", "encoding": "hex", "prefix": " ", "id_header": 5,
         "sensitive": ["a..b"], "colour": "blue"}
    )  # fmt: skip
    assert {name for name, _ in wrong} == {
        "header", "algorithm", "prefix", "id_header", "sensitive", "colour",
    }  # fmt: skip
    assert schemes.named("stripe").option_problems({"header": "x"}) != []


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        ("basic", {"id_header": "authorization"}),
        ("bearer", {"id_header": "Authorization"}),
        ("bearer", {"header": "X-Token", "id_header": "x-token"}),
    ],
)
def test_the_header_that_shows_the_secret_never_names_the_event(
    scheme: str, options: dict[str, str]
) -> None:
    ((option, _words),) = schemes.named(scheme).option_problems(options)
    assert option == "id_header"
    assert schemes.named(scheme).option_problems({"id_header": "X-Event-Id"}) == []


def test_what_we_call_fresh_is_fresh_to_stripes_library_too() -> None:
    now = int(time.time())
    header = stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, now)
    assert stripe.WebhookSignature.verify_header(BODY, header, SECRET, tolerance=300)
    pairs = [(b"stripe-signature", header.encode())]
    assert isinstance(verify("stripe", pairs, BODY, datetime.now(UTC)), Verified)

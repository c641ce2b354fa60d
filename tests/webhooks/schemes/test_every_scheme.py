"""What holds of every scheme: nothing a stranger sends raises or passes, no comparison tells."""

import base64
import hmac
import inspect
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.webhooks import senders
from tests.webhooks.hostile import BODIES, HEADERS, ODD, QUERIES
from wedsync.connectors.manifest import HookScheme
from wedsync.platform.documents import BadDocument
from wedsync.webhooks import schemes
from wedsync.webhooks.schemes import (
    Handshake,
    Headers,
    Incoming,
    Rejected,
    Request,
    Verified,
    forms,
)
from wedsync.webhooks.views.hook_forms import SCHEMES as OFFERED
from wedsync.webhooks.views.hook_words import SCHEME_WORDS
from wedsync.webhooks.views.scheme_words import WORDS

NOW = datetime(2026, 5, 30, 12, 0, tzinfo=UTC)
TEXT, OTHER = "a-shared-secret-of-theirs", "another-secret-of-theirs"
SECRETS = {
    "standard_webhooks": (senders.SECRET, senders.OTHER),
    "standard_webhooks_v1a": (
        senders.PUBLIC, "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    ),
    "stripe": ("whsec_1234567890abcdef", "whsec_1234567890abcdeg"),
    "basic": ("petal:a-shared-secret", "petal:another-secret"),
}  # fmt: skip
OPTIONS: Mapping[str, dict[str, Any]] = {
    "hmac": {
        "header": "X-Signature",
        "algorithm": "sha256",
        "encoding": "hex",
        "prefix": "sha256=",
        "id_header": "X-Event-Id",
        "timestamp_header": "X-Timestamp",
    },
    "basic": {"id_header": "X-Event-Id"},
    "bearer": {"id_header": "X-Event-Id"},
}
EVERY = pytest.mark.parametrize("name", schemes.SCHEMES)
SIGNED = pytest.mark.parametrize("name", sorted(set(schemes.SCHEMES) - {"standard_webhooks_v1a"}))


def secrets_of(name: str) -> tuple[str, str]:
    return SECRETS.get(name, (TEXT, OTHER))


def sample_of(name: str, secret: str, body: bytes | None = None) -> Request:
    scheme = schemes.named(name)
    body = scheme.example("form.sent", NOW).encode() if body is None else body
    sample = scheme.sample(secret, OPTIONS.get(name, {}), body, senders.URL, NOW)
    assert sample is not None
    return senders.request_of(sample.headers, sample.body, sample.url)


def judged(name: str, request: Request, secrets: Sequence[str]) -> Any:
    return schemes.named(name).verify(secrets, OPTIONS.get(name, {}), request, NOW)


def code(verdict: Any) -> str:
    return verdict.code if isinstance(verdict, Rejected) else "verified"


# --- what all of them do


@SIGNED
def test_either_of_two_live_secrets_proves_it(name: str) -> None:
    present, before = secrets_of(name)
    for used in (present, before):
        assert code(judged(name, sample_of(name, used), (present, before))) == "verified"


def test_either_of_two_public_keys_proves_it() -> None:
    other = Ed25519PrivateKey.generate()
    keys = (
        "whpk_" + base64.b64encode(other.public_key().public_bytes_raw()).decode(),
        senders.PUBLIC,
    )
    for seed in (senders.SEED, other.private_bytes_raw()):
        headers = senders.by_cryptography(senders.BODY, NOW, base64.b64encode(seed).decode())
        request = senders.request_of(headers, senders.BODY)
        assert judged("standard_webhooks_v1a", request, keys) == Verified("msg_1")
        assert code(judged("standard_webhooks_v1a", request, ())) == "signature_invalid"


def test_the_schemes_are_those_that_a_manifest_and_the_api_can_name() -> None:
    assert set(get_args(HookScheme)) == set(schemes.SCHEMES) == set(WORDS)


@SIGNED
def test_another_secret_and_none_prove_nothing(name: str) -> None:
    present, other = secrets_of(name)
    for secrets in ((other,), ()):
        assert code(judged(name, sample_of(name, present), secrets)) == "signature_invalid"


@SIGNED
def test_a_header_of_the_proof_sent_twice_is_refused(name: str) -> None:
    present, _ = secrets_of(name)
    scheme, options = schemes.named(name), OPTIONS.get(name, {})
    sample = scheme.sample(present, options, scheme.example(None, NOW).encode(), senders.URL, NOW)
    assert sample is not None
    pairs = [(n.lower().encode(), v.encode()) for n, v in sample.headers.items()]
    for pair in pairs:
        if pair[0] == b"content-type":
            continue
        request = Request(Headers([*pairs, pair]), sample.body, sample.url)
        assert code(judged(name, request, (present,))) == "signature_invalid", pair


@EVERY
def test_two_secrets_of_ours_differ_and_are_of_the_form_we_ask_for(name: str) -> None:
    scheme = schemes.named(name)
    first, second = scheme.new_secret(), scheme.new_secret()
    if first is None:
        assert second is None
        return
    assert second is not None
    assert first != second
    assert scheme.secret_problem(first) is None


@EVERY
@pytest.mark.parametrize("secret", ["", "short", "é" * 20, "line\nbreak\nline", "x" * 5000])
def test_a_secret_that_cannot_be_one_is_refused_with_a_sentence(name: str, secret: str) -> None:
    problem = schemes.named(name).secret_problem(secret)
    assert problem is not None
    assert problem.endswith(".")


@EVERY
def test_a_secret_that_proves_also_passes_as_one(name: str) -> None:
    assert schemes.named(name).secret_problem(secrets_of(name)[0]) is None


@EVERY
def test_options_are_what_the_scheme_has_and_places_to_seal(name: str) -> None:
    scheme = schemes.named(name)
    assert scheme.option_problems({**OPTIONS.get(name, {}), "sensitive": ["a.b"]}) == []
    told = scheme.option_problems({**OPTIONS.get(name, {}), "colour": "blue"})
    assert [option for option, _ in told] == ["colour"]


@EVERY
def test_data_is_read_alike_when_it_comes_and_when_it_is_passed_on(name: str) -> None:
    scheme = schemes.named(name)
    body = scheme.example("form.sent", NOW).encode()
    if name != "standard_webhooks_v1a":
        body = sample_of(name, secrets_of(name)[0]).body
    document = scheme.parse(body)
    incoming = scheme.read(document, "form.sent", Verified("m"), NOW)
    assert isinstance(incoming, Incoming)
    assert scheme.data_of(document) == incoming.data


@EVERY
def test_every_scheme_is_offered_explained_and_linked(name: str) -> None:
    assert name in OFFERED
    assert name in SCHEME_WORDS
    assert WORDS[name].guide.startswith("https://")
    module = schemes.named(name)
    assert isinstance(module, ModuleType)
    assert "https://" in (module.__doc__ or "") or "RFC" in (module.__doc__ or "")
    assert bool(WORDS[name].handshake) == module.HAS_HANDSHAKE


# --- constant time


@SIGNED
def test_every_proof_is_compared_in_constant_time(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Any, Any]] = []
    compare = hmac.compare_digest

    def noting(one: Any, other: Any) -> bool:
        seen.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    present, other = secrets_of(name)
    judged(name, sample_of(name, present), (other, present))
    assert len(seen) >= 2, "both live secrets are looked at, whichever fits"


def test_no_scheme_compares_what_it_was_given_in_another_way() -> None:
    for scheme in schemes.SCHEMES.values():
        source = inspect.getsource(scheme)  # type: ignore[arg-type]
        assert not re.search(r"(signature|token|given|shown|state)\s*[!=]=\s*(?!b?[\"'])", source)


# --- hostile input


@given(
    names=st.lists(st.sampled_from(HEADERS), max_size=12),
    values=st.lists(
        st.one_of(st.sampled_from(ODD), st.binary(max_size=60)), min_size=12, max_size=12
    ),
    body=st.one_of(st.sampled_from(BODIES), st.binary(max_size=40)),
    query=st.sampled_from(QUERIES),
    method=st.sampled_from(["POST", "GET"]),
)
def test_nothing_a_stranger_sends_raises_or_passes(
    names: list[bytes], values: list[bytes], body: bytes, query: str, method: str
) -> None:
    pairs = list(zip(names, values, strict=False))
    url = f"{senders.URL}?{query}" if query else senders.URL
    for name in schemes.SCHEMES:
        verdict = judged(name, Request(Headers(pairs), body, url, method), secrets_of(name))
        assert isinstance(verdict, Rejected), (name, verdict)


NAMES = [
    "id", "type", "data", "event", "event_id", "event_time", "events", "eventType", "object",
    "eventCategory", "action", "value", "changeType", "webhook_trigger_type", "command", "created",
    "timestamp", "payload",
]  # fmt: skip
WORDS_OF_THEIRS = ["event_callback", "UPDATE", "created", "a b", "x" * 130]
# A NUL makes a body unreadable, which is another test.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**53), 2**53)
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.sampled_from(WORDS_OF_THEIRS)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    ),
    max_leaves=12,
)


@given(document=DOCUMENTS)
def test_a_signed_body_is_read_or_refused_whatever_is_in_it(document: Any) -> None:
    body = json.dumps(document).encode()
    for name in sorted(set(schemes.SCHEMES) - {"standard_webhooks_v1a", "graph"}):
        scheme = schemes.named(name)
        try:
            incoming = scheme.read(scheme.parse(body), "form.sent", Verified(), NOW)
        except BadDocument:
            continue
        assert 0 < len(incoming.type) <= 120
        assert scheme.data_of(scheme.parse(body)) == incoming.data


NOTIFICATIONS = st.dictionaries(
    st.sampled_from(["changeType", "resource", "id"]), DOCUMENTS, max_size=3
)


@given(notifications=st.lists(NOTIFICATIONS, min_size=1, max_size=4))
def test_a_notification_of_graphs_is_read_whatever_is_in_it(
    notifications: list[dict[str, Any]],
) -> None:
    scheme = schemes.named("graph")
    body = json.dumps({"value": [{**each, "clientState": TEXT} for each in notifications]})
    verdict = judged("graph", senders.request_of({}, body), (TEXT,))
    assert isinstance(verdict, Verified)
    incoming = scheme.read(scheme.parse(body.encode()), None, verdict, NOW)
    assert incoming.data == {"value": notifications}
    assert TEXT not in str(incoming)


@given(body=st.binary(max_size=80))
def test_a_form_is_read_or_refused(body: bytes) -> None:
    try:
        found = forms.parse(body)
    except BadDocument:
        return
    assert found is None or json.dumps(found)


def test_a_form_has_a_bounded_number_of_fields() -> None:
    with pytest.raises(BadDocument):
        forms.parse(b"&".join(b"a=%d" % n for n in range(1001)))
    assert forms.parse(b"a=1&a=2&a=3&b=") == {"a": ["1", "2", "3"], "b": ""}


def test_only_four_signatures_of_a_key_pair_are_looked_at() -> None:
    headers = senders.by_cryptography(senders.BODY, NOW)
    wrong = "v1a," + base64.b64encode(b"x" * 64).decode()
    for before, expected in ((3, "verified"), (4, "signature_invalid")):
        signed = {**headers, "webhook-signature": " ".join(
            [wrong] * before + [headers["webhook-signature"]])}  # fmt: skip
        request = senders.request_of(signed, senders.BODY)
        assert code(judged("standard_webhooks_v1a", request, (senders.PUBLIC,))) == expected


def test_an_echo_is_never_longer_than_256_bytes() -> None:
    for size, wanted in ((256, Handshake(b"x" * 256)), (257, None)):
        request = senders.request_of({}, "", f"{senders.URL}?validationToken={'x' * size}")
        verdict = judged("graph", request, (TEXT,))
        assert verdict == wanted or (wanted is None and code(verdict) == "body_invalid")

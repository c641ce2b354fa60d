"""Twilio: https://www.twilio.com/docs/usage/security#validating-requests.

`X-Twilio-Signature` signs, in base64, the address Twilio was given followed by the form's fields in
alphabetical order, each once, names and values run together: `Body=hi`, `Bod=yhi` and
`Body=hi&Body=hi` are signed alike, so that only https keeps one from being made of another. A body
that is no form is bound by `bodySHA256=<hex>` in the address; where that is, a form is held to it
too. HMAC-SHA1 with the account's auth token; with a shared key HMAC-SHA256, said in
`X-Twilio-Webhooks-Signature-Settings`. `I-Twilio-Idempotency-Token` names the event; it is not
signed.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from wedsync.platform.documents import BadDocument
from wedsync.webhooks.schemes import forms, naming, plain, signatures
from wedsync.webhooks.schemes.interface import Rejected, Request, Sample, Verdict, Verified

SUCCESS_STATUS = 202
SIGNED_HEADERS = frozenset({"x-twilio-signature"})
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False

_SIGNATURE, _SETTINGS = b"x-twilio-signature", b"x-twilio-webhooks-signature-settings"
_ID, _CONTENT_TYPE = b"i-twilio-idempotency-token", b"content-type"
_ALGORITHMS = {b"HMAC_SHA1": "sha1", b"HMAC_SHA256": "sha256"}
_BODY_HASH = "bodySHA256"
_PORTS = {"https": ":443", "http": ":80"}

option_problems = plain.no_options
names_events = plain.always
new_secret = plain.theirs
secret_problem = signatures.plain_secret_problem
parse = forms.parse
read = plain.read
data_of = plain.data_of


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, _now: datetime
) -> Verdict:
    headers = request.headers
    signature = headers.get(_SIGNATURE)
    if signature is None:
        return Rejected("signature_missing", "Send X-Twilio-Signature.")
    if headers.repeats(_SIGNATURE, _SETTINGS, _ID, _CONTENT_TYPE):
        return Rejected("signature_invalid", "A header of the signature was sent twice.")
    algorithm = _ALGORITHMS.get(_algorithm(headers.get(_SETTINGS) or b""))
    fields = _signed_fields(request)
    if algorithm is None or fields is None:
        return signatures.UNFIT
    keys = [secret.encode() for secret in secrets]
    fits = False
    for address in _addresses(request.url):
        signed = (address + fields).encode()
        fits |= signatures.made_by_any(keys, algorithm, signed, "base64", [signature])
    return Verified(signatures.sender_id(headers.get(_ID))) if fits else signatures.UNFIT


def _algorithm(settings: bytes) -> bytes:
    parts = [part.partition(b"=") for part in settings.split(b",")]
    named = [value.strip().upper() for name, _, value in parts if name.strip() == b"algorithm"]
    return next(filter(None, named), b"HMAC_SHA1")


def _signed_fields(request: Request) -> str | None:
    """What is signed behind the address; None when the body is bound to nothing, or is not the one
    it is bound to."""
    content_type = request.headers.get(_CONTENT_TYPE) or b""
    is_form = content_type.lower().startswith(forms.CONTENT_TYPE.encode())
    hashes = parse_qs(request.query).get(_BODY_HASH)
    if hashes and not _is_hash(request.body, hashes):
        return None
    return "" if hashes and not is_form else _fields(request.body)


def _is_hash(body: bytes, hashes: Sequence[str]) -> bool:
    made = hashlib.sha256(body).hexdigest().encode()
    return all(hmac.compare_digest(made, given.encode()) for given in hashes)


def _fields(body: bytes) -> str | None:
    """Its fields run together; None for what is no form, or has a field without a name."""
    try:
        fields = forms.pairs(body)
    except BadDocument:
        return None
    return _joined(fields) if all(name for name, _ in fields) else None


def _joined(fields: Sequence[tuple[str, str]]) -> str:
    return "".join(name + value for name, value in sorted(set(fields)))


def _addresses(url: str) -> tuple[str, str]:
    """The address without and with its port: Twilio signs either."""
    protocol, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, _, _port = authority.partition(":")
    port = authority.removeprefix(host) or _PORTS.get(protocol, "")
    return f"{protocol}://{host}{slash}{path}", f"{protocol}://{host}{port}{slash}{path}"


def example(_event_type: str | None, _now: datetime) -> str:
    return forms.write(
        {
            "MessageSid": "SM00000000000000000000000000000007",
            "From": "+447700900123",
            "To": "+447700900456",
            "Body": "Yes, both of us are coming",
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, now: datetime
) -> Sample:
    fields = ""
    is_form = body.lstrip()[:1] not in (b"{", b"[")
    if is_form:
        fields = _joined(forms.pairs(body))
    else:
        url += f"?{_BODY_HASH}={hashlib.sha256(body).hexdigest()}"
    headers = {
        "Content-Type": forms.CONTENT_TYPE if is_form else "application/json",
        "I-Twilio-Idempotency-Token": naming.sample_id(body, now),
        "X-Twilio-Signature": signatures.made(secret, (url + fields).encode(), "base64", "sha1"),
    }
    return Sample(url, headers, body)

"""Senders' own libraries, signing and judging: what they know of us is nothing."""

import base64
import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

import standardwebhooks
import stripe
import svix.webhooks
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from slack_sdk.signature import Clock, SignatureVerifier
from twilio.request_validator import RequestValidator, get_signature_algorithm

from wedsync.settings import CHECKOUT
from wedsync.webhooks.schemes import Headers, Request

URL = "https://wedsync.example/hooks/abc"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
SEED = bytes(range(32))
PUBLIC = (
    "whpk_"
    + base64.b64encode(
        Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    ).decode()
)
BODY = '{"type":"rsvp.received","timestamp":"2026-05-30T12:00:00Z","data":{"guest":"Zoë"}}'
FORM = urlencode({"From": "+447700900123", "Body": "Yes & no", "Media": "", "City": "Zürich"})

_SCRIPT = """
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import * as github from "@octokit/webhooks-methods";
import * as standard from "standardwebhooks";
import * as svix from "svix";

const der = (seed) => Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
const pem = (raw) => Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
const signed = (each) => Buffer.from(`${each.id}.${each.seconds}.${each.body}`);
const headers = (each) => ({
  "webhook-id": each.id, "webhook-timestamp": `${each.seconds}`,
  "webhook-signature": each.signature,
});
const judge = (Webhook) => (each) => {
  try {
    new Webhook(each.secret).verify(each.body, headers(each));
    return true;
  } catch {
    return false;
  }
};
const make = (Webhook) => (each) =>
  new Webhook(each.secret).sign(each.id, new Date(each.seconds * 1000), each.body);
const doing = {
  "standard sign": make(standard.Webhook), "standard verify": judge(standard.Webhook),
  "svix sign": make(svix.Webhook), "svix verify": judge(svix.Webhook),
  "github sign": (each) => github.sign(each.secret, each.body),
  "github verify": (each) =>
    github.verify(each.secret, each.body, each.signature).catch(() => false),
  "ed25519 sign": (each) => {
    const key = createPrivateKey({ key: der(Buffer.from(each.secret, "base64")), format: "der",
      type: "pkcs8" });
    return "v1a," + sign(null, signed(each), key).toString("base64");
  },
  "ed25519 verify": (each) => {
    const key = createPublicKey({ key: pem(Buffer.from(each.secret, "base64")), format: "der",
      type: "spki" });
    return verify(null, signed(each), key, Buffer.from(each.signature.slice(4), "base64"));
  },
};
const said = [];
for (const each of JSON.parse(readFileSync(0))) said.push(await doing[each.do](each));
console.log(JSON.stringify(said));
"""


def in_javascript(*asked: Mapping[str, Any]) -> list[Any]:
    """What the libraries of npm say, one answer for each of `asked`."""
    ran = subprocess.run(
        ["node", "--input-type=module", "--eval", _SCRIPT],
        input=json.dumps(asked),
        env={"PATH": os.environ["PATH"]},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said: list[Any] = json.loads(ran.stdout)
    return said


def request_of(
    headers: Mapping[str, str], body: str | bytes, url: str = URL, method: str = "POST"
) -> Request:
    """A request as it comes from the wire."""
    raw = body.encode() if isinstance(body, str) else body
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Request(Headers(pairs), raw, url, method)


def header_of(request: Request, name: str) -> str:
    return (request.headers.get(name.lower().encode()) or b"").decode("latin-1")


# --- signing, as headers


def standard_headers(signature: str, at: datetime) -> dict[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def by_standardwebhooks(body: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
    return standard_headers(standardwebhooks.Webhook(secret).sign("msg_1", at, body), at)


def by_svix(body: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
    return standard_headers(svix.webhooks.Webhook(secret).sign("msg_1", at, body), at)


def _by_node(what: str) -> Callable[..., dict[str, str]]:
    def signer(body: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
        seconds = int(at.timestamp())
        asked = {"do": what, "id": "msg_1", "seconds": seconds, "body": body, "secret": secret}
        return standard_headers(in_javascript(asked)[0], at)

    return signer


def by_cryptography(body: str, at: datetime, secret: str = "") -> dict[str, str]:
    """`secret` is the seed in base64."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret) if secret else SEED)
    made = key.sign(f"msg_1.{int(at.timestamp())}.{body}".encode())
    return standard_headers("v1a," + base64.b64encode(made).decode(), at)


def by_node_ed25519(body: str, at: datetime, secret: str = "") -> dict[str, str]:
    seed = secret or base64.b64encode(SEED).decode()
    return _by_node("ed25519 sign")(body, at, seed)


def by_stripe(body: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
    seconds = int(at.timestamp())
    made = stripe.WebhookSignature.generate_signature_header(body, secret, seconds)
    return {"Stripe-Signature": made}


def by_slack(body: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    made = SignatureVerifier(secret).generate_signature(timestamp=seconds, body=body)
    return {"X-Slack-Request-Timestamp": seconds, "X-Slack-Signature": str(made)}


def by_octokit(body: str, _at: datetime, secret: str = SECRET) -> dict[str, str]:
    made = in_javascript({"do": "github sign", "body": body, "secret": secret})[0]
    return {"X-GitHub-Event": "ping", "X-GitHub-Delivery": "7", "X-Hub-Signature-256": made}


def by_twilio(
    body: str, _at: datetime, secret: str = SECRET, url: str = URL, algorithm: str = "HMAC_SHA1"
) -> dict[str, str]:
    fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
    made = RequestValidator(secret).compute_signature(url, fields, algorithm)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": made}
    if algorithm != "HMAC_SHA1":
        settings = f"key=webhooks_sharedkey_1,algorithm={algorithm}"
        headers["X-Twilio-Webhooks-Signature-Settings"] = settings
    return headers


SIGNERS: Mapping[str, tuple[str, Callable[..., dict[str, str]], str]] = {
    "standardwebhooks": ("standard_webhooks", by_standardwebhooks, BODY),
    "standardwebhooks.js": ("standard_webhooks", _by_node("standard sign"), BODY),
    "svix": ("standard_webhooks", by_svix, BODY),
    "svix.js": ("standard_webhooks", _by_node("svix sign"), BODY),
    "cryptography": ("standard_webhooks_v1a", by_cryptography, BODY),
    "node:crypto": ("standard_webhooks_v1a", by_node_ed25519, BODY),
    "stripe": ("stripe", by_stripe, BODY),
    "slack_sdk": ("slack", by_slack, BODY),
    "octokit": ("github", by_octokit, BODY),
    "twilio": ("twilio", by_twilio, FORM),
}
"""Library: our scheme, its signer, a body it would sign."""


# --- judging


def _tries(check: Callable[[], object], refusal: type[Exception]) -> bool:
    try:
        return check() is not False
    except refusal:
        return False


def standardwebhooks_takes(request: Request, secret: str) -> bool:
    webhook = standardwebhooks.Webhook(secret)
    return _tries(
        lambda: webhook.verify(request.body, _named(request)),
        standardwebhooks.WebhookVerificationError,
    )


def svix_takes(request: Request, secret: str) -> bool:
    webhook = svix.webhooks.Webhook(secret)
    return _tries(
        lambda: webhook.verify(request.body, _named(request)) or True,
        svix.webhooks.WebhookVerificationError,
    )


def _named(request: Request) -> dict[str, str]:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {name: header_of(request, name) for name in names}


def asking(what: str, request: Request, secret: str) -> dict[str, Any]:
    """The question for `in_javascript`."""
    signature = "x-hub-signature-256" if what.startswith("github") else "webhook-signature"
    return {
        "do": what,
        "id": header_of(request, "webhook-id"),
        "seconds": header_of(request, "webhook-timestamp"),
        "body": request.body.decode(),
        "secret": secret,
        "signature": header_of(request, signature),
    }


def _node_takes(what: str) -> Callable[[Request, str], bool]:
    return lambda request, secret: bool(in_javascript(asking(what, request, secret))[0])


def cryptography_takes(request: Request, secret: str) -> bool:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(secret.removeprefix("whpk_")))
    made = base64.b64decode(header_of(request, "webhook-signature").removeprefix("v1a,"))
    signed = ".".join(header_of(request, name) for name in ("webhook-id", "webhook-timestamp"))
    return _tries(
        lambda: key.verify(made, f"{signed}.".encode() + request.body) or True, InvalidSignature
    )


def stripe_takes(request: Request, secret: str) -> bool:
    header = header_of(request, "Stripe-Signature")
    return _tries(
        lambda: stripe.WebhookSignature.verify_header(
            request.body.decode(), header, secret, tolerance=300
        ),
        stripe.SignatureVerificationError,
    )


class _At(Clock):
    def now(self) -> float:
        return datetime.now(UTC).timestamp()


def slack_takes(request: Request, secret: str) -> bool:
    names = ("X-Slack-Request-Timestamp", "X-Slack-Signature")
    headers = {name: header_of(request, name) for name in names}
    return SignatureVerifier(secret, _At()).is_valid_request(request.body, headers)


def twilio_takes(request: Request, secret: str) -> bool:
    body = request.body.decode()
    is_form = "form" in header_of(request, "Content-Type")
    fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
    algorithm = get_signature_algorithm(header_of(request, "X-Twilio-Webhooks-Signature-Settings"))
    signature = header_of(request, "X-Twilio-Signature")
    params: Any = fields if is_form else body
    return bool(RequestValidator(secret).validate(request.url, params, signature, algorithm))


JUDGES: Mapping[str, tuple[str, Callable[[Request, str], bool]]] = {
    "standardwebhooks": ("standard_webhooks", standardwebhooks_takes),
    "standardwebhooks.js": ("standard_webhooks", _node_takes("standard verify")),
    "svix": ("standard_webhooks", svix_takes),
    "svix.js": ("standard_webhooks", _node_takes("svix verify")),
    "stripe": ("stripe", stripe_takes),
    "slack_sdk": ("slack", slack_takes),
    "octokit": ("github", _node_takes("github verify")),
    "twilio": ("twilio", twilio_takes),
}
"""Library: our scheme, whether it takes a request."""


def secrets_for(scheme: str) -> Sequence[str]:
    return (PUBLIC,) if scheme == "standard_webhooks_v1a" else (SECRET,)

"""The one door to the network: HTTP through libcurl, and sockets, to public addresses only.

`request()` blocks, from any thread · `Transfers` keeps many in flight for one thread (drains) ·
`send_many()` sends a batch · `connect()` gives a connected socket to protocols and libraries with
sockets of their own (SMTP, IMAP, SFTP) · `check_url()` tells a person what is wrong with an
address before it is saved · `allow_loopback()` opens this machine to itself, for development.

What holds for every request:

- The address is judged when the socket is opened, so a name that changes its mind (DNS rebinding)
  gains nothing, and judged again on the connection that is about to carry the request.
- No redirect is followed, no proxy variable, netrc file or cookie is read, nothing is decompressed.
- One call puts at most one request on the wire. libcurl would send a request again, POST included,
  when a kept connection dies before answering; that is stopped, and reported as `maybe`.
- It ends: within `timeout_s`, and within `max_answer_bytes` of body.
- It ends with a value: an `Answer`, whatever its status, or a `Failure` that says whether the far
  end may have acted (`maybe`) or cannot have (`not_sent`).

What holds for every connection that `connect()` makes: its name was looked up and its address
judged by the same rules at the socket that is opened; its certificate, where it has one, was
verified against the same authorities (`tls_context()` for a protocol that turns to TLS later);
and it was ready in time, or `NotConnected` carries the `Failure`. What is said over it, and
within which time, is its caller's. Only a host that the operator named in the settings may stand in
a private network (`ours`).
"""

from wedsync.platform.outbound.addresses import refusal
from wedsync.platform.outbound.calling import request
from wedsync.platform.outbound.connect import NotConnected, connect, tls_problem
from wedsync.platform.outbound.messages import Answer, Failure, Headers, Outcome, Request, Timings
from wedsync.platform.outbound.permission import allow_loopback, loopback_allowed
from wedsync.platform.outbound.transfers import Transfers, send_many
from wedsync.platform.outbound.trusted import tls_context, trust
from wedsync.platform.outbound.urls import UrlRefused, check_url

__all__ = [
    "Answer",
    "Failure",
    "Headers",
    "NotConnected",
    "Outcome",
    "Request",
    "Timings",
    "Transfers",
    "UrlRefused",
    "allow_loopback",
    "check_url",
    "connect",
    "loopback_allowed",
    "refusal",
    "request",
    "send_many",
    "tls_context",
    "tls_problem",
    "trust",
]

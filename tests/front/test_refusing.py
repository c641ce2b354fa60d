"""What cannot be taken is refused with a stable code, stores nothing, and is counted."""

import hashlib
import hmac
import json
import socket
import time
from datetime import timedelta
from uuid import UUID

import pytest
import stripe
from apiflask import APIFlask
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.front.conftest import Answer, FrontServer, Sender, SenderMaker, read_answer
from wedsync.events.models import Event
from wedsync.platform import clock
from wedsync.platform.vault import MASK
from wedsync.webhooks import queries
from wedsync.webhooks.models import HookReceipt, HookRejection, HookRejectionSample

BODY = b'{"type":"seat.taken","data":{}}'


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and code, of an answer that is a problem (RFC 9457)."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status
    assert problem["detail"].endswith(".")
    return answer.status, problem["code"]


def events(database: Session, sender: Sender) -> int:
    source = f"hook:{sender.hook_id}"
    return database.scalar(select(func.count()).where(Event.source == source)) or 0


def raw_request(sender: Sender, body: bytes, *more: bytes, length: int | None = None) -> bytes:
    """A signed request as bytes, with more header lines."""
    headers = sender.headers(body)
    headers["content-length"] = str(len(body) if length is None else length)
    lines = [f"{name}: {value}".encode() for name, value in headers.items()]
    head = b"\r\n".join([f"POST {sender.path} HTTP/1.1".encode(), b"host: x", *lines, *more])
    return head + b"\r\n\r\n" + body


def code_of(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["code"]


def test_without_a_signature(database: Session, sender: Sender) -> None:
    answer = sender.front.request("POST", sender.path, body=BODY)
    assert refusal(answer) == (401, "signature_missing")
    assert events(database, sender) == 0


def test_with_a_wrong_signature(database: Session, sender: Sender) -> None:
    answer = sender.send(BODY, webhook_signature="v1,AAAA")
    assert refusal(answer) == (401, "signature_invalid")
    other = Sender(
        sender.front, sender.hook_id, sender.organization_id, sender.token,
        "whsec_" + "QUJD" * 8,
    )  # fmt: skip
    assert refusal(other.send(BODY)) == (401, "signature_invalid")
    assert events(database, sender) == 0


@pytest.mark.parametrize("minutes", [-10, 10])
def test_signed_ten_minutes_away(database: Session, sender: Sender, minutes: int) -> None:
    answer = sender.send(BODY, at=clock.now() + timedelta(minutes=minutes))
    assert refusal(answer) == (401, "signature_stale")
    assert events(database, sender) == 0


def test_replayed_after_the_window_under_a_fresh_moment(sender: Sender) -> None:
    old = sender.headers(BODY, at=clock.now() - timedelta(minutes=6))
    old["webhook-timestamp"] = str(int(clock.now().timestamp()))
    answer = sender.front.request("POST", sender.path, body=BODY, headers=old)
    assert refusal(answer) == (401, "signature_invalid")


@pytest.mark.parametrize("timestamp", ["1e308", "-5", "", "٣", "9" * 500])
def test_with_a_moment_that_is_none(sender: Sender, timestamp: str) -> None:
    answer = sender.send(BODY, webhook_timestamp=timestamp.encode().decode("latin-1"))
    assert refusal(answer)[0] == 401


@pytest.mark.parametrize("signature", ["v1,%%%", "v1", "v1,é", "v1," + "A" * 20_000, " " * 50])
def test_with_base64_that_is_none(sender: Sender, signature: str) -> None:
    answer = sender.send(BODY, webhook_signature=signature)
    assert refusal(answer)[0] == 401


def test_with_a_header_sent_twice(sender: Sender) -> None:
    twice = raw_request(sender, BODY, b"webhook-id: msg_1")
    assert code_of(sender.front.say(twice)) == (401, "signature_invalid")


def test_with_bytes_in_headers_that_are_no_text(sender: Sender) -> None:
    odd = raw_request(sender, BODY, b"x-odd: \xff\xfe\x80")
    assert b" 202 " in sender.front.say(odd).split(b"\r\n")[0]
    nameless = raw_request(sender, BODY).replace(b"msg_1", b"\xff\xfe", 1)
    assert code_of(sender.front.say(nameless)) == (401, "signature_invalid")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"not json", b'{"a":1}{', b"NaN", b"[" * 65 + b"]" * 65,
        b'{"a":' * 400_000 + b"1" + b"}" * 10, b'{"type":"a.b","data":"\\u0000"}',
        b'{"a\\u0000":1}', b'{"a":"\\ud800"}', b'{"a":1e999}',
    ],
    ids=lambda body: body[:12],
)  # fmt: skip
def test_with_a_body_that_is_not_ours_to_keep(
    database: Session, sender: Sender, body: bytes
) -> None:
    answer = sender.send(body[: 1024 * 1024])
    assert refusal(answer) == (400, "body_invalid")
    assert events(database, sender) == 0


def test_a_signed_body_that_is_no_text(make_sender: SenderMaker, database: Session) -> None:
    options = {"header": "X-Sign", "algorithm": "sha256", "encoding": "hex"}
    sender = make_sender(scheme="hmac", secret="12345678", options=options, event_type="a.b")
    for body in (b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b"\xfe\xff"):
        headers = {"x-sign": hmac.new(b"12345678", body, hashlib.sha256).hexdigest()}
        answer = sender.front.request("POST", sender.path, body=body, headers=headers)
        assert refusal(answer) == (400, "body_invalid")
    assert events(database, sender) == 0


def test_a_stripe_body_that_is_no_event(make_sender: SenderMaker) -> None:
    sender = make_sender(scheme="stripe", secret="whsec_1234567890abcdef")
    for body in ("[]", "{}", '{"id":5,"type":"a.b"}', '{"id":"e","type":""}', "5"):
        header = stripe.WebhookSignature.generate_signature_header(body, sender.secret)
        answer = sender.front.request(
            "POST", sender.path, body=body, headers={"stripe-signature": header}
        )
        assert refusal(answer) == (400, "body_invalid")


def test_a_stripe_hook_that_waits_for_its_secret(make_sender: SenderMaker) -> None:
    sender = make_sender(scheme="stripe", secret=None)
    answer = sender.front.request(
        "POST", sender.path, body=b"{}", headers={"stripe-signature": "t=1,v1=ab"}
    )
    assert refusal(answer) == (401, "signature_invalid")


@pytest.mark.parametrize("token", ["a" * 43, "short", "", "a/b", "%00" * 30, "é" * 43, "x" * 4000])
def test_an_unknown_token(front: FrontServer, token: str) -> None:
    answer = front.request("POST", f"/hooks/{token}", body=BODY)
    assert refusal(answer) == (404, "hook_unknown")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_any_other_method(front: FrontServer, sender: Sender, method: str) -> None:
    answer = front.request(method, sender.path)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_two_megabytes_are_too_large_and_the_sender_hears_it(
    database: Session, sender: Sender
) -> None:
    body = b'{"a":"' + b"x" * (2 * 1024 * 1024) + b'"}'
    assert refusal(sender.send(body)) == (413, "body_too_large")
    pieces = (body[start : start + 65536] for start in range(0, len(body), 65536))
    answer = sender.front.request(
        "POST", sender.path, body=pieces, headers=sender.headers(body), chunked=True
    )
    assert refusal(answer) == (413, "body_too_large")
    assert events(database, sender) == 0


def test_a_body_that_drips_is_too_slow(
    database: Session, hurried_front: FrontServer, sender: Sender
) -> None:
    with hurried_front.connect() as connection:
        connection.sendall(raw_request(sender, b"", length=100))
        started = time.monotonic()
        for _ in range(8):
            connection.sendall(b" ")
            time.sleep(0.1)
        answer = read_answer(connection)
        assert code_of(answer) == (408, "body_too_slow")
        assert b"connection: close" in answer.lower()
        assert 0.9 < time.monotonic() - started < 5
        assert connection.recv(1) == b""
    assert events(database, sender) == 0


def test_a_body_that_ends_too_early_leaves_nothing(database: Session, sender: Sender) -> None:
    with sender.front.connect() as connection:
        connection.sendall(raw_request(sender, BODY, length=500))
        connection.shutdown(socket.SHUT_WR)
        assert code_of(read_answer(connection)) == (400, "body_invalid")
    with sender.front.connect() as connection:
        connection.sendall(raw_request(sender, BODY, length=500))
    assert events(database, sender) == 0
    assert sender.send(BODY).status == 202


def test_refusals_are_counted_with_ten_samples_and_no_bodies(
    app: APIFlask, database: Session, sender: Sender
) -> None:
    for number in range(13):
        sender.send(b'{"secret":"body"}', webhook_signature="v1,AAAA", x_number=str(number))
    sender.front.request("POST", sender.path, body=BODY)
    counts = _counted(database, sender, 14)
    assert counts == {"signature_invalid": 13, "signature_missing": 1}
    with app.app_context():
        found = queries.rejections(sender.organization_id, sender.hook_id)
        assert {count.code: count.count for count in found.counts} == counts
        assert len(found.samples) == 10
        latest, before = found.samples[:2]
        assert (latest.code, latest.size) == ("signature_missing", len(BODY))
        assert before.headers["x-number"] == "12"
        assert before.headers["webhook-signature"] == MASK
        assert queries.rejections(UUID(int=1), sender.hook_id).samples == []


def _counted(database: Session, sender: Sender, total: int) -> dict[str, int]:
    """The counts, once they are written: every five seconds."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        rows = database.execute(
            select(HookRejection.code, HookRejection.count).where(
                HookRejection.hook_id == sender.hook_id
            )
        ).all()
        counts = {row.code: int(row[1]) for row in rows}
        if sum(counts.values()) == total:
            return counts
        time.sleep(0.2)
    pytest.fail(f"not written: {counts}")


@pytest.mark.usefixtures("empty_database")
def test_an_unknown_token_stores_nothing(database: Session, hurried_front: FrontServer) -> None:
    for _ in range(5):
        hurried_front.request("POST", "/hooks/" + "b" * 43, body=BODY)
    time.sleep(1.2)
    for table in (Event, HookReceipt, HookRejection, HookRejectionSample):
        assert database.scalar(select(func.count()).select_from(table)) == 0


UNHURRIED = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@rules(max_examples=150, **UNHURRIED)
@given(
    body=st.one_of(st.binary(max_size=300), st.just(BODY)),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "stripe-signature",
                "content-type",
                "x-forwarded-for",
                "cookie",
                "authorization",
                "expect-ct",
            ]
        ),
        st.one_of(
            st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")),
            st.integers().map(str),
            st.floats().map(str),
            st.binary(max_size=40).map(lambda raw: "v1," + raw.hex()),
        ),
    ),
    suffix=st.sampled_from(["", "", "", "?x=1", "/", "x", "%00"]),
)
def test_nothing_a_stranger_sends_gets_through_or_breaks_it(
    database: Session, sender: Sender, body: bytes, headers: dict[str, str], suffix: str
) -> None:
    answer = sender.front.request("POST", sender.path + suffix, body=body, headers=headers)
    assert 400 <= answer.status < 500
    assert refusal(answer)[1] in {
        "hook_unknown", "signature_missing", "signature_invalid", "signature_stale",
    }  # fmt: skip
    assert events(database, sender) == 0


@rules(max_examples=100, **UNHURRIED)
@given(body=st.text(max_size=200).map(str.encode))
def test_a_signed_body_is_kept_or_refused_but_never_breaks_it(sender: Sender, body: bytes) -> None:
    answer = sender.send(body, f"m{len(body)}{hash(body)}")
    if answer.status != 202:
        assert refusal(answer) == (400, "body_invalid")

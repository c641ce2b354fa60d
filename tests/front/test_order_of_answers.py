"""Where several things are wrong at once, the first of a fixed order is told."""

from tests.front.conftest import Answer, FrontServer, SenderMaker, read_answer

BODY = b'{"type":"seat.taken","data":{}}'
LARGE = b"x" * (1024 * 1024 + 1)


def told(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json()["code"]


def test_an_unknown_address_is_told_before_the_size(front: FrontServer) -> None:
    answer = front.request("POST", "/hooks/" + "a" * 43, body=LARGE)
    assert told(answer) == (404, "hook_unknown")


def test_the_size_is_told_before_the_signature(make_sender: SenderMaker) -> None:
    sender = make_sender()
    answer = sender.front.request("POST", sender.path, body=LARGE)
    assert told(answer) == (413, "body_too_large")


def test_slowness_is_told_before_the_signature(
    make_sender: SenderMaker, hurried_front: FrontServer
) -> None:
    sender = make_sender(hurried_front)
    with hurried_front.connect() as connection:
        head = f"POST {sender.path} HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n"
        connection.sendall(head.encode() + b"{")
        answer = read_answer(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_too_slow"' in answer


def test_the_signature_is_told_before_what_it_covers(make_sender: SenderMaker) -> None:
    sender = make_sender(quota_per_minute=1)
    answer = sender.front.request("POST", sender.path, body=b"{")
    assert told(answer) == (401, "signature_missing")
    assert told(sender.send(b"{", webhook_signature="v1,AAAA")) == (401, "signature_invalid")


def test_what_cannot_be_read_is_told_before_the_quota(make_sender: SenderMaker) -> None:
    sender = make_sender(quota_per_minute=1)
    statuses = [sender.send(BODY, f"m{n}").status for n in range(3)]
    assert set(statuses) == {202, 429}
    assert told(sender.send(b"{", "m9")) == (400, "body_invalid")
    assert told(sender.send(b'{"a":"\\u0000"}', "m9")) == (400, "body_invalid")

"""Raw libcurl, a yardstick: `python -m tests.bench.raw_libcurl PORT COUNT` prints requests/s.

Its multi interface sends the request a delivery sends, 100 in flight, and reads only whether the
answer was 200.
"""

import sys
import time
import uuid
from typing import Any

import pycurl

from tests.bench import traffic

IN_FLIGHT = 100
_WAIT_S = 1.0


def send(port: int, count: int) -> float:
    """Send `count` requests; returns how many a second."""
    content = traffic.body(traffic.PHOTOS, 1)
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, IN_FLIGHT)
    handles = [_handle(f"http://127.0.0.1:{port}/libcurl", content) for _ in range(IN_FLIGHT)]
    began = time.monotonic()
    for handle in handles:
        _begin(multi, handle)
    left = count - IN_FLIGHT
    ended = 0
    while ended < count:
        for handle in _ended(multi):
            ended += 1
            if left > 0:
                left -= 1
                _begin(multi, handle)
    return count / (time.monotonic() - began)


def _handle(url: str, content: bytes) -> Any:
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.POSTFIELDS, content)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.WRITEFUNCTION, lambda _chunk: None)
    return curl


def _begin(multi: Any, curl: Any) -> None:
    headers = ["Expect:", "Content-Type: application/json", f"webhook-id: {uuid.uuid4()}"]
    curl.setopt(pycurl.HTTPHEADER, [*headers, "webhook-signature: v1,none"])
    multi.add_handle(curl)


def _ended(multi: Any) -> list[Any]:
    """Move everything on that can; the handles whose answers are here."""
    multi.perform()
    _, answered, failed = multi.info_read()
    if failed or any(curl.getinfo(pycurl.RESPONSE_CODE) != 200 for curl in answered):
        sys.exit("a request of raw libcurl failed")
    if not answered:
        multi.select(_WAIT_S)
    for curl in answered:
        multi.remove_handle(curl)
    return list(answered)


if __name__ == "__main__":
    print(send(int(sys.argv[1]), int(sys.argv[2])))

"""One libcurl easy handle, used again and again: what never changes is set once."""

import re
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import pycurl

from wedsync.platform.outbound import faults
from wedsync.platform.outbound.messages import Answer, Failure, Headers, Outcome, Request, Timings
from wedsync.platform.outbound.names import Found
from wedsync.platform.outbound.permission import refused, sentence
from wedsync.platform.outbound.trusted import authorities
from wedsync.platform.outbound.urls import Target

USER_AGENT = "WedSync/1"
# Common servers drop kept connections after 5 s of silence (Node, Apache). One that is dropped
# while our request is on its way costs a `maybe`, so older ones are not used again.
KEEP_IDLE_S = 4

_METHOD = re.compile(r"[A-Z]{1,20}")
_NEVER = frozenset({"CONNECT", "TRACE"})
_HAVE_A_BODY = frozenset({"POST", "PUT", "PATCH"})
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_UNPRINTABLE = re.compile(r"[^\t\x20-\x7e]")
# The connection's own: setting them by hand could make one request look like two.
_OURS = frozenset(
    {"connection", "content-length", "expect", "host", "http2-settings", "keep-alive"}
    | {"proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_EMPTY = (b"\r\n", b"\n")


class RequestRefused(ValueError):
    """A request that is not sent as it stands; the message says why."""


def header_lines(request: Request) -> list[str]:
    """The headers as libcurl wants them. Raises `RequestRefused` for what cannot be a header."""
    lines = ["Expect:"]  # without a value: do not send this one
    typed = request.body is None
    for name, value in request.headers.items():
        lower = _checked_name(name)
        if _UNPRINTABLE.search(value):
            raise RequestRefused(f"The header {name} may contain printable ASCII characters only.")
        typed = typed or lower == "content-type"
        text = value.strip()
        lines.append(f"{name}: {text}" if text else f"{name};")
    if not typed:
        lines.append("Content-Type:")
    return lines


@lru_cache(maxsize=1024)
def _checked_name(name: str) -> str:
    lower = name.lower()
    if not _NAME.fullmatch(name):
        raise RequestRefused("The name of a header contains characters that are not allowed there.")
    if lower in _OURS:
        raise RequestRefused(f"The header {name} is set by the connection itself.")
    return lower


def checked_method(request: Request) -> str:
    method = request.method
    if not _METHOD.fullmatch(method) or method in _NEVER:
        raise RequestRefused("This is not a method that is sent.")
    if method == "HEAD" and request.body is not None:
        raise RequestRefused("A HEAD request carries no body.")
    return method


class Handle:
    """An easy handle with its callbacks; carries one transfer at a time.

    `on_open` is called with every socket that is opened. `news`, when set, is a place
    (host, port) and what its name was found to lead to, which libcurl is told with the request.
    """

    __slots__ = (
        "_body",
        "_ca",
        "_dns_s",
        "_head",
        "_kept",
        "_limit",
        "_refusal",
        "_sent",
        "_shape",
        "_times",
        "curl",
        "news",
        "on_open",
        "tag",
    )

    def __init__(self, on_open: Callable[[int], None]) -> None:
        self.curl: Any = pycurl.Curl()
        self.on_open = on_open
        self.tag: object = None
        self.news: tuple[tuple[str, int], Found] | None = None
        self._body: list[bytes] = []
        self._head: list[bytes] = []
        self._kept = self._limit = 0
        self._sent = False
        self._refusal: str | None = None
        self._dns_s = 0.0
        self._shape = ("GET", False)
        self._times = (0, 0)
        self._ca: str | None = None
        self._set_once()

    def prepare(self, request: Request, target: Target, dns_s: float) -> None:
        """Set what differs from request to request; `dns_s` went into finding its name.

        Raises `RequestRefused`.
        """
        lines = header_lines(request)
        self._set_method(checked_method(request), request.body)
        setopt = self.curl.setopt
        setopt(pycurl.URL, target.url)
        setopt(pycurl.HTTPHEADER, lines)
        self._set_times(request, dns_s)
        if self.news is not None:
            setopt(pycurl.RESOLVE, [_in_curls_words(*self.news)])
        if self._ca != (ca := authorities()) and ca is not None:
            setopt(pycurl.CAINFO, ca)
            self._ca = ca
        self._limit = request.max_answer_bytes
        self._kept = 0
        self._sent = False
        self._refusal = None
        self._dns_s = dns_s

    def release(self) -> None:
        """Let go of what the last transfer carried."""
        self._body.clear()
        self._head.clear()
        self.tag = None
        if self._shape[1]:
            self.curl.setopt(pycurl.POSTFIELDS, b"")
        if self.news is not None:
            self.curl.unsetopt(pycurl.RESOLVE)
            self.news = None

    def ended(self) -> Outcome:
        """The outcome of what libcurl holds to be whole."""
        if _is_whole(self._head):
            return self.answered()
        # It lets a connection that ends within the head pass for an answer.
        return faults.after_sending(pycurl.E_PARTIAL_FILE, "", self._timings())

    def answered(self, *, truncated: bool = False) -> Answer:
        body = b"".join(self._body)
        return Answer(
            status=self.curl.getinfo(pycurl.RESPONSE_CODE),
            headers=Headers(b"".join(self._head)),
            body=body[: self._limit] if truncated else body,
            timings=self._timings(),
            truncated=truncated,
        )

    def failed(self, curl_code: int, detail: str) -> Outcome:
        if curl_code == pycurl.E_WRITE_ERROR and self._kept > self._limit:
            return self.answered(truncated=True)
        timings = self._timings()
        if self._sent:
            return faults.after_sending(curl_code, detail, timings)
        if self._refusal is not None:
            return Failure("not_sent", "address_refused", sentence(self._refusal), timings)
        os_errno = self.curl.getinfo(pycurl.OS_ERRNO)
        return faults.before_sending(curl_code, detail, os_errno, timings)

    def aborted(self) -> Failure:
        """The outcome of what we ended ourselves."""
        kind: Literal["maybe", "not_sent"] = "maybe" if self._sent else "not_sent"
        return Failure(kind, faults.ABORTED, faults.WANTED_NO_MORE, self._timings())

    def _set_once(self) -> None:
        setopt = self.curl.setopt
        setopt(pycurl.NOSIGNAL, 1)
        setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        setopt(pycurl.FOLLOWLOCATION, 0)
        setopt(pycurl.PROXY, "")
        setopt(pycurl.NOPROXY, "*")
        setopt(pycurl.NETRC, pycurl.NETRC_IGNORED)
        setopt(pycurl.SSL_VERIFYPEER, 1)
        setopt(pycurl.SSL_VERIFYHOST, 2)
        setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
        setopt(pycurl.MAXAGE_CONN, KEEP_IDLE_S)
        setopt(pycurl.USERAGENT, USER_AGENT)
        setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        setopt(pycurl.PREREQFUNCTION, self._about_to_send)
        setopt(pycurl.HEADERFUNCTION, self._head.append)
        setopt(pycurl.WRITEFUNCTION, self._keep)

    def _set_method(self, method: str, body: bytes | None) -> None:
        if body is None and method in _HAVE_A_BODY:
            body = b""
        shape = (method, body is not None)
        if shape != self._shape:
            self.curl.setopt(pycurl.HTTPGET, 1)
            self.curl.unsetopt(pycurl.CUSTOMREQUEST)
            if method == "HEAD":
                self.curl.setopt(pycurl.NOBODY, 1)
            elif shape not in (("GET", False), ("POST", True)):
                self.curl.setopt(pycurl.CUSTOMREQUEST, method)
            self._shape = shape
        if body is not None:
            self.curl.setopt(pycurl.POSTFIELDS, body)

    def _set_times(self, request: Request, dns_s: float) -> None:
        total = max(1, round((request.timeout_s - dns_s) * 1000))
        connect = max(1, min(total, round((request.connect_timeout_s - dns_s) * 1000)))
        if (total, connect) != self._times:
            self.curl.setopt(pycurl.TIMEOUT_MS, total)
            self.curl.setopt(pycurl.CONNECTTIMEOUT_MS, connect)
            self._times = (total, connect)

    def _open_socket(self, _purpose: int, address: Any) -> int:
        family, kind, protocol, place = address
        if family in (socket.AF_INET, socket.AF_INET6):
            reason = refused(place[0])
        else:
            reason = "a socket of this machine"
        if reason is not None:
            self._refusal = reason
            return int(pycurl.SOCKET_BAD)
        fd = socket.socket(family, kind, protocol).detach()  # libcurl closes it
        self.on_open(fd)
        return fd

    def _about_to_send(self, ip: str, _local: str, _port: int, _local_port: int) -> int:
        if self._sent:
            return int(pycurl.PREREQFUNC_ABORT)  # never a second time, whatever became of the first
        self._refusal = refused(ip)
        if self._refusal is not None:
            return int(pycurl.PREREQFUNC_ABORT)
        self._sent = True
        return int(pycurl.PREREQFUNC_OK)

    def _keep(self, chunk: bytes) -> int | None:
        self._body.append(chunk)
        self._kept += len(chunk)
        return 0 if self._kept > self._limit else None

    def _timings(self) -> Timings:
        info = self.curl.getinfo
        named, connected = info(pycurl.NAMELOOKUP_TIME_T), info(pycurl.CONNECT_TIME_T)
        secured = info(pycurl.APPCONNECT_TIME_T)
        waited = self._dns_s * 1000
        return Timings(
            dns_ms=waited,
            connect_ms=max(0, connected - named) / 1000,
            tls_ms=max(0, secured - connected) / 1000,
            first_byte_ms=waited + info(pycurl.STARTTRANSFER_TIME_T) / 1000,
            total_ms=waited + info(pycurl.TOTAL_TIME_T) / 1000,
        )


def _is_whole(head: list[bytes]) -> bool:
    """Whether the last head got as far as its empty line (trailers may follow that)."""
    for line in reversed(head):
        if line in _EMPTY:
            return True
        if line.startswith(b"HTTP/"):
            return False
    return False


def _in_curls_words(place: tuple[str, int], found: Found) -> str:
    listed = ",".join(f"[{ip}]" if ":" in ip else ip for ip in found.addresses)
    return f"{place[0]}:{place[1]}:{listed}"

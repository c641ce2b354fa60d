"""Which URLs may be called, read by libcurl's own parser so that no two readings can differ."""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

import pycurl

from wedsync.platform.outbound.permission import refused, sentence

LONGEST = 2048

# Ports of 1024 and above that speak something other than HTTP: the WHATWG Fetch "bad ports", and
# databases, queues, caches and desktops a request could be smuggled into. Below 1024 only the
# web's own two are called.
_WEB = frozenset({80, 443})
_NOT_WEB = frozenset(
    {1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045}
    | {4190, 5060, 5061, 5432, 5672, 5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679}
    | {6697, 9042, 9092, 9200, 9300, 10080, 10250, 11211, 27017}
)

_SHAPE = re.compile(r"https?://(?P<authority>[^/?#]+)", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_NOT_IN_A_HOST = re.compile(r"[\x00-\x20\x7f\\/?#@%\[\]]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# IDNA 2003 and 2008 read these differently (RFC 5894, 7.2): the name could mean two owners.
_TWO_READINGS = re.compile("[ßς\u200c\u200d]")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class UrlRefused(ValueError):
    """A URL that is never called. `code`: `url_refused` or `address_refused`."""

    def __init__(self, message: str, code: str = "url_refused") -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart: normalised, with its host as a name or as the address it spells."""

    url: str
    host: str
    port: int
    is_literal: bool


def check_url(url: str) -> str:
    """The URL as it will be called (lower-case host, no default port, no fragment).

    Raises `UrlRefused` with a sentence for the person who typed it. A name is only judged when it
    is called: what it leads to may change.
    """
    return allowed_target(url).url


def allowed_target(url: str) -> Target:
    """The URL taken apart; raises `UrlRefused` as `check_url` does."""
    target = _target(url)
    reason = refused(target.host) if target.is_literal else None
    if reason is not None:
        raise UrlRefused(sentence(reason), "address_refused")
    return target


def host_of(host: str) -> tuple[str, bool]:
    """A bare host, normalised, and whether it is the address it spells. Raises `UrlRefused`.

    Not judged: that is done with the address that is connected to.
    """
    text = host.strip()
    if not text or len(text) > LONGEST or _NOT_IN_A_HOST.search(text):
        raise UrlRefused("The name of this host is not a valid name.")
    folded = _host(f"[{text}]" if ":" in text else text)
    literal = _literal(folded)
    return literal or folded, literal is not None


@lru_cache(maxsize=2048)
def _target(url: str) -> Target:
    parts = _parse(_looked_over(url))
    host = _host(parts.host)
    built = _build(parts, host)
    # Read once more: folding a name to ASCII may have spelt an IPv4 address (full-width digits).
    parts = _parse(built)
    host = _host(parts.host)
    literal = _literal(host)
    port = int(parts.getpart(pycurl.UPART_PORT, pycurl.U_DEFAULT_PORT))
    _check_port(port)
    return Target(_build(parts, host), literal or host, port, literal is not None)


def _looked_over(url: str) -> str:
    if len(url) > LONGEST:
        raise UrlRefused(f"An address may have at most {LONGEST} characters.")
    if _FORBIDDEN.search(url):
        raise UrlRefused("An address cannot contain spaces, line breaks or backslashes.")
    shape = _SHAPE.match(url)
    if shape is None:
        raise UrlRefused("An address starts with https:// or http://, then the name of a host.")
    if "@" in shape["authority"]:
        raise UrlRefused("An address cannot carry a user name or password.")
    if "%" in shape["authority"]:
        raise UrlRefused("The host in this address is not a valid name.")
    return url


def _parse(url: str) -> pycurl.CurlUrl:
    try:
        return pycurl.CurlUrl(url.encode(), pycurl.U_DISALLOW_USER)
    except (pycurl.error, UnicodeEncodeError):
        raise UrlRefused("This is not a valid web address.") from None


def _host(host: str) -> str:
    """Lower-case ASCII, without the final dot; brackets stay."""
    if host.startswith("["):
        return host.lower()
    if _TWO_READINGS.search(host.lower()):
        raise UrlRefused("Please write this host in its international form, beginning with xn--.")
    try:
        ascii_host = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise UrlRefused("The host in this address is not a valid name.") from None
    labels = ascii_host.split(".")
    if len(ascii_host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlRefused("The host in this address is not a valid name.")
    return ascii_host


def _literal(host: str) -> str | None:
    """The IP address `host` spells, if any. A host that ends in a number must be one."""
    try:
        if host.startswith("["):
            return str(IPv6Address(host[1:-1]))
        if _NUMBER.fullmatch(host.rpartition(".")[2]):
            return str(IPv4Address(host))
    except ValueError:
        raise UrlRefused("The host in this address is not a valid IP address.") from None
    return None


def _check_port(port: int) -> None:
    if port in _NOT_WEB or (port < 1024 and port not in _WEB):
        raise UrlRefused(f"Port {port} is not a port for web addresses.")


def _build(parts: pycurl.CurlUrl, host: str) -> str:
    port = parts.getpart(pycurl.UPART_PORT, pycurl.U_NO_DEFAULT_PORT) if parts.port else None
    query = f"?{parts.query}" if parts.query else ""
    path = quote(f"{parts.path}{query}", safe=_PRINTABLE)
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}"

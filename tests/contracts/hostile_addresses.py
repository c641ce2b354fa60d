"""Addresses somebody would type to make us call what is no business of theirs, however spelt."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

from tests.platform.special_addresses import SPECIAL_ADDRESSES

GOOD = "https://partner.example/told"
_METADATA = IPv4Address("169.254.169.254")

_PLAIN = (
    "ftp://partner.example/", "file:///etc/passwd", "gopher://partner.example/",
    "javascript:alert(1)", "//partner.example/", "partner.example", "http:///partner.example",
    "https://me@partner.example/", "https://me:secret@partner.example/",
    "https://partner.example@127.0.0.1/", "https://partner.example\\@127.0.0.1/",
    "https://127.0.0.1#@partner.example/", "https://127.0.0.1?@partner.example/",
    "https://partner.example:25/", "https://partner.example:6379/", "https://partner.example:0/",
    "https://partner.example:5432/", "https://partner.example:99999/",
    "https://partner.example/\r\nX-Evil: 1", "https://partner.example /",
    "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1", "https://a..b/",
    "https://exa%6dple.com/", "https://127.0.0.1%2f.partner.example/", "https://1.2.3.4.5/",
    "https://256.256.256.256/", "https://1.2.3.08/", "https://partner.0x7f/",
    "https://straße.example/", "https://a\u200db.example/",
)  # fmt: skip
_SPELT = (
    "127.1", "127.0.1", "0", "0x7f.1", "0177.1", "127.0.0.1.", "１２７.0.0.1", "127。0。0。1",
    "①②⑦.0.0.1", "0x7F000001", "00000177.0.0.1", "169.254.43518", "0xa9.0xfe.0xa9.0xfe",
)  # fmt: skip


def hostile() -> list[str]:
    """What is tried at every door: each kind of mischief, each range, each way to spell one."""
    ranges = (_url(ip_address(text.partition("%")[0])) for text, _ in SPECIAL_ADDRESSES)
    return list(dict.fromkeys([*_PLAIN, *_spelt_oddly(), *_spellings(_METADATA), *ranges]))


def all_hostile() -> list[str]:
    """Each range in each spelling, for what judges addresses without asking anybody."""
    addresses = (ip_address(text.partition("%")[0]) for text, _ in SPECIAL_ADDRESSES)
    spelt = (url for address in addresses for url in _spellings(address))
    return list(dict.fromkeys([*hostile(), *spelt]))


def _spelt_oddly() -> Iterator[str]:
    return (f"http://{spelt}/latest" for spelt in _SPELT)


def _spellings(address: IPv4Address | IPv6Address) -> Iterator[str]:
    for host in _v4(address) if isinstance(address, IPv4Address) else _v6(address):
        yield f"http://{host}/latest"
        yield f"https://{host}:8443/latest"


def _url(address: IPv4Address | IPv6Address) -> str:
    host = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    return f"https://{host}/told"


def _v4(address: IPv4Address) -> Iterator[str]:
    """Dotted, with the final dot, as one number in three bases, by part, and inside IPv6."""
    number, parts = int(address), address.packed
    yield str(address)
    yield f"{address}."
    yield str(number)
    yield f"{number:#x}"
    yield f"0{number:o}"
    yield ".".join(f"{part:#x}" for part in parts)
    yield ".".join(f"0{part:o}" for part in parts)
    high, low = number >> 16, number & 0xFFFF
    for inside in (
        f"::ffff:{address}",
        f"::ffff:{high:x}:{low:x}",
        f"::ffff:0:{address}",
        f"::{high:x}:{low:x}" if high else f"::{low:x}",
        f"64:ff9b::{address}",
        f"64:ff9b:1::{address}",
        f"2002:{high:x}:{low:x}::",
    ):
        yield f"[{inside}]"


def _v6(address: IPv6Address) -> Iterator[str]:
    yield f"[{address.compressed}]"
    yield f"[{address.exploded.upper()}]"

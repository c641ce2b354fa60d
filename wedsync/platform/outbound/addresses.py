"""Which IP addresses are no business of ours: the table, and nothing else.

Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and what updated it) and
the addresses where clouds keep their metadata. `ipaddress.is_global` is not used: it counts relays
and translated forms as global, and its answers differ between releases of Python.
"""

from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

# Range, what it is in words that end a sentence, where that is written.
SPECIAL: tuple[tuple[str, str, str], ...] = (
    ("0.0.0.0/8", "this machine itself", "RFC 791, 3.2"),
    ("10.0.0.0/8", "a private network", "RFC 1918"),
    ("100.64.0.0/10", "a provider's inner network", "RFC 6598"),
    ("127.0.0.0/8", "this machine itself", "RFC 1122, 3.2.1.3"),
    ("168.63.129.16/32", "a cloud's own services", "Azure: what is IP address 168.63.129.16"),
    ("169.254.0.0/16", "a link-local network, where clouds keep their metadata", "RFC 3927"),
    ("172.16.0.0/12", "a private network", "RFC 1918"),
    ("192.0.0.0/24", "a range reserved for protocols", "RFC 6890, 2.1"),
    ("192.0.2.0/24", "a range reserved for documentation", "RFC 5737"),
    ("192.31.196.0/24", "a range reserved for name servers", "RFC 7535"),
    ("192.52.193.0/24", "a multicast relay", "RFC 7450"),
    ("192.88.99.0/24", "a 6to4 relay", "RFC 7526"),
    ("192.168.0.0/16", "a private network", "RFC 1918"),
    ("192.175.48.0/24", "a range reserved for name servers", "RFC 7534"),
    ("198.18.0.0/15", "a range reserved for benchmarks", "RFC 2544"),
    ("198.51.100.0/24", "a range reserved for documentation", "RFC 5737"),
    ("203.0.113.0/24", "a range reserved for documentation", "RFC 5737"),
    ("224.0.0.0/4", "a multicast group", "RFC 5771"),
    ("255.255.255.255/32", "a broadcast address", "RFC 919"),
    ("240.0.0.0/4", "a reserved range", "RFC 1112, 4"),
    ("::/128", "this machine itself", "RFC 4291, 2.5.2"),
    ("::1/128", "this machine itself", "RFC 4291, 2.5.3"),
    ("::/96", "an IPv4 address in disguise", "RFC 4291, 2.5.5.1"),
    ("::ffff:0:0/96", "an IPv4 address in disguise", "RFC 4291, 2.5.5.2"),
    ("::ffff:0:0:0/96", "an IPv4 address in disguise", "RFC 7915"),
    ("64:ff9b::/96", "an IPv4 address in disguise", "RFC 6052"),
    ("64:ff9b:1::/48", "an IPv4 address in disguise", "RFC 8215"),
    ("100::/64", "a range that discards everything", "RFC 6666"),
    ("100:0:0:1::/64", "a dummy prefix", "RFC 9780"),
    ("2001:db8::/32", "a range reserved for documentation", "RFC 3849"),
    ("2001::/32", "a Teredo tunnel", "RFC 4380"),
    ("2001:2::/48", "a range reserved for benchmarks", "RFC 5180"),
    ("2001::/23", "a range reserved for protocols", "RFC 2928"),
    ("2002::/16", "a 6to4 tunnel", "RFC 3056"),
    ("2620:4f:8000::/48", "a range reserved for name servers", "RFC 7534"),
    ("3fff::/20", "a range reserved for documentation", "RFC 9637"),
    ("5f00::/16", "a range reserved for routing", "RFC 9602"),
    ("fc00::/7", "a private network", "RFC 4193"),
    ("fe80::/10", "a link-local network", "RFC 4291, 2.5.6"),
    ("fec0::/10", "a private network", "RFC 3879"),
    ("ff00::/8", "a multicast group", "RFC 4291, 2.7"),
)

# All of IPv6 that was ever given out for use between networks (RFC 4291, 2.4; IANA 2000::/3).
_GIVEN_OUT = ip_network("2000::/3")

_Network = IPv4Network | IPv6Network


def _table(version: int) -> tuple[tuple[_Network, str], ...]:
    rows = [(ip_network(text), reason) for text, reason, _ in SPECIAL]
    return tuple(row for row in rows if row[0].version == version)


_V4, _V6 = _table(4), _table(6)


@lru_cache(maxsize=4096)
def refusal(ip: str | IPv4Address | IPv6Address) -> str | None:
    """What kind of address `ip` is when it is not to be called; None when it is public.

    The answer fits "… leads to {answer}". Raises ValueError when `ip` is no address.
    """
    address = ip_address(ip.partition("%")[0]) if isinstance(ip, str) else ip
    for network, reason in _V4 if address.version == 4 else _V6:
        if address in network:
            return reason
    if address.version == 6 and address not in _GIVEN_OUT:
        return "a reserved range"
    return None


@lru_cache(maxsize=4096)
def is_loopback(ip: str) -> bool:
    """Whether `ip` is 127.0.0.0/8 or ::1, in those very forms."""
    address = ip_address(ip.partition("%")[0])
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None

"""How senders sign what they send, and where in it things lie; pure, one file per scheme.

`named(scheme)` finds one of `SCHEMES`; what each gives is `interface.Scheme`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from wedsync.webhooks.schemes import generic_hmac, standard_webhooks, stripe
from wedsync.webhooks.schemes.interface import (
    DEFAULT_TYPE,
    Headers,
    Incoming,
    Rejected,
    Scheme,
    Verdict,
    Verified,
)

__all__ = [
    "DEFAULT_TYPE",
    "SCHEMES",
    "Headers",
    "Incoming",
    "Rejected",
    "Scheme",
    "Verdict",
    "Verified",
    "named",
]

SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "standard_webhooks": standard_webhooks,
        "stripe": stripe,
        "hmac": generic_hmac,
    }
)


def named(scheme: str) -> Scheme:
    """The scheme of this name. Raises KeyError."""
    return SCHEMES[scheme]

"""How senders sign what they send, and where in it things lie; pure, one file per scheme.

`named(scheme)` finds one of `SCHEMES`; what each gives is `interface.Scheme`. Beside them:
`signatures`, `credentials`, `handshakes`, `forms`, `naming` and `plain` hold what several share.
"""

from collections.abc import Mapping
from types import MappingProxyType

from wedsync.webhooks.schemes import (
    basic,
    bearer,
    generic_hmac,
    github,
    graph,
    meta,
    shopify,
    slack,
    standard_webhooks,
    standard_webhooks_v1a,
    stripe,
    tripleseat,
    twilio,
    xero,
)
from wedsync.webhooks.schemes.interface import (
    DEFAULT_TYPE,
    Handshake,
    Headers,
    Incoming,
    Rejected,
    Request,
    Sample,
    Scheme,
    Verdict,
    Verified,
)

__all__ = [
    "DEFAULT_TYPE",
    "SCHEMES",
    "Handshake",
    "Headers",
    "Incoming",
    "Rejected",
    "Request",
    "Sample",
    "Scheme",
    "Verdict",
    "Verified",
    "named",
]

SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "standard_webhooks": standard_webhooks,
        "standard_webhooks_v1a": standard_webhooks_v1a,
        "stripe": stripe,
        "github": github,
        "shopify": shopify,
        "slack": slack,
        "twilio": twilio,
        "tripleseat": tripleseat,
        "xero": xero,
        "meta": meta,
        "graph": graph,
        "hmac": generic_hmac,
        "basic": basic,
        "bearer": bearer,
    }
)


def named(scheme: str) -> Scheme:
    """The scheme of this name. Raises KeyError."""
    return SCHEMES[scheme]

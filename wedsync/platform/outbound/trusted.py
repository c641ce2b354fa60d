"""Whose signatures count: the authorities certificates are verified against."""

import ssl
from functools import lru_cache
from pathlib import Path

_AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)

_ca_file: str | None = None


def trust(ca_file: str | None) -> None:
    """Verify certificates against this file instead of the system's authorities (None: those)."""
    global _ca_file
    _ca_file = ca_file


def authorities() -> str | None:
    """The file to verify against; None where this system keeps none we know of."""
    return _ca_file or _system_authorities()


def tls_context() -> ssl.SSLContext:
    """For sockets that come from the door: TLS 1.2 or newer, name and certificate verified."""
    return _context(authorities())


@lru_cache(maxsize=1)
def _system_authorities() -> str | None:
    paths = (ssl.get_default_verify_paths().cafile, *_AUTHORITIES)
    return next((path for path in paths if path and Path(path).is_file()), None)


@lru_cache(maxsize=4)
def _context(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(ca_file)
    return context

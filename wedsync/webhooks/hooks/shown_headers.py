"""Request headers as they may be kept and shown: what could be a secret is masked."""

from collections.abc import Iterable
from functools import lru_cache

from wedsync.platform.vault import MASK

_MOST = 60
_LONGEST = 500
_SECRETIVE = ("auth", "cookie", "key", "password", "secret", "signature", "token")


def shown(pairs: Iterable[tuple[bytes, bytes]], masked: frozenset[str]) -> dict[str, str]:
    """Names and values as text; `masked` are names whose values are always hidden."""
    kept: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, is_secret = _read(raw_name[:_LONGEST])  # cut before it is remembered
        value = MASK if is_secret or name in masked else raw_value[:_LONGEST].decode("latin-1")
        kept[name] = f"{kept[name]}, {value}" if name in kept else value
        if len(kept) == _MOST:
            break
    return kept


@lru_cache(maxsize=1024)
def _read(raw_name: bytes) -> tuple[str, bool]:
    name = raw_name.decode("latin-1")
    return name, any(part in name for part in _SECRETIVE)

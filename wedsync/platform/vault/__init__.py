"""Secrets at rest: envelope encryption, data keys of organizations and of their weddings.

A master key wraps the data keys of organizations, and one of those the keys of its weddings; a data
key seals values. Every sealed value names its key and is bound to its organization, row and field,
so that bytes copied to another place do not open there. Unwrapped data keys are kept for a minute
per process; values themselves live only in the call that needs them.

What belongs to no organization (our own e-mail on its way) is sealed under a key of the platform,
derived from a master key.

| subject | where |
|---|---|
| sealing and opening | `whole` (the `Vault`), `sealing` (under an opened key) |
| keys | `keyring` (master keys), `known_keys` (data keys, for a minute), `wrapping`, `models` |

New keys for old are made by `wedsync.platform.rotation`.
"""

from wedsync.platform.vault.keyring import Keyring, MasterKey, UnusableKeyring
from wedsync.platform.vault.known_keys import Destroyed, Found, KeyRow
from wedsync.platform.vault.models import DataKey
from wedsync.platform.vault.sealing import OpenKey, open_with, place, seal_with
from wedsync.platform.vault.whole import Vault

MASK = "••••••••"

__all__ = [
    "MASK",
    "DataKey",
    "Destroyed",
    "Found",
    "KeyRow",
    "Keyring",
    "MasterKey",
    "OpenKey",
    "UnusableKeyring",
    "Vault",
    "open_with",
    "place",
    "seal_with",
]

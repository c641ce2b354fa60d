"""Passwords: long ones, kept as argon2id hashes, and checked in the same time for anybody."""

import re
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 200

# OWASP's first choice for argon2id (password storage cheat sheet): 46 MiB, one pass, one lane.
_HASHER = PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1)
# 46 MiB each: a burst of sign-ins waits its turn instead of filling the memory.
_AT_ONCE = threading.BoundedSemaphore(4)
# A hash nobody has the password of, so that an unknown e-mail takes as long as a known one.
_NOBODY = _HASHER.hash("nobody signs in with this")
_FEWEST_CHARACTERS = 5
_GUESSED_FIRST = re.compile(
    r"(abcdefghijklmnopqrstuvwxyz|admin|administrator|changeme|iloveyou|letmein|love|monkey|princess"
    r"|passphrase|password|passwort|qazwsxedc|qwerty|qwertyuiop|qwertyuiopasdfghjkl|secret|sunshine"
    r"|wedding|weddings|wedsync|welcome)+"
)
_DIGITS_IN_A_ROW = "0123456789" * (LONGEST // 10 + 1)


def problem_with(password: str, *, email: str = "") -> str | None:
    """Why `password` cannot be used, as a sentence; None when it can."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters; this one is shorter."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if _is_guessed_first(password.casefold(), email.casefold()):
        return "This is one of the first things somebody would try. Use a few words of your own."
    return None


def hashed(password: str) -> str:
    """The argon2id hash to store."""
    with _AT_ONCE:
        return _HASHER.hash(_normal(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one behind the hash; None (nobody) takes as long and is False."""
    with _AT_ONCE:
        try:
            _HASHER.verify(password_hash or _NOBODY, _normal(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _normal(password: str) -> str:
    """One form for what different keyboards send (NIST SP 800-63B, 3.1.1.2: NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _is_guessed_first(password: str, email: str) -> bool:
    letters = re.sub(r"[\W\d_]", "", password)
    return (
        len(set(password)) < _FEWEST_CHARACTERS
        or password in _DIGITS_IN_A_ROW
        or _GUESSED_FIRST.fullmatch(letters) is not None
        or (email != "" and (password == email or letters == email.partition("@")[0]))
    )

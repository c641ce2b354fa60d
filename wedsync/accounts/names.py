"""Names that people give themselves and their business.

They stand in e-mail that we send to strangers, so none may be an address to open; and a listing's
maker is believed by its name, so none may pass for us.
"""

import re
import unicodedata

from wedsync.errors import FieldError, Invalid

OURS = "wedsync"

_ADDRESS = re.compile(r"://|www\.|\w\.\w+/", re.IGNORECASE)
_NOT_TYPED = ("Cc", "Zl", "Zp")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They show what follows backwards (Unicode UAX 9): a name could read as another."""

_LOOKS_LIKE = str.maketrans("еёԁɗѕуүсԝѡɯ0135", "eeddsyycwwwoles")
"""Letters of other alphabets, and digits, that pass for those of our name."""


def require_good(name: str, field: str) -> None:
    """Raise Invalid, naming the form's `field`, for a name that leads elsewhere."""
    if _ADDRESS.search(unicodedata.normalize("NFKC", name)):
        raise _invalid(field, "A name cannot hold a web address.")
    if any(unicodedata.category(sign) in _NOT_TYPED or sign in _TURNING for sign in name):
        raise _invalid(field, "This holds a character that cannot be used here.")


def require_not_ours(name: str, field: str) -> None:
    """Raise Invalid for a business that calls itself WedSync, however it is written."""
    if OURS in _heard(name):
        raise _invalid(field, "WedSync is our own name. Please use yours.")


def _heard(name: str) -> str:
    """A name as somebody reads it in passing: no case, spaces, signs, accents or foreign twins."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    return "".join(sign for sign in plain.translate(_LOOKS_LIKE) if sign.isalnum())


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError(f"/{field}", "name", message)])

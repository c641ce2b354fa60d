"""How a partner checks our signature: what can be pasted, by language.

The texts in `snippets/` are what the page shows and what its test runs, word for word.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

LANGUAGES = {"python": "Python", "javascript": "JavaScript", "php": "PHP"}
_SNIPPETS = Path(__file__).parent / "snippets"
_PUBLIC_KEY = "whpk_PUBLIC_KEY"


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code to paste: `name` says what it checks with, `needs` what must be installed for it."""

    name: str
    title: str
    needs: str
    code: str


def snippets(language: str, public_key: str | None = None) -> list[Snippet]:
    """What can be pasted in `language`; with a `public_key` also what needs no secret."""
    found = [
        Snippet("secret", "With the secret", _needs(language, "secret"), _text(language, "secret"))
    ]
    if language in _LIBRARIES:
        title = "With the secret, in two lines by the standardwebhooks library"
        found.append(Snippet("library", title, _LIBRARIES[language], _text(language, "library")))
    if public_key is not None:
        code = _text(language, "key").replace(_PUBLIC_KEY, public_key)
        found.append(Snippet("key", "With the public key", _needs(language, "key"), code))
    return found


_LIBRARIES = {
    "python": "pip install standardwebhooks",
    "javascript": "npm install standardwebhooks",
}
_NEEDS = {("python", "key"): "pip install cryptography: Python itself brings no Ed25519."}


def _needs(language: str, name: str) -> str:
    return _NEEDS.get((language, name), "Nothing to install.")


@cache
def _text(language: str, name: str) -> str:
    return (_SNIPPETS / f"{language}-{name}.txt").read_text().rstrip("\n")

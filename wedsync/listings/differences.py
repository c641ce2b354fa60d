"""What changed from one manifest to the next, in words, new permissions above all.

Reads documents, not manifests: a version of last year is compared as it was written.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from wedsync.connectors.manifest import Hooks, Manifest

Kind = Literal["same", "in", "out"]
_MOST_PAIRS = 20_000
_LONG = 200
_WORDS = re.compile(r"\s+|[\w’'-]+|[^\w\s]")
_AUTH_WORDS = {
    "oauth2_code": "by signing in at their page",
    "oauth2_client_credentials": "with a client id and secret",
    "api_key": "with a key",
    "basic": "with a name and a password",
    "webhook_secret": "with a shared secret",
    "none": "without signing in",
}
_SCHEME_WORDS = {
    "standard_webhooks": "signed as Standard Webhooks",
    "standard_webhooks_v1a": "signed as Standard Webhooks with a key pair",
    "stripe": "signed as Stripe does",
    "github": "signed as GitHub does",
    "shopify": "signed as Shopify does",
    "slack": "signed as Slack does",
    "twilio": "signed as Twilio does",
    "tripleseat": "signed as Tripleseat does",
    "xero": "signed as Xero does",
    "meta": "signed as Meta does",
    "graph": "with the words agreed on with Microsoft Graph",
    "hmac": "with a signature of its own",
    "basic": "with a name and a password",
    "bearer": "with a token",
}
_SETUP_WORDS = {"automatic": "subscribed by itself", "by_hand": "set up by hand"}


@dataclass(frozen=True, slots=True)
class Part:
    """Some words: as before, put in, or taken out."""

    kind: Kind
    words: str


@dataclass(frozen=True, slots=True)
class Change:
    """One subject (“What it is for”) in words, with what changed in it."""

    subject: str
    parts: tuple[Part, ...]

    @property
    def changed(self) -> bool:
        return any(part.kind != "same" for part in self.parts)


@dataclass(frozen=True, slots=True)
class Permission:
    """One sentence about what it may do; `kind` is `in` for a new one, `out` for one given up."""

    kind: Kind
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the manifest, with its number before and after."""

    before: int | None
    after: int | None
    kind: Kind
    text: str


def permissions_of(manifest: Manifest) -> list[str]:
    """What a vendor agrees to: its sentences, then what it asks the other side for."""
    own = list(manifest.shelf.permissions) if manifest.shelf else []
    scopes = manifest.auth.oauth.scopes if manifest.auth.oauth else ()
    return list(dict.fromkeys([*own, *(scope.words for scope in scopes)]))


def permissions(before: Manifest | None, after: Manifest) -> list[Permission]:
    """What it may do, the new ones first, then as before, then what it gave up."""
    old, new = permissions_of(before) if before else [], permissions_of(after)
    fresh = [Permission("in", words) for words in new if before and words not in old]
    kept = [Permission("same", words) for words in new if not before or words in old]
    return [*fresh, *kept, *(Permission("out", words) for words in old if words not in new)]


def changes(before: Manifest | None, after: Manifest) -> list[Change]:
    """Subject by subject; without a `before` everything is as it is."""
    old, new = _subjects(before) if before else None, _subjects(after)
    return [
        Change(subject, tuple(_compared(old[subject] if old else said, said)))
        for subject, said in new.items()
        if said or (old and old[subject])
    ]


def lines(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Line]:
    """The documents line by line, three lines around each change; the first version whole.

    Nothing is cut off: what an admin lists must have been there to read.
    """
    old, new = _lines_of(before), _lines_of(after)
    if before is None:
        return [Line(None, number, "same", text) for number, text in enumerate(new, 1)]
    if (matcher := _matcher(old, new)) is None:
        return list(_of_opcode(("replace", 0, len(old), 0, len(new)), old, new))
    return [
        line
        for group in matcher.get_grouped_opcodes(3)
        for opcode in group
        for line in _of_opcode(opcode, old, new)
    ]


def number_of_lines(document: Mapping[str, Any]) -> int:
    """How long a document is when it is read line by line."""
    return len(_lines_of(document))


def _subjects(manifest: Manifest) -> dict[str, str | list[str]]:
    """What is said of each subject: a text, compared word by word, or a list."""
    shelf, auth = manifest.shelf, manifest.auth
    return {
        "Is called": manifest.name,
        "In a line": manifest.summary,
        "What it is for": shelf.description if shelf else "",
        "Begins when": [entry.label for entry in manifest.triggers],
        "Can do": [entry.label for entry in manifest.actions],
        "Sends": [_request_words(entry) for entry in manifest.actions],
        "Connects": _AUTH_WORDS[auth.kind],
        "Asks for": [field.title for field in auth.fields],
        "Scopes": [scope.name for scope in auth.oauth.scopes] if auth.oauth else [],
        "Talks to": _addresses(manifest),
        "Tells us": _hooks_words(manifest.hooks) if manifest.hooks else "",
        "Tried against": shelf.tried_against if shelf else "",
    }


def _hooks_words(hooks: Hooks) -> str:
    return f"{_SCHEME_WORDS[hooks.scheme]}, {_SETUP_WORDS[hooks.setup]}"


def _request_words(entry: Any) -> str:
    request = entry.request
    return f"{entry.label}: {request.method} {request.path}" if request else entry.label


def _addresses(manifest: Manifest) -> list[str]:
    oauth = manifest.auth.oauth
    said = [manifest.base_url]
    if oauth is not None:
        said += [oauth.authorize_url, oauth.token_url, oauth.revoke_url]
    return [each for each in dict.fromkeys(said) if each]


def _compared(before: str | list[str], after: str | list[str]) -> Iterator[Part]:
    if isinstance(before, str) and isinstance(after, str):
        yield from words_compared(before, after)
    else:
        yield from _lists_compared(before, after)


def words_compared(before: str, after: str) -> Iterator[Part]:
    """Two texts as one: what is in both, what was taken out, what was put in."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    matcher = _matcher(old, new)
    whole = [("replace", 0, len(old), 0, len(new))]
    for tag, i, j, k, n in matcher.get_opcodes() if matcher else whole:
        if tag == "equal":
            yield Part("same", "".join(new[k:n]))
            continue
        if i < j:
            yield Part("out", "".join(old[i:j]))
        if k < n:
            yield Part("in", "".join(new[k:n]))


def _matcher(old: Sequence[str], new: Sequence[str]) -> difflib.SequenceMatcher[str] | None:
    """What finds the changes; None where that could take minutes.

    It looks at every pair of equal parts for every block it finds: a partner's document that
    repeats itself cleverly would keep this process busy. What fills long texts anyway (spaces,
    brackets) is not counted, and not looked at.
    """
    counts = Counter(new)
    most = len(new) // 100 + 1 if len(new) >= _LONG else len(new)  # as difflib has it
    pairs = sum(counts[part] for part in old if counts[part] <= most)
    return difflib.SequenceMatcher(None, old, new) if old == new or pairs <= _MOST_PAIRS else None


def _lists_compared(before: Iterable[str], after: Iterable[str]) -> Iterator[Part]:
    old, new = list(before), list(after)
    listed = [("in" if each not in old else "same", each) for each in new]
    listed += [("out", each) for each in old if each not in new]
    for index, (kind, words) in enumerate(listed):
        if index:
            yield Part("same", ", ")
        yield Part("in" if kind == "in" else "out" if kind == "out" else "same", words)


def _lines_of(document: Mapping[str, Any] | None) -> list[str]:
    if document is None:
        return []
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    return orjson.dumps(document, option=options).decode().splitlines()


def _of_opcode(
    opcode: tuple[str, int, int, int, int], old: Sequence[str], new: Sequence[str]
) -> Iterator[Line]:
    tag, i, j, k, n = opcode
    if tag == "equal":
        for offset in range(j - i):
            yield Line(i + offset + 1, k + offset + 1, "same", old[i + offset])
        return
    for number in range(i, j):
        yield Line(number + 1, None, "out", old[number])
    for number in range(k, n):
        yield Line(None, number + 1, "in", new[number])

"""What is checked by machine before a person reads a manifest.

The form and the secrets decide whether it can be sent at all; the rest is for the admin to weigh.
Nothing is called here: addresses are judged as the outbound door would.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wedsync.connectors.checks import Problem, problems
from wedsync.connectors.manifest import Manifest
from wedsync.listings import differences
from wedsync.listings.models import Listing

MOST_LINES = 4_000
_FEWEST_WORDS = 3
# What keys look like: well-known prefixes, private keys, tokens in three parts (RFC 7519).
_KEYS = re.compile(
    r"(?:[sr]k_(?:live|test)_|whsec_|gh[pousr]_|xox[abp]-|AKIA|AIza)[A-Za-z0-9+/=_-]{12,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    # Only where a word begins: looked for at every letter, a long text would take minutes.
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\."
)
_LONG_TOKEN = re.compile(r"(?=[A-Za-z0-9+/_-]*[0-9])(?=[A-Za-z0-9+/_-]*[A-Z])[A-Za-z0-9+/_-]{32,}")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `words` say what was found."""

    code: str
    passed: bool
    words: str


def blocking(document: Mapping[str, Any]) -> list[Problem]:
    """What has to be mended before it can be sent to the admins."""
    found = problems(document, built_in=False)
    return found or [*_nothing_in(document), *_too_long(document), *_secrets_in(document)]


def _nothing_in(document: Mapping[str, Any]) -> Iterator[Problem]:
    """What has a manifest's form and nothing that anybody could use."""
    if document.get("actions") or document.get("triggers"):
        return
    if not document.get("base_url"):
        yield Problem("base_url", "Say where the service answers.")
    yield Problem("actions", "Add at least one action or trigger: nothing can be done with it yet.")


def _too_long(document: Mapping[str, Any]) -> Iterator[Problem]:
    if differences.number_of_lines(document) > MOST_LINES:
        words = f"Written out it has more than {MOST_LINES:,} lines. A person has to read them all."
        yield Problem("", words)


def run(listing: Listing, document: Mapping[str, Any]) -> list[Check]:
    """Every check, the ones that found something first."""
    if found := problems(document, built_in=False):
        return [Check("manifest", False, each.sentence) for each in found]
    manifest = Manifest.model_validate(document)
    done = [_manifest(manifest), _secrets(document)]
    done += [check(manifest) for check in _OF_MANIFEST]
    return sorted([*done, *_client(listing, manifest)], key=lambda check: check.passed)


def as_stored(found: list[Check]) -> list[dict[str, Any]]:
    return [asdict(check) for check in found]


def _manifest(manifest: Manifest) -> Check:
    actions, triggers = len(manifest.actions), len(manifest.triggers)
    words = (
        f"The manifest is whole: {actions} {'action' if actions == 1 else 'actions'}, "
        f"{triggers} {'trigger' if triggers == 1 else 'triggers'}, every address can be called"
    )
    return Check("manifest", True, words)


def _secrets(document: Mapping[str, Any]) -> Check:
    found = next(_secrets_in(document), None)
    if found is None:
        return Check("secrets", True, "Nothing in it looks like a key")
    return Check("secrets", False, found.sentence)


def _secrets_in(document: Any, path: str = "") -> Iterator[Problem]:
    """Texts that look like a key somebody pasted; the document's depth is bounded before."""
    if isinstance(document, str):
        if _KEYS.search(document) or _LONG_TOKEN.fullmatch(document):
            yield Problem(path, "This looks like a key or a secret. A manifest holds none.")
    elif isinstance(document, Mapping):
        for name, inner in document.items():
            yield from _secrets_in(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(document, list):
        for index, inner in enumerate(document):
            yield from _secrets_in(inner, f"{path}.{index}")


def _permissions(manifest: Manifest) -> Check:
    permissions = manifest.shelf.permissions if manifest.shelf else ()
    if permissions:
        return Check("permissions", True, f"It says in {len(permissions)} sentences what it may do")
    return Check("permissions", False, "It does not say in plain words what it may see and do.")


def _scopes(manifest: Manifest) -> Check:
    scopes = manifest.auth.oauth.scopes if manifest.auth.oauth else ()
    bare = [scope.name for scope in scopes if len(scope.words.split()) < _FEWEST_WORDS]
    if bare:
        return Check("scopes", False, f"“{bare[0]}” is not explained in plain words.")
    words = "Every permission it asks them for is explained" if scopes else "It asks for no scopes"
    return Check("scopes", True, words)


def _samples(manifest: Manifest) -> Check:
    missing = [each.label for each in manifest.actions if each.output_sample is None]
    missing += [each.label for each in manifest.triggers if each.sample is None]
    if missing:
        return Check("samples", False, f"“{missing[0]}” has no example of what comes back.")
    return Check("samples", True, "Everything that comes back has an example")


def _docs(manifest: Manifest) -> Check:
    if manifest.shelf and manifest.shelf.docs_url:
        return Check("docs", True, "There is a guide")
    return Check("docs", False, "There is no link to a guide.")


def _support(manifest: Manifest) -> Check:
    if manifest.shelf and manifest.shelf.support_url:
        return Check("support", True, "There is somewhere to ask for help")
    return Check("support", False, "There is nowhere to ask for help.")


def _account(manifest: Manifest) -> Check:
    if manifest.account is not None or manifest.auth.kind == "none":
        return Check("account", True, "A connection can be tried, and says whose account it is")
    return Check("account", False, "A connection cannot be tried: it does not say whose account.")


_OF_MANIFEST: tuple[Callable[[Manifest], Check], ...] = (
    _permissions,
    _scopes,
    _samples,
    _account,
    _docs,
    _support,
)


def _client(listing: Listing, manifest: Manifest) -> Iterator[Check]:
    if manifest.auth.oauth is None or manifest.auth.oauth.client_from != "listing":
        return
    if listing.client_id:
        yield Check("client", True, "Its OAuth client is there")
    else:
        yield Check("client", False, "Its OAuth client is missing, so nobody can connect it.")

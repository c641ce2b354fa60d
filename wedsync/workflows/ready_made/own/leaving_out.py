"""What never goes into a template: addresses, numbers, names, secrets and ids of one's own.

What somebody wrote into a text is not known to be private by where it stands, so every text is
looked at. Rather too much is left out than too little: all of it is told, and can be typed again.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from wedsync.workflows.editing.draft_operations import located
from wedsync.workflows.editing.patches import Path
from wedsync.workflows.editing.references import references
from wedsync.workflows.ready_made.own import names_of_couples

GAP = "…"
"""What stands where something was taken out of a text."""

AN_EMAIL = "an e-mail address"
A_PHONE = "a phone number"
A_SECRET = "a secret"  # noqa: S105  the words for one
A_NAME = "the name of a couple or of a guest"
AN_ID = "an id of yours"

_EMAIL = re.compile(r"[^\s@<>()\[\]{}\",;:|]{1,64}@[^\s@<>()\[\]{}\"',;:|]{1,255}\.[^\W\d_]{2,24}")
_PHONE = re.compile(
    r"(?<![\w+])(?:(?:\+|00)[1-9][\d ().-]{6,18}\d"
    r"|0\d{2,4}[ .-]\d{3,4}[ .-]?\d{3,4})(?!\w)"
)
_UUID = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])")
_SECRETS = (
    re.compile(r"(?:wsk|whsec|(?:sk|pk|rk)_(?:live|test)|xox[a-z]|gh[a-z]|glpat)[_-][\w+/=.-]{8,}"),
    re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]+)*"),
    re.compile(r"(?i)(?<!\w)(?:bearer|basic)\s+(?=\S{0,400}[\d=])[\w.~+/=-]{8,}"),
    re.compile(r"(?<=://)[^/\s@]{1,500}@"),
    re.compile(r"-----BEGIN [\s\S]*"),
)
_IN_QUERY = re.compile(
    r"(?i)([?&](?:[a-z_-]*(?:token|key|secret|password)|sig|signature|auth|code)=)[^&\s#]+"
)
_OPAQUE = re.compile(r"[A-Za-z0-9_+=-]{20,}")
_RUN = re.compile(r"[A-Za-z0-9]{20,}")
_SECRET_NAMES = re.compile(
    r"(?i)(?:proxy-)?authorization|cookie|password|passphrase|pin|"
    r"(?:.*[_-])?(?:secret|token|api[_-]?key|access[_-]?key|signature)"
)
_STRUCTURE = frozenset(("id", "kind", "use", "event_type", "stream"))
"""What says how a step or what starts it is put together, and nothing else."""

_OWN = ("hook", "connection", "person")
"""What a definition names that never goes into a template; workflows and endpoints do."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is private in texts. `names` are those of couples and guests, plain; `kept` ids stay."""

    names: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()

    def clean(self, said: str) -> tuple[str, tuple[str, ...]]:
        """The text with gaps, and in words what they were."""
        found: list[str] = []
        for what, cut in self._cuts():
            shorter = cut(said)
            if shorter != said:
                said, found = shorter, [*found, what]
        return said, tuple(found)

    def is_private(self, said: str) -> bool:
        return bool(self.clean(said)[1])

    def _cuts(self) -> Iterator[tuple[str, Callable[[str], str]]]:
        yield A_SECRET, _without_secrets
        yield AN_EMAIL, lambda said: _EMAIL.sub(GAP, said) if "@" in said else said
        yield AN_ID, lambda said: _UUID.sub(self._id, said)
        yield A_PHONE, lambda said: _PHONE.sub(GAP, said)
        yield A_NAME, self._without_names

    def _id(self, found: re.Match[str]) -> str:
        return found[0] if found[0].lower() in self.kept else GAP

    def _without_names(self, said: str) -> str:
        if not self.names:
            return said
        cut: list[tuple[int, int]] = []
        for start, end, words in names_of_couples.spans(said):
            if words in self.names and all(end <= a or start >= b for a, b in cut):
                cut.append((start, end))
        for start, end in sorted(cut, reverse=True):
            said = f"{said[:start]}{GAP}{said[end:]}"
        return said


def privacy_of(organization_id: UUID, definition: Any, *texts: str) -> Privacy:
    """What is private in a definition of this organization, and in these texts about it."""
    kept = {each.id.lower() for each in references(definition) if each.kind not in _OWN}
    names = names_of_couples.known_among(organization_id, (*texts, *_texts(definition)))
    return Privacy(names, frozenset(kept))


def is_own(kind: str) -> bool:
    """Whether what a definition names by id is never in a template."""
    return kind in _OWN


def is_secret(name: str) -> bool:
    """Whether what stands under a name is a secret, whatever it looks like."""
    return _SECRET_NAMES.fullmatch(name) is not None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _without_secrets(said: str) -> str:
    said = _IN_QUERY.sub(rf"\g<1>{GAP}", said)
    for each in _SECRETS:
        said = each.sub(GAP, said)
    return _OPAQUE.sub(lambda found: GAP if _is_opaque(found[0]) else found[0], said)


def _is_opaque(said: str) -> bool:
    """Letters and digits without a break, as nobody writes them."""
    return any(
        any(each.isdigit() for each in run) and any(each.isalpha() for each in run)
        for run in _RUN.findall(said)
    )


@dataclass(slots=True)
class Leaving:
    """A definition on its way into a template; `told` says what was left out, and where."""

    privacy: Privacy
    called: Mapping[Path, str]
    told: dict[str, None] = field(default_factory=dict)

    def out(self, value: Any, path: Path = (), where: str = "what starts it") -> Any:
        """The value without what is private in it."""
        where = self.called.get(path, where)
        if isinstance(value, str):
            return self._text(value, where)
        if isinstance(value, list):
            return [self.out(part, (*path, at), where) for at, part in enumerate(value)]
        if isinstance(value, dict):
            return dict(self._entries(value, path, where))
        return value

    def _entries(
        self, value: Mapping[str, Any], path: Path, where: str
    ) -> Iterable[tuple[str, Any]]:
        is_part = path in self.called or path == ("trigger",)
        for name, part in value.items():
            if isinstance(part, str) and (name == "var" or (is_part and name in _STRUCTURE)):
                yield name, part
            elif is_secret(name) and isinstance(part, str | int) and part != "":
                self._tell(A_SECRET, where)
            elif self.privacy.is_private(name):
                self._text(name, where)
            else:
                yield name, self.out(part, (*path, name), where)

    def _text(self, said: str, where: str) -> str:
        clean, found = self.privacy.clean(said)
        for what in found:
            self._tell(what, where)
        return clean

    def _tell(self, what: str, where: str) -> None:
        self.told[f"{what[:1].upper()}{what[1:]} in {where}."] = None


def called_places(definition: Any, called: Callable[[Any], str]) -> Mapping[Path, str]:
    """By the way to each step, what it is called."""
    return {each.path: called(each.step) for each in located(definition)}

"""Whether a connector's folder is complete: manifest, code, README, logo, and a test per action.

For `wedsync connector check` and the contract suite; partners' manifests have no folder.
"""

import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

from wedsync.connectors.checks import Problem, problems
from wedsync.connectors.manifest import Manifest
from wedsync.settings import CHECKOUT

HEADINGS = ("## What it does", "## Connecting", "## Tried against")
LARGEST_LOGO = 20_000

_SVG = "{http://www.w3.org/2000/svg}"
_DRAWING = frozenset(
    {"svg", "title", "desc", "g", "defs", "path", "circle", "ellipse", "line", "polygon"}
    | {"polyline", "rect", "linearGradient", "radialGradient", "stop", "clipPath"}
)
_DECLARES = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def folder_problems(folder: Path, tests: Path) -> list[Problem]:
    """Everything to mend in `folder`, whose tests stand in `tests`."""
    try:
        document = tomllib.loads(_text(folder / "manifest.toml"))
    except (OSError, ValueError) as error:
        return [Problem("manifest.toml", f"It cannot be read: {error}.")]
    wrong = problems(document, built_in=True)
    if wrong:
        return wrong
    manifest = Manifest.model_validate(document)
    return list(_wrong(folder, tests, manifest))


def _wrong(folder: Path, tests: Path, manifest: Manifest) -> Iterator[Problem]:
    if folder.name != manifest.slug.replace("-", "_"):
        wanted = manifest.slug.replace("-", "_")
        yield Problem("slug", f"The folder of “{manifest.slug}” should be called {wanted}.")
    yield from _code(folder, manifest)
    yield from _readme(folder / "README.md", manifest)
    yield from logo_problems(folder / "logo.svg")
    yield from _tests(tests, manifest)


def _code(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    declared = {entry.key: entry for entry in manifest.actions}
    try:
        module = _imported(folder)
    except (ImportError, SyntaxError) as error:
        yield Problem("connector.py", f"It cannot be imported: {error}.")
        return
    own: dict[str, Any] = getattr(module, "ACTIONS", {})
    for key in sorted(set(own) - set(declared)):
        yield Problem("connector.py", f"It has the action “{key}”, which the manifest does not.")
    for key, entry in declared.items():
        if entry.request is None and key not in own:
            yield Problem(key, "This action has neither a request nor code.")
    checked = hasattr(module, "CHECK") or manifest.account is not None
    if manifest.auth.kind not in ("none", "webhook_secret") and not checked:
        yield Problem("account", "Say how to ask whose account this is: a request, or CHECK.")


def _imported(folder: Path) -> ModuleType | None:
    if not (folder / "connector.py").is_file():
        return None
    return import_module(".".join([*folder.relative_to(CHECKOUT).parts, "connector"]))


def _readme(path: Path, manifest: Manifest) -> Iterator[Problem]:
    if not path.is_file():
        yield Problem(path.name, "It is missing.")
        return
    lines = _text(path).splitlines()
    for heading in (f"# {manifest.name}", *HEADINGS):
        if heading not in lines:
            yield Problem(path.name, f"It has no heading “{heading}”.")


def logo_problems(path: Path) -> Iterator[Problem]:
    """A logo is a small drawing: no script, no style, nothing from elsewhere."""
    if not path.is_file() or path.stat().st_size > LARGEST_LOGO:
        yield Problem(path.name, f"It is missing, or larger than {LARGEST_LOGO} bytes.")
        return
    text = _text(path)
    if _DECLARES.search(text):
        yield Problem(path.name, "It declares entities; a drawing needs none.")
        return
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - our own file, without declarations
    except ElementTree.ParseError as error:
        yield Problem(path.name, f"It is not well-formed: {error}.")
        return
    if root.tag != f"{_SVG}svg" or "viewBox" not in root.attrib:
        yield Problem(path.name, "It should be an svg with a viewBox.")
    yield from _drawing(root, path.name)


def _drawing(root: ElementTree.Element, name: str) -> Iterator[Problem]:
    for element in root.iter():
        tag = element.tag.removeprefix(_SVG)
        if tag not in _DRAWING:
            yield Problem(name, f"<{tag}> does not belong in a logo.")
        for attribute in element.attrib:
            plain = attribute.rpartition("}")[2].lower()
            if plain.startswith("on") or plain in ("href", "style"):
                yield Problem(name, f"The attribute {plain} does not belong in a logo.")


def _tests(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    files = sorted(folder.glob("*.py"))
    if not any(path.name.startswith("test_") for path in files):
        yield Problem("tests", "There are no tests in the connector's folder under tests.")
        return
    text = "\n".join(_text(path) for path in files)
    for entry in manifest.actions:
        if f'"{entry.key}"' not in text and f"{manifest.slug}.{entry.key}" not in text:
            yield Problem("tests", f"No test names the action “{entry.key}”.")
    for listed in manifest.choices:
        if f'"{listed.key}"' not in text:
            yield Problem("tests", f"No test names the list “{listed.key}”.")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")

"""Built-in integrations: a folder each, with a manifest and code; none of them knows a database.

Nouns: a *connector* is a kind of integration, its *manifest* (`manifest`) what the product knows
of it, an *action* (`contract`) one thing it can do: *data* where the manifest carries its request
(`rest`), code where a folder's `connector.py` names it in `ACTIONS`. A folder here is found by
looking, so adding one edits nothing else: `wedsync connector new <slug>` makes one, `wedsync
connector check` judges it (`checks`). A folder is named as its slug, hyphens as underscores.

Entry points: `manifests()`, `actions(manifest)`, `account_check(manifest)`; `opening.opened` for a
connection, `rest.request_of` for a request.

A *stream* (`streams`) is a list at the partner that grows and is looked at now and then;
`choices` are lists to choose from while a workflow is built.

Under a request: `filling` puts values into the `{…}` of a manifest, `given` judges an action's
input, `answers` reads what came back, `scrubbing` takes our secrets out of it. Under `checks`:
`manifest_rules` for any manifest, `folder_rules` for ours. `free_request` is the one action that
“Any web service” offers, with a key or with a sign-in.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from wedsync.connectors.contract import AccountCheck, Action
from wedsync.connectors.manifest import Manifest
from wedsync.connectors.rest import DataAction

HERE = Path(__file__).parent


@cache
def manifests() -> Mapping[str, Manifest]:
    """The built-in connectors' manifests by slug."""
    found = (Manifest.model_validate(document(folder)) for folder in folders())
    return {manifest.slug: manifest for manifest in found}


def actions(manifest: Manifest) -> Mapping[str, Action]:
    """A connector's actions by key: the folder's code where it is ours and has one, else the data.

    An action that an older version of a built-in connector named and no code knows any more is
    not among them.
    """
    module = _code(manifest.slug)
    own: Mapping[str, Action] = getattr(module, "ACTIONS", {})
    data = {entry.key: DataAction(entry) for entry in manifest.actions if entry.request}
    declared = {entry.key for entry in manifest.actions}
    return {**data, **{key: action for key, action in own.items() if key in declared}}


def account_check(manifest: Manifest) -> AccountCheck | None:
    """The folder's `CHECK`: for accounts that no REST request can tell (`manifest.account`)."""
    return getattr(_code(manifest.slug), "CHECK", None)


def folders() -> list[Path]:
    """The built-in connectors' folders."""
    return sorted(path.parent for path in HERE.glob("*/manifest.toml"))


def folder(slug: str) -> Path:
    """Where a built-in connector is, or would be."""
    return HERE / slug.replace("-", "_")


def document(folder: Path) -> dict[str, Any]:
    """A folder's manifest as it is written, before anything checked it."""
    return tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))


@cache
def _code(slug: str) -> ModuleType | None:
    """A built-in connector's code, where it needs any. A partner's slug is never one of ours."""
    if slug not in manifests() or not (folder(slug) / "connector.py").is_file():
        return None
    return import_module(f"{__name__}.{folder(slug).name}.connector")

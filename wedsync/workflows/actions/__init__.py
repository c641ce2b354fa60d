"""The built-in actions, one folder each: a manifest, and the code that begins and reads them.

Found by looking: a folder with a `manifest.toml` and a `connector.py` that names its `ACTIONS`.
An action's name in a definition is `<slug>.<key>`.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from wedsync.connectors.contract import Action

_HERE = Path(__file__).parent


@cache
def manifests() -> Mapping[str, Mapping[str, Any]]:
    """The built-in connectors' manifests by slug."""
    paths = sorted(_HERE.glob("*/manifest.toml"))
    found = [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths]
    return {manifest["slug"]: manifest for manifest in found}


@cache
def _actions() -> Mapping[str, Action]:
    return {
        f"{slug}.{key}": action
        for slug in manifests()
        for key, action in import_module(f"{__name__}.{slug}.connector").ACTIONS.items()
    }


def find(use: str) -> Action | None:
    """The action a definition names, or None."""
    return _actions().get(use)

"""What the contract suite looks at: every built-in connector and reserved action, opened."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.connectors.carrying import CONNECTION
from wedsync import connectors
from wedsync.connectors.contract import Access, Action
from wedsync.connectors.manifest import ActionEntry, ConnectField, Manifest
from wedsync.connectors.opening import opened
from wedsync.settings import CHECKOUT

CANARY = "canary-5f1d0e7c9b"
_RESERVED = CHECKOUT / "wedsync" / "workflows" / "actions"
_TESTS = {"wedding": "workflows/actions"}
_SAMPLES = {"url": "https://service.example/api", "number": "2525", "switch": "true"}
_SAMPLES |= {"email": "hello@service.example"}


@dataclass(frozen=True)
class Subject:
    """One connector's folder."""

    folder: Path

    @property
    def is_reserved(self) -> bool:
        return self.folder.parent == _RESERVED

    @property
    def tests(self) -> Path:
        if self.is_reserved:
            return CHECKOUT / "tests" / _TESTS.get(self.folder.name, "workers")
        return CHECKOUT / "tests" / "connectors" / self.folder.name

    @cached_property
    def manifest(self) -> Manifest:
        return Manifest.model_validate(connectors.document(self.folder))

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        if not self.is_reserved:
            return connectors.actions(self.manifest)
        parts = self.folder.relative_to(CHECKOUT).parts
        found: Mapping[str, Action] = import_module(".".join([*parts, "connector"])).ACTIONS
        return found

    @cached_property
    def access(self) -> Access | None:
        """A connection whose every secret is the canary; None where there is nothing to connect."""
        if self.is_reserved:
            return None
        fields = self.manifest.auth.fields
        settings = {field.name: _typed(field) for field in fields if field.kind != "secret"}
        secrets = {field.name: CANARY for field in fields if field.kind == "secret"}
        return opened(
            self.manifest,
            CONNECTION,
            settings,
            {**secrets, "access_token": CANARY, "refresh_token": CANARY},
            sandbox_url="https://practice.example",
        )


SUBJECTS = [
    Subject(folder)
    for folder in (
        *connectors.folders(),
        *sorted(path.parent for path in _RESERVED.glob("*/manifest.toml")),
    )
]


def _typed(field: ConnectField) -> str:
    if field.default is not None:
        return field.default
    if field.kind == "text" and field.name.endswith("address"):
        return "imogen@rosewood.example"
    return field.choices[0] if field.choices else _SAMPLES.get(field.kind, "sample")


# --- what actions may be given

NASTY: list[Any] = [
    "",
    "..",
    "../../me",
    "%2e%2e/%2e%2e/me",
    "a/../../b",
    "..\\..\\b",
    "//elsewhere.example/x",
    "https://elsewhere.example/x",
    "@elsewhere.example",
    "x?admin=true#y",
    "x\r\nAuthorization: Bearer stolen",
    "a\x00b",
    "\ud800",
    "{secret.api_key}",
    "{settings.api_key}",
    "é" * 5_000,
    -1,
    2**200,
    float("nan"),
    float("inf"),
    True,
    None,
    [],
    {},
    [[[[[[[[[[]]]]]]]]]],
    {"\ud800": {"\r\n": None}},
]
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
_HOSTILE = st.sampled_from(NASTY) | _ANYTHING


def hostile(entry: ActionEntry) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs of this action's fields, some as they should be, some as nobody expects."""
    fields: dict[str, Any] = entry.input.get("properties", {})
    chosen = {name: sensible(schema) | _HOSTILE for name, schema in fields.items()}
    strange = st.dictionaries(st.text(string.ascii_lowercase, max_size=8), _HOSTILE, max_size=1)
    known = st.fixed_dictionaries({}, optional=chosen)
    return st.builds(lambda extra, given: {**extra, **given}, st.just({}) | strange, known)


def sensible(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit the schema of one field."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "examples" in schema:
        return st.sampled_from(schema["examples"])
    match schema.get("type"):
        case "string":
            least, most = schema.get("minLength", 0), schema.get("maxLength", 40)
            return st.text(string.ascii_letters, min_size=max(least, 1), max_size=min(most, 40))
        case "integer":
            return st.integers(schema.get("minimum", 1), schema.get("maximum", 10_000))
        case "number":
            return st.integers(schema.get("minimum", 1), schema.get("maximum", 10_000))
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(sensible(schema.get("items", {})), min_size=1, max_size=2)
        case "object":
            return st.fixed_dictionaries(
                {name: sensible(part) for name, part in schema.get("properties", {}).items()}
            )
    return st.just("sample")

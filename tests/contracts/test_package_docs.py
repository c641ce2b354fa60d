"""The table in a package's docstring names the package's modules: all of them, and no others."""

import ast
import re
from pathlib import Path

import pytest

from wedsync.settings import CHECKOUT

_TABLE = re.compile(r"^\|.*\|$", re.MULTILINE)
_NOT_OF_MODULES = {"ready_made"}  # its table is of something else
_OF_ITSELF = {"models"}  # the nouns


def _docstring(package: Path) -> str:
    return ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""


def _modules(package: Path) -> set[str]:
    files = {path.stem for path in package.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in package.glob("*/__init__.py")}


PACKAGES = [
    path.parent
    for folder in ("wedsync", "wedsync/workflows")
    for path in sorted((CHECKOUT / folder).glob("*/__init__.py"))
    if _TABLE.search(_docstring(path.parent)) and path.parent.name not in _NOT_OF_MODULES
]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda one: str(one.relative_to(CHECKOUT)))
def test_the_table_of_a_package_is_the_package(package: Path) -> None:
    rows = "\n".join(_TABLE.findall(_docstring(package)))
    named = set(re.findall(r"`([a-z_]+)`", rows))
    assert named - _OF_ITSELF == _modules(package) - _OF_ITSELF


def test_the_large_packages_have_such_a_table() -> None:
    large = {p.parent.name for p in (CHECKOUT / "wedsync").glob("*/routes.py")} - {"weddings"}
    assert large <= {package.name for package in PACKAGES} | {"sandbox"}

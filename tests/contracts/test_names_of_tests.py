"""Every process that collects the tests calls them the same, or a parallel run ends before it
begins: what a test is tried with, and is called by, is not made up while it is collected."""

import ast
from collections.abc import Iterator
from pathlib import Path

from wedsync.settings import CHECKOUT

MADE_UP = {"uuid4", "uuid7", "new_id", "now", "today", "random", "token_hex", "urandom"}


def parametrized(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "parametrize"
        ):
            yield node


def called_in(decorator: ast.Call) -> Iterator[str]:
    for node in ast.walk(decorator):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)


def test_what_tests_are_tried_with_is_not_made_up() -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}:{each.lineno}"
        for path in sorted((CHECKOUT / "tests").rglob("test_*.py"))
        for each in parametrized(path)
        if MADE_UP.intersection(called_in(each))
    ]
    assert found == [], "Write the value down, or make it in the test."

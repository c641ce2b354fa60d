"""Every code somebody can meet is explained in docs/errors.md, and nothing there is made up.

The codes are read from the source itself, so one that is added without its line fails here.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "errors.md"
PARTNER = ROOT / "wedsync" / "sandbox"
_ROW = re.compile(r"^\| `([a-z0-9_<>]+)` \|", re.MULTILINE)
_CODE = re.compile(r"[a-z][a-z0-9_<>]*")
# Which positional argument of these calls is a code.
_POSITIONS = {
    "Refused": 0,
    "_Refused": 0,
    "Refusal": 0,
    "Ended": 0,
    "_accept": 2,
    "Rejected": 0,
    "Failed": 1,
    "Failure": 1,
    "FieldError": 1,
    "UrlRefused": 1,
    "_refuse": 1,
}


def sources() -> Iterator[ast.Module]:
    """What is ours: the practice partner is somebody else, with codes of its own."""
    for folder in ("wedsync", "workers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if PARTNER in path.parents:
                continue
            yield ast.parse(path.read_text(encoding="utf-8"), str(path))


def codes_of(module: ast.Module) -> Iterator[str]:
    """Every code a module can answer with."""
    for node in ast.walk(module):
        for value in values_of(node):
            yield from words(value)


def values_of(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of this node that are codes."""
    if isinstance(node, ast.Call):
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")
        place = _POSITIONS.get(called(node.func))
        if place is not None and len(node.args) > place:
            yield node.args[place]
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        yield from assigned(node)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "code":
                yield value


def assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[ast.expr]:
    """`code = …`, `code, title = …`, `_HTTP_WORDS = {400: (code, …)}`, `SomeCode = Literal[…]`."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    value = node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        target, value = target.elts[0], value.elts[0]
    if not isinstance(target, ast.Name) or value is None:
        return
    if target.id == "code":
        yield value
    elif target.id == "_HTTP_WORDS" and isinstance(value, ast.Dict):
        yield from (row.elts[0] for row in value.values if isinstance(row, ast.Tuple))
    elif target.id.endswith("Code") and isinstance(value, ast.Subscript):
        yield from value.slice.elts if isinstance(value.slice, ast.Tuple) else ()


def called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def words(value: ast.expr) -> Iterator[str]:
    """The texts an expression can be; `f"http_{status}"` is `http_<status>`."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        if _CODE.fullmatch(value.value):
            yield value.value
    elif isinstance(value, ast.IfExp):
        yield from words(value.body)
        yield from words(value.orelse)
    elif isinstance(value, ast.JoinedStr):
        yield "".join(
            str(part.value)
            if isinstance(part, ast.Constant)
            else f"<{ast.unparse(part.value).rpartition('.')[2]}>"
            for part in value.values
        )


@pytest.fixture(scope="module")
def documented() -> set[str]:
    return set(_ROW.findall(PAGE.read_text(encoding="utf-8")))


def test_every_code_is_documented(documented: set[str]) -> None:
    used = {code for module in sources() for code in codes_of(module)}
    assert len(used) > 50
    assert not used - documented, "Add a line for each to docs/errors.md."


def test_every_documented_code_exists(documented: set[str]) -> None:
    constants = {
        node.value
        for module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    patterns = {code for code in documented if "<" in code}
    used = {code for module in sources() for code in codes_of(module)}
    assert not documented - patterns - constants
    assert patterns <= used


def test_a_code_that_is_hidden_in_the_source_is_found() -> None:
    planted = """
class Lost(WedSyncError):
    code, title, status = "lost_class", "Lost", 404
def refuse(answer, wrong):
    code = "lost_one" if wrong else "lost_other"
    raise Conflict("x", code="lost_keyword", errors=[FieldError("/a", "lost_field", "y")])
    return Failed("permanent", f"lost_{answer.status}", {"code": "lost_key"})
"""
    assert set(codes_of(ast.parse(planted))) == {
        "lost_class",
        "lost_one",
        "lost_other",
        "lost_keyword",
        "lost_field",
        "lost_<status>",
        "lost_key",
    }

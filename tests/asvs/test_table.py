"""`docs/asvs.md` and these tests say the same."""

import ast
import re
from collections import Counter

from tests.asvs.requirements import STATES, TESTED, numbers, requirements
from wedsync.settings import CHECKOUT

_NUMBERED = re.compile(r"test_v(\d+)_(\d+)_(\d+)_[a-z]")


def numbered() -> Counter[str]:
    """How many tests have each number in their name."""
    found = [
        _NUMBERED.match(node.name)
        for path in sorted((CHECKOUT / "tests" / "asvs").glob("test_v*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert None not in found, "A test of this folder has a requirement's number in its name."
    return Counter(".".join(match.groups()) for match in found if match)


def test_every_requirement_of_the_chapters_is_in_the_table_once() -> None:
    assert [each.number for each in requirements()] == numbers()


def test_every_line_has_a_state_and_says_why() -> None:
    for each in requirements():
        assert each.state in STATES, each.number
        assert each.level in {"1", "2", "3"}, each.number
        assert len(each.words) > 10, each.number


def test_what_is_called_tested_has_a_test_and_nothing_else_has() -> None:
    called = {each.number for each in requirements() if each.state in TESTED}
    assert called == set(numbered())

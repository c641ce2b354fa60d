"""V11.1: the inventory of `docs/cryptography.md` is whole, because the source is read for it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.asvs.requirements import CRYPTOGRAPHY, modules, table
from wedsync.settings import CHECKOUT

LIBRARIES = {
    "argon2",
    "authlib",
    "bcrypt",
    "cryptography",
    "hashlib",
    "hmac",
    "itsdangerous",
    "jwt",
    "nacl",
    "secrets",
    "ssl",
}
PARTNER = CHECKOUT / "wedsync" / "sandbox"
"""The practice partner is somebody else, with keys of its own."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every module of ours, by its path below its top folder."""
    for folder in ("wedsync", "workers"):
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            if PARTNER not in path.parents:
                name = str(path.relative_to(CHECKOUT / folder))
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(module: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


def derived_purposes() -> set[str]:
    """What keys are derived for: the second argument of every `crypto.derive`."""
    return {
        str(ast.literal_eval(node.args[1]))
        for _name, module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "crypto.derive"
    }


def test_v11_1_1_each_key_has_a_life_from_its_making_to_its_end() -> None:
    keys = table("Keys and their lives")
    assert len(keys) >= 8
    for key, *stages in keys:
        assert len(stages) == 5, key
        assert all(stages), key


def test_v11_1_2_every_purpose_a_key_is_derived_for_is_in_the_inventory() -> None:
    listed = {
        name for row in table("Keys and their lives") for name in re.findall("`(.*?)`", row[0])
    }
    assert derived_purposes() == listed


def test_v11_1_3_every_module_with_cryptography_is_found_and_in_the_inventory() -> None:
    found = {name for name, module in sources() if imported(module) & LIBRARIES}
    listed = modules()
    unlisted = {name for name in found if not name.startswith(tuple(listed))}
    assert unlisted == set(), f"Not in {CRYPTOGRAPHY.name}."
    idle = {name for name in listed if not any(each.startswith(name) for each in found)}
    assert idle == set(), f"{CRYPTOGRAPHY.name} names what uses none."
    assert len(listed) == len(set(listed))


def test_v11_1_3_nobody_calls_a_program_that_encrypts() -> None:
    """What is no import would not be found."""
    for name, module in sources():
        said = {
            node.value
            for node in ast.walk(module)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not said & {"openssl", "gpg", "age"}, name
        assert not any("pgcrypto" in each or "pgp_sym" in each for each in said), name


def test_v11_1_4_each_use_says_how_one_moves_on() -> None:
    for row in table("Where it is used"):
        assert len(row) == 4, row
        assert all(row), row
    whole = CRYPTOGRAPHY.read_text(encoding="utf-8")
    assert "computers that break today's key exchange" in whole


def test_v11_1_3_the_reader_of_the_source_finds_what_it_should(tmp_path: Path) -> None:
    written = tmp_path / "hidden.py"
    written.write_text("def seal():\n    from cryptography.fernet import Fernet\n")
    assert imported(ast.parse(written.read_text())) == {"cryptography"}

"""`wedsync connector new` and `check`, in a copy of the tree."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wedsync.settings import CHECKOUT

COPIED = ("wedsync", "workers", "tests")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The tree as it is, to make a connector in."""
    return copied_to(tmp_path)


@pytest.fixture(scope="module")
def kept_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for tests that change nothing in it."""
    return copied_to(tmp_path_factory.mktemp("tree"))


def copied_to(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    return folder


def python(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def connector(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(copy, "-m", "wedsync", "connector", *arguments)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def sources(copy: Path) -> set[str]:
    return {name for name in files(copy) if not name.endswith(".pyc") and "cache" not in name}


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_new_connector_passes_the_contract_suite_without_an_edit_elsewhere(copy: Path) -> None:
    before = {name: (copy / name).read_bytes() for name in sources(copy)}
    made = connector(copy, "new", "petal-post", "--name", "Petal Post")
    assert made.returncode == 0, made.stderr
    added = sources(copy) - before.keys()
    assert {name.partition("petal_post")[0] for name in added} == {
        "wedsync/connectors/",
        "tests/connectors/",
    }
    assert all((copy / name).read_bytes() == was for name, was in before.items())

    suite = python(copy, "-m", "pytest", "-q", "tests/contracts/test_connectors.py", "-k", "petal")
    assert suite.returncode == 0, suite.stdout
    assert "deselected" in suite.stdout
    own = python(copy, "-m", "pytest", "-q", "tests/connectors/petal_post")
    assert own.returncode == 0, own.stdout

    checked = connector(copy, "check", "petal-post")
    assert (checked.returncode, checked.stdout) == (0, "petal_post: fine\n")


def test_what_it_writes_is_formatted_typed_and_keeps_the_import_rules(copy: Path) -> None:
    assert connector(copy, "new", "petal-post").returncode == 0
    made = ["wedsync/connectors/petal_post", "tests/connectors/petal_post"]
    for arguments in (
        ["-m", "ruff", "format", "--check", *made],
        ["-m", "ruff", "check", *made],
        ["-m", "mypy", "--strict", "-p", "wedsync.connectors"],
    ):
        judged = python(copy, *arguments)
        assert judged.returncode == 0, judged.stdout
    program = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def test_check_says_what_is_wrong_in_sentences(copy: Path) -> None:
    assert connector(copy, "new", "petal-post").returncode == 0
    folder = copy / "wedsync" / "connectors" / "petal_post"
    manifest = folder / "manifest.toml"
    manifest.write_text(manifest.read_text().replace("/guests/{input.guest_id}", "/g/{input.id}"))
    (folder / "logo.svg").unlink()
    checked = connector(copy, "check", "petal-post")
    assert checked.returncode == 1
    assert "actions.0.request.path: “{input.id}” names nothing" in checked.stdout

    manifest.write_text(manifest.read_text().replace("{input.id}", "{input.guest_id}"))
    shutil.rmtree(copy / "tests" / "connectors" / "petal_post")
    checked = connector(copy, "check")
    assert checked.returncode == 1
    assert "logo.svg: It is missing" in checked.stdout
    assert "tests: There are no tests" in checked.stdout


@pytest.mark.parametrize(
    "slug", ["Petal", "9lives", "a", "../escape", "petal_post", "http", "new\n"]
)
def test_a_name_that_cannot_be_one_is_refused(kept_copy: Path, slug: str) -> None:
    before = sources(kept_copy)
    refused = connector(kept_copy, "new", slug)
    assert refused.returncode == 2
    assert refused.stderr.startswith("wedsync: ")
    assert sources(kept_copy) == before


def test_what_is_there_is_never_overwritten(copy: Path) -> None:
    assert connector(copy, "new", "petal-post").returncode == 0
    again = connector(copy, "new", "petal-post")
    assert again.returncode == 2
    assert "already" in again.stderr


def test_a_connector_nobody_knows_is_said_to_be_unknown(kept_copy: Path) -> None:
    unknown = connector(kept_copy, "check", "petal-post")
    assert unknown.returncode == 2
    assert "no connector called “petal-post”" in unknown.stderr

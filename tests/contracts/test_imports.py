"""The import rules hold, and they bite: a planted import in the wrong direction is found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wedsync.settings import CHECKOUT


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The tree as it is, to plant something in."""
    for package in ("wedsync", "workers"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / package, tmp_path / package, ignore=ignored)
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(module: Path, line: str) -> None:
    module.write_text(f"{module.read_text()}\n{line}\n")


def test_every_import_points_downwards() -> None:
    checked = lint(CHECKOUT)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " 0 broken." in checked.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        (
            "wedsync/events/__init__.py",
            "from wedsync.workflows import models as _",
            "A slice imports only downwards BROKEN",
        ),
        (
            "wedsync/platform/__init__.py",
            "from wedsync.accounts import models as _",
            "A slice imports only downwards BROKEN",
        ),
        (
            "wedsync/webhooks/__init__.py",
            "import workers",
            "Nothing in wedsync knows the workers, the app file or the tests BROKEN",
        ),
        (
            "wedsync/workflows/engine/__init__.py",
            "import sqlalchemy",
            "no thread BROKEN",
        ),
        (
            "wedsync/workflows/engine/__init__.py",
            "from wedsync.platform import clock as _",
            "no thread BROKEN",
        ),
        (
            "wedsync/connectors/stripe/connector.py",
            "from wedsync.connectors.rest_api import connector as _",
            "A connector knows no other connector BROKEN",
        ),
    ],
)
def test_a_planted_import_is_found(copy: Path, module: str, line: str, broken: str) -> None:
    plant(copy / module, line)
    checked = lint(copy)
    assert checked.returncode != 0
    assert broken in checked.stdout


def test_a_new_package_has_to_be_given_its_place(copy: Path) -> None:
    (copy / "wedsync" / "gossip").mkdir()
    (copy / "wedsync" / "gossip" / "__init__.py").touch()
    checked = lint(copy)
    assert checked.returncode != 0
    assert "gossip" in checked.stdout

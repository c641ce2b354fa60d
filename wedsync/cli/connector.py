"""`wedsync connector`: make a new integration, and say what is wrong with one."""

import re
import sys
from pathlib import Path
from string import Template

import click

from wedsync.cli import Unusable
from wedsync.settings import CHECKOUT

_TEMPLATES = Path(__file__).parent / "connector_template"
_NAME = re.compile(r"\w[\w .’-]{0,39}")


@click.group()
def command() -> None:
    """Connectors of our own: the folders in wedsync/connectors."""


@command.command()
@click.argument("slug")
@click.option("--name", help="What people call it; made from the slug when not given.")
def new(slug: str, name: str | None) -> None:
    """Make a connector that works: its manifest, code, README, logo and test."""
    from pydantic import TypeAdapter, ValidationError

    from wedsync import connectors
    from wedsync.connectors.checks import RESERVED
    from wedsync.connectors.manifest import Slug

    try:
        TypeAdapter(Slug).validate_python(slug)
    except ValidationError as error:
        raise Unusable(
            "A connector's name has small letters, digits and hyphens, and begins with a letter."
        ) from error
    named = name or slug.replace("-", " ").capitalize()
    if not _NAME.fullmatch(named):
        raise Unusable("The name has letters, digits, spaces and hyphens, at most 40.")
    folder = connectors.folder(slug)
    tests = tests_of(folder)
    if slug in RESERVED or folder.exists() or tests.exists():
        raise Unusable(f"There is something called “{slug}” already.")
    for path in _write(folder, tests, slug, named):
        click.echo(path.relative_to(CHECKOUT))
    click.echo(f"\nNow change it into what you need, and ask: wedsync connector check {slug}")


@command.command()
@click.argument("slug", required=False)
def check(slug: str | None) -> None:
    """Say what is wrong with one connector, or with all of them; fails when something is."""
    from wedsync import connectors
    from wedsync.connectors.folder_rules import folder_problems

    if slug is not None and connectors.folder(slug) not in connectors.folders():
        raise Unusable(f"There is no connector called “{slug}”.")
    chosen = connectors.folders() if slug is None else [connectors.folder(slug)]
    wrong = 0
    for folder in chosen:
        found = folder_problems(folder, tests_of(folder))
        click.echo(f"{folder.name}: {'fine' if not found else len(found)}")
        for problem in found:
            click.echo(f"  {problem}")
        wrong += len(found)
    sys.exit(1 if wrong else 0)


def tests_of(folder: Path) -> Path:
    """Where the tests of a connector's folder stand."""
    return CHECKOUT / "tests" / "connectors" / folder.name


def _write(folder: Path, tests: Path, slug: str, name: str) -> list[Path]:
    values = {"slug": slug, "folder": folder.name, "name": name}
    written = []
    for template in sorted(_TEMPLATES.glob("*.txt")):
        file = template.name.removesuffix(".txt")
        path = tests / f"test_{folder.name}.py" if file == "test.py" else folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        text = Template(template.read_text(encoding="utf-8")).substitute(values)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written

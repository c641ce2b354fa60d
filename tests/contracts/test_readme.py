"""What README.md and CONTRIBUTING.md say is true: paths, commands, settings, logins, links."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from wedsync import settings
from wedsync.cli import cli
from wedsync.cli.installation.logins import DEMO_PASSWORD, LOGINS
from wedsync.settings import CHECKOUT

README = (CHECKOUT / "README.md").read_text()
CONTRIBUTING = (CHECKOUT / "CONTRIBUTING.md").read_text()
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")])
MADE_LATER = ("var/", "static/vendor/")  # by set-up, runs and tests
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
SETTING_ROW = re.compile(r"^\| `([A-Z_]+)(?:<SLUG>)?` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def code_spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def shell_lines(text: str) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def wedsync_calls(text: str) -> Iterator[list[str]]:
    """Every `wedsync …` that is named, in blocks and in sentences."""
    spans = [shlex.split(span) for span in code_spans(text) if "<" not in span]
    for words in [*shell_lines(text), *spans]:
        if words and words[0] in ("wedsync", "var/venv/bin/wedsync") and len(words) > 1:
            yield words[1:]


def resolve(words: list[str]) -> click.Command:
    """The command these words call; what is left of them are its options."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {' '.join(words)}"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    named = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert named <= known | {"--help"}, f"{command.name} knows no {named - known}"
    return command


def leaves(command: click.Command, *path: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, *path, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_inside_the_tree_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)\)", page.read_text())
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_path_that_is_named_exists(text: str) -> None:
    looks_like_path = re.compile(r"\.?[\w.-]+(/[\w.-]*)+|[\w-]+\.(py|md|toml)")
    roots = ("wedsync/", "workers/", "templates/", "static/", "tests/", "docs/")
    named = [
        span
        for span in code_spans(text)
        if looks_like_path.fullmatch(span)
        and span.startswith(roots)
        and not span.startswith(MADE_LATER)
    ]
    assert named
    assert [path for path in named if not (CHECKOUT / path).exists()] == []


def test_the_map_shows_what_is_there() -> None:
    drawn = re.search(r"## The map\n\n```\n(.*?)```", README, re.DOTALL)
    assert drawn is not None
    top = re.findall(r"^(\S+)", drawn.group(1), re.MULTILINE)
    inside = re.findall(r"^  ((?:\w+/  ?)+)", drawn.group(1), re.MULTILINE)
    slices = {name for line in inside for name in line.split()}
    assert [name for name in top if not (CHECKOUT / name).exists()] == []
    packages = {f"{each.parent.name}/" for each in (CHECKOUT / "wedsync").glob("*/__init__.py")}
    assert slices == packages


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_make_target_that_is_named_exists(text: str) -> None:
    targets = set(TARGET.findall((CHECKOUT / "Makefile").read_text()))
    calls = [*shell_lines(text), *(span.split() for span in code_spans(text))]
    named = {words[1] for words in calls if len(words) > 1 and words[0] == "make"}
    assert named
    assert named <= targets


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_command_that_is_named_exists(text: str) -> None:
    for words in wedsync_calls(text):
        resolve(words)


def test_every_command_stands_in_the_table() -> None:
    said = set(re.findall(r"^\| `wedsync ([a-z -]+)` \|", README, re.MULTILINE))
    assert said == set(leaves(cli))


@pytest.mark.parametrize("name", sorted(leaves(cli)))
def test_every_command_explains_itself(name: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "wedsync", *name.split(), "--help"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith(f"Usage: wedsync {name}")


def test_the_settings_are_those_the_code_reads() -> None:
    said = {name: default for name, _meaning, default in SETTING_ROW.findall(README)}
    told = {name: default for name, _m, default in SETTING_ROW.findall(settings.__doc__ or "")}
    read = set(re.findall(r'"(PORT|[A-Z]+_[A-Z_]+)"', Path(settings.__file__).read_text()))
    assert said == told
    assert set(said) == read


def test_the_logins_are_those_of_the_demo() -> None:
    said = re.findall(r"^\| `(\S+@\S+)` \|", README, re.MULTILINE)
    assert said == [login.email for login in LOGINS]
    assert f"`{DEMO_PASSWORD}`" in README


def test_the_feature_is_named_where_people_look_for_it() -> None:
    assert "WS-288" in README
    assert "WS-288" in (CHECKOUT / "CHANGELOG.md").read_text()


def test_every_decision_has_its_row() -> None:
    folder = CHECKOUT / "docs" / "decisions"
    notes = {note.name for note in folder.glob("[0-9]*.md")}
    rows = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text()))
    assert rows == notes
    numbers = sorted(int(name[:4]) for name in notes)
    assert numbers == list(range(1, len(numbers) + 1))

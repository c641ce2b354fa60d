"""What the strict content policy and the build ask of every template."""

import re
from pathlib import Path

import pytest

from wedsync.platform import assets

FOLDER = assets.STATIC.parent / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.html"))
FORBIDDEN = {
    "an inline handler": r"\son[a-z]+\s*=",
    "an htmx handler, which needs eval": r"\s(data-)?hx-on\b",
    "a value computed by eval": r"hx-(vals|headers|confirm|vars)[^=]*=\s*[\"']\s*js:",
    "a trigger filter, which needs eval": r"hx-trigger\s*=\s*[\"'][^\"']*\[",
    "an inline style": r"<style\b|\sstyle\s*=",
    "a script without a file": r"<script(?![^>]*\ssrc=)",
    "a script without the nonce": r"<script(?![^>]*\snonce=)",
    "unescaped text": r"\|\s*safe\b",
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.name))
def test_a_template_has_nothing_that_the_policy_blocks(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)]
    assert found == []


def test_only_whole_pages_load_scripts() -> None:
    loading = {str(path.relative_to(FOLDER)) for path in TEMPLATES if "<script" in path.read_text()}
    assert loading <= {"macros/head.html", "layout.html", "workflows/builder/page.html"}


def test_every_icon_a_template_names_is_in_the_sprite() -> None:
    sprite = assets.STATIC.parent / assets.asset_url("icons.svg").removeprefix("/")
    drawn = set(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite.read_text()))
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r'\bicon\("([a-z0-9-]+)"', path.read_text())
    }
    assert named
    assert named <= drawn

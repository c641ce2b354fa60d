"""What docs/builder.md tells of the builder is so, and the picture of it is fit to be shown."""

import re
import struct

import pytest

from wedsync.settings import CHECKOUT

GUIDE = (CHECKOUT / "docs" / "builder.md").read_text()
README = (CHECKOUT / "README.md").read_text()
PICTURE = CHECKOUT / "docs" / "builder.png"
SCRIPT = (CHECKOUT / "static" / "js" / "builder.js").read_text()
TEMPLATES = "\n".join(
    path.read_text() for path in sorted((CHECKOUT / "templates/workflows/builder").glob("*.html"))
)
_AS_WRITTEN = {"Ctrl": "Mod", "↑": "ArrowUp", "↓": "ArrowDown", "Space": " "}
_OF_THE_BROWSER = {"Tab", "Enter"}
_IMAGE = re.compile(r"!\[([^\]]+)\]\((\S+)\)")


def told_keys() -> list[str]:
    """The keys of the guide's table, as the script writes them."""
    table = GUIDE.partition("## Keys")[2]
    spans = [span for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
             for span in re.findall(r"`([^`]+)`", row)]  # fmt: skip
    return ["+".join(_AS_WRITTEN.get(key, key) for key in span.split()) for span in spans]


@pytest.mark.parametrize("keys", sorted(set(told_keys()) - _OF_THE_BROWSER))
def test_every_key_that_is_told_does_something(keys: str) -> None:
    pressed = set(re.findall(r"[\w+]+", " ".join(_bound())))
    assert keys in pressed or f'"{keys}"' in SCRIPT


def _bound() -> list[str]:
    """What the templates bind: in forms of their own, and in the list of what keys do."""
    listed = TEMPLATES.partition("macro by_key")[2].partition("endmacro")[0]
    named = re.findall(r'\("[\w-]+", "([^"]+)"', listed)
    return [*named, *re.findall(r'keys="([^"{]+)"', TEMPLATES)]


def test_every_key_that_does_something_is_told() -> None:
    assert {key for each in _bound() for key in each.split()} <= set(told_keys())


@pytest.mark.parametrize("text", [README, GUIDE], ids=["README", "guide"])
def test_the_picture_is_described_for_who_does_not_see_it(text: str) -> None:
    (words, source) = next(each for each in _IMAGE.findall(text) if each[1].endswith("builder.png"))
    assert len(words) > 60
    assert source in ("docs/builder.png", "builder.png")


def test_the_picture_is_small_enough_to_head_a_page() -> None:
    picture = PICTURE.read_bytes()
    width, height = struct.unpack(">II", picture[16:24])
    assert len(picture) <= 200_000
    assert (width, height) >= (1280, 800)

"""Looking at a page as people do: both widths, both themes, with axe beside."""

from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.sync_api import ConsoleMessage, Error, Page

from wedsync.settings import CHECKOUT

SCREENSHOTS = CHECKOUT / "var" / "screenshots"
_AXE = (CHECKOUT / "node_modules" / "axe-core" / "axe.min.js").read_text()
_Themes = tuple[Literal["light", "dark"], ...]
DESK, PHONE = (1280, 900), (375, 812)
_WHOLE: tuple[tuple[tuple[int, int], _Themes], ...] = (
    (PHONE, ("dark", "light")),
    (DESK, ("dark", "light")),
)
_BRIEF: tuple[tuple[tuple[int, int], _Themes], ...] = ((PHONE, ("dark",)), (DESK, ("light",)))
# Fonts are there, and colours have faded from the theme before. Neither is awaited as a promise of
# the page: those are kept when a frame is drawn, and a browser on a full machine may draw none.
_SETTLED = """async (patience) => {
  const loading = () => {
    document.body.getBoundingClientRect();
    return [...document.fonts].filter((font) => font.status === "loading");
  };
  const until = Date.now() + patience;
  while (loading().length > 0) {
    const missing = loading().map((font) => font.family);
    if (Date.now() > until) throw new Error(`no fonts yet: ${missing}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const each of document.getAnimations()) {
    if (each instanceof CSSTransition) each.finish();
  }
}"""
_PATIENCE_MS = 20_000
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_COLOURS = ["color-contrast", "link-in-text-block"]


@dataclass
class Trouble:
    """What a page complained about in the console, or failed to run."""

    said: list[str] = field(default_factory=list)
    expected: str | None = None
    """Words of a complaint that belongs to the test."""

    def listen(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)

    def _on_console(self, message: ConsoleMessage) -> None:
        is_expected = self.expected is not None and self.expected in message.text
        if message.type in ("error", "warning") and not is_expected:
            self.said.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _on_error(self, error: Error) -> None:
        self.said.append(f"error: {error}")


def look_at(page: Page, name: str, *, briefly: bool = False) -> None:
    """Keep pictures of the page in `var/screenshots` and let axe judge each.

    `briefly`, for a page that is much like one looked at elsewhere: a phone in the dark and a desk
    in the light. The page is left at the desk's width in the light theme.
    """
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    # A click on a link ends when the next page has begun, which may be before it has an element.
    page.wait_for_load_state("load")
    for (width, height), themes in _BRIEF if briefly else _WHOLE:
        _show_all_of(page, width, height)
        for theme in themes:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            settled(page)
            path = SCREENSHOTS / f"{name}-{width}-{theme}.png"
            page.screenshot(path=path)
            _require_no_sideways_scroll(page, path.stem)
            _require_nothing_found(page, path.stem)
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})


def _show_all_of(page: Page, width: int, height: int) -> None:
    """A screen as long as the page: what is fixed to its bottom covers nothing in the picture."""
    page.set_viewport_size({"width": width, "height": height})
    whole = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": max(height, whole)})


def _require_no_sideways_scroll(page: Page, where: str) -> None:
    beyond = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert beyond <= 0, f"{where}: the page is {beyond} px wider than the screen"


def settled(page: Page) -> None:
    """Wait until fonts are there, and end what still fades."""
    page.evaluate(_SETTLED, _PATIENCE_MS)


def violations(page: Page, part: str | None = None, *, only_colours: bool = False) -> list[str]:
    """What axe finds on a page, or on a part of it; `only_colours` is what a theme can change."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE)
    rules = ("rule", _COLOURS) if only_colours else ("tag", _TAGS)
    run_only = dict(zip(("type", "values"), rules, strict=True))
    options = {"runOnly": run_only, "resultTypes": ["violations"]}
    found = page.evaluate(
        "([part, options]) => axe.run(part ?? document, options)", [part, options]
    )
    return [_line(violation) for violation in found["violations"]]


def _require_nothing_found(page: Page, where: str) -> None:
    found = violations(page)
    assert not found, f"{where}:\n" + "\n".join(found)


def _line(violation: dict[str, Any]) -> str:
    places = ", ".join(str(node["target"]) for node in violation["nodes"][:5])
    detail = violation["nodes"][0].get("failureSummary", "")
    return f"{violation['id']}: {violation['help']} at {places}\n{detail}"

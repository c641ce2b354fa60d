"""Whether a page can be used by everybody: axe, narrow and enlarged screens, the order of Tab."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.looking import DESK, PHONE, settled, violations

REFLOW = (320, 640), (640, 450)
"""The narrowest screen there is, and a desk at 200 %."""

_LOOKS, _LOOK_MS = 30, 100

_SIDEWAYS = """() => {
  const root = document.documentElement;
  const scrolls = (el) => ["auto", "scroll"].includes(getComputedStyle(el).overflowX);
  const named = (el) => el.id || el.className || el.tagName;
  const out = (el) => el.getBoundingClientRect().right > root.clientWidth;
  const wide = [root, ...document.querySelectorAll("main *")]
    .filter((el) => el.checkVisibility() && (el === root || scrolls(el)))
    .filter((el) => el.scrollWidth > el.clientWidth)
    .map(named);
  if (!wide.includes(named(root))) return wide;
  const reach = [...document.querySelectorAll("body *")]
    .filter((el) => el.checkVisibility() && out(el));
  return [...wide, ...reach.map((el) => `${named(el)} “${el.textContent.trim().slice(0, 40)}”`)];
}"""
_FOLLOW = """() => {
  const isFollowed = "stops" in window;
  window.stops = [];
  if (!isFollowed) document.addEventListener("focusin", ({ target }) => {
    const [box] = target.getClientRects();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const above = document.elementFromPoint(Math.min(Math.max(x, 0), innerWidth - 1), y);
    const isSeen = target.contains(above) || above?.contains(target);
    stops.push({ el: target, by: isSeen ? null : above });
  });
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  stops.length = 0;
}"""
_STOPS = """() => {
  const named = (el) => el && (el.id || `${el.tagName} ${el.textContent.trim().slice(0, 40)}`);
  const places = ["nav", "#topbar", "#builder-bar", "#flow", "#panel", "#tools"];
  const shown = [...new Map(stops.map((one) => [one.el, one])).values()];
  const scroller = (el) => {
    for (let up = el.parentElement; up; up = up.parentElement)
      if (getComputedStyle(up).overflowY === "auto") return up;
    return document.scrollingElement;
  };
  return shown.map(({ el, by }, at) => {
    const [box] = el.getClientRects();
    const from = scroller(el);
    const down = from.scrollTop;
    return {
      name: named(el),
      hidden_by: named(by) ?? "",
      follows: at === 0 || Boolean(
        shown[at - 1].el.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING),
      place: `${places.find((each) => el.closest(each))} ${named(from)}`,
      left: box.left, right: box.right, top: box.top + down, bottom: box.bottom + down,
    };
  });
}"""


def judge(page: Page, name: str, part: str | None = None) -> None:
    """axe on this page, or on a part of it, at both widths and in both themes, all of it unfolded;
    nothing is wider than the screen, nor on a narrow or an enlarged one.

    What the dark theme can change are colours; of a part they are looked at once.
    """
    page.evaluate(
        "() => { for (const each of document.querySelectorAll('#panel details')) each.open = true }"
    )
    for width, height in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("dark", "light"):
            if part and (width, theme) == (DESK[0], "dark"):
                continue
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            settled(page)
            found = violations(page, part, only_colours=theme == "dark")
            assert not found, f"{name}, {width} px, {theme}:\n" + "\n".join(found)
    for width, height in (*REFLOW, PHONE, DESK):
        page.set_viewport_size({"width": width, "height": height})
        settled(page)
        wide = _sideways(page)
        assert not wide, f"{name}, {width} px: scrolls sideways in {wide}"
    moving = page.evaluate("() => document.getAnimations().map(({ effect }) => effect.target.id)")
    assert not moving, f"{name}: moves, though less motion was asked for: {moving}"


def _sideways(page: Page) -> list[str]:
    """What scrolls sideways still, when the page has had time to follow its new width."""
    for _ in range(_LOOKS):
        wide: list[str] = page.evaluate(_SIDEWAYS)
        if not wide:
            break
        page.wait_for_timeout(_LOOK_MS)
    return wide


@dataclass(frozen=True)
class Stop:
    """Where Tab stopped: where it is, and what covered it."""

    name: str
    hidden_by: str
    follows: bool
    place: str
    left: float
    right: float
    top: float
    bottom: float

    def is_read_before(self, after: "Stop") -> bool:
        """Further down, or further right: beside it, in its corner, or in the next column."""
        overlap = min(self.bottom, after.bottom) - max(self.top, after.top)
        is_in_line = overlap > min(self.bottom - self.top, after.bottom - after.top) / 2
        is_below = not is_in_line and after.top > self.top
        is_further_right = after.left >= (self.left if is_in_line else (self.left + self.right) / 2)
        return self.place != after.place or is_below or is_further_right


def stops(page: Page, key: str = "Tab") -> list[Stop]:
    """Everything the key leads to, from the top of the page until it leaves the page."""
    page.evaluate(_FOLLOW)
    most = page.locator("a, button, input, select, textarea, summary, [tabindex]").count()
    for _ in range(most + 1):
        page.keyboard.press(key)
        if page.evaluate("() => stops.length > 1 && stops.at(-1).el === stops[0].el"):
            break
    found: list[Any] = page.evaluate(_STOPS)
    return [Stop(**each) for each in found]


def require_order(found: list[Stop]) -> None:
    """As the page is written, as it is read, and nothing covered by a bar."""
    covered = [(one.name, one.hidden_by) for one in found if one.hidden_by]
    assert not covered
    assert not [one.name for one in found if not one.follows]
    pairs = pairwise(found)
    turned = [(a.name, b.name) for a, b in pairs if not a.is_read_before(b)]
    assert not turned


def at(page: Page, size: tuple[int, int], address: str) -> None:
    """A page at a size, when it is there."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(address)
    expect(page.get_by_role("main")).to_be_visible()

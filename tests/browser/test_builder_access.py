"""The builder for everybody: every state of it under axe, at both widths and in both themes, narrow
and enlarged; Tab goes as one reads; what everything is called; nothing jumps."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.access import at, judge, require_order, stops
from tests.browser.builder_states import (
    ASK,
    BRANCHED,
    CHOICE,
    GONE,
    NOTHING,
    STARTS,
    STEPS,
    VIEWS,
    WAITS,
    address,
    draft,
    page_of,
    panels,
)
from tests.browser.building import gesture
from tests.browser.conftest import SignIn
from tests.browser.gestures import allow_at_practice
from tests.browser.looking import DESK, PHONE, Trouble
from tests.far_ends.practice_partner import PracticePartner
from tests.live_site import LiveSite
from wedsync.workflows.building.panel.field_specs import WAYS
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.triggers import TRIGGERS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

QUICK = {"kind": "wait", "id": "quick", "seconds": 60}
YES = {"label": "Yes", "when": {">": [{"var": "wedding.final_count"}, 50]}, "steps": [ASK]}
SMALL = draft({**CHOICE, "branches": [YES]}, {"id": "end", "kind": "stop", "outcome": "done"})


def test_every_view_of_a_draft(site: LiveSite, imogen: Page) -> None:
    path = page_of(site, "Counts after the lock date", BRANCHED)
    for name, query in VIEWS.items():
        imogen.goto(address(path, **query))
        judge(imogen, name)
    imogen.goto(address(path))
    imogen.locator("#folding-step-choice-branches-0-steps").click()
    expect(imogen.locator("#step-ask")).to_be_hidden()
    judge(imogen, "a folded branch")
    nothing = page_of(site, "From nothing", NOTHING)
    for name, query in {
        "nothing yet": {},
        "choosing the start": {"pick": "start"},
        "finding no start": {"pick": "start", "q": "zeppelin"},
    }.items():
        imogen.goto(address(nothing, **query))
        judge(imogen, name)


def test_the_settings_of_every_kind(site: LiveSite, imogen: Page) -> None:
    assert {step["kind"] for step in STEPS} == set(KINDS)
    assert {start["kind"] for start in STARTS} == set(TRIGGERS)
    assert set(WAITS) == set(WAYS)
    for name, where in panels(site):
        imogen.goto(where)
        judge(imogen, name, "#panel")


def test_choosing_from_an_account(site: LiveSite, imogen: Page, practice: PracticePartner) -> None:
    imogen.goto("/connect/sandbox")
    allow_at_practice(imogen)
    account = urlsplit(imogen.url).path.rpartition("/")[2]
    free = {"id": "free", "kind": "action", "use": "sandbox.release_seat", "connection": account}
    named = "The practice partner of Meadow Weddings and Garden-Party-Arrangements"
    site.api("PATCH", f"/connections/{account}", {"name": named})
    imogen.goto(address(page_of(site, "Whose account is gone", draft(GONE))))
    expect(imogen.get_by_role("button", name=named)).to_be_visible()
    judge(imogen, "an account with a long name, offered")
    branched = page_of(site, "Whose account has a long name", BRANCHED)
    imogen.goto(address(branched, **VIEWS["a repair"]))
    expect(imogen.locator("#panel").get_by_role("button", name=named)).to_be_visible()
    judge(imogen, "a repair with a long name")
    picker = imogen.locator("#picker")
    where = address(page_of(site, "Free a seat", draft({**free, "input": {}})), step="free")
    imogen.goto(f"{where}&field=input.guest_id&pick=choices&q=zeppelin")
    expect(picker.get_by_text("Nothing here is called")).to_be_visible()
    judge(imogen, "a list in which nothing is found", "#panel")
    practice.faults(api_answers="500", api_path="/guests")
    picker.get_by_role("button", name="Refresh").click()
    expect(picker.get_by_role("alert")).to_be_visible()
    judge(imogen, "a list that could not be read", "#panel")
    practice.faults(api_answers=None, api_slow_s=30)
    picker.get_by_role("button", name="Try again").click()
    expect(picker.get_by_role("status")).to_contain_text("Asking")
    judge(imogen, "a list that is being read", "#panel")
    practice.faults(api_slow_s=0)


def test_what_went_wrong(site: LiveSite, imogen: Page, trouble: Trouble) -> None:
    trouble.expected = "Failed to"
    path = page_of(site, "Went wrong", draft(ASK, QUICK))
    imogen.goto(address(path, step="quick"))
    field = imogen.get_by_role("textbox", name="For how long")
    field.fill("a while")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(imogen.locator("#said")).not_to_be_empty()
    judge(imogen, "a value that cannot be read")

    imogen.goto(address(path, step="ask"))
    asked = imogen.get_by_role("textbox", name="What do you ask?")
    expect(asked).to_be_visible()
    theirs = draft({**ASK, "ask": "Shall we order?"}, QUICK)
    site.api("PUT", f"{path}/draft", {"definition": theirs}, If_Match="*")
    asked.fill("Shall I order?")
    asked.blur()
    expect(imogen.locator("#clash")).to_be_focused()
    judge(imogen, "two answers")

    imogen.goto(address(path))
    imogen.context.set_offline(True)
    imogen.locator("#open-ask").focus()
    imogen.keyboard.press("Alt+ArrowDown")
    expect(imogen.locator("#builder-unsaved")).to_be_visible()
    judge(imogen, "without a line")
    imogen.locator("#open-quick").focus()
    imogen.keyboard.press("Alt+ArrowUp")
    site.api("PUT", f"{path}/draft", {"definition": draft(QUICK)}, If_Match="*")
    imogen.context.set_offline(False)
    expect(imogen.locator("#not-done")).to_be_visible()
    judge(imogen, "what could not be done any more")


def test_the_pages_around_it(site: LiveSite, imogen: Page, sign_in: SignIn) -> None:
    path = page_of(site, "Around it", SMALL)
    site.api("POST", f"{path}/publish", {})
    site.api("PUT", f"{path}/draft", {"definition": draft(CHOICE, ASK)}, If_Match="*")
    for name in ("changes", "versions", "history"):
        imogen.goto(f"{path}/{name}")
        judge(imogen, f"its {name}")
    imogen.goto("/workflows/new")
    judge(imogen, "a new one")
    imogen.goto(address(path, step="ask"))
    imogen.get_by_role("button", name="Try all, pretend").click()
    expect(imogen.get_by_role("heading", name="What would happen")).to_be_visible()
    judge(imogen, "a try")
    imogen.goto(address(path, step="ask"))
    judge(imogen, "tried")
    carys = sign_in("carys@rosewood.example")
    carys.goto(address(path, step="choice", field="branches.0.when"))
    expect(carys.locator("#panel")).to_be_visible()
    judge(carys, "looked at by somebody who may not change it")


@pytest.mark.parametrize(
    ("size", "query"),
    [
        (DESK, VIEWS["data for a condition"]),
        (DESK, VIEWS["adding a step"]),
        (PHONE, VIEWS["a step's tools"]),
        (PHONE, VIEWS["data for a condition"]),
    ],
    ids=["picker", "step picker", "phone", "sheet"],
)
def test_tab_goes_as_one_reads_and_nothing_covers_the_focus(
    size: tuple[int, int], query: dict[str, str], site: LiveSite, imogen: Page
) -> None:
    path = page_of(site, "In order", BRANCHED)
    at(imogen, size, address(path, **query))
    found = stops(imogen)
    require_order(found)
    back = stops(imogen, "Shift+Tab")
    assert not [(one.name, one.hidden_by) for one in back if one.hidden_by]
    assert [one.name for one in reversed(back)] == [one.name for one in found]


STEPS_BY_NAME = """
- list "Steps":
  - /children: deep-equal
  - listitem:
    - text: When
    - paragraph:
      - link "Somebody"
      - text: starts it
    - text: Ready
    - link "Choose something else that starts it"
    - text: Not published yet, so it has never started
    - link "Add a step after the start"
  - listitem:
    - text: If
    - paragraph:
      - text: Look at
      - link "Final count"
      - text: and take the first that fits
    - text: Ready
    - 'link "More for Is it a big one?: move, duplicate, copy, turn off, delete"'
    - group "Yes":
      - heading "Yes" [level=3]
      - paragraph:
        - link "when final count is more than 50"
      - group:
        - list:
          - listitem:
            - text: Ask
            - link "an owner"
            - text: ": “"
            - link "Tell the caterer?"
            - text: ” and wait for the answer Olive & Thyme close on Mondays. Ready
            - link /^More for Ask an owner/
            - toolbar /^Ask an owner/:
              - button "Up"
              - button "Down"
              - button "Duplicate"
              - button "Copy"
              - button "Turn off"
              - link "Add below"
              - button "Delete"
        - link "Add a step to Yes": Add a step
    - group "Otherwise":
      - heading "Otherwise" [level=3]
      - paragraph: always here, so nobody falls through
      - group:
        - list:
          - listitem:
            - text: Wait for
            - link "3 days"
            - text: "Off"
            - 'link "More for Wait for 3 days: move, duplicate, copy, turn off, delete"'
        - link "Add a step to Otherwise": Add a step
    - link "Add a step after Is it a big one?"
  - listitem:
    - text: End
    - paragraph:
      - link "Stop"
    - text: Ready
    - 'link "More for Stop: move, duplicate, copy, turn off, delete"'
"""
PANEL_BY_NAME = """
- complementary /^Ask an owner/:
  - paragraph: Step 1, Yes
  - heading /^Ask an owner/ [level=2]
  - link "Close the panel"
  - region "Settings":
    - link "Insert data into What do you ask?"
    - textbox "What do you ask?": Tell the caterer?
    - link "Insert data into Whom?"
    - combobox "Whom?":
      - option "Any owner" [selected]
      - option "Somebody else, by e-mail"
    - textbox "Remind after optional"
    - link "Insert data into Then ask also"
    - combobox "Then ask also optional"
    - textbox "Wait for an answer at most optional"
    - combobox "If nobody answers in time":
      - option "stop here" [selected]
    - group: Name, note and more
  - button "Try this step, pretend"
  - button "Try from here, pretend"
"""
BAR_BY_NAME = """
- heading "Is it a big one?" [level=1]:
  - link "Is it a big one?"
- 'button "Undo: nothing to undo" [disabled]'
- 'button "Redo: nothing to redo" [disabled]'
- link "Publish…"
- 'button /^More: /'
"""


def test_everything_has_a_name(site: LiveSite, imogen: Page) -> None:
    path = page_of(site, "Is it a big one?", SMALL)
    imogen.goto(address(path, step="ask"))
    expect(imogen.locator("#builder-bar")).to_match_aria_snapshot(BAR_BY_NAME)
    expect(imogen.locator("#steps-list")).to_match_aria_snapshot(STEPS_BY_NAME)
    expect(imogen.locator("#panel")).to_match_aria_snapshot(PANEL_BY_NAME)


SHIFTS = """() => {
  window.shifts = [];
  const named = ({ node }) => node?.parentElement?.closest("[id]")?.id ?? node?.nodeName;
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) shifts.push([value, ...sources.map(named)]);
  }).observe({ type: "layout-shift", buffered: true });
}"""
DRAWN = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
})"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"
PLACES = """() => {
  const blocks = "#topbar, #builder-bar, #lede, #problems, #trybar, [data-step], #tools";
  const shown = [...document.querySelectorAll(blocks)].filter((el) => el.checkVisibility());
  return Object.fromEntries(shown.map((el) => [el.id, el.getBoundingClientRect().top]));
}"""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_jumps_while_the_page_loads(
    size: tuple[int, int], site: LiveSite, imogen: Page
) -> None:
    path = page_of(site, "At rest", BRANCHED)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    imogen.route("**/*.woff2", hold)
    imogen.add_init_script(f"({SHIFTS})()")
    imogen.set_viewport_size({"width": size[0], "height": size[1]})
    for query in (VIEWS["the steps"], VIEWS["a condition"], VIEWS["adding a step"]):
        held.clear()
        imogen.goto(address(path, **query), wait_until="domcontentloaded")
        imogen.wait_for_function(PAINTED)
        assert held
        for route in held:
            route.continue_()
        imogen.wait_for_load_state("load")
        imogen.evaluate(DRAWN)
        assert imogen.evaluate("() => shifts") == []
    imogen.evaluate("() => document.querySelector('#flow').prepend(document.createElement('hr'))")
    imogen.evaluate(DRAWN)
    assert imogen.evaluate("() => shifts"), "a jump would not have been seen"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_what_a_gesture_does_not_change_stays_where_it_is(
    size: tuple[int, int], site: LiveSite, imogen: Page
) -> None:
    """The row below a step that is opened gives way to its tools, and nothing else moves."""
    path = page_of(site, "Stays", BRANCHED)
    at(imogen, size, address(path))
    imogen.locator("#open-before").scroll_into_view_if_needed()
    was = imogen.evaluate(PLACES)
    imogen.locator("#open-before").click()
    expect(imogen.locator("#up-before")).to_be_attached()
    require_still(was, imogen, above="step-before")
    field = imogen.get_by_role("textbox", name="How many days before or after")
    was = imogen.evaluate(PLACES)
    with gesture(imogen, "fields"):
        field.fill("10 days before")
        field.blur()
    expect(imogen.locator("#step-before")).to_contain_text("10 days")
    require_still(was, imogen, above="step-before")
    was = imogen.evaluate(PLACES)
    imogen.get_by_role("link", name="Close the panel").click()
    expect(imogen.locator("#up-before")).to_have_count(0)
    require_still(was, imogen, above="step-before")


def require_still(was: dict[str, float], page: Page, *, above: str) -> None:
    """Everything up to this row, and the bars, are where they were on the screen.

    As near as scrolling can be: it is by a fraction of a pixel what grew above, and a browser
    keeps its own in sixty-fourths.
    """
    now = page.evaluate(PLACES)
    named = list(was)
    still = {*named[: named.index(above) + 1], "tools"} & now.keys() & was.keys()
    moved = {name: now[name] - was[name] for name in still}
    assert {name: by for name, by in moved.items() if abs(by) >= 0.5} == {}

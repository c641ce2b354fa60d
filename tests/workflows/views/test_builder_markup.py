"""The builder's page as it is drawn, in each state: names that stay, forms that are whole."""

from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from apiflask import APIFlask

from tests.engine.building import act, choose, note, workflow
from tests.page_words import words_of
from tests.personas import Persona, make_persona
from tests.workflows.definitions import make_workflow
from tests.workflows.views.building import Builder

IS_ONE: Any = {"==": [{"var": "trigger.data.count"}, 1]}
BOTH: Any = {"and": [IS_ONE, {"or": [{">": [{"var": "wedding.final_count"}, 10]}, {"!": [1]}]}]}
INNER = choose("inner", ("Weekend", IS_ONE, [act("deep")]), ("Later", None, []))
DRAFT = workflow(
    note("shape", guest=1),
    choose(
        "which",
        ("One", BOTH, [act("first")]),
        ("Two", IS_ONE, [INNER]),
        ("Three", None, []),
        ("Four", IS_ONE, []),
    ),
    {"id": "ask", "kind": "approval", "ask": "", "who": {"email": "beth@rosewood.example"}},
    {"id": "rest", "kind": "wait", "seconds": 60, "off": True},
    {"id": "only", "kind": "filter", "when": BOTH},
    act("last"),
)
STATES: tuple[dict[str, str], ...] = (
    {},
    {"pick": "start"},
    {"pick": "step", "after": "shape"},
    {"pick": "step", "q": "nothing is called this"},
    {"step": "-start", "field": "all"},
    {"step": "shape", "field": "values.0.value", "pick": "field"},
    {"step": "which", "field": "branches.0.when", "pick": "subject:0"},
    {"step": "which", "field": "branches.0.when", "pick": "other:0:0", "q": "/"},
    {"step": "which", "field": "otherwise"},
    {"step": "inner"},
    {"step": "ask", "field": "ask", "pick": "field"},
    {"step": "only", "field": "when", "pick": "subject:1.0", "function": "number.round"},
    {"step": "deep"},
    {"step": "gone"},
)
CONTROLS = ("a", "button", "input", "select", "textarea", "summary")


class Drawn(HTMLParser):
    """The elements of `#builder`: what each form sends, and what takes the focus without an id.

    What is pressed by keys (`#by-key`, the last of it) or without script (`noscript`) needs none.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.sent: list[set[str]] = []
        self.nameless: list[dict[str, str | None]] = []
        self._is_unseen = False
        self._is_inside = self._is_post = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._is_inside = self._is_inside or found.get("id") == "builder"
        if not self._is_inside:
            return
        self.elements.append((tag, found))
        self._is_unseen = self._is_unseen or tag == "noscript" or found.get("id") == "by-key"
        is_control = tag in CONTROLS and found.get("type") != "hidden" and not self._is_unseen
        self.nameless += [found] if is_control and "id" not in found else []
        if tag == "form":
            assert not self._is_post, f"a form stands in a form: {found}"
            self._is_post = found.get("method") == "post"
            leads_away = (found.get("action") or "").endswith("/duplicate")  # no gesture
            self.sent += [{"once"} if leads_away else set()] if self._is_post else []
        elif self._is_post and tag == "input":
            self.sent[-1].add(found.get("name") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_post = False
        if tag == "noscript":
            self._is_unseen = False
        self._is_inside = self._is_inside and tag != "main"

    @property
    def ids(self) -> Counter[str]:
        return Counter(found["id"] or "" for _, found in self.elements if "id" in found)


@pytest.fixture
def builder(app: APIFlask, owner: Persona) -> Builder:
    made = make_workflow(app, owner.organization_id, DRAFT, publish=False)
    return Builder(app, owner, made)


def drawn(builder: Builder, **state: str) -> Drawn:
    answer = builder.look(**state)
    assert answer.status_code == 200
    return Drawn(answer.text)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_what_takes_the_focus_has_a_name_of_its_own(
    builder: Builder, state: dict[str, str]
) -> None:
    page = drawn(builder, **state)
    assert [name for name, count in page.ids.items() if count > 1] == []
    assert page.nameless == []


def test_sentences_and_their_links_have_names_of_their_own(app: APIFlask, owner: Persona) -> None:
    for at in range(2, 9):
        which = choose("which", ("One", IS_ONE, [act("first")]))
        draft = workflow(act("send"), which, act(f"send-{at}"))
        made = make_workflow(app, owner.organization_id, draft, publish=False)
        page = drawn(Builder(app, owner, made))
        assert [name for name, count in page.ids.items() if count > 1] == []


@pytest.mark.parametrize("state", STATES, ids=str)
def test_every_form_is_whole(builder: Builder, state: dict[str, str]) -> None:
    page = drawn(builder, **state)
    assert len(page.sent) > 5
    assert all({"csrf_token", "once"} <= names for names in page.sent)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_what_an_element_names_is_there(builder: Builder, state: dict[str, str]) -> None:
    page = drawn(builder, **state)
    for _, found in page.elements:
        named = (found.get(name) or "" for name in ("for", "form", "aria-controls"))
        many = (found.get(name) or "" for name in ("aria-describedby", "aria-labelledby"))
        wanted = {*named, *(each for value in many for each in value.split())} - {""}
        assert wanted <= page.ids.keys(), found


def test_somebody_who_only_looks_presses_nothing(app: APIFlask, owner: Persona) -> None:
    viewer = make_persona(app, owner.organization_id, "viewer", name="Vera")
    made = make_workflow(app, owner.organization_id, DRAFT, publish=False)
    for state in ({}, {"step": "which", "field": "branches.0.when"}, {"step": "ask"}):
        page = drawn(Builder(app, viewer, made), **state)
        assert page.sent == []
        assert not {"add-last", "panel-form", "picks"} & page.ids.keys()


def test_one_field_begins_with_the_focus_when_it_is_asked_for(builder: Builder) -> None:
    page = drawn(builder, step="ask", field="ask")
    assert [found.get("id") for _, found in page.elements if "autofocus" in found] == ["field-ask"]


def test_nothing_yet_says_what_to_do_first(app: APIFlask, owner: Persona) -> None:
    nothing = {"format": 1, "steps": []}
    made = make_workflow(app, owner.organization_id, nothing, publish=False)
    page = Builder(app, owner, made).look()
    assert "Choose what starts it, then add what should happen" in words_of(page)
    assert "Problems" not in page.text


def test_no_line_ends_after_the_first_letter_of_an_e_mail(app: APIFlask, owner: Persona) -> None:
    letter = {"id": "tell", "kind": "action", "use": "smtp.send", "input": {"to": "<b>e-x</b>"}}
    flow = make_workflow(app, owner.organization_id, workflow(letter), publish=False)
    page = Builder(app, owner, flow).look()
    whole = '<span class="ws-together">'
    assert f"Send an {whole}e-mail</span> to" in page.text
    assert f"which account at {whole}E-mail</span> (SMTP)?" in page.text
    assert f"&lt;b&gt;{whole}e-x</span>&lt;/b&gt;" in page.text
    assert "Connect E-mail (SMTP)" in words_of(page)

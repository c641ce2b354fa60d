"""The builder where others are at it too, what it says of the live version, and what was folded."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from apiflask import APIFlask
from redis import Redis

from tests.engine.building import act, ask, choose, note, workflow
from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.building.boards import by_id, looking
from tests.workflows.definitions import make_run, make_workflow
from tests.workflows.views.building import Builder
from wedsync.platform.presence import place_of_draft
from wedsync.settings import Settings

IS_ONE = {"==": [{"var": "trigger.data.count"}, 1]}
DRAFT = workflow(
    note("shape", guest=1),
    choose("which", ("Yes", IS_ONE, [act("first")]), ("No", IS_ONE, [act("second")])),
)
FOLD = 'id="fold-step-which-branches-{}-steps" '


@pytest.fixture
def flow(app: APIFlask, owner: Persona) -> UUID:
    return make_workflow(app, owner.organization_id, DRAFT)


@pytest.fixture
def builder(app: APIFlask, owner: Persona, flow: UUID) -> Builder:
    return Builder(app, owner, flow)


@contextmanager
def present(settings: Settings, flow: UUID, *people: Persona) -> Iterator[None]:
    """As the front says while these have the draft open."""
    assert settings.redis_url is not None
    with Redis.from_url(settings.redis_url) as redis:
        until = time.time() + 60
        redis.zadd(place_of_draft(flow), {f"{each.identity.user_id}:1": until for each in people})
        yield
        redis.delete(place_of_draft(flow))


def company(persona: Persona, flow: UUID) -> str:
    answer = persona.browser.get(f"/workflows/{flow}/company", fragment=True)
    assert answer.status_code == 200
    return words_of(answer)


# --- others


def test_the_page_says_who_else_has_it_open(
    settings: Settings, builder: Builder, viewer: Persona
) -> None:
    assert "here too" not in words_of(builder.look())
    with present(settings, builder.workflow_id, builder.persona, viewer):
        assert "is here too" in words_of(builder.look())
        assert company(builder.persona, builder.workflow_id).count("here too") == 1
        assert str(viewer.identity.user_id) in builder.look().text
        assert "is here too" in company(viewer, builder.workflow_id)
    assert "here too" not in company(viewer, builder.workflow_id)


def test_two_others_are_named_together_and_people_of_elsewhere_never(
    settings: Settings, builder: Builder, editor: Persona, viewer: Persona, stranger: Persona
) -> None:
    with present(settings, builder.workflow_id, editor, viewer, stranger):
        told = company(builder.persona, builder.workflow_id)
    assert " and " in told
    assert "are here too" in told
    with present(settings, builder.workflow_id, stranger):
        assert "here too" not in company(builder.persona, builder.workflow_id)


def test_a_page_asks_what_is_new_and_is_told_who_did_it(builder: Builder, viewer: Persona) -> None:
    held = "steps 0\nstep-shape 0\nstep-which 0"
    address = f"/workflows/{builder.workflow_id}/news"
    nothing = viewer.browser.post(address, data={"held": held}, fragment=True)
    assert nothing.status_code == 200
    assert "HX-Replace-Url" not in nothing.headers
    builder.press("remove", step="shape")
    after = viewer.browser.post(address, data={"held": held}, fragment=True)
    assert 'hx-target="#step-shape" hx-swap="delete"' in after.text
    assert " removed " in words_of(after)
    mine = builder.persona.browser.post(address, data={"held": held}, fragment=True)
    assert " removed " not in words_of(mine).partition("Undo")[0]


def test_whoever_is_at_the_panel_keeps_it(builder: Builder, viewer: Persona) -> None:
    address = f"/workflows/{builder.workflow_id}/news"
    here = {"HX-Current-URL": f"http://localhost{builder.address}?step=shape"}
    builder.press("rename", step="shape", label="Shaped")

    def news(**form: str) -> str:
        data = {"held": "steps 0\nstep-shape 0\nstep-which 0", **form}
        answer = viewer.browser.post(address, data=data, headers=here, fragment=True)
        assert answer.status_code == 200
        return answer.text

    assert 'hx-target="#panel"' in news()
    kept = news(keep="panel")
    assert 'hx-target="#step-shape"' in kept
    assert 'hx-target="#panel' not in kept
    assert 'hx-target="#condition"' not in kept


def test_news_change_nothing(builder: Builder) -> None:
    before = builder.operation
    builder.persona.browser.post(f"/workflows/{builder.workflow_id}/news", data={"held": "x y"})
    assert builder.operation == before


# --- what the live version is at


def under_way(persona: Persona, flow: UUID) -> str:
    return words_of(persona.browser.get(f"/workflows/{flow}/under-way", fragment=True)).strip()


def test_runs_of_the_live_version_that_are_not_over_are_counted(
    app: APIFlask, owner: Persona, flow: UUID
) -> None:
    assert under_way(owner, flow) == "Version 1 is live. None of its runs is under way."
    first = make_run(app, owner.organization_id, flow, "waiting")
    make_run(app, owner.organization_id, flow, "queued")
    make_run(app, owner.organization_id, flow, "succeeded")
    item = {"parent_run_id": first, "root_run_id": first, "item": 0}
    make_run(app, owner.organization_id, flow, "running", **item)
    assert under_way(owner, flow) == "Version 1 is live, with 2 runs under way."
    owner.browser.post(f"/workflows/{flow}/pause")
    assert under_way(owner, flow) == "Version 1 is live and paused, with 2 runs under way."


def test_the_foot_of_the_builder_leads_to_them(builder: Builder) -> None:
    assert "Version 1 is live. See its runs" in words_of(builder.look())


def test_a_draft_that_was_never_published_says_nothing_of_runs(
    app: APIFlask, owner: Persona
) -> None:
    made = make_workflow(app, owner.organization_id, DRAFT, publish=False)
    assert "See its runs" not in words_of(Builder(app, owner, made).look())
    assert under_way(owner, made) == ""


# --- what was folded


def cookie_of(builder: Builder) -> str:
    return builder.look().text.partition('data-folds="')[2].partition('"')[0]


def is_open(page: str, number: int) -> bool:
    return page.partition(FOLD.format(number))[2].startswith("open>")


def test_branches_that_were_folded_are_drawn_so_for_that_person(
    builder: Builder, viewer: Persona
) -> None:
    page = builder.look().text
    assert [is_open(page, number) for number in (0, 1)] == [True, True]
    builder.persona.browser.set_cookie(cookie_of(builder), "step-which-branches-1-steps")
    page = builder.look().text
    assert [is_open(page, number) for number in (0, 1)] == [True, False]
    onlooker = Builder(builder.app, viewer, builder.workflow_id)
    assert cookie_of(onlooker) != cookie_of(builder)
    viewer.browser.set_cookie(cookie_of(builder), "step-which-branches-1-steps")
    assert is_open(onlooker.look().text, 1)


@pytest.mark.parametrize("written", ["", ".", "../..", '"><script>', "step-" + "x" * 4_000, "é"])
def test_a_cookie_that_says_anything_else_folds_nothing(builder: Builder, written: str) -> None:
    builder.persona.browser.set_cookie(cookie_of(builder), written)
    page = builder.look()
    assert page.status_code == 200
    assert is_open(page.text, 0)
    assert "<script>" not in page.text


def test_a_folded_branch_says_what_is_in_it(app: APIFlask, owner: Persona) -> None:
    inner = choose("inner", ("Deep", IS_ONE, [act("deep"), act("deeper")]))
    nameless = {"id": "hook", "kind": "action", "use": "http.request", "input": {}}
    definition = workflow(
        choose("which", ("Yes", IS_ONE, [ask("boss"), inner, nameless]), ("No", IS_ONE, []))
    )
    yes, no, otherwise = by_id(looking(app, owner, definition).board())["which"].branches
    assert yes.summary == "5 steps"
    assert yes.folded.startswith("5 steps: Ask an owner")
    assert yes.folded.endswith(" and 1 more; 1 to mend")
    assert no.folded == otherwise.folded == "Nothing yet"

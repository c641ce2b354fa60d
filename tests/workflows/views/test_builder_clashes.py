"""Two people at one step: what only one of them touched is kept of both, and where both wanted
something else of the same thing, both values are shown and nothing is lost."""

from typing import Any

import pytest
from apiflask import APIFlask

from tests.engine.building import choose, note, workflow
from tests.page_words import words_of
from tests.personas import Persona, make_persona
from tests.workflows.definitions import make_workflow
from tests.workflows.views.building import Builder
from tests.workflows.views.pressing import Forms

COUNT = {"var": "wedding.final_count"}
MANY: Any = {"and": [{">": [COUNT, 50]}, {"==": [{"var": "wedding.currency"}, "GBP"]}]}
LETTER = {
    "id": "letter",
    "kind": "action",
    "use": "smtp.send",
    "input": {"to": "ada@guest.example", "subject": "Hello", "body": "Will you come?"},
}
DRAFT = workflow(
    note("shape", guest=1),
    choose("which", ("Many", MANY, []), ("Few", {"<": [COUNT, 10]}, [])),
    {"id": "only", "kind": "filter", "when": {">": [COUNT, 50]}},
    {"id": "rest", "kind": "wait", "seconds": 86_400},
    LETTER,
)


@pytest.fixture
def mine(app: APIFlask, owner: Persona) -> Builder:
    made = make_workflow(app, owner.organization_id, DRAFT, publish=False)
    return Builder(app, owner, made)


@pytest.fixture
def hers(app: APIFlask, owner: Persona, mine: Builder) -> Builder:
    ana = make_persona(app, owner.organization_id, "editor", name="Ana")
    return Builder(app, ana, mine.workflow_id)


def step(builder: Builder, step_id: str) -> Any:
    return next(each for each in builder.draft["steps"] if each["id"] == step_id)


def keep_mine(builder: Builder, refused: Any) -> Any:
    """Press “Keep mine” as the page that was refused has it."""
    form = next(each for each in Forms(refused.text).posted if _keeps(each))
    fields = dict(form.fields) | {"over": _keeps(form)}
    return builder.persona.browser.post(form.action, data=fields)


def _keeps(form: Any) -> str:
    said = [pair for _, said in form.buttons for pair in said]
    return next((value for name, value in said if name == "over"), "")


ROW = {"field": "when", "place": "0"}


def typed(**fields: str) -> dict[str, str]:
    """The form of the letter's panel as it was shown, with something typed over it."""
    given = LETTER["input"]
    assert isinstance(given, dict)
    return {**{f"input__{name}": value for name, value in given.items()}, **fields}


def test_two_who_write_different_parts_of_one_letter_both_keep_theirs(
    mine: Builder, hers: Builder
) -> None:
    seen = mine.seen("letter")
    hers.press("fields", step="letter", seen=seen, **typed(input__to="ben@guest.example"))
    done = mine.press("fields", step="letter", seen=seen, **typed(input__subject="Good news"))
    assert done.status_code == 303
    given = step(mine, "letter")["input"]
    assert (given["to"], given["subject"]) == ("ben@guest.example", "Good news")


def test_keeping_mine_takes_nothing_else_of_theirs_away(mine: Builder, hers: Builder) -> None:
    seen = mine.seen("letter")
    their = typed(input__to="ben@guest.example", input__subject="Theirs")
    hers.press("fields", step="letter", seen=seen, **their)
    own = typed(input__subject="Mine")
    refused = mine.press("fields", {"step": "letter"}, step="letter", seen=seen, **own)
    assert refused.status_code == 409
    assert "Subject Yours Mine Theirs Theirs" in words_of(refused)
    assert step(mine, "letter")["input"]["subject"] == "Theirs"
    assert keep_mine(mine, refused).status_code == 303
    given = step(mine, "letter")["input"]
    assert (given["to"], given["subject"]) == ("ben@guest.example", "Mine")


def test_what_clashes_is_said_as_the_panel_would_say_it(mine: Builder, hers: Builder) -> None:
    seen = mine.seen("rest")
    hers.press("fields", step="rest", seen=seen, seconds="2 days")
    refused = mine.press("fields", {"step": "rest"}, step="rest", seen=seen, seconds="3 days")
    assert "For how long Yours 3 days Theirs 2 days" in words_of(refused)
    keep_mine(mine, refused)
    assert step(mine, "rest")["seconds"] == 3 * 86_400


def test_rows_that_two_people_change_are_both_kept(mine: Builder, hers: Builder) -> None:
    seen = mine.seen("which")
    about = {"step": "which", "seen": seen, "field": "branches.0.when"}
    hers.press("change-row", **about, place="0", others__0="60")
    mine.press("change-row", **about, place="1", others__0="EUR")
    when = step(mine, "which")["branches"][0]["when"]
    assert when == {"and": [{">": [COUNT, 60]}, {"==": [{"var": "wedding.currency"}, "EUR"]}]}


def test_rows_that_two_people_add_are_both_there(mine: Builder, hers: Builder) -> None:
    seen = mine.seen("only")
    for builder in (hers, mine):
        assert builder.press("add-row", step="only", seen=seen, field="when").status_code == 303
    assert [row for row in step(mine, "only")["when"]["and"] if row != {">": [COUNT, 50]}] == [
        {"!!": [{}]},
        {"!!": [{}]},
    ]


def test_a_row_two_people_change_is_shown_as_both_would_have_it(
    mine: Builder, hers: Builder
) -> None:
    about = {"step": "only", "seen": mine.seen("only"), **ROW}
    hers.press("change-row", **about, others__0="60")
    refused = mine.press("change-row", {"step": "only", "field": "when"}, **about, others__0="70")
    assert refused.status_code == 409
    said = words_of(refused)
    assert "Ana changed this step" in said
    assert "Yours final count is more than 70 Theirs final count is more than 60" in said
    assert step(mine, "only")["when"] == {">": [COUNT, 60]}
    assert keep_mine(mine, refused).status_code == 303
    assert step(mine, "only")["when"] == {">": [COUNT, 70]}


def test_a_row_somebody_took_away_is_not_mistaken_for_the_one_below(
    mine: Builder, hers: Builder
) -> None:
    about = {"step": "which", "seen": mine.seen("which"), "field": "branches.0.when", "place": "0"}
    hers.press("remove-row", **about)
    state = {"step": "which", "field": "branches.0.when"}
    refused = mine.press("change-row", state, **about, others__0="70")
    assert refused.status_code == 409
    there = {"==": [{"var": "wedding.currency"}, "GBP"]}
    assert step(mine, "which")["branches"][0]["when"] == there
    keep_mine(mine, refused)
    assert step(mine, "which")["branches"][0]["when"] == {"and": [{">": [COUNT, 70]}, there]}


def test_the_condition_of_a_branch_somebody_moved_is_still_its_own(
    mine: Builder, hers: Builder
) -> None:
    about = {"step": "which", "seen": mine.seen("which"), "field": "branches.1.when", "place": "0"}
    hers.press("move-branch", step="which", branch="1", was="Few", way="up")
    mine.press("change-row", **about, others__0="9")
    found = {each["label"]: each["when"] for each in step(mine, "which")["branches"]}
    assert found == {"Few": {"<": [COUNT, 9]}, "Many": MANY}


def test_the_condition_of_a_start_can_be_contradicted_too(
    app: APIFlask, owner: Persona, hers: Builder
) -> None:
    event = {"kind": "event", "event_type": "wedding.updated", "source": "ours"}
    draft = workflow(note("n", x=1), trigger={**event, "filter": {">": [COUNT, 50]}})
    made = make_workflow(app, owner.organization_id, draft, publish=False)
    mine, her = Builder(app, owner, made), Builder(app, hers.persona, made)
    about = {"seen": mine.seen(None), "field": "filter", "place": "0"}
    her.press("change-row", **about, others__0="60")
    refused = mine.press("change-row", {"step": "-start"}, **about, others__0="70")
    assert (refused.status_code, mine.draft["trigger"]["filter"]) == (409, {">": [COUNT, 60]})
    keep_mine(mine, refused)
    assert mine.draft["trigger"]["filter"] == {">": [COUNT, 70]}


def test_who_is_told_and_then_contradicted_again_is_told_again(
    mine: Builder, hers: Builder
) -> None:
    seen = mine.seen("rest")
    hers.press("fields", step="rest", seen=seen, seconds="2 days")
    refused = mine.press("fields", {"step": "rest"}, step="rest", seen=seen, seconds="3 days")
    hers.press("fields", step="rest", seen=hers.seen("rest"), seconds="4 days")
    assert keep_mine(mine, refused).status_code == 409
    assert step(mine, "rest")["seconds"] == 4 * 86_400

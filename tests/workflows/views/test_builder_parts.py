"""What of the builder's page is sent after a gesture: what differs from what the page holds."""

import re
from typing import Any

import pytest
from apiflask import APIFlask

from tests.engine.building import act, choose, note, workflow
from tests.page_words import words_of
from tests.personas import Persona, make_persona
from tests.workflows.definitions import make_workflow
from tests.workflows.views.building import Builder, builder_of
from wedsync.platform.db import db
from wedsync.workflows.editing import service

DRAFT = workflow(
    note("shape", guest=1),
    choose("which", ("Yes", {"==": [{"var": "trigger.data.count"}, 1]}, [act("first")])),
    act("last"),
)
LARGEST = 20_000
"""Bytes of an answer."""


@pytest.fixture
def builder(app: APIFlask, owner: Persona) -> Builder:
    return builder_of(app, owner, DRAFT)


class Shown:
    """The page in one state: what it holds goes along with what is pressed."""

    def __init__(self, builder: Builder, **state: str) -> None:
        self.builder, self.state = builder, state
        self.held = held_by(builder.look(**state).text)
        self.where = "&".join(f"{name}={value}" for name, value in state.items())

    def press(self, gesture: str, **fields: str) -> Any:
        address = f"http://localhost{self.builder.address}?{self.where}"
        headers = {"HX-Current-URL": address}
        return self.builder.press(
            gesture, self.state, fragment=True, headers=headers, held=self.held, **fields
        )


def test_a_part_of_the_page_that_says_what_it_holds_is_sent_what_differs(builder: Builder) -> None:
    page = builder.look(step="shape")
    held = held_by(page.text)
    where = {"HX-Current-URL": f"http://localhost{builder.address}?step=shape"}
    answer = builder.press(
        "rename", fragment=True, headers=where, step="last", label="Tell", held=held
    )
    assert answer.headers["HX-Replace-Url"] == f"{builder.address}?step=shape"
    assert 'hx-target="#step-last"' in answer.text
    assert 'hx-target="#panel' not in answer.text
    assert 'hx-target="#step-which"' not in answer.text
    assert 'hx-target="#steps-list"' not in answer.text
    assert "Renamed “" in words_of(answer)


def test_in_a_long_list_only_what_came_went_or_moved_is_sent(app: APIFlask, owner: Persona) -> None:
    builder = builder_of(app, owner, workflow(*(note(f"n{at}", value=at) for at in range(60))))
    held = held_by(builder.look().text)
    moved = builder.press("move", fragment=True, step="n30", way="up", held=held)
    assert (drawn_in(moved.text), kept_in(moved.text)) == (set(), ["step-n30"])
    assert len(moved.data) < LARGEST
    held = held_by(builder.look().text)
    added = builder.press("duplicate", fragment=True, step="n59", held=held)
    assert 'hx-target="#step-n59" hx-swap="afterend"' in added.text
    assert len(added.data) < LARGEST
    held = held_by(builder.look().text)
    removed = builder.press("remove", fragment=True, step="n59-2", held=held)
    assert 'hx-target="#step-n59-2" hx-swap="delete"' in removed.text
    assert len(removed.data) < LARGEST
    held = held_by(builder.look().text)
    first = builder.press("remove", fragment=True, step="n0", held=held)
    assert 'hx-target="#step-n0" hx-swap="delete"' in first.text
    assert drawn_in(first.text) == {"step-n1"}
    half = "\n".join(line for line in held.splitlines() if "step-n1" not in line)
    many = builder.press("undo", fragment=True, held=half)
    assert 'hx-target="#steps-list"' in many.text
    known = {name for name in half.split() if name.startswith("step-n")}
    kept = [name for name in kept_in(many.text) if name.startswith("step-n")]
    assert drawn_in(many.text) == {f"step-n{at}" for at in range(60)} - known
    assert set(kept) == known


def test_a_step_that_came_alone_goes_alone(app: APIFlask, owner: Persona) -> None:
    builder = builder_of(app, owner, workflow(note("one"), note("two")))
    shown = builder.look().text
    builder.press("duplicate", step="two")
    new = builder.look().text
    held = held_by(new).replace(digest_in(new, "steps"), digest_in(shown, "steps"))
    removed = builder.press("remove", fragment=True, step="two-2", held=held)
    assert 'hx-target="#step-two-2" hx-swap="delete"' in removed.text


def digest_in(page: str, part: str) -> str:
    found = re.search(rf'data-part="{part}" data-held="([^"]+)"', page)
    assert found, part
    return found[1]


def drawn_in(answer: str) -> set[str]:
    """The steps of the workflow's own list that an answer draws."""
    return set(re.findall(r'data-part="(step-[^"]*)"', answer))


def kept_in(answer: str) -> list[str]:
    """What an answer only names, since the page has it as it is."""
    return re.findall(r'<ws-kept for="([^"]*)"></ws-kept>', answer)


def test_without_what_it_holds_the_whole_builder_is_sent(builder: Builder) -> None:
    answer = builder.press("duplicate", fragment=True, step="last")
    assert answer.status_code == 200
    assert answer.text.strip().startswith('<div class="ws-builder"')
    assert "hx-partial" not in answer.text


def test_what_others_changed_comes_along_with_ones_own(
    app: APIFlask, owner: Persona, builder: Builder
) -> None:
    held = held_by(builder.look().text)
    ana = make_persona(app, owner.organization_id, "editor", name="Ana")
    Builder(app, ana, builder.workflow_id).press("rename", step="shape", label="Her shape")
    answer = builder.press("rename", fragment=True, step="last", label="Tell", held=held)
    assert 'hx-target="#step-shape"' in answer.text
    assert "Her shape" in words_of(answer)


def test_five_gestures_of_one_page_come_in_order(builder: Builder) -> None:
    held = held_by(builder.look().text)
    for _ in range(5):
        answer = builder.press("move", fragment=True, step="last", way="up", held=held)
        assert answer.status_code == 200
    assert builder.ids[0] == "last"


def test_a_refusal_keeps_the_state_and_leaves_the_rest_of_the_page_alone(builder: Builder) -> None:
    held = held_by(builder.look().text)
    answer = builder.press("remove", fragment=True, step="gone", held=held)
    assert answer.status_code == 409
    assert "This step is not there any more." in words_of(answer)
    assert 'hx-target="#steps-list"' not in answer.text


def held_by(page: str) -> str:
    """What the script says a page holds: each part with its digest."""
    parts = re.findall(r'data-part="([^"]*)"\s+data-held="([^"]*)"', page)
    assert parts
    return "\n".join(f"{part} {digest}" for part, digest in parts)


# --- the panel


def test_of_the_panel_only_the_fields_that_differ_are_sent(builder: Builder) -> None:
    shown = Shown(builder, step="last")
    seen = builder.seen("last")
    answer = shown.press("fields", step="last", seen=seen, label="Tell", input__method="POST")
    assert answer.status_code == 200
    assert targets(answer) >= {"panel-head", "panel-seen", r"part-field-label"}
    assert not targets(answer) & {"panel", r"part-field-input\.method", r"part-field-input\.url"}
    assert f'name="seen" value="{builder.seen("last")}"' in answer.text


def test_a_field_that_was_understood_otherwise_than_typed_is_drawn_again(builder: Builder) -> None:
    shown = Shown(builder, step="last")
    same = shown.press("fields", step="last", seen=builder.seen("last"), input__method=" POST ")
    assert r"part-field-input\.method" in targets(same)
    assert "panel" not in targets(same)


def test_it_is_drawn_again_also_where_the_whole_panel_is(builder: Builder) -> None:
    shown = Shown(builder, step="last")
    seen = builder.seen("last")
    refused = shown.press("fields", step="last", seen=seen, timeout_s="soon")
    shown.held = with_those_of(shown.held, refused.text)
    typed = {"timeout_s": "30 seconds", "input__method": " POST "}
    right = shown.press("fields", step="last", seen=seen, **typed)
    assert "panel" in targets(right)
    assert 'id="part-field-input.method"' in right.text
    assert "part-field-input.url" in kept_in(right.text)
    assert "part-field-input.method" not in kept_in(right.text)


def test_what_was_refused_goes_when_it_was_corrected(builder: Builder) -> None:
    shown = Shown(builder, step="last")
    seen = builder.seen("last")
    refused = shown.press("fields", step="last", seen=seen, timeout_s="soon")
    assert refused.status_code == 422
    assert "is-invalid" in refused.text
    shown.held = with_those_of(shown.held, refused.text)
    right = shown.press("fields", step="last", seen=seen, timeout_s="30 seconds")
    assert right.status_code == 200
    assert {"panel"} & targets(right)
    assert "is-invalid" not in right.text


def test_turning_its_step_off_and_on_sends_little_of_the_panel(builder: Builder) -> None:
    off = Shown(builder, step="last").press("turn-off", step="last")
    assert targets(off) >= {"panel-notes", "panel-seen", "part-field-off"}
    assert "panel" not in targets(off)
    assert 'id="panel-notes" hidden' not in off.text
    on = Shown(builder, step="last").press("turn-on", step="last")
    assert targets(on) >= {"panel-notes", "panel-seen", "part-field-off"}
    assert "panel" not in targets(on)


def test_another_panel_is_sent_as_a_whole(builder: Builder) -> None:
    shown = Shown(builder, step="last")
    answer = shown.press("duplicate", step="last")
    assert "panel" in targets(answer)
    assert 'id="part-field-input.url"' in answer.text
    assert [each for each in kept_in(answer.text) if "panel" in each or "field" in each] == []


def test_of_a_closed_fold_only_its_summary_is_sent(builder: Builder) -> None:
    answer = Shown(builder, step="last").press("duplicate", step="last")
    assert answer.text.count("data-unsent") == 2
    assert 'id="folding-more"' in answer.text
    assert 'id="field-note"' not in answer.text


def test_of_a_fold_that_stands_open_all_is_sent(builder: Builder) -> None:
    shown = Shown(builder, step="last")
    shown.held += "\nopen-more yes"
    answer = shown.press("duplicate", step="last")
    assert answer.text.count("data-unsent") == 1
    assert 'data-part="open-more" data-held="yes"' in answer.text
    assert 'id="field-note"' in answer.text


def test_what_was_never_sent_of_a_fold_is_not_sent_when_it_changes(builder: Builder) -> None:
    shown = Shown(builder, step="last")
    shown.held = "\n".join(
        line for line in shown.held.splitlines() if not line.startswith("field-note ")
    )
    answer = shown.press("note", step="last", note="Ana asked for this.")
    assert "step-last" in targets(answer)
    assert not {"panel", "part-field-note"} & targets(answer)


def test_a_fold_that_is_opened_is_answered_alone(builder: Builder) -> None:
    def opened(**state: str) -> Any:
        return builder.persona.browser.get(builder.address, query_string=state, fragment=True)

    more = opened(step="last", fold="more")
    assert 'id="folded-more"' in more.text
    assert 'id="field-note"' in more.text
    assert len(more.data) < 3_000
    assert [opened(fold="more").status_code, opened(step="last", fold="x").status_code] == [204] * 2
    whole = builder.look(step="last", fold="more")
    assert 'id="builder"' in whole.text
    assert "data-unsent" not in whole.text


def test_a_panel_that_is_arranged_anew_keeps_what_stays_in_it(builder: Builder) -> None:
    shown = Shown(builder, step="which", field="branches.0.when")
    answer = shown.press(
        "rename-branch", step="which", branch="0", was="Yes", label="Coming", field="x"
    )
    assert "panel" in targets(answer)
    assert {"condition", "row-0"} & set(kept_in(answer.text))


def test_taking_back_closes_the_picker_it_may_have_been_done_in(builder: Builder) -> None:
    builder.press("rename", step="last", label="Tell")
    shown = Shown(builder, step="last", field="input.url", pick="field")
    answer = shown.press("undo", operation=str(builder.operation))
    assert answer.headers["HX-Replace-Url"] == f"{builder.address}?step=last&field=input.url"
    assert 'id="picker"' not in answer.text
    adding = Shown(builder, pick="step", list="steps")
    assert "panel" not in targets(adding.press("redo"))


def test_nothing_is_sent_twice_of_what_stays_as_it_is(builder: Builder) -> None:
    shown = Shown(builder, step="last")
    of_bar = {"topbar", "bar-name-line", "bar-undoing", "bar-publishing"}
    of_which = {"node-step-which", "main-step-which", "add-after-step-which"}
    of_clipboard = {"after-steps", "step-shape", "step-last"} | of_which
    assert targets(shown.press("copy", step="shape")) <= {"said"} | of_bar | of_clipboard


def test_what_is_copied_draws_only_where_it_can_be_pasted(builder: Builder) -> None:
    assert targets(Shown(builder).press("copy", step="shape")) == {"said", "after-steps"}


def test_a_branch_is_sent_alone_where_it_is_all_that_differs(builder: Builder) -> None:
    answer = Shown(builder).press("rename", step="first", label="Ask them")
    assert "step-which-branches-0-steps" in targets(answer)
    assert not {"step-which", "main-step-which", "step-which-otherwise"} & targets(answer)


def test_a_branch_that_came_or_went_leaves_the_others_alone(app: APIFlask, owner: Persona) -> None:
    yes = {"==": [{"var": "trigger.data.count"}, 1]}
    inner = choose("inner", ("Yes", yes, [act("first")]))
    builder = builder_of(app, owner, workflow(choose("which", ("Yes", yes, [inner])), act("last")))
    came = Shown(builder).press("add-branch", step="which")
    put = '<hx-partial hx-target="#step-which-branches-0-steps" hx-swap="afterend">'
    assert put in came.text
    assert 'id="step-inner"' not in came.text
    assert "step-which" not in targets(came)
    went = Shown(builder).press("undo", operation=str(builder.operation))
    assert '<hx-partial hx-target="#step-which-branches-1-steps" hx-swap="delete">' in went.text
    assert 'id="step-inner"' not in went.text


def test_of_a_step_with_branches_only_what_is_beside_them_is_sent(builder: Builder) -> None:
    answer = Shown(builder).press("rename", step="which", label="Coming or not")
    assert "main-step-which" in targets(answer)
    assert not {"step-which", "step-which-branches-0-steps"} & targets(answer)


def test_a_choice_that_stands_elsewhere_keeps_its_branches(builder: Builder) -> None:
    shown = Shown(builder)
    moved = shown.press("move-to", step="which", list="steps", after="last")
    assert builder.ids == ["shape", "last", "which"]
    assert 'id="step-which"' in moved.text
    assert {"step-which-branches-0-steps", "step-which-otherwise"} <= set(kept_in(moved.text))
    came = Shown(builder).press("duplicate", step="shape")
    assert not {each for each in targets(came) if "step-which" in each}
    assert 'aria-labelledby="label-step-which-otherwise"' in builder.look().text


def test_what_is_drawn_for_the_script_is_sent_by_it(builder: Builder) -> None:
    builder.press("rename", step="last", label="Tell them")
    answer = Shown(builder).press("rename", step="last", label="Tell")
    assert "csrf_token" not in answer.text
    whole = builder.press("rename", fragment=True, step="last", label="Tell them")
    assert "csrf_token" in whole.text


# --- conditions, and the workflow in words


def test_only_the_row_that_was_changed_is_sent(app: APIFlask, owner: Persona) -> None:
    count = {"var": "trigger.data.count"}
    both = {"and": [{"==": [count, 1]}, {">": [{"var": "wedding.final_count"}, 10]}]}
    builder = builder_of(app, owner, workflow(choose("which", ("Yes", both, [act("first")]))))
    where = {"step": "which", "field": "branches.0.when"}
    seen = builder.seen("which")
    changed = Shown(builder, **where).press(
        "change-row", **where, seen=seen, place="1", others__0="20"
    )
    assert changed.status_code == 200
    assert {"row-1", "condition"} & targets(changed)
    assert 'id="row-0"' not in changed.text
    seen = builder.seen("which")
    added = Shown(builder, **where).press("add-row", **where, seen=seen, place="")
    assert "condition" in targets(added)
    assert {"row-0", "row-1"} <= set(kept_in(added.text))
    assert 'id="row-2"' in added.text


def test_of_a_long_workflow_in_words_only_the_sentence_that_differs_is_sent(
    app: APIFlask, owner: Persona
) -> None:
    steps = [
        choose(f"c{at}", ("Yes", {"==": [{"var": "trigger.data.count"}, at]}, [act(f"a{at}")]))
        for at in range(4)
    ]
    builder = builder_of(app, owner, workflow(*steps))
    renamed = Shown(builder).press("turn-off", step="a2")
    of_lede = {each for each in targets(renamed) if each.startswith("lede")}
    assert of_lede == {"lede-step-c2"}
    gone = Shown(builder).press("remove", step="c1")
    assert "lede" in targets(gone)
    assert {"lede-step-c2", "lede-step-c3"} & set(kept_in(gone.text))
    assert 'id="lede-step-c1' not in gone.text


def test_what_can_be_thrown_away_is_offered_once_it_differs_from_what_is_live(
    app: APIFlask, owner: Persona
) -> None:
    flow = make_workflow(app, owner.organization_id, workflow(note("first", guest=1)))
    builder = Builder(app, owner, flow)
    builder.press("rename", step="first", label="Note the guest")
    with app.app_context():
        service.publish(owner.organization_id, flow)
        db.session.commit()
    assert "bar-discard" not in builder.look().text
    answer = Shown(builder).press("rename", step="first", label="Note who comes")
    assert "bar-discard" in answer.text


def test_drawings_come_by_their_names(builder: Builder) -> None:
    answer = Shown(builder, step="last").press("duplicate", step="last")
    assert "<ti-copy-plus>" in answer.text
    assert "<svg" not in answer.text
    assert "<ti-" not in builder.look(step="last").text


def targets(answer: Any) -> set[str]:
    """The elements an answer draws."""
    return set(re.findall(r'hx-target="#([^"]*)"', answer.text))


def with_those_of(held: str, answer: str) -> str:
    """What a page holds once an answer was drawn on it."""
    pairs = dict(line.split() for line in held.splitlines())
    pairs |= dict(line.split() for line in held_by(answer).splitlines())
    return "\n".join(f"{part} {digest}" for part, digest in pairs.items())

"""The page of a draft: the board, the panel or the picker beside it, and what was just said."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, request

from wedsync.errors import Conflict, Invalid, WedSyncError
from wedsync.platform import identity
from wedsync.platform.fragments import render, wants_fragment
from wedsync.workflows.building.board import board, board_changes, open_panel
from wedsync.workflows.building.board.board_parts import Board
from wedsync.workflows.building.board.clashes import clashes_of
from wedsync.workflows.building.board.company import Company, company_of
from wedsync.workflows.building.board.panel_parts import Opened, Panel
from wedsync.workflows.building.board.setting import Setting, setting_of
from wedsync.workflows.building.gestures.contradictions import StepChanged
from wedsync.workflows.building.gestures.spots import Spot, called, label_of, the_step
from wedsync.workflows.building.known.known_data import Known
from wedsync.workflows.building.picking import step_picker, trigger_picker
from wedsync.workflows.building.picking.step_picker import Group
from wedsync.workflows.building.tries.offer import Offer, offer_of
from wedsync.workflows.editing.drafts import Draft
from wedsync.workflows.views.builder_beside import UNFOLDED, Beside
from wedsync.workflows.views.builder_choices import offer_here
from wedsync.workflows.views.builder_folds import folds_of
from wedsync.workflows.views.builder_lede import lede_parts, sentences
from wedsync.workflows.views.builder_parts import Differing, differing, staying
from wedsync.workflows.views.builder_state import Here
from wedsync.workflows.views.connecting import connect_page


@dataclass(frozen=True, slots=True)
class Said:
    """What is told beside the page: what was done, or what was `refused` and with which `error`,
    and then what was `typed`. Where the page `is_focused`, `focus` is the step that takes the
    focus, None what starts the workflow. With `is_news` nothing was pressed, and it is told what
    somebody else did last; somebody who is at the panel keeps it as it is (`keeps_panel`).
    `gesture` is what was refused."""

    told: str = ""
    refused: str = ""
    is_focused: bool = False
    focus: str | None = None
    error: WedSyncError | None = None
    typed: Mapping[str, str] | None = None
    status: int = 200
    is_news: bool = False
    keeps_panel: bool = False
    gesture: str = ""


@dataclass(frozen=True, slots=True)
class Picker:
    """What can be added, and where; its picks post `gesture` with their key."""

    title: str
    place: str
    groups: tuple[Group, ...]
    q: str
    gesture: str
    spot: Spot | None


NOTHING_SAID = Said()
_OF_ONE_TIME = frozenset(("csrf_token", "once", "held", "over"))
_OF_PANEL = ("panel", "field-", "condition", "row-")
_BETWEEN = re.compile(r">\s*\n\s*<(?!/textarea)")
_WITHIN = re.compile(r'(?<!=)"\s+(>?)')
"""The indentation of templates, of which a browser sees nothing: between tags, and within one after
a closing quote. In what people wrote every quote is escaped."""
_ICON = re.compile(
    r'<svg class="ti ti-([^"]*)" aria-hidden="true">\s*<use href="[^"]*"></use>\s*</svg>'
)
"""A drawing (`macros/ui.html`); the script knows where it stands and draws it by its name."""
_FOLDS = frozenset(("if_it_fails", "more"))
_OF_ROWS = ("/others/", "/subject", "/verb")


def builder_page(
    here: Here, draft: Draft, said: Said = NOTHING_SAID, earlier: Known | None = None
) -> Response:
    """The page; to a part of one that asks the whole of the builder, or, where that says what it
    holds, only what is different by now: of it the folds of the panel that it holds open. `earlier`
    is what a gesture knew of the draft before it changed it."""
    offer = offer_here(here) if identity.current().has_role("editor") else None
    setting = setting_of(draft, identity.current(), here.sample or None, earlier)
    opened = Opened.of(setting.definition, here.query())
    panel = _panel(setting, opened, said)
    clash = said.error if isinstance(said.error, StepChanged) and panel else None
    picker = _picker(setting, here, opened, panel)
    tries = _try_offer(setting, panel)
    shown = board.board(setting, opened)
    beside = Beside(shown, panel, offer if panel else None, clash or picker, here, tries)
    shown = replace(shown, parts={**shown.parts, **lede_parts(shown), **beside.parts()})
    told = _told(setting, shown, panel, said, clash)
    return _response(here, setting, shown, beside, said, {**told, "picker": picker})


def _picker(
    setting: Setting, here: Here, opened: Opened | None, panel: Panel | None
) -> Picker | None:
    asks = here.pick == "start" or (panel is None and opened is not None and opened.step is None)
    return picker_of(here, setting.definition, asks) if setting.may_edit else None


def _told(
    setting: Setting, shown: Board, panel: Panel | None, said: Said, clash: StepChanged | None
) -> Mapping[str, Any]:
    """What is said beside the page, or in its panel of somebody else's change."""
    is_told_there = clash is not None or _tells(panel, said)
    news = _done_by_others(setting, shown) if said.is_news else ""
    return {
        "clash": clash,
        "clashes": clashes_of(setting, clash) if clash else (),
        "again": _again(said) if clash else None,
        "said": news if said.is_news else said.told or _beside(panel, said),
        "refused": "" if is_told_there else said.refused,
        "focus": (said.focus or "start") if said.is_focused else "",
    }


def _response(
    here: Here,
    setting: Setting,
    shown: Board,
    beside: Beside,
    said: Said,
    told: Mapping[str, Any],
) -> Response:
    """All of it; or what differs from what the page says that it holds."""
    held = board_changes.read_held(request.form.get("held", "")) if wants_fragment() else {}
    drawn = _drawn(held, shown, beside, said) if held else None
    response = render(
        "workflows/builder/changed.html" if held else "workflows/builder/page.html",
        "changed" if held else "builder",
        status=said.status,
        **_shown(setting, shown, beside),
        **told,
        differing=drawn,
        stays=drawn.stays if drawn else frozenset(),
        unfolded=frozenset(name for name in held if name.startswith(UNFOLDED)),
        here=replace(here, is_near=bool(held)),
        company=Company() if held else company_of(setting.person, setting.workflow.id),
    )
    if held:
        response.set_data(_shortened(response.get_data(as_text=True)))
    if request.method == "POST" and not said.is_news:
        response.headers["HX-Replace-Url"] = here.url()
    return response


def _shown(setting: Setting, shown: Board, beside: Beside) -> Mapping[str, Any]:
    return {
        "workflow": setting.workflow,
        "board": shown,
        "sentences": sentences(shown.lede),
        "beside": beside,
        "panel": beside.panel,
        "offer": beside.offer,
        "try_offer": beside.tries,
        "connect_page": connect_page,
        "folds": folds_of(setting.person),
        "may_edit": setting.may_edit,
        "imported_once": {},
    }


def folded_page(here: Here, draft: Draft, fold: str) -> Response:
    """What a fold of the open panel holds; nothing where no panel is open."""
    setting = setting_of(draft, identity.current(), here.sample or None)
    opened = Opened.of(setting.definition, here.query())
    panel = _panel(setting, opened, NOTHING_SAID)
    if panel is None or fold not in _FOLDS:
        return Response(status=204)
    shown = board.board(setting, opened)
    parts = Beside(shown, panel, None, None, here, None).parts()
    return render(
        "workflows/builder/folded.html",
        "folded",
        workflow=draft.workflow,
        board=replace(shown, parts=parts),
        panel=panel,
        fold=fold,
        here=replace(here, is_near=True),
        offer=None,
        stays=frozenset(),
    )


def _shortened(html: str) -> str:
    html = _WITHIN.sub(lambda found: f'"{found[1] or " "}', html)
    return _BETWEEN.sub(">\n<", _ICON.sub(r"<ti-\1>", html)).strip()


def _drawn(held: Mapping[str, str], shown: Board, beside: Beside, said: Said) -> Differing:
    """What is drawn anew: nothing under the hands of somebody."""
    retyped = beside.retyped(said.typed or {})
    found = differing(held, shown, retyped)
    stays = staying(held, shown) - retyped
    parts = found.parts - beside.unsent(held)
    if said.keeps_panel:
        parts = frozenset(part for part in parts if not part.startswith(_OF_PANEL))
    return replace(found, parts=parts, stays=stays)


def _done_by_others(setting: Setting, shown: Board) -> str:
    """The last that was done, unless it was by who looks, in another tab."""
    last = setting.around.done[:1]
    return shown.others[0] if last and not last[0].is_mine and shown.others else ""


def _try_offer(setting: Setting, panel: Panel | None) -> Offer | None:
    """How the step of the panel can be tried; not what starts the workflow."""
    step = setting.owner_of(panel.step) if panel and panel.step else None
    return offer_of(step, setting.entries) if step is not None and setting.may_edit else None


def _panel(setting: Setting, opened: Opened | None, said: Said) -> Panel | None:
    if opened is None:
        return None
    if said.error is None:
        return open_panel.panel(setting, opened)
    refused = Invalid(said.refused, errors=said.error.errors)
    problem = "" if refused.errors else said.refused
    panel = open_panel.panel(setting, opened, said.typed, refused, problem)
    if panel is not None and isinstance(said.error, StepChanged) and said.typed is not None:
        return replace(panel, seen=said.typed.get("seen") or panel.seen)
    return panel


def _again(said: Said) -> tuple[str, Mapping[str, str]] | None:
    """The gesture that puts what was wanted over what somebody else did, with its form; None where
    it is the panel's own form that is sent again."""
    if said.typed is None or said.gesture in ("", "fields"):
        return None
    typed = {name: value for name, value in said.typed.items() if name not in _OF_ONE_TIME}
    return said.gesture, typed


def _tells(panel: Panel | None, said: Said) -> bool:
    """Whether the panel says itself what was refused: above, beside a field, or in a row."""
    if panel is None or said.error is None:
        return False
    is_beside = any(each.field.error for each in panel.fields)
    of_rows = any(error.pointer.startswith(_OF_ROWS) for error in said.error.errors)
    return bool(panel.error) or is_beside or (of_rows and panel.condition is not None)


def _beside(panel: Panel | None, said: Said) -> str:
    """What stands beside a field is said aloud as well; the other ways of telling it are alerts."""
    if panel is None or panel.error or said.error is None or isinstance(said.error, StepChanged):
        return ""
    return next((each.message for each in said.error.errors), "")


def picker_of(here: Here, definition: Any, asks_for_start: bool) -> Picker | None:
    """The open picker of steps, or of what starts the workflow; that one also where its settings
    are asked for before anything was chosen."""
    organization_id = identity.organization_id()
    if asks_for_start:
        found = trigger_picker.choices(organization_id, here.q, back=here.url(pick="start"))
        return Picker("What should start it?", "", found, here.q, "set-trigger", None)
    if here.pick != "step":
        return None
    back = here.url(spot=here.spot)
    found = step_picker.choices(organization_id, here.q, back=back)
    place = _place_words(definition, here.spot)
    return Picker("What should happen?", place, found, here.q, "add", here.spot)


def _place_words(definition: Any, spot: Spot) -> str:
    try:
        if spot.after is not None:
            return f"After {called(the_step(definition, spot.after))}"
        if spot.owner is None:
            return "As the first step"
        label = label_of(the_step(definition, spot.owner), spot.field)
    except Conflict:
        return "At the end"
    return f"As the first step of “{label}”" if label else "As the first step inside"

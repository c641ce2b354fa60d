"""Samples: a couple, and what came in, to show a draft with real values before anything happens.

What is sealed stays sealed: a sample holds masks in its place, so that nothing made of one can
say it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from wedsync.events.as_trigger import as_trigger
from wedsync.platform import ids, leaves
from wedsync.platform.db import db
from wedsync.platform.wording import Wording, here
from wedsync.weddings.models import Wedding
from wedsync.weddings.policy import LIVE
from wedsync.weddings.scope import scope_of
from wedsync.workflows.building.known import sample_events
from wedsync.workflows.building.known.happened import LATELY, NEVER, Happened
from wedsync.workflows.building.known.made_up import EXAMPLE_NAME, example_wedding
from wedsync.workflows.building.known.reach import Reach, Reaches, as_before, is_same, reaches_in
from wedsync.workflows.building.known.working_out import Before, Outputs, seen_by, work_out
from wedsync.workflows.catalogue import entries_here
from wedsync.workflows.engine.shape import Readable, readable
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.view import View

EXAMPLE = "example"
MOST_COUPLES = 20
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SampleChoice:
    """A couple to look at a draft with: `key` is the wedding's id, or `EXAMPLE`."""

    key: str
    name: str
    day: str


@dataclass(frozen=True, slots=True)
class _Couple:
    key: str
    name: str
    wedding: Mapping[str, Any]
    wedding_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Came:
    """What was looked up for a couple and what starts a draft, whatever its steps are; `about` is
    what it was looked up for."""

    about: tuple[Any, ...]
    couple: _Couple
    shape: Any
    seen: Mapping[str, Any]
    is_real: bool
    happened: Happened


@dataclass(frozen=True, slots=True)
class Sample:
    """What expressions see. `steps` are the outputs as the steps beside them read them, `shape` is
    the example its maker gives of what comes in, `is_real` says whether `trigger` once came in,
    `happened` how often such did lately.
    `placed` is where each step stands, `outputs` also hold the first item of each loop."""

    key: str
    name: str
    trigger: Mapping[str, Any]
    wedding: Mapping[str, Any] | None
    steps: Mapping[str, Any]
    shape: Any
    is_real: bool
    happened: Happened
    now: datetime
    outputs: Outputs = field(repr=False)
    placed: Reaches = field(repr=False)
    tried: Mapping[str, Any] = field(default_factory=dict, repr=False)
    came: _Came | None = field(default=None, repr=False)

    def sight(self, step_id: str | None) -> View:
        """What the expressions of one step see; of the trigger, and of a step that is not there,
        what came in and the wedding."""
        return View(self.seen_by(step_id), self.now)

    def seen_by(self, step_id: str | None) -> dict[str, Any]:
        """The scope of one step, as `sight` sees it."""
        found = self.placed.get(step_id or "") or Reach({}, "", (), ())
        return seen_by(self.scope, self.outputs, found, self.placed, self.now)

    @property
    def scope(self) -> Mapping[str, Any]:
        return {"trigger": self.trigger, "wedding": self.wedding}


def samples_for(organization_id: UUID, wording: Wording | None = None) -> tuple[SampleChoice, ...]:
    """The couples to choose from: those whose wedding comes next, and the example."""
    words = wording or here()
    about = {"organization_id": organization_id, "today": words.today}
    found = db.session.execute(_COMING, about)
    coming = [
        SampleChoice(str(each.id), each.title, words.day(each.date) if each.date else "")
        for each in found
    ]
    return (*coming, SampleChoice(EXAMPLE, EXAMPLE_NAME, ""))


_OURS = Wedding.organization_id == bindparam("organization_id")
_FROM_TODAY = Wedding.date >= bindparam("today")
_COMING = (
    select(Wedding.id, Wedding.title, Wedding.date)
    .where(_OURS, Wedding.status.in_(LIVE), or_(Wedding.date.is_(None), _FROM_TODAY))
    .order_by(Wedding.date.asc().nulls_last(), Wedding.id)
    .limit(MOST_COUPLES)
)
"""The weddings from today on, the next first; those without a date come last."""
_CHOSEN = select(Wedding).where(_OURS, Wedding.id == bindparam("wedding_id"))
_NEXT = (
    select(Wedding)
    .where(_OURS, Wedding.status.in_(LIVE), _FROM_TODAY)
    .order_by(Wedding.date, Wedding.id)
    .limit(1)
)


def sample(
    organization_id: UUID,
    definition: Any,
    chosen: str | None = None,
    *,
    tried: Mapping[str, Any] = _NOTHING,
    wording: Wording | None = None,
) -> Sample:
    """The draft's surroundings for a couple: by its key, the next one coming when none is
    `chosen`, the example when it is nobody here. `tried` are the outputs of tries, by step."""
    draft = readable(definition)
    return sample_in(organization_id, draft, chosen, tried=tried, wording=wording)


def sample_in(
    organization_id: UUID,
    draft: Readable,
    chosen: str | None = None,
    *,
    tried: Mapping[str, Any] = _NOTHING,
    wording: Wording | None = None,
    earlier: Sample | None = None,
) -> Sample:
    """The same of a draft that was asked about before; `earlier` is one of this draft before it was
    changed a moment ago, of which is taken what cannot be different."""
    words = wording or here()
    trigger = mapping(draft.get("trigger"))
    about = (organization_id, chosen, trigger, words.now)
    came = earlier.came if earlier else None
    if came is None or not is_same(list(came.about), list(about)):
        came = _came_in(organization_id, chosen, trigger, words)
    return sample_of(
        draft,
        came.seen,
        came.couple.wedding,
        key=came.couple.key,
        name=came.couple.name,
        shape=came.shape,
        is_real=came.is_real,
        happened=came.happened,
        now=words.now,
        tried=tried,
        came=came,
        earlier=earlier,
    )


def _came_in(
    organization_id: UUID, chosen: str | None, trigger: Mapping[str, Any], words: Wording
) -> _Came:
    couple = _couple(organization_id, chosen, words)
    known = sample_events.manifests_for(organization_id, trigger)
    shape = sample_events.shape_of(trigger, known)
    since = ids.first_at(words.now - LATELY)
    came = sample_events.latest(organization_id, trigger, known, couple.wedding_id, since)
    return _Came(
        about=(organization_id, chosen, trigger, words.now),
        couple=couple,
        shape=shape,
        seen=as_trigger(came) if came else _made_up(trigger, shape, couple, words),
        is_real=came is not None,
        happened=sample_events.happened_in(came),
    )


def sample_of(
    draft: Readable,
    trigger: Mapping[str, Any],
    wedding: Mapping[str, Any] | None,
    *,
    now: datetime,
    key: str = EXAMPLE,
    name: str = EXAMPLE_NAME,
    shape: Any = None,
    is_real: bool = False,
    happened: Happened = NEVER,
    tried: Mapping[str, Any] = _NOTHING,
    came: _Came | None = None,
    earlier: Sample | None = None,
) -> Sample:
    """The surroundings of a draft for what came in and a wedding as expressions see them."""
    seen = leaves.mask_all(dict(trigger))
    scope = {"trigger": seen, "wedding": wedding}
    placed = as_before(reaches_in(draft), earlier.placed if earlier else {})
    masked = leaves.mask_all(dict(tried))
    before = _before(earlier, scope, now, masked)
    outputs = work_out(placed, scope, entries_here(), now, masked, before)
    return Sample(
        key=key,
        name=name,
        trigger=seen,
        wedding=wedding,
        steps=outputs.steps,
        shape=shape,
        is_real=is_real,
        happened=happened,
        now=now,
        outputs=outputs,
        placed=placed,
        tried=masked,
        came=came,
    )


def _before(
    earlier: Sample | None, scope: Mapping[str, Any], now: datetime, tried: Mapping[str, Any]
) -> Before | None:
    """What was worked out of an earlier draft, where the example is the same."""
    if earlier is None or earlier.now != now:
        return None
    is_alike = is_same(earlier.scope, scope) and is_same(earlier.tried, tried)
    return Before(earlier.placed, earlier.outputs) if is_alike else None


def _couple(organization_id: UUID, chosen: str | None, words: Wording) -> _Couple:
    found = _wedding(organization_id, chosen, words)
    if found is None:
        return _Couple(EXAMPLE, EXAMPLE_NAME, example_wedding(words.today), None)
    return _Couple(str(found.id), found.title, scope_of(found), found.id)


def _wedding(organization_id: UUID, chosen: str | None, words: Wording) -> Any:
    if chosen == EXAMPLE:
        return None
    about = {"organization_id": organization_id}
    if chosen:
        return db.session.scalar(_CHOSEN, {**about, "wedding_id": ids.read(chosen)})
    return db.session.scalar(_NEXT, {**about, "today": words.today})


def _made_up(
    trigger: Mapping[str, Any], shape: Any, couple: _Couple, words: Wording
) -> dict[str, Any]:
    """An event as it would come in now."""
    return {
        "id": str(ids.first_at(words.now)),
        "type": sample_events.type_of(trigger),
        "source": sample_events.source_of(trigger),
        "occurred_at": words.now.isoformat(),
        "data": shape,
        "wedding_id": str(couple.wedding_id) if couple.wedding_id else None,
    }

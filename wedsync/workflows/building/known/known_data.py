"""What a step can read, grouped by where it comes from, each value named for people.

Names are given once for a whole draft, so that a value is called the same wherever it is read, and
no two values of a draft share a name.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from wedsync.platform.wording import Wording, here
from wedsync.workflows.building.known.data_items import DataGroup, DataItem, key_of
from wedsync.workflows.building.known.known_groups import Groups, name_of
from wedsync.workflows.building.known.reach import Reach, Reaches, is_same
from wedsync.workflows.building.known.samples import Sample, sample_in
from wedsync.workflows.engine.shape import Readable, readable
from wedsync.workflows.engine.steps.kind import mapping

__all__ = ["DataGroup", "DataItem", "Known", "key_of", "known_at", "known_in"]


@dataclass(frozen=True, slots=True)
class Known:
    """All values of a draft. `loops` are what is there inside each loop, by its id, `steps` what
    each step gives, `lists` the same for steps outside its loop."""

    wedding: DataGroup
    trigger: DataGroup
    always: DataGroup
    steps: Mapping[str, DataGroup]
    lists: Mapping[str, DataGroup]
    loops: Mapping[str, DataGroup]
    placed: Reaches
    by_expression: Mapping[bytes, DataItem]
    by_loop: Mapping[str, Mapping[bytes, DataItem]]
    chosen: Sample = field(repr=False)

    def at(self, step_id: str | None) -> tuple[DataGroup, ...]:
        """What a step can read; a trigger (None) only what came in. Of a step that is not there,
        what any step can."""
        if step_id is None:
            return tuple(_filled([self.trigger]))
        here = self.placed.get(step_id) or Reach({}, "", (), ())
        inside = [self.loops[loop] for loop in here.loops[-1:] if loop in self.loops]
        earlier = [self._given(name, here) for name in here.before]
        every = [*inside, self.wedding, self.trigger, *earlier, self.always]
        return tuple(_filled(every))

    def names_at(self, step_id: str | None) -> tuple[tuple[Any, str], ...]:
        """The values a step can read as `(expression, name)`, as texts with data are typed."""
        every = (item for group in self.at(step_id) for item in group.items)
        return tuple((item.expression, item.label) for item in every)

    def _given(self, name: str, here: Reach) -> DataGroup | None:
        is_list = self.placed[name].lists(here.loops) > 0
        return (self.lists if is_list else self.steps).get(name)

    def item(self, expression: Any, step_id: str | None = None) -> DataItem | None:
        """The value that a step reads by exactly this expression."""
        key = key_of(expression)
        here = self.placed.get(step_id or "")
        inside = self.by_loop.get(here.loops[-1], {}) if here and here.loops else {}
        return inside.get(key) or self.by_expression.get(key)


def known_at(
    organization_id: UUID, definition: Any, step_id: str | None, chosen: Sample | None = None
) -> tuple[DataGroup, ...]:
    """What one step can read, with what it is for the sample; see `known_in` for many steps."""
    draft = readable(definition)
    seen = chosen or sample_in(organization_id, draft)
    return known_in(draft, seen).at(step_id)


def known_in(
    draft: Readable,
    chosen: Sample,
    *,
    names: Mapping[str, str] | None = None,
    wording: Wording | None = None,
    earlier: Known | None = None,
) -> Known:
    """Everything there is to know in a draft; `names` are what sources of events are called.
    `earlier` is what was known of this draft before it was changed a moment ago: what a step gives
    is taken from there where it is as it was, as long as all before it is called as it was."""
    groups = Groups(chosen, wording or here())
    then = earlier if earlier is not None and _is_alike(earlier.chosen, chosen) else None
    title = groups.trigger_title(mapping(draft.get("trigger")), names or {})
    wedding = groups.wedding(then.wedding if then else None)
    trigger = groups.trigger(title, then.trigger if then else None)
    given = _Given(groups, chosen, then)
    given.tell()
    always = groups.always()
    everywhere = (wedding, trigger, always, *given.steps.values(), *given.lists.values())
    return Known(
        wedding=wedding,
        trigger=trigger,
        always=always,
        steps=given.steps,
        lists=given.lists,
        loops=given.loops,
        placed=chosen.placed,
        by_expression=_by_expression(everywhere),
        by_loop={name: _by_expression([group]) for name, group in given.loops.items()},
        chosen=chosen,
    )


@dataclass(slots=True)
class _Given:
    """What steps give, told in their order. It is taken from `then` where it is as it was, as long
    as all before it is called as it was."""

    groups: Groups
    chosen: Sample
    then: Known | None
    steps: dict[str, DataGroup] = field(default_factory=dict)
    lists: dict[str, DataGroup] = field(default_factory=dict)
    loops: dict[str, DataGroup] = field(default_factory=dict)

    def tell(self) -> None:
        for name, placed in self.chosen.placed.items():
            then = self.then
            if then is None or _gives_alike(then.chosen, self.chosen, name):
                self._tell(name, placed, then)
                continue
            self._tell(name, placed, None)
            if _labels(name, self) != _labels(name, then):
                self.then = None

    def _tell(self, name: str, placed: Reach, was: Known | None) -> None:
        if placed.step.get("kind") == "for_each":
            self.loops[name] = self.groups.loop(name, placed, was.loops[name] if was else None)
        self.steps[name] = self.groups.step(name, placed, was.steps[name] if was else None)
        if placed.loops:
            self.lists[name] = self.groups.listed(name, placed, was.lists[name] if was else None)


def _labels(name: str, given: Known | _Given) -> list[list[str]]:
    """What all is called that a step gives, and that is there inside it."""
    every = (given.loops, given.steps, given.lists)
    return [[item.label for item in groups[name].items] for groups in every if name in groups]


def _is_alike(one: Sample, other: Sample) -> bool:
    """Whether two drafts have the same steps, in one order, and start with the same values."""
    if (one.now, one.is_real, [*one.placed]) != (other.now, other.is_real, [*other.placed]):
        return False
    return is_same(one.scope, other.scope) and is_same(one.shape, other.shape)


def _gives_alike(one: Sample, other: Sample, name: str) -> bool:
    """Whether a step that gives the same in both gives it by the same names."""
    was, now = one.placed[name], other.placed[name]
    for given in ("steps", "items"):
        before, after = (getattr(each.outputs, given).get(name) for each in (one, other))
        if not is_same(before, after):
            return False
    if now.is_as(was):
        return True
    if was.number != now.number or was.loops != now.loops:
        return False
    if was.step.get("kind") != now.step.get("kind") or one.outputs.steps.get(name) is None:
        return False
    return not now.loops or name_of(was.step) == name_of(now.step)


def _by_expression(groups: Iterable[DataGroup]) -> Mapping[bytes, DataItem]:
    return {key_of(item.expression): item for group in groups for item in group.items}


def _filled(groups: Iterable[DataGroup | None]) -> Iterator[DataGroup]:
    return (group for group in groups if group is not None and group.items)

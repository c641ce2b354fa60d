"""The groups of the data picker, each value with a name no other value of the draft has."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from wedsync.platform.wording import Wording
from wedsync.workflows.building.known.data_items import (
    KIND_ICONS,
    LONGEST_LABEL,
    DataGroup,
    DataItem,
    item_of,
    items_of,
    key_of,
    read,
)
from wedsync.workflows.building.known.reach import Reach
from wedsync.workflows.building.known.samples import Sample
from wedsync.workflows.building.known.wedding_items import wedding_items
from wedsync.workflows.engine import trigger_sentence
from wedsync.workflows.engine.functions.text import folded
from wedsync.workflows.engine.operators import operator_call, unescape_key
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.words import clip, expression_words
from wedsync.workflows.words.shown_values import HIDDEN
from wedsync.workflows.words.step_lines import pieces, plain, sentence_of, step_name

_OUTPUTS: Mapping[tuple[str, str], str] = {
    ("choose", "branch"): "Which way was taken",
    ("approval", "approved"): "The answer",
    ("approval", "by"): "Answered by",
    ("approval", "note"): "Note with the answer",
    ("wait", "until"): "Waited until",
    ("call", "outcome"): "How it ended",
    ("call", "output"): "What it gave",
    ("for_each", "total"): "How many there were",
    ("for_each", "succeeded"): "How many worked",
    ("for_each", "failed"): "How many did not work",
}
"""What steps of ours give, by kind and name."""
_UNTOLD = frozenset((("call", "run_id"),))


NOT_GIVEN = "not given"
_NOT_KNOWN = "not known yet"
_BRACKETS = str.maketrans("[]{}", "()()")


class Groups:
    """Makes the groups of one draft, in the order people read it. Of one that `was` there before
    with the same values, only where they come from is told anew."""

    def __init__(self, chosen: Sample, wording: Wording) -> None:
        self._sample = chosen
        self._wording = wording
        self._taken: set[str] = set()

    def wedding(self, was: DataGroup | None = None) -> DataGroup:
        items = wedding_items(self._sample.sight(None), self._wording)
        return self._named("The wedding", items, "", was)

    def trigger(self, title: str, was: DataGroup | None = None) -> DataGroup:
        return self._named(title, self._came_in(), "at the start", was)

    @staticmethod
    def trigger_title(trigger: Mapping[str, Any], names: Mapping[str, str]) -> str:
        """Where what came in comes from."""
        said = plain(pieces(trigger_sentence(trigger, names)))
        return clip(f"When: {said.removeprefix('When ')}")

    def _came_in(self) -> Iterator[DataItem]:
        """What came in, and what the example of its maker holds besides."""
        came = self._inside(self._sample.trigger.get("data"))
        if self._sample.is_real:
            told = {key_of(item.expression): item for item in self._inside(self._sample.shape)}
            for item in came:
                yield _of_kind(item, told.pop(key_of(item.expression), None))
            came = [_not_given(item) for item in told.values()]
        yield from came
        when = self._sample.trigger.get("occurred_at")
        item = item_of(when, ("trigger", "occurred_at"), ("occurred_at",), self._wording)
        yield replace(item, label="When it happened", longer="")

    def _inside(self, data: Any) -> list[DataItem]:
        is_nothing = data is None or data == {}
        return [] if is_nothing else list(items_of(data, ("trigger", "data"), self._wording))

    def step(self, name: str, here: Reach, was: DataGroup | None = None) -> DataGroup:
        """What a step gives."""
        output = self._sample.outputs.steps.get(name)
        items = self._outputs(name, here, output)
        return self._named(partial(step_title, here), items, f"step {here.number}", was)

    def _outputs(self, name: str, here: Reach, output: Any) -> Iterator[DataItem]:
        kind, root = str(here.step.get("kind")), ("steps", name)
        if output is None:
            yield from self._unknown(root, here.step)
            return
        for item in items_of(output, root, self._wording):
            field = str(item.expression.get("var", "")).rpartition(".")[2]
            if (kind, field) in _UNTOLD:
                continue
            label = _OUTPUTS.get((kind, field))
            yield replace(item, label=label, longer="") if label else item

    def _unknown(self, root: tuple[str, ...], step: Mapping[str, Any]) -> Iterator[DataItem]:
        """The values of a note that could not be worked out: they are there all the same."""
        values = mapping(step.get("values"))
        if step.get("kind") == "set" and operator_call(values) is None:
            for key in values:
                name = unescape_key(str(key))
                item = item_of(None, (*root, name), (name,), self._wording)
                yield replace(item, sample_words=_NOT_KNOWN)

    def listed(self, name: str, here: Reach, was: DataGroup | None = None) -> DataGroup:
        """What a step inside a loop gives to those outside: one of it for each item."""
        items = self._all_of(name, here.step)
        return self._named(partial(step_title, here), items, f"step {here.number}", was)

    def _all_of(self, name: str, step: Mapping[str, Any]) -> Iterator[DataItem]:
        found = self._sample.outputs.steps.get(name)
        if found is not None:
            label = clip(f"All of “{name_of(step)}”", LONGEST_LABEL)
            listed = item_of([found], ("steps", name), (label,), self._wording)
            yield replace(listed, label=label, longer="")

    def loop(self, name: str, here: Reach, was: DataGroup | None = None) -> DataGroup:
        """What is there inside a loop: its item, and which it is."""
        place = f"each in step {here.number}"
        return self._named(partial(each_title, here), self._of_each(name), place, was)

    def _of_each(self, name: str) -> Iterator[DataItem]:
        first = self._sample.outputs.items.get(name)
        items = items_of(first, ("item",), self._wording)
        if isinstance(first, dict):
            yield from items
        else:
            yield replace(next(items), label="The one it is about", longer="")
        index = item_of(0, ("index",), ("index",), self._wording)
        yield replace(index, label="How many came before", longer="")

    def always(self) -> DataGroup:
        """What every step can read."""
        now = self._wording.moment(self._sample.now)
        icon = KIND_ICONS["date"]["icon"]
        return self._named("Always there", [DataItem(read("now"), "Now", icon, "date", now)], "")

    def _named(
        self,
        title: str | Callable[[], str],
        items: Iterable[DataItem],
        place: str,
        was: DataGroup | None = None,
    ) -> DataGroup:
        if was is not None:
            self._taken.update(folded(item.label) for item in was.items)
            return replace(was, called=title)
        return DataGroup(title, tuple(self._called(item, place) for item in items), place)

    def _called(self, item: DataItem, place: str) -> DataItem:
        label = self._free(item, place)
        return item if label == item.label else replace(item, label=label)

    def _free(self, item: DataItem, place: str) -> str:
        """A name that is not taken yet: its own, the longer one, the one with its place."""
        names = _names(item.label, item.longer, place)
        every = itertools.chain(names, _numbered(names[-1][0]))
        name, key = next(each for each in every if each[1] not in self._taken)
        self._taken.add(key)
        return name


def name_of(step: Mapping[str, Any]) -> str:
    """What a step is called where its branches would be too much."""
    is_named = isinstance(step.get("label"), str) and step["label"].strip()
    return step_name(step) if is_named else plain(sentence_of(step))


def step_title(here: Reach) -> str:
    """Where what a step gives comes from."""
    return clip(f"Step {here.number}: {name_of(here.step)}")


def each_title(here: Reach) -> str:
    """Where what is there for each item of a loop comes from."""
    return clip(f"Each of {expression_words(here.step.get('items'))}")


@lru_cache(4096)
def _names(label: str, longer: str, place: str) -> Sequence[tuple[str, str]]:
    """What a value can be called, and how that compares with other names: without brackets,
    between which names are typed."""
    whole = (longer or label).translate(_BRACKETS)
    placed = f"{whole}, {clip(place, LONGEST_LABEL).translate(_BRACKETS)}" if place else whole
    return tuple((name, folded(name)) for name in (label.translate(_BRACKETS), whole, placed))


def _numbered(name: str) -> Iterator[tuple[str, str]]:
    names = (f"{name}, {number}" for number in itertools.count(2))
    return ((each, folded(each)) for each in names)


def _of_kind(item: DataItem, told: DataItem | None) -> DataItem:
    """Of a value that was empty this time, the kind its maker tells."""
    if told is None or item.sample_words != NOT_GIVEN:
        return item
    return replace(item, kind=told.kind, icon=told.icon)


def _not_given(item: DataItem) -> DataItem:
    """A value that others like this one hold."""
    return item if item.sample_words == HIDDEN else replace(item, sample_words=NOT_GIVEN)

"""What is different between two definitions, in sentences: for the list of changes before
publishing, for versions, and for the names of what can be undone.

Steps are told apart by their ids, branches by their labels; any two documents can be compared.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from wedsync.platform.wording import capital
from wedsync.workflows.editing.branches import Key, branch_changes, lists, renamed_lists
from wedsync.workflows.editing.field_words import Known, changes
from wedsync.workflows.editing.patches import read, removed, same
from wedsync.workflows.engine import sentence, trigger_sentence
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.steps.kind import Actions, is_off, mapping, sequence
from wedsync.workflows.engine.words import clip, listing
from wedsync.workflows.words.step_lines import pieces, plain

Kind: TypeAlias = Literal["added", "removed", "moved", "changed"]
_MOST_NAMED = 3
_NAMED = re.compile(r"“[^”]*”")
_LONGEST_NAME = 60
_DEFINITION = frozenset(("trigger", "steps"))


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is different. `step` is None for what starts the workflow and for the whole.

    `words` is a sentence, `done` names the change (“removed “Send contract””). `before` and
    `after` are the step, or the field, as it was and is; None where it was not or is not there.
    """

    step: str | None
    kind: Kind
    words: str
    done: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A step in one of the documents: its owner and the list of the owner it stands in."""

    key: Key
    step: Mapping[str, Any]
    owner: Key | None
    list: Key


def between(
    old: Any,
    new: Any,
    actions: Actions,
    names: Mapping[str, str] | None = None,
    *,
    taken: Collection[str] = (),
) -> list[Difference]:
    """Every difference, in reading order of `new` and then what is gone; none when they are the
    same document.

    `names` says what people call what is named by id: `{"connection:<id>": …}`. Of two steps that
    changed places, the one that is told as moved is one of `taken`, the steps somebody took.
    """
    if same(old, new):
        return []
    for document in (old, new):
        if not isinstance(document, dict) or refusal(document) is not None:
            return [_whole("The whole workflow was replaced.", old, new)]
    found = [*_of_the_start(old, new, names or {})]
    found += _Comparison(old, new, Known(actions, names or {}), taken).differences()
    if not found:
        return [_whole("It is written another way, and means the same.", old, new)]
    return [replace(each, words=capital(each.words)) for each in found]


def done_words(found: Sequence[Difference]) -> str:
    """What was done, as the name of one thing to undo: `removed “A”, and moved “B” up`."""
    told = list(dict.fromkeys(each.done for each in found))
    if len(told) > _MOST_NAMED:
        told = [*told[: _MOST_NAMED - 1], f"{len(told) - _MOST_NAMED + 1} more changes"]
    return listing(
        [_again(words, before) for words, before in zip(told, ["", *told], strict=False)]
    )


def _again(words: str, before: str) -> str:
    """Some words about the same as those before them: `changed it`."""
    named = _NAMED.search(before)
    return words.replace(named[0], "it") if named else words


def _whole(words: str, old: Any, new: Any) -> Difference:
    return Difference(None, "changed", words, "changed the whole workflow", old, new)


def _of_the_start(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[Difference]:
    was, now = old.get("trigger"), new.get("trigger")
    words = _start_words(was, now, names)
    if words:
        yield Difference(None, "changed", words, "changed what starts it", was, now)
    for name in sorted((old.keys() | new.keys()) - _DEFINITION):
        if not same(old.get(name), new.get(name)) or (name in old) != (name in new):
            words = f"“{clip(name, 40)}” of the workflow was changed."
            done = f"changed “{clip(name, 40)}” of the workflow"
            yield Difference(None, "changed", words, done, old.get(name), new.get(name))


def _start_words(was: Any, now: Any, names: Mapping[str, str]) -> str | None:
    """How another thing starts it, or the same in another way; None when it means the same."""
    before, after = trigger_sentence(was, names), trigger_sentence(now, names)
    if before != after:
        return f"It now starts {_lower(after).rstrip('.')}, and no longer {_lower(before)}"
    fields = sorted({*mapping(was), *mapping(now)})
    changed = [name for name in fields if not same(mapping(was).get(name), mapping(now).get(name))]
    if not changed:
        return None
    said = listing([name.replace("_", " ") for name in changed[:5]])
    return f"How it starts was changed: {clip(said, 120)}."


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


class _Comparison:
    """Two documents laid side by side."""

    def __init__(self, old: Any, new: Any, known: Known, taken: Collection[str]) -> None:
        self._known = known
        self._taken = taken
        self._old = {each.key: each for each in _places(old)}
        self._new = {each.key: each for each in _places(new)}
        self._renamed = {
            key: renamed_lists(self._old[key].step, placed.step)
            for key, placed in self._new.items()
            if key in self._old
        }
        self._moved = self._moves()

    def differences(self) -> Iterator[Difference]:
        for key, placed in self._new.items():
            if key not in self._old:
                yield from self._added(placed)
                continue
            if key in self._moved:
                yield self._difference("moved", placed, self._moved[key])
            yield from self._changed(self._old[key], placed)
        for key, placed in self._old.items():
            if key not in self._new and not self._goes_with(placed, self._old, self._new):
                yield self._difference("removed", placed, f"was removed{_with_inner(placed)}")

    def _added(self, placed: _Placed) -> Iterator[Difference]:
        if not self._goes_with(placed, self._new, self._old):
            where = self._where(placed)
            off = ", turned off" if is_off(placed.step) else ""
            yield self._difference("added", placed, f"was added{where}{_with_inner(placed)}{off}")

    @staticmethod
    def _goes_with(
        placed: _Placed, here: Mapping[Key, _Placed], there: Mapping[Key, _Placed]
    ) -> bool:
        """Whether the step around it came or went too, and is told for both."""
        return placed.owner is not None and placed.owner in here and placed.owner not in there

    def _difference(self, kind: Kind, placed: _Placed, said: str) -> Difference:
        name = self._name(placed.step)
        done = f"moved {name}{said.removeprefix('was moved')}" if kind == "moved" else None
        before, after = self._old.get(placed.key), self._new.get(placed.key)
        return Difference(
            step=_id(placed.step),
            kind=kind,
            words=f"{name} {said}.",
            done=done or f"{kind} {name}",
            before=None if before is None else before.step,
            after=None if after is None else after.step,
        )

    def _where(self, placed: _Placed) -> str:
        if placed.owner is None:
            return ""
        return f" to “{clip(placed.list[0], 40)}” of {self._name(self._new[placed.owner].step)}"

    def _changed(self, old: _Placed, new: _Placed) -> Iterator[Difference]:
        step_id, name = _id(new.step), self._name(new.step)
        was, now = _own(old.step), _own(new.step)
        label = _label(was), _label(now)
        if label[0] != label[1]:
            said = f"“{label[0]}” is now called {name}." if label[0] else f"A step is now {name}."
            yield Difference(step_id, "changed", said, f"renamed {name}", *label)
        if is_off(was) != is_off(now):
            yield _turned(step_id, name, is_off(now))
        if was.get("kind") != now.get("kind"):
            said = f"{name} is a step of another kind now."
            yield Difference(step_id, "changed", said, f"changed {name}", old.step, new.step)
            return
        for words, before, after in branch_changes(old.step, new.step):
            yield Difference(
                step_id, "changed", f"{name}: {words}.", f"changed {name}", before, after
            )
        for each in changes(now.get("kind"), _unlabelled(was), _unlabelled(now), self._known):
            words = f"{name} {each.words.rstrip('.')}."
            yield Difference(step_id, "changed", words, f"changed {name}", each.before, each.after)

    def _name(self, step: Mapping[str, Any]) -> str:
        label = _label(step)
        kind = step.get("kind")
        if label:
            return f"“{clip(label, _LONGEST_NAME)}”"
        if isinstance(kind, str) and kind in KINDS and KINDS[kind].splits:
            return "the choice" if kind == "choose" else "the loop"
        own = {name: value for name, value in step.items() if name != "label"}
        return f"“{clip(plain(pieces(sentence(own, self._known.actions))), _LONGEST_NAME)}”"

    # --- moves

    def _moves(self) -> dict[Key, str]:
        """How each step that is in both was moved, of those that were."""
        moved = {
            key: self._into(placed)
            for key, placed in self._new.items()
            if key in self._old and self._place_before(placed) != self._place(self._old[key])
        }
        order = {key: number for number, key in enumerate(self._old)}
        for keys in self._stayed(moved).values():
            moved |= self._shifted(keys, [order[key] for key in keys])
        return moved

    def _shifted(self, keys: Sequence[Key], numbers: Sequence[int]) -> dict[Key, str]:
        """Those of one list that stand among the others in another order than before."""
        if list(numbers) == sorted(numbers):
            return {}
        taken = {n for n, key in zip(numbers, keys, strict=True) if key[0] in self._taken}
        kept = _longest_rising([number for number in numbers if number not in taken])
        shifted, furthest = {}, -1
        for number, key in zip(numbers, keys, strict=True):
            if number in kept:
                furthest = max(furthest, number)
            else:
                shifted[key] = f"was moved {'down' if furthest > number else 'up'}"
        return shifted

    def _stayed(self, moved: Mapping[Key, str]) -> dict[Any, list[Key]]:
        """The steps of each list that stand in the same list as before, in their order of now."""
        stayed: dict[Any, list[Key]] = {}
        for key, placed in self._new.items():
            if key in self._old and key not in moved:
                stayed.setdefault((placed.owner, placed.list), []).append(key)
        return stayed

    def _place(self, placed: _Placed) -> tuple[Key | None, Key]:
        return placed.owner, placed.list

    def _place_before(self, placed: _Placed) -> tuple[Key | None, Key]:
        """The list a step stands in now, under the name it had before."""
        if placed.owner is None:
            return None, placed.list
        renamed = self._renamed.get(placed.owner, {})
        return placed.owner, renamed.get(placed.list, placed.list)

    def _into(self, placed: _Placed) -> str:
        if placed.owner is None:
            return "was moved out, among the steps of the workflow itself"
        owner = self._name(self._new[placed.owner].step)
        return f"was moved into “{clip(placed.list[0], 40)}” of {owner}"


def _places(definition: Any) -> Iterator[_Placed]:
    yield from _walk(mapping(definition).get("steps"), None, ("", 0), Counter())


def _walk(steps: Any, owner: Key | None, where: Key, seen: Counter[str]) -> Iterator[_Placed]:
    for step in sequence(steps):
        if not isinstance(step, dict):
            continue
        name = _id(step) or ""
        key = (name, seen[name])
        seen[name] += 1
        yield _Placed(key, step, owner, where)
        for label, child in lists(step).items():
            yield from _walk(child.steps, key, label, seen)


def _own(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """A step without the steps inside it, and without its branches."""
    own: Any = {name: value for name, value in step.items() if name != "branches"}
    for child in children(step):
        path = child.field.split(".")
        if path[0] != "branches" and read(own, path) is not None:
            own = removed(own, path)
    return mapping(own)


def _turned(step_id: str | None, name: str, off: bool) -> Difference:
    done = f"turned off {name}" if off else f"turned {name} on again"
    said = f"{name} was turned {'off' if off else 'on again'}."
    return Difference(step_id, "changed", said, done, not off, off)


def _unlabelled(own: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in own.items() if name not in ("label", "kind", "off")}


def _label(step: Mapping[str, Any]) -> str:
    label = step.get("label")
    return clip(label.strip(), _LONGEST_NAME) if isinstance(label, str) else ""


def _id(step: Mapping[str, Any]) -> str | None:
    found = step.get("id")
    return found if isinstance(found, str) else None


def _with_inner(placed: _Placed) -> str:
    inside = sum(1 for _ in _walk([placed.step], None, ("", 0), Counter())) - 1
    if not inside:
        return ""
    return ", with the step inside it" if inside == 1 else f", with the {inside} steps inside it"


def _longest_rising(numbers: Sequence[int]) -> frozenset[int]:
    """The longest subsequence that rises: what kept its order while others moved around it."""
    ends: list[int] = []
    at: list[int] = []
    before: list[int | None] = []
    for number in numbers:
        place = bisect_left(ends, number)
        before.append(at[place - 1] if place else None)
        ends[place : place + 1] = [number]
        at[place : place + 1] = [len(before) - 1]
    kept = set()
    here = at[-1] if at else None
    while here is not None:
        kept.add(numbers[here])
        here = before[here]
    return frozenset(kept)

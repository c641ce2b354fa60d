"""The lists of steps inside a step, in two versions of it: branches of a choice, what follows an
error. They are told apart by their labels."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from wedsync.workflows.editing.patches import read, same
from wedsync.workflows.engine import condition_words
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.steps.kind import Child, mapping
from wedsync.workflows.engine.words import clip

Key: TypeAlias = tuple[str, int]
"""A step's id or a branch's label, and which of those that bear it: drafts may hold two."""


def lists(step: Mapping[str, Any]) -> dict[Key, Child]:
    """The lists of steps inside a step, by their labels."""
    seen: Counter[str] = Counter()
    found: dict[Key, Child] = {}
    for child in children(step):
        found[child.label, seen[child.label]] = child
        seen[child.label] += 1
    return found


def renamed_lists(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[Key, Key]:
    """What the lists of a step were called before: those that are left, in their order."""
    before, after = lists(old), lists(new)
    gone = [key for key in before if key not in after]
    come = [key for key in after if key not in before]
    return {now: was for was in gone for now in come if before[was].field == after[now].field}


def branch_changes(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """What is different about the ways a choice offers, beside the steps on them: the end of
    a sentence, what was, and what is."""
    before, after = _branches(old), _branches(new)
    renamed = renamed_lists(old, new)
    for key, branch in after.items():
        name = f"“{clip(key[0], 40)}”"
        was = before.get(renamed.get(key, key))
        if was is None:
            yield f"the branch {name} was added", None, branch
            continue
        if key in renamed:
            called = clip(renamed[key][0], 40)
            yield f"the branch “{called}” is now called {name}", called, key[0]
        if not same(was.get("when"), branch.get("when")):
            now, then = condition_words(branch.get("when")), condition_words(was.get("when"))
            told = f"when {now} instead of when {then}" if now != then else f"when {now}"
            yield f"{name} is now taken {told}", was.get("when"), branch.get("when")
    gone = [key for key in before if key not in after and key not in renamed.values()]
    for key in gone:
        yield f"the branch “{clip(key[0], 40)}” was removed", before[key], None
    kept = [renamed.get(key, key) for key in after if renamed.get(key, key) in before]
    if kept != [key for key in before if key in kept]:
        yield "its branches are tried in another order", list(before), list(after)


def _branches(step: Mapping[str, Any]) -> dict[Key, Mapping[str, Any]]:
    """The branches of a choice by their labels."""
    return {
        key: mapping(read(step, ("branches", int(child.field.split(".")[1]))))
        for key, child in lists(step).items()
        if child.field.startswith("branches.")
    }

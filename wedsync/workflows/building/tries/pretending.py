"""Pretending: the draft as the engine walks through it, and nothing done on the way.

What a run would do comes as data (`engine.protocol`), and is answered here: an action with its
manifest's sample, or with what it gave when it was really tried; a question with yes; a wait with
the moment it waits for. Of a loop the first few items are gone through. Nothing is called, nobody
is asked, and no draft holds this up.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from wedsync.workflows.building.known.samples import Sample
from wedsync.workflows.building.tries.tried import Tried, TriedStep
from wedsync.workflows.building.tries.tryable import Tryable, steps_by_id, tryable
from wedsync.workflows.building.tries.walking import Walker
from wedsync.workflows.building.tries.would import Telling
from wedsync.workflows.catalogue import Entries, entries
from wedsync.workflows.editing.checking import problems_of
from wedsync.workflows.engine import Problem, Program
from wedsync.workflows.engine.outline import turned_off
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.models import Workflow
from wedsync.workflows.running import message_rules
from wedsync.workflows.running.message_rules import Rules

_CANNOT = "This cannot be tried before that is mended."
_OFF = "Turned off, so it is passed over"
_TOO_MUCH = "There is more here than is tried at once; the rest was left out."


def pretend(
    organization_id: UUID,
    workflow: Workflow,
    sample: Sample,
    *,
    step: str | None = None,
    onwards: bool = False,
) -> Tried:
    """What the draft would do for a sample: the whole of it, one `step`, or from there `onwards`.

    Nothing leaves and nothing is stored. A step that is not there gives an empty try.
    """
    found = problems_of(organization_id, workflow.draft, workflow_id=workflow.id)
    known = entries(organization_id)
    rules = message_rules.rules_of(organization_id)
    return pretended(workflow.draft, sample, found, known, rules, step=step, onwards=onwards)


def pretended(
    definition: Any,
    sample: Sample,
    problems: Iterable[Problem],
    known: Entries,
    rules: Rules,
    *,
    step: str | None = None,
    onwards: bool = False,
) -> Tried:
    """`pretend` for a definition whose `problems` these are, without looking anything up."""
    can = tryable(definition, problems)
    telling = Telling(steps_by_id(definition), known, mapping(sample.wedding))
    if can.program is None:
        return Tried(sample.name, problems=(*can.problems, _CANNOT))
    if step is not None and (line := _not_done(definition, can, telling, step)) is not None:
        return Tried(sample.name, (line,))
    walker = Walker(can.program, sample, telling, can, rules)
    if step is None or step in can.program.steps:
        walker.begin(**({} if step is None else {"onwards" if onwards else "only": step}))
    lines = walker.lines if step is not None else _with_unfinished(walker.lines, can, telling)
    whys = _would_not_start(can.program, sample) if step is None else ()
    cut = (_TOO_MUCH,) if walker.cut else ()
    told = (*can.problems, *whys) if step is None else ()
    return Tried(sample.name, tuple(lines), (*told, *cut), walker.ended, walker.outputs)


def _not_done(definition: Any, can: Tryable, telling: Telling, step: str) -> TriedStep | None:
    """A step that is passed over whenever its turn comes."""
    if step in can.passed_over:
        return telling.unfinished(step, can.unfinished.get(step, ()))
    return telling.passed(step, _OFF) if step in turned_off(definition) else None


def _would_not_start(program: Program, sample: Sample) -> tuple[str, ...]:
    verdict = program.accepts(sample.trigger, sample.now)
    if verdict.fits:
        return ()
    why = verdict.why.rstrip(".")
    return (f"With this it would not start: {why}. It is tried all the same.",)


def _with_unfinished(lines: list[TriedStep], can: Tryable, telling: Telling) -> list[TriedStep]:
    """The lines with the steps that could not be tried, each where it stands in the draft."""
    order = {name: number for number, name in enumerate(telling.steps)}
    told = list(lines)
    for name in sorted(can.passed_over & order.keys(), key=order.__getitem__):
        line = telling.unfinished(name, can.unfinished.get(name, ()))
        after = (n for n, other in enumerate(told) if order.get(other.id, 0) > order[name])
        told.insert(next(after, len(told)), line)
    return told

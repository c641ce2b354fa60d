"""What a definition names by id: hooks, connections, endpoints, other workflows, people.

Whatever else is wrong with a definition, each of them is found, with the way to it, so that it
can be looked up here, and put in other words where the definition goes elsewhere.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.editing.draft_operations import Located, located
from wedsync.workflows.editing.patches import Path, written
from wedsync.workflows.engine.steps.kind import mapping

_SOURCE_KINDS = ("hook", "connection", "app", "workflow")
_INPUT_KINDS = ("endpoint", "hook", "connection", "workflow")
_PEOPLE = ("who", "then_ask")


@dataclass(frozen=True, slots=True)
class Reference:
    """One place of a definition that names an object; `step` is None in the trigger.

    `path` leads to the text that holds the id, after `prefix` (`hook:` of a source).
    """

    step: str | None
    field: str
    kind: str
    id: str
    path: Path = ()
    prefix: str = ""


def references(definition: Any) -> Iterator[Reference]:
    """Every object a definition names, in reading order."""
    return references_at(mapping(definition).get("trigger"), located(definition))


def references_at(trigger: Any, steps: Iterable[Located]) -> Iterator[Reference]:
    """The same of a definition that was gone through before."""
    yield from _of_trigger(mapping(trigger))
    for each in steps:
        yield from _of_step(each)


def replaced(definition: Any, other: Callable[[Reference], str]) -> Any:
    """The definition with another id for each; the one given is left as it is."""
    for each in list(references(definition)):
        definition = written(definition, each.path, each.prefix + other(each))
    return definition


def _of_trigger(trigger: Mapping[str, Any]) -> Iterator[Reference]:
    hook, source, kind = trigger.get("hook"), trigger.get("source"), trigger.get("kind")
    if kind == "webhook" and isinstance(hook, str):
        yield Reference(None, "trigger.hook", "hook", hook, ("trigger", "hook"))
    connection = trigger.get("connection")
    if kind == "poll" and isinstance(connection, str):
        path = ("trigger", "connection")
        yield Reference(None, "trigger.connection", "connection", connection, path)
    if isinstance(source, str):
        named, _, own = source.partition(":")
        if own and named in _SOURCE_KINDS:
            path = ("trigger", "source")
            yield Reference(None, "trigger.source", named, own, path, f"{named}:")


def _of_step(found: Located) -> Iterator[Reference]:
    step, name = found.step, found.step.get("id")
    step_id = name if isinstance(name, str) else None

    def at(kind: str, *fields: str) -> Iterator[Reference]:
        value: Any = step
        for field in fields:
            value = mapping(value).get(field)
        if isinstance(value, str):
            yield Reference(step_id, ".".join(fields), kind, value, (*found.path, *fields))

    yield from at("connection", "connection")
    for kind in _INPUT_KINDS if step.get("kind") == "action" else ():
        yield from at(kind, "input", kind)
    if step.get("kind") == "call":
        yield from at("workflow", "workflow")
    for field in _PEOPLE if step.get("kind") == "approval" else ():
        yield from at("person", field, "user")

"""Every place where somebody gives us an address, found in the code itself.

A *door* is such a place; `takes` tries one address at it. Five kinds are found by their shape:

| kind | where it is found |
|---|---|
| a field of a form | the forms' classes, by the field's name |
| a field of the API | the OpenAPI document, by the property's name |
| a field of a manifest | the manifest's model, by the field's name |
| what is typed to connect | the manifests that are built in, by the field's kind |
| what is typed in a step | the actions, by the input's name |

The first two need to be told once how to get there (`_FORMS`, `_OPERATIONS`): a door nobody told
about fails the test that reads them.
"""

import copy
import importlib
import pkgutil
import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

import wedsync
from tests.contracts.hostile_addresses import GOOD
from tests.contracts.objects import Objects
from tests.listings.manifests import seatwell
from tests.personas import Persona
from wedsync import connectors
from wedsync.api.document import operations
from wedsync.connectors.manifest import ConnectField, Manifest
from wedsync.listings import checks
from wedsync.platform.forms import Form
from wedsync.workflows.catalogue import entries

_IS_ADDRESS = re.compile(r"(^|_)(url|uri|href|link|webhook)$")
_NOT_OURS = ("wedsync.sandbox", "wedsync.migrations")
# Ways of the editor of a listing: what they write is judged as a part of the manifest.
_MANIFEST_FORMS = {
    ("BasicsForm", "docs_url"): "shelf.docs_url",
    ("BasicsForm", "support_url"): "shelf.support_url",
    ("ConnectingForm", "base_url"): "base_url",
    ("ConnectingForm", "authorize_url"): "auth.oauth.authorize_url",
    ("ConnectingForm", "token_url"): "auth.oauth.token_url",
    ("ConnectingForm", "revoke_url"): "auth.oauth.revoke_url",
}
ONLY_IN_FILES = {"auth.oauth.long_lived.url", "auth.oauth.renewal.url"}
"""What the editor does not offer: a file of a manifest says it."""

_SAMPLES = {"email": "hello@partner.example", "number": "2525", "switch": "1", "url": GOOD}


@dataclass(frozen=True)
class World:
    """Who tries, and with what."""

    owner: Persona
    objects: Objects


Try = Callable[[World, str], bool]


@dataclass(frozen=True)
class Door:
    """`takes` says whether an address is let in there."""

    name: str
    takes: Try


def doors() -> list[Door]:
    """All that can be tried, in an order that does not change."""
    of_people = [*_form_doors(), *_api_doors(), *_connecting_doors(), *_step_doors()]
    return sorted([*of_people, *_manifest_doors()], key=lambda door: door.name)


# --- forms


def form_fields() -> set[tuple[str, str]]:
    """Every field of a form that takes an address: its class and its name."""
    for module in pkgutil.walk_packages(wedsync.__path__, "wedsync."):
        if not module.name.startswith(_NOT_OURS) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {
        (form.__name__, name)
        for form in _below(Form)
        for name in dir(form)
        if _IS_ADDRESS.search(name) and type(getattr(form, name)).__name__ == "UnboundField"
    }


def _below(form: type) -> Iterator[type]:
    """Those that stand in their module: a form that is made from a manifest has its own doors."""
    for each in form.__subclasses__():
        if getattr(sys.modules[each.__module__], each.__name__, None) is each:
            yield each
        yield from _below(each)


def _made_in_form(world: World, url: str) -> bool:
    answer = world.owner.browser.post("/webhooks/endpoints/new", data={"url": url})
    return _was_taken(answer.status_code, 200)


def _changed_in_form(world: World, url: str) -> bool:
    path = f"/webhooks/endpoints/{world.objects.endpoint}/edit"
    return _was_taken(world.owner.browser.post(path, data={"url": url}).status_code, 303)


_FORMS: Mapping[tuple[str, str], tuple[Try, ...]] = {
    ("EndpointForm", "url"): (_made_in_form, _changed_in_form),
}


def told_forms() -> set[tuple[str, str]]:
    return {*_FORMS, *_MANIFEST_FORMS}


def _form_doors() -> Iterator[Door]:
    for (form, field), ways in _FORMS.items():
        for way in ways:
            yield Door(f"form {form}.{field} {way.__name__.strip('_')}", way)


# --- the API


def body_properties(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Every property of a request's body that takes an address: the operation and its name."""
    return {
        (operation["operationId"], name)
        for _path, _method, operation in operations(document)
        for name in _names_in(document, operation.get("requestBody", {}), ())
        if _IS_ADDRESS.search(name)
    }


def _names_in(document: Mapping[str, Any], node: Any, met: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, list):
        for part in node:
            yield from _names_in(document, part, met)
    if not isinstance(node, Mapping):
        return
    named = node.get("$ref")
    if isinstance(named, str) and named not in met:
        shape = document["components"]["schemas"][named.rpartition("/")[2]]
        yield from _names_in(document, shape, (*met, named))
    properties = node.get("properties")
    yield from properties if isinstance(properties, Mapping) else ()
    for part in node.values():
        yield from _names_in(document, part, met)


def _created_by_api(world: World, url: str) -> bool:
    answer = world.owner.api.post("/endpoints", json={"url": url})
    return _was_taken(answer.status_code, 201)


def _changed_by_api(world: World, url: str) -> bool:
    answer = world.owner.api.patch(f"/endpoints/{world.objects.endpoint}", json={"url": url})
    return _was_taken(answer.status_code, 200)


_OPERATIONS: Mapping[tuple[str, str], Try] = {
    ("create_endpoint", "url"): _created_by_api,
    ("change_endpoint", "url"): _changed_by_api,
}


def told_operations() -> set[tuple[str, str]]:
    return set(_OPERATIONS)


def _api_doors() -> Iterator[Door]:
    for (operation, name), takes in _OPERATIONS.items():
        yield Door(f"api {operation} {name}", takes)


# --- manifests


def manifest_fields(model: type[BaseModel] = Manifest, above: str = "") -> Iterator[str]:
    """Every field of a manifest that takes an address, as a dotted path."""
    for name, field in model.model_fields.items():
        if _IS_ADDRESS.search(name):
            yield above + name
        for part in _models_in(field.annotation):
            yield from manifest_fields(part, f"{above}{name}.")


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)


def _manifest_doors() -> Iterator[Door]:
    for path in dict.fromkeys(manifest_fields()):
        yield Door(f"manifest {path}", _in_manifest(path))


def _in_manifest(path: str) -> Try:
    def takes(_world: World, url: str) -> bool:
        document = copy.deepcopy(_around(path))
        *above, last = path.split(".")
        part: Any = document
        for name in above:
            part = part.setdefault(name, {})
        part[last] = url
        return path not in {problem.path for problem in checks.blocking(document)}

    return takes


def _around(path: str) -> dict[str, Any]:
    """A manifest that lacks nothing but this address."""
    if not path.startswith("auth.oauth."):
        return seatwell()
    document = copy.deepcopy(_BY_OAUTH)
    if path in ONLY_IN_FILES:
        changing = {"grant_type": "exchange", "token_parameter": "token"}
        document["auth"]["oauth"] |= {"long_lived": changing, "renewal": dict(changing)}
    return document


_BY_OAUTH = seatwell(
    auth={
        "kind": "oauth2_code",
        "oauth": {
            "authorize_url": "https://seatwell.example/authorize",
            "token_url": "https://seatwell.example/token",
            "client_from": "listing",
            "scopes": [{"name": "guests.read", "words": "See your guests"}],
        },
    }
)


# --- connecting


def _connecting_doors() -> Iterator[Door]:
    for slug, manifest in sorted(connectors.manifests().items()):
        for field in manifest.auth.fields:
            if field.kind == "url":
                yield Door(f"connect {slug} {field.name}", _when_connecting(slug, field, manifest))
                by_api = _when_connecting_by_api(slug, field, manifest)
                yield Door(f"connect by api {slug} {field.name}", by_api)


def _when_connecting(slug: str, field: ConnectField, manifest: Manifest) -> Try:
    def takes(world: World, url: str) -> bool:
        typed = {each.name: _sample(each) for each in manifest.auth.fields} | {field.name: url}
        answer = world.owner.browser.post(f"/connect/{slug}", data=typed)
        return _was_taken(answer.status_code, 303)

    return takes


def _when_connecting_by_api(slug: str, field: ConnectField, manifest: Manifest) -> Try:
    def takes(world: World, url: str) -> bool:
        typed = {each.name: _sample(each) for each in manifest.auth.fields} | {field.name: url}
        body = {"connector": slug, "fields": typed}
        return _was_taken(world.owner.api.post("/connections", json=body).status_code, 202)

    return takes


# --- steps


def step_inputs() -> list[tuple[str, str]]:
    """Every input of an action that takes an address: the action and its name."""
    return [
        (use, name)
        for use, entry in sorted(entries().items())
        for name in entry.input.get("properties", {})
        if _IS_ADDRESS.search(name)
    ]


def _step_doors() -> Iterator[Door]:
    for use, name in step_inputs():
        yield Door(f"step {use} {name}", _in_step(use, name))


def _in_step(use: str, name: str) -> Try:
    def takes(world: World, url: str) -> bool:
        given = {"method": "GET", name: url}
        step = {"id": "ask", "kind": "action", "use": use, "input": given}
        definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [step]}
        path = f"/workflows/{world.objects.workflow}/validate"
        answer = world.owner.api.post(path, json={"definition": definition})
        assert answer.status_code == 200, answer.json
        return f"input.{name}" not in {each["field"] for each in answer.json["problems"]}

    return takes


def _sample(field: ConnectField) -> str:
    if field.kind == "choice":
        return field.choices[0]
    return _SAMPLES.get(field.kind, field.default or "sample")


def _was_taken(status: int, taken: int) -> bool:
    """Taken or refused as the person's mistake: anything else is neither."""
    assert status in (taken, 422), status
    return status == taken

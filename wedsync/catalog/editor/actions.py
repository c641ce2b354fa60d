"""One thing a step can do: what it is called, what it asks for, and the request it becomes."""

from collections.abc import Mapping
from typing import Any

from wtforms import FieldList, Form, FormField, RadioField, SelectField, StringField
from wtforms.validators import Length

from wedsync.catalog.editor.document import at, parts_at, put, put_all, text_at
from wedsync.catalog.editor.fields import (
    LONGEST_LINE,
    PartForm,
    json_of,
    line,
    shown_json,
    stripped,
    text,
)

GROUPS = ("Messages", "Money", "Calendar", "Guests", "Files")
EFFECTS = {
    "none": "It only reads",
    "idempotent": "Doing it twice is the same as once",
    "once": "It must happen once: ask before it is tried again",
    "lookup": "It must happen once: look up what was done, as the file says",
}
WAYS = {
    "json": "as JSON in the body",
    "form": "as a form in the body",
    "query": "in the address, after the question mark",
    "nowhere": "only where the path names it",
    "own": "as the file says",
}
TYPES = {"string": "Text", "number": "Number", "integer": "Whole number", "boolean": "Yes or no"}
_PLACES = ("json", "form", "query")
MOST_INPUTS = 20
_SPARE = 3


class InputForm(Form):  # type: ignore[misc]  # WTForms ships no types
    """One thing the step asks for."""

    name = StringField("Name", filters=[stripped], validators=[Length(max=60)])
    title = StringField(
        "What people read", filters=[stripped], validators=[Length(max=LONGEST_LINE)]
    )
    type = SelectField("Kind", choices=TYPES)
    required = SelectField("Needed", choices={"yes": "Needed", "no": "May be left out"})


class ActionForm(PartForm):
    template = "catalog/edit_action.html"
    title = "an action"

    label = line("What it is called", "What is it called?")
    sentence = line("As a step's sentence", "Say it as a sentence.")
    done = line("When it has happened", "Say it in the past tense.")
    key = line("Short name", "Give it a short name.")
    group = SelectField("Stands under", choices=GROUPS)
    effect = RadioField("If it is done twice", choices=EFFECTS, default="once")
    method = SelectField(
        "Request", choices=("GET", "POST", "PUT", "PATCH", "DELETE"), default="POST"
    )
    path = line("Path", "Which path of your service?")
    inputs = FieldList(FormField(InputForm), max_entries=MOST_INPUTS)
    way = SelectField("What was filled in is sent", choices=WAYS, default="json")
    key_header = line("Header for our idempotency key")
    output_sample = text("Example of what comes back")

    @classmethod
    def of(cls, document: Mapping[str, Any], place: int | None = None) -> "ActionForm":
        entry = entry_at(document, "actions", place)
        inputs = _inputs_of(entry)
        spare = min(_SPARE, MOST_INPUTS - len(inputs))
        return cls(
            data={
                **{name: text_at(entry, name) for name in ("label", "sentence", "done", "key")},
                "group": text_at(entry, "group") or "Guests",
                "effect": text_at(entry, "effect") or "once",
                "method": text_at(entry, "request.method") or "POST",
                "path": text_at(entry, "request.path"),
                "inputs": [*inputs, *({} for _ in range(max(spare, 0)))],
                "way": _way_of(entry),
                "key_header": text_at(entry, "request.key_header"),
                "output_sample": shown_json(entry.get("output_sample")),
            }
        )

    def into(self, document: Mapping[str, Any], place: int | None = None) -> dict[str, Any]:
        entry = entry_at(document, "actions", place)
        said = {name: self[name].data for name in ("key", "label", "sentence", "done", "group")}
        changed = put_all(entry, {**said, "effect": self.effect.data})
        changed["input"] = self._schema(entry)
        changed["request"] = self._request(entry)
        changed["output_sample"] = json_of(self.output_sample)
        return with_entry(document, "actions", place, changed)

    def _filled(self) -> list[dict[str, Any]]:
        return [row.data for row in self.inputs if row.data["name"]]

    def _schema(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """The input's schema; what the file says of a field beyond the form is kept."""
        known = at(entry, "input.properties")
        known = known if isinstance(known, dict) else {}
        properties = {}
        for row in self._filled():
            kept = known.get(row["name"])
            said = {"type": row["type"], "title": row["title"]}
            properties[row["name"]] = {**(kept if isinstance(kept, dict) else {}), **said}
        required = [row["name"] for row in self._filled() if row["required"] == "yes"]
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        return put({**schema, "additionalProperties": False}, "required", required)

    def _request(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        kept = at(entry, "request")
        request = dict(kept) if isinstance(kept, dict) else {}
        way = self.way.data
        if way != "own":
            request = {name: value for name, value in request.items() if name not in _PLACES}
            if way in _PLACES and (sent := self._sent()):
                request[way] = sent
        said = {"method": self.method.data, "path": self.path.data}
        return put({**request, **said}, "key_header", self.key_header.data)

    def _sent(self) -> dict[str, str]:
        """Every input that the path does not carry, under its own name."""
        slots = {row["name"]: f"{{input.{row['name']}}}" for row in self._filled()}
        return {name: slot for name, slot in slots.items() if slot not in self.path.data}


def entry_at(document: Mapping[str, Any], kind: str, place: int | None) -> dict[str, Any]:
    """The entry with this number; empty for a new one, and where there is none."""
    entries = parts_at(document, kind)
    return entries[place] if place is not None and place < len(entries) else {}


def with_entry(
    document: Mapping[str, Any], kind: str, place: int | None, entry: dict[str, Any] | None
) -> dict[str, Any]:
    """A copy with an entry changed, added (no `place`), or taken away (no `entry`)."""
    entries = parts_at(document, kind)
    if place is None or place >= len(entries):
        entries = [*entries, entry] if entry is not None else entries
    else:
        entries = [*entries[:place], *([entry] if entry is not None else []), *entries[place + 1 :]]
    return {**document, kind: entries}


def _inputs_of(entry: Mapping[str, Any]) -> list[dict[str, str]]:
    properties, required = at(entry, "input.properties"), at(entry, "input.required")
    needed = required if isinstance(required, list) else []
    return [
        {
            "name": name,
            "title": text_at(said, "title"),
            "type": text_at(said, "type") or "string",
            "required": "yes" if name in needed else "no",
        }
        for name, said in (properties.items() if isinstance(properties, dict) else ())
    ]


def _way_of(entry: Mapping[str, Any]) -> str:
    """How the request sends its inputs, when the form can say it."""
    if not entry:
        return "json"
    used = [place for place in _PLACES if at(entry, f"request.{place}")]
    if not used:
        return "nowhere"
    sent = at(entry, f"request.{used[0]}")
    plain = isinstance(sent, dict) and all(
        value == f"{{input.{name}}}" for name, value in sent.items()
    )
    return used[0] if len(used) == 1 and plain else "own"

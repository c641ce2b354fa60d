"""What can begin a workflow, and how the partner tells us of it."""

from collections.abc import Mapping
from typing import Any

from wtforms import RadioField, SelectField

from wedsync.catalog.editor.actions import GROUPS, entry_at, with_entry
from wedsync.catalog.editor.document import at, put, put_all, text_at, texts_at
from wedsync.catalog.editor.fields import PartForm, json_of, line, lines_of, shown_json, text

SCHEMES = {
    "none": "It does not tell us anything",
    "standard_webhooks": "Signed as Standard Webhooks",
    "standard_webhooks_v1a": "Signed as Standard Webhooks with a key pair",
    "stripe": "Signed as Stripe does",
    "basic": "Sent with a name and a password",
    "bearer": "Sent with a token",
    "file": "As the file says",
}


class TriggerForm(PartForm):
    template = "catalog/edit_trigger.html"
    title = "a trigger"

    label = line("What it is called", "What is it called?")
    sentence = line("As a sentence", "Say when it happens.")
    key = line("Short name", "Give it a short name.")
    event_type = line("Your word for it", "Which event do you send?")
    group = SelectField("Stands under", choices=GROUPS, default="Guests")
    sample = text("Example of what you send")

    @classmethod
    def of(cls, document: Mapping[str, Any], place: int | None = None) -> "TriggerForm":
        entry = entry_at(document, "triggers", place)
        said = {name: text_at(entry, name) for name in ("label", "sentence", "key", "event_type")}
        sample = shown_json(entry.get("sample"))
        return cls(data={**said, "group": text_at(entry, "group") or "Guests", "sample": sample})

    def into(self, document: Mapping[str, Any], place: int | None = None) -> dict[str, Any]:
        names = ("key", "label", "sentence", "event_type", "group")
        entry = {
            **entry_at(document, "triggers", place),
            **{each: self[each].data for each in names},
        }
        entry["sample"] = json_of(self.sample)
        return with_entry(document, "triggers", place, entry)


class HooksForm(PartForm):
    template = "catalog/edit_hooks.html"
    title = "How it tells us"

    scheme = RadioField("What you send us is", choices=SCHEMES, default="none")
    instructions = text("What the vendor does at your service")
    sensitive = text("Not for everybody's eyes")

    @classmethod
    def of(cls, document: Mapping[str, Any], place: int | None = None) -> "HooksForm":
        return cls(
            data={
                "scheme": _scheme_of(document),
                "instructions": text_at(document, "hooks.instructions"),
                "sensitive": "\n".join(texts_at(document, "hooks.sensitive")),
            }
        )

    def into(self, document: Mapping[str, Any], place: int | None = None) -> dict[str, Any]:
        if self.scheme.data == "none":
            return put(document, "hooks", None)
        said = {
            "hooks.instructions": self.instructions.data,
            "hooks.sensitive": lines_of(self.sensitive),
        }
        if self.scheme.data != "file":
            said |= {"hooks.scheme": self.scheme.data, "hooks.setup": "by_hand"}
        return put_all(document, said)


def _scheme_of(document: Mapping[str, Any]) -> str:
    """The choice that says what the document says, when the form has one."""
    if at(document, "hooks") is None:
        return "none"
    scheme = text_at(document, "hooks.scheme")
    by_hand = text_at(document, "hooks.setup") == "by_hand"
    return scheme if by_hand and scheme in SCHEMES else "file"

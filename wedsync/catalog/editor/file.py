"""The whole manifest as a file: for those who would rather write it."""

from collections.abc import Mapping
from typing import Any

from wedsync.catalog.editor.fields import PartForm, json_of, shown_json, text
from wedsync.errors import FieldError, Invalid

_LONGEST = 250_000


class FileForm(PartForm):
    template = "catalog/edit_file.html"
    title = "The file"

    document = text("The manifest as JSON", _LONGEST)

    @classmethod
    def of(cls, document: Mapping[str, Any], place: int | None = None) -> "FileForm":
        return cls(data={"document": shown_json(document)})

    def into(self, document: Mapping[str, Any], place: int | None = None) -> dict[str, Any]:
        written = json_of(self.document)
        if not isinstance(written, dict):
            words = "A manifest is an object: it begins with { and ends with }."
            raise Invalid(words, errors=[FieldError("/document", "object", words)])
        return written

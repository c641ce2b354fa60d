"""What it is called, what it does, what it may do, where it stands in the marketplace."""

from collections.abc import Mapping
from typing import Any

from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from wedsync.catalog.editor.document import put_all, text_at, texts_at
from wedsync.catalog.editor.fields import PartForm, commas_of, line, lines_of, text
from wedsync.catalog.goals import GOALS


class BasicsForm(PartForm):
    template = "catalog/edit_basics.html"
    title = "What it is"

    name = line("Name", "What is it called?")
    summary = line("In a line", "Say what it does, in one line.")
    description = text("What it is for")
    goals = SelectMultipleField(
        "What a vendor wants done",
        choices=GOALS,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    permissions = text("What it may see and do")
    keywords = text("Other words people search for")
    works_with = text("Goes well with")
    tried_against = line("Tried against")
    docs_url = line("Guide")
    support_url = line("Where to ask for help")

    @classmethod
    def of(cls, document: Mapping[str, Any], place: int | None = None) -> "BasicsForm":
        return cls(
            data={
                "name": text_at(document, "name"),
                "summary": text_at(document, "summary"),
                "description": text_at(document, "shelf.description"),
                "goals": texts_at(document, "shelf.categories"),
                "permissions": "\n".join(texts_at(document, "shelf.permissions")),
                "keywords": ", ".join(texts_at(document, "shelf.keywords")),
                "works_with": ", ".join(texts_at(document, "shelf.works_with")),
                "tried_against": text_at(document, "shelf.tried_against"),
                "docs_url": text_at(document, "shelf.docs_url"),
                "support_url": text_at(document, "shelf.support_url"),
            }
        )

    def into(self, document: Mapping[str, Any], place: int | None = None) -> dict[str, Any]:
        return put_all(
            document,
            {
                "name": self.name.data,
                "summary": self.summary.data,
                "shelf.description": self.description.data,
                "shelf.categories": list(self.goals.data or ()),
                "shelf.permissions": lines_of(self.permissions),
                "shelf.keywords": commas_of(self.keywords),
                "shelf.works_with": commas_of(self.works_with),
                "shelf.tried_against": self.tried_against.data,
                "shelf.docs_url": self.docs_url.data,
                "shelf.support_url": self.support_url.data,
            },
        )

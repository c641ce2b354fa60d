"""The panel of a step, or of what starts the workflow: its fields, filled in as a person types.

What they are is in `field_specs` and, of actions, in the manifests; writing is `field_writing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from wedsync.errors import Invalid
from wedsync.workflows.building.known.known_data import Known
from wedsync.workflows.building.panel.account_choices import Lists
from wedsync.workflows.building.panel.field import Field, Row
from wedsync.workflows.building.panel.field_choices import Accounts, Choices
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.panel.sheets import Sheet, sheet_of, vocabulary_with
from wedsync.workflows.building.panel.typed_rows import is_rows, shown_inputs, shown_rows
from wedsync.workflows.building.panel.typed_values import shown_value
from wedsync.workflows.building.typed.texts_with_data import Vocabulary
from wedsync.workflows.catalogue import Entries, entries
from wedsync.workflows.engine.clauses import condition_words

_MOST_ROWS = 500


def fields_on(
    organization_id: UUID, sheet: Sheet, found: Entries, accounts: Accounts | None = None
) -> tuple[Field, ...]:
    """The fields of a sheet, with what can be chosen in each; `found` are the actions there are,
    `accounts` those to act through, which are looked up where they are not given."""
    choices = Choices(organization_id, sheet.owner, accounts)
    lists = Lists(organization_id, sheet.owner, found)
    return tuple(_field(sheet, spec, choices, lists) for spec in sheet.specs)


def vocabulary_of(
    organization_id: UUID,
    definition: Any,
    step_id: str | None,
    known: Known | None = None,
) -> Vocabulary:
    """What every value is called in the fields of this panel."""
    sheet = sheet_of(definition, step_id, entries(organization_id), known)
    return sheet.vocabulary if sheet else vocabulary_with((), known, step_id)


def shown_in(sheet: Sheet, spec: Spec) -> tuple[str, tuple[Row, ...]]:
    """What stands in a field: its text, or its rows."""
    value = sheet.value(spec)
    if spec.kind == "condition":
        return ("" if value is None else condition_words(value)), ()
    if spec.kind == "inputs":
        return "", shown_inputs(value)
    if spec.kind == "key_values" and is_rows(value):
        return "", shown_rows(value, sheet.vocabulary, flat=spec.name == "event.match")
    typed = shown_value(spec, value, sheet.vocabulary)
    return typed.replace("\r\n", "\n").replace("\r", "\n"), ()


def _field(sheet: Sheet, spec: Spec, choices: Choices, lists: Lists) -> Field:
    typed, rows = shown_in(sheet, spec)
    is_long = spec.kind == "text" and "\n" in typed
    return Field(
        name=spec.name,
        title=spec.title,
        kind="long_text" if is_long else spec.kind,
        typed=typed,
        help=spec.help,
        required=spec.required,
        choices=choices.of(spec, typed),
        rows=rows,
        takes_data=spec.takes_data,
        example=spec.example,
        part=spec.part,
        is_listed=lists.is_listed(spec.name),
        chosen=lists.name_of(spec.name, sheet.value(spec)),
    )


def as_typed(
    fields: Sequence[Field], form: Mapping[str, str], refused: Invalid
) -> tuple[Field, ...]:
    """The fields with what somebody typed, and beside each what is wrong with it."""
    said = {error.pointer.removeprefix("/"): error.message for error in refused.errors}
    return tuple(_answered(each, form, said) for each in fields)


def _answered(field: Field, form: Mapping[str, str], said: Mapping[str, str]) -> Field:
    own = [message for name, message in said.items() if _is_of(name, field.name)]
    return replace(
        field,
        typed=form.get(field.name, field.typed),
        rows=rows_in(form, field.name) or field.rows,
        error=own[0] if own else None,
    )


def _is_of(name: str, field: str) -> bool:
    """Whether a name is that of a field, or of one of its rows."""
    number, _, side = name.removeprefix(f"{field}.").partition(".")
    return name == field or (number.isdecimal() and side in ("name", "value"))


def rows_in(form: Mapping[str, str], name: str) -> tuple[Row, ...]:
    """The rows of a field that a form holds, in order; where some are left out, the others close
    up, and are numbered anew when they are shown again."""
    numbers = {
        int(number)
        for key in form
        if key.startswith(f"{name}.")
        for number, _, side in [key.removeprefix(f"{name}.").partition(".")]
        if side in ("name", "value") and number.isdecimal() and len(number) < 6
    }
    return tuple(
        Row(
            form.get(f"{name}.{number}.name", ""),
            form.get(f"{name}.{number}.value", "").replace("\r\n", "\n"),
        )
        for number in sorted(numbers)[:_MOST_ROWS]
    )

"""What people fill in about a workflow beside its steps."""

from flask_wtf.file import FileField
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from wedsync.platform.forms import Form
from wedsync.workflows.editing.service import Changes
from wedsync.workflows.models import Workflow


def _stripped(value: str | None) -> str:
    return (value or "").strip()


class SettingsForm(Form):
    """Its name, and how much of it may happen at a time."""

    name = StringField(
        "Name", filters=[_stripped], validators=[InputRequired(message="Give it a name.")]
    )
    at_once = IntegerField("How many may happen at the same time", validators=[Optional()])
    per_hour = IntegerField("How many may begin within an hour", validators=[Optional()])

    @classmethod
    def of(cls, workflow: Workflow) -> "SettingsForm":
        """The form filled with how a workflow is now."""
        return cls(obj=workflow)

    @property
    def changes(self) -> Changes:
        return {
            "name": self.name.data,
            "at_once": self.at_once.data,
            "per_hour": self.per_hour.data,
        }


class PublishForm(Form):
    """What one says about a version, and which draft one has seen."""

    note = TextAreaField("What is new, in your words", filters=[_stripped])
    revision = IntegerField(validators=[Optional()])


class ImportForm(Form):
    """A file that was exported before, or what stands in one."""

    exported = FileField("The file")
    written = TextAreaField("Or paste what stands in it", filters=[_stripped])


class NewForm(Form):
    """What a workflow that is begun from nothing is called; it may be said later."""

    name = StringField("What it is called", filters=[_stripped])

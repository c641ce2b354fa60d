"""Forms that people fill in and a service judges."""

from flask_wtf import FlaskForm
from wtforms import Field

from wedsync.errors import WedSyncError


class Form(FlaskForm):
    """A form that can show what a service refused."""

    def show(self, error: WedSyncError) -> None:
        """Put each refusal beside its field, or on top when no field carries its name.

        The name is the last part of its place: `/options/header` is the field `header`.
        """
        for entry in error.errors:
            field = self.field_of(entry.pointer.rpartition("/")[2])
            if field is None:
                self.form_errors.append(entry.message)
            else:
                field.errors = [*field.errors, entry.message]
        if not error.errors:
            self.form_errors.append(error.detail)

    def field_of(self, name: str) -> Field | None:
        """The field in which people fill in what a service calls `name`."""
        return self._fields.get(name)

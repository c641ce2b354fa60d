"""What people fill in to answer a question."""

from wtforms import TextAreaField
from wtforms.validators import Length

from wedsync.platform.forms import Form
from wedsync.workflows.questions.approvals import LONGEST_NOTE


class AnswerForm(Form):
    """A note beside the yes or no; which of them it is, the button says."""

    note = TextAreaField(
        "A note, if you like",
        validators=[Length(max=LONGEST_NOTE, message=f"Use at most {LONGEST_NOTE:,} characters.")],
    )

"""Settings, “Messages to couples”: how many, at which hours, and whether on the day itself."""

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, IntegerField, TimeField
from wtforms.validators import InputRequired

from wedsync.errors import Invalid
from wedsync.platform import identity
from wedsync.platform.forms import Form
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done
from wedsync.platform.runtime import commit
from wedsync.workflows.running import message_rules
from wedsync.workflows.running.message_rules import Rules

pages = Blueprint("message_rules", __name__)
_NEEDED = InputRequired(message="This is needed.")


class RulesForm(Form):
    messages_a_day = IntegerField("At most so many messages a day", validators=[_NEEDED])
    quiet_from = TimeField("Nothing is sent from", validators=[_NEEDED])
    quiet_until = TimeField("Until", validators=[_NEEDED])
    on_the_day = BooleanField("Send on the wedding day too")

    def rules(self) -> Rules:
        """What was filled in."""
        return Rules(
            self.messages_a_day.data,
            self.quiet_from.data,
            self.quiet_until.data,
            self.on_the_day.data,
        )


@pages.route("/settings/messages", methods=["GET", "POST"])
@requires("owner")
def page() -> AnyResponse:
    """What holds, and the form that changes it."""
    if request.method != "POST":
        return _form(RulesForm(obj=message_rules.rules_of(identity.organization_id())))
    form = RulesForm()
    if not form.validate():
        return _form(form)
    try:
        message_rules.change(identity.current(), form.rules())
    except Invalid as error:
        form.show(error)
        return _form(form)
    commit()
    return done(
        "This holds from the next message on. What waits already looks again at its time.",
        url_for("message_rules.page"),
    )


def _form(form: RulesForm) -> Response:
    return render("workflows/message_rules.html", status=422 if form.errors else 200, form=form)

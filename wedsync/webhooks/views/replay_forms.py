"""What people choose to send an endpoint again."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from wtforms import DateField, RadioField, SelectMultipleField, TimeField
from wtforms.validators import Optional

from wedsync.platform.forms import Form
from wedsync.platform.wording import Wording
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.replays.service import THE_BEGINNING, Wish

FAILING, MOMENT = "failing", "moment"
_AGO = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
_SINCE = {
    "hour": "An hour ago",
    "day": "A day ago",
    "week": "A week ago",
    "ever": "The beginning",
    MOMENT: "A day and time",
}
WHICH = {
    "not_delivered": "What has not arrived",
    "failed": "Only what gave up",
    "all": "Everything, also what arrived",
}


class ReplayForm(Form):
    """What to send again: asked for by GET, so that it can be looked at before anything is done."""

    class Meta:
        csrf = False

    since = RadioField("Since when", choices=_SINCE, default="day")
    day = DateField("Day", validators=[Optional()])
    hour = TimeField("Time", validators=[Optional()])
    which = RadioField("What", choices=WHICH, default="not_delivered")
    event_types = SelectMultipleField("Which kinds", validate_choice=False)

    def fit(self, endpoint: Endpoint, words: Wording) -> None:
        """Offer what this endpoint's state suggests."""
        if endpoint.failing_since is not None:
            began = f"When it began to fail, {words.moment(endpoint.failing_since)}"
            self.since.choices = list({FAILING: began, **_SINCE}.items())

    def wish(self, endpoint: Endpoint, words: Wording) -> Wish | None:
        """What was chosen; None, with the reason beside its field, when that is nothing yet."""
        since = self._moment(endpoint, words)
        if since is None:
            return None
        chosen = tuple(dict.fromkeys(filter(None, self.event_types.data or ())))
        return Wish(since, None, chosen, self.which.data)

    def _moment(self, endpoint: Endpoint, words: Wording) -> datetime | None:
        chosen = self.since.data
        if chosen == FAILING and endpoint.failing_since is not None:
            return endpoint.failing_since
        if chosen == MOMENT:
            return self._day_and_time(words)
        if chosen in _AGO:
            return words.now - _AGO[chosen]
        return THE_BEGINNING

    def _day_and_time(self, words: Wording) -> datetime | None:
        if self.day.data is None:
            self.day.errors = [*self.day.errors, "Choose a day."]
            return None
        hour = self.hour.data or time()
        return datetime.combine(self.day.data, hour, ZoneInfo(words.zone))

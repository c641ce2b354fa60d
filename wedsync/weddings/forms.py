"""What people fill in about weddings."""

from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional

from wedsync.errors import Stale
from wedsync.platform.forms import Form
from wedsync.weddings import policy
from wedsync.weddings.fields import DATES
from wedsync.weddings.models import Wedding

_NEW = ("inquiry", "tentative", "booked", "completed")


def _text(label: str, *validators: Any) -> StringField:
    return StringField(label, filters=[_stripped], validators=list(validators))


def _stripped(value: str | None) -> str:
    return (value or "").strip()


def _day(label: str) -> DateField:
    return DateField(label, validators=[Optional()])


class RecordForm(Form):
    """What a wedding is, apart from its dates."""

    title = _text("Name", InputRequired(message="Give it a name, such as “Hannah & Josef”."))
    partners = TextAreaField("Who marries", filters=[_stripped])
    venue = _text("Venue")
    zone = _text("Time zone", InputRequired(message="Where is it? Write it as Europe/London."))
    currency = _text("Currency", InputRequired(message="Write it as GBP."))
    final_count = IntegerField("Final count", validators=[Optional()])
    status = SelectField("Where it stands", validate_choice=False)

    def record(self) -> dict[str, Any]:
        """What the service is asked for."""
        lines = self.partners.data.splitlines()
        return {
            "title": self.title.data,
            "partners": [line for line in lines if line.strip()],
            "venue": self.venue.data,
            "zone": self.zone.data,
            "currency": self.currency.data,
            "final_count": self.final_count.data,
            "status": self.status.data,
        }


class NewWeddingForm(RecordForm):
    """A wedding with its dates."""

    date = _day("Wedding day")
    rsvp_deadline = _day("RSVP deadline")
    final_count_due = _day("Final count due")
    delivery_date = _day("Delivery day")

    def choose(self, zone: str) -> "NewWeddingForm":
        """Offer what a new wedding can be; begin with the organization's own zone."""
        self.status.choices = [(each, policy.WORDS[each]) for each in _NEW]
        self.status.data = self.status.data or "booked"
        self.zone.data = self.zone.data or zone
        self.currency.data = self.currency.data or "GBP"
        return self

    def record(self) -> dict[str, Any]:
        return {**super().record(), **{name: self[name].data for name in DATES}}


class WeddingForm(RecordForm):
    """A wedding as it is changed. `revision` is what the person saw when they began."""

    revision = HiddenField()

    @classmethod
    def of(cls, wedding: Wedding) -> "WeddingForm":
        names = [str(each.get("name", "")) for each in wedding.partners]
        kept = ("title", "venue", "zone", "currency", "final_count", "status", "revision")
        said = {name: getattr(wedding, name) for name in kept}
        return cls(data={**said, "partners": "\n".join(names)})

    def choose(self, wedding: Wedding) -> "WeddingForm":
        """Offer where it can go from where it stands; the big steps have pages of their own."""
        own_page = ("postponed", "cancelled", "archived")
        offered = [each for each in policy.NEXT[wedding.status] if each not in own_page]
        choices = [wedding.status, *(each for each in offered if each != wedding.status)]
        self.status.choices = [(each, policy.WORDS[each]) for each in choices]
        return self

    def begin_again(self, wedding: Wedding, stale: Stale) -> None:
        """Keep what was filled in, and say that it was written over something newer."""
        self.revision.data = str(wedding.revision)
        self.form_errors.append(
            f"{stale.detail} What you filled in is kept; keep it once more to let it stand."
        )


class DatesForm(Form):
    """The dates of a wedding that moves; `along` moves the others by as many days."""

    date = _day("Wedding day")
    along = BooleanField("Move the other dates by as many days")
    rsvp_deadline = _day("RSVP deadline")
    final_count_due = _day("Final count due")
    delivery_date = _day("Delivery day")
    revision = HiddenField()

    def dates(self) -> dict[str, Any]:
        """What the service is asked for."""
        return {name: self[name].data for name in DATES}


class StatusForm(Form):
    """Where it stands from here on."""

    status = StringField()

"""What people fill in to make endpoints, to change them, and to give them new secrets."""

from datetime import timedelta
from typing import Any, cast

from wtforms import BooleanField, Field, FieldList, FormField, RadioField, SelectField, StringField
from wtforms import Form as PlainForm

from wedsync.platform.forms import Form
from wedsync.webhooks.endpoints import conditions
from wedsync.webhooks.endpoints.conditions import Condition
from wedsync.webhooks.endpoints.rules import EndpointFields
from wedsync.webhooks.models import Endpoint

OVERLAPS = {
    "0": "Not at all: from now on only the new one counts",
    "1": "For an hour",
    "24": "For a day",
    "168": "For a week",
}
_RECEIVES = {"posts": "We send it to them", "polls": "They fetch it themselves"}
_AT_FAILURE = {"goes_on": "Leave a gap and go on", "stops": "Stop there and wait for you"}
_NOT_A_NUMBER = "Write a number here, or nothing."


def _stripped(value: str | None) -> str:
    return (value or "").strip()


def _text(label: str) -> StringField:
    return StringField(label, filters=[_stripped])


class TypesField(Field):
    """Names of events: the ticked ones, and those written below them, one a line."""

    def process_formdata(self, valuelist: list[str]) -> None:
        lines = "\n".join(valuelist).replace(",", "\n").splitlines()
        self.data = list(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def process_data(self, value: Any) -> None:
        self.data = list(value or ())


class ConditionForm(PlainForm):
    """One row of what an event must be like."""

    place = _text("What")
    verb = SelectField("How", choices=conditions.VERBS, default="is", validate_choice=False)
    value = _text("With what")

    def row(self) -> Condition:
        """The row as it was filled in."""
        verb = self.verb.data or ""
        value = "" if verb in conditions.WITHOUT_VALUE else self.value.data
        return Condition(self.place.data, verb, value)

    def is_empty(self) -> bool:
        return not self.place.data and not self.value.data


class EndpointForm(Form):
    """An endpoint. What is about sending counts only where we send."""

    receives = RadioField("How they get it", choices=_RECEIVES, default="posts")
    url = _text("Address")
    description = _text("Name")
    event_types = TypesField("What it is told about")
    joined = SelectField("Of these conditions", choices=conditions.JOINED, default="and")
    only_when = FieldList(FormField(ConditionForm), "Only when")
    drops_filter = BooleanField("Take this condition away")
    ordered_by = _text("One after the other by")
    at_failure = RadioField(
        "When one of them cannot be delivered", choices=_AT_FAILURE, default="goes_on"
    )
    rate_per_s = _text("At most so many a second")
    max_in_flight = _text("At most so many at once")
    key_pair = BooleanField("Sign with a key pair too")

    @classmethod
    def of(cls, endpoint: Endpoint) -> "EndpointForm":
        """The form filled with what an endpoint says."""
        rows, joined = conditions.rows_of(endpoint.filter) or ([], "and")
        return cls(
            data={
                "receives": endpoint.receives,
                "url": endpoint.url,
                "description": endpoint.description,
                "event_types": endpoint.event_types,
                "joined": joined,
                "only_when": [_filled(row) for row in rows],
                "ordered_by": endpoint.ordered_by or "",
                "at_failure": "stops" if endpoint.stops_at_failure else "goes_on",
                "rate_per_s": _written(endpoint.rate_per_s),
                "max_in_flight": _written(endpoint.max_in_flight),
            }
        )

    def fields(self, endpoint: Endpoint | None) -> EndpointFields:
        """What the service is asked for, of a new endpoint or of one there is.

        Of one there is, neither how it receives nor its key pair: those change elsewhere or never.
        """
        said: dict[str, Any] = {
            "description": self.description.data,
            "event_types": self.event_types.data,
            **self._filter(endpoint),
        }
        receives = endpoint.receives if endpoint else self.receives.data
        if receives == "posts":
            said |= self._about_sending()
        if endpoint is None:
            said["receives"] = receives
            said |= {"key_pair": self.key_pair.data} if receives == "posts" else {}
        return cast(EndpointFields, said)

    def validate(self, extra_validators: Any = None) -> bool:
        fits = bool(super().validate(extra_validators))
        return fits & self._says_where() & self._rows_can_be() & self._are_numbers()

    def add_row(self) -> None:
        """Make room for one more condition."""
        if len(self.only_when) < conditions.MOST_ROWS:
            self.only_when.append_entry()

    def drop_row(self, number: str) -> None:
        """Forget the condition of this number, counted from nought."""
        kept = [entry.data for index, entry in enumerate(self.only_when) if str(index) != number]
        while len(self.only_when):
            self.only_when.pop_entry()
        for each in kept:
            self.only_when.append_entry(each)

    def _filter(self, endpoint: Endpoint | None) -> dict[str, Any]:
        """A filter that is no rows stays, until it is taken away."""
        is_other = endpoint is not None and conditions.rows_of(endpoint.filter) is None
        if is_other and not self.drops_filter.data:
            return {}
        return {"filter": conditions.rule_of(self._rows(), self.joined.data)}

    def _rows(self) -> list[Condition]:
        return [entry.form.row() for entry in self.only_when if not entry.form.is_empty()]

    def _says_where(self) -> bool:
        if self.receives.data == "posts" and not self.url.data:
            self.url.errors = ["Where should it be sent?"]
        return not self.url.errors

    def _rows_can_be(self) -> bool:
        """Put what is wrong with a row beside the part of it that is wrong."""
        wrong = []
        for entry in self.only_when:
            problem = None if entry.form.is_empty() else conditions.problem(entry.form.row())
            if problem is not None:
                part, words = problem
                entry.form[part].errors = [words]
                wrong.append(words)
        self.only_when.errors = wrong
        if len(self.only_when) > conditions.MOST_ROWS:
            self.form_errors.append(f"At most {conditions.MOST_ROWS} conditions.")
        return not (wrong or self.form_errors)

    def _are_numbers(self) -> bool:
        for field in (self.rate_per_s, self.max_in_flight):
            try:
                _number(field.data)
            except ValueError:
                field.errors = [_NOT_A_NUMBER]
        return not (self.rate_per_s.errors or self.max_in_flight.errors)

    def _about_sending(self) -> dict[str, Any]:
        rate, most = _number(self.rate_per_s.data), _number(self.max_in_flight.data)
        return {
            "url": self.url.data,
            "ordered_by": self.ordered_by.data or None,
            "stops_at_failure": self.at_failure.data == "stops",
            "rate_per_s": rate,
            "max_in_flight": most if most is None or most % 1 else int(most),
        }


class RotationForm(Form):
    """A new secret, and how long the present one goes on signing."""

    overlap = RadioField("How long does the present one sign too?", choices=OVERLAPS, default="24")

    def length(self) -> timedelta:
        """The overlap as a length of time."""
        return timedelta(hours=int(self.overlap.data))


def _filled(row: Condition) -> dict[str, str]:
    return {"place": row.place, "verb": row.verb, "value": row.value}


def _written(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def _number(typed: str) -> float | None:
    """Raises ValueError for what is no number."""
    return float(typed.replace(",", ".")) if typed else None

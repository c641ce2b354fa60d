"""Weddings, as the API tells them."""

import datetime as dt
from typing import Any, Literal

from pydantic import Field, field_validator

from wedsync.api.schemas.base import Answer, Body, Page, PageQuery, Resource
from wedsync.weddings import policy
from wedsync.weddings.models import Wedding

Status = Literal[
    "inquiry", "tentative", "booked", "completed", "cancelled", "postponed", "archived"
]
Settable = Literal["inquiry", "tentative", "booked", "completed", "cancelled", "postponed"]

_DAY: Any = Field(
    default=None,
    max_length=10,
    description="ISO 8601, a day where the wedding is; null while it is not known.",
    examples=["2027-06-12"],
)


class Partner(Body):
    name: str = Field(max_length=400, examples=["Hannah Byrne"])


class _Details(Body):
    title: str = Field(max_length=400, examples=["Hannah & Josef"])
    partners: list[Partner] = Field(
        default=[], max_length=10, examples=[[{"name": "Hannah Byrne"}]]
    )
    date: str | None = _DAY
    rsvp_deadline: str | None = _DAY
    final_count_due: str | None = _DAY
    delivery_date: str | None = _DAY
    final_count: int | None = Field(
        default=None, ge=0, le=100_000, description="How many people there will be.", examples=[82]
    )
    zone: str = Field(
        default="",
        max_length=64,
        description="IANA name of the zone the wedding is in; "
        "of a new one, yours if it is not said.",
        examples=["Europe/Rome"],
    )
    venue: str = Field(default="", max_length=600, examples=["Villa Serena, Florence"])
    currency: str = Field(
        default="GBP", max_length=3, description="ISO 4217 code.", examples=["EUR"]
    )


class WeddingIn(_Details):
    status: Literal["inquiry", "tentative", "booked", "completed"] = "booked"


class WeddingPatch(_Details):
    """Only what is named changes. Of one that becomes `postponed` the dates that are not named
    are not known any more."""

    title: str = Field(default="", max_length=400, examples=["Hannah & Josef"])
    status: Settable = Field(default="booked", examples=["booked"])


class PostponeIn(Body):
    """The new dates; those that are not named are not known yet."""

    date: str | None = _DAY
    rsvp_deadline: str | None = _DAY
    final_count_due: str | None = _DAY
    delivery_date: str | None = _DAY


class WeddingQuery(PageQuery):
    status: Status | None = Field(
        default=None, description="Only those; without it all but the archived ones."
    )


class PartnerOut(Answer):
    name: str


class WeddingOut(Resource):
    title: str
    partners: list[PartnerOut]
    date: dt.date | None
    rsvp_deadline: dt.date | None
    final_count_due: dt.date | None
    delivery_date: dt.date | None
    final_count: int | None
    zone: str
    venue: str
    currency: str
    status: Status
    revision: int = Field(description="Rises with every change; also the `ETag`.")
    updated_at: dt.datetime
    warnings: list[str] = Field(
        description="What about its dates is worth a second look, a sentence each."
    )

    @field_validator("partners", mode="before")
    @classmethod
    def _with_names(cls, partners: Any) -> Any:
        return [{"name": str(each.get("name", ""))} for each in partners]


class WeddingPage(Page):
    data: list[WeddingOut]


def wedding_out(wedding: Wedding) -> WeddingOut:
    fields = set(WeddingOut.model_fields) - {"warnings"}
    shown = {name: getattr(wedding, name) for name in fields}
    return WeddingOut.model_validate({**shown, "warnings": policy.warnings(wedding)})

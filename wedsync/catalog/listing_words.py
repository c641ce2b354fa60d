"""What a partner reads about a listing: how it stands, what is to mend, what was said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from wedsync.catalog.editor import PARTS, ROWS, place_of
from wedsync.catalog.editor.document import at, parts_at, text_at, texts_at
from wedsync.catalog.editor.fields import PartForm
from wedsync.connectors.checks import Problem
from wedsync.listings import queries
from wedsync.listings.models import TO_REVIEW_STATES, Listing, ListingVersion
from wedsync.platform import wording
from wedsync.platform.wording import State

STATE_WORDS = {
    "draft": ("ahead", "Draft"),
    "submitted": ("waiting", "Waiting for an admin"),
    "in_review": ("waiting", "Being read"),
    "changes_asked": ("needs", "Changes asked"),
    "approved": ("done", "Approved"),
    "published": ("done", "In the marketplace"),
    "superseded": ("off", "Replaced"),
    "withdrawn": ("off", "Not listed"),
}
ROW_WORDS = {"actions": "an action", "triggers": "a trigger"}
_AUTH_WORDS = {
    "api_key": "With a key",
    "oauth2_code": "By signing in at your page",
    "none": "Without signing in",
}


@dataclass(frozen=True, slots=True)
class ToMend:
    """A problem, and where it is mended."""

    sentence: str
    url: str
    where: str


@dataclass(frozen=True, slots=True)
class PartLine:
    """A part of the manifest in a line."""

    name: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of what happened with a version: when, who did what, and their words."""

    at: datetime
    what: str
    words: str = ""


def state_of(listing: Listing, version: ListingVersion) -> State:
    """How a listing stands, its newest version above all."""
    if listing.state == "suspended":
        return State("needs", "Taken out by an admin")
    if listing.state == "withdrawn" and version.state == "published":
        return State("off", "Withdrawn by you")
    return State(*STATE_WORDS[version.state])


def news(listing: Listing, version: ListingVersion) -> str:
    """What a partner should know first."""
    serves = " The version before keeps serving meanwhile." if listing.published_version_id else ""
    if listing.state == "suspended":
        return (
            "Nobody can connect it until an admin puts it back. Who is connected stays connected."
        )
    if version.state in TO_REVIEW_STATES:
        return f"It is with the admins. Nothing for you to do; we write to you.{serves}"
    if version.state == "published" and listing.state == "open":
        return "Vendors find it in the marketplace."
    return _NEWS.get(version.state, "") + (serves if version.state != "published" else "")


_NEWS = {
    "draft": "Only your team sees it. Send it to the admins when nothing is left to mend.",
    "changes_asked": "An admin would like something changed first; their words are below.",
    "approved": "It is approved.",
    "published": "It is not in the marketplace: you withdrew it. Who is connected stays connected.",
    "withdrawn": "It was not listed; the reason is below. You can begin another version.",
}


def to_mend(listing: Listing, problems: list[Problem]) -> list[ToMend]:
    """Each problem with a link to where it is mended."""
    return [_to_mend(listing, problem) for problem in problems]


def parts_of(document: Mapping[str, Any]) -> list[PartLine]:
    """The parts that are edited whole, each in a line of what it says now."""
    said = {
        "basics": text_at(document, "shelf.description") or "Nothing is said of it yet.",
        "connecting": _connecting(document),
        "hooks": _hooks(document),
        "file": "All of it, for those who would rather write it.",
    }
    return [PartLine(name, PARTS[name].title, words) for name, words in said.items()]


def rows_of(document: Mapping[str, Any], kind: str) -> list[tuple[str, str]]:
    """The label and the sentence of every action or trigger."""
    return [
        (text_at(entry, "label") or "Without a name", text_at(entry, "sentence"))
        for entry in parts_at(document, kind)
    ]


def talk_of(version: ListingVersion) -> list[Entry]:
    """What happened with a version and what was said about it, the newest first."""
    said = [
        Entry(each.message.created_at, f"{each.author}{_side(each)} wrote", each.message.words)
        for each in queries.talk(version)
    ]
    if version.submitted_at is not None:
        said.append(
            Entry(version.submitted_at, f"Version {version.number} was sent", version.note or "")
        )
    if version.decided_at is not None:
        said.append(Entry(version.decided_at, _decision(version), version.reason or ""))
    return sorted(said, key=lambda each: each.at, reverse=True)


def _side(each: queries.Message) -> str:
    return ", an admin," if each.message.by_admin else ""


def _decision(version: ListingVersion) -> str:
    decisions = {
        "changes_asked": "An admin asked for changes",
        "draft": "An admin asked for changes",
        "withdrawn": "An admin did not list it",
    }
    return decisions.get(version.state, "An admin listed it")


def _to_mend(listing: Listing, problem: Problem) -> ToMend:
    if problem.path in ROWS:
        url = url_for("catalog.new_row", listing_id=listing.id, kind=problem.path)
        return ToMend(problem.sentence, url, f"Add {ROW_WORDS[problem.path]}")
    name, place = place_of(problem.path)
    if place is None:
        url = url_for("catalog.edit_part", listing_id=listing.id, part=name)
        return ToMend(said(problem, PARTS[name]), url, PARTS[name].title)
    url = url_for("catalog.edit_row", listing_id=listing.id, kind=name, place=place)
    where = f"{wording.capital(ROWS[name].title)}, number {place + 1}"
    return ToMend(said(problem, ROWS[name]), url, where)


def said(problem: Problem, form: type[PartForm]) -> str:
    """The problem with the field it is about, as that is called where it is mended."""
    label = form.label_of(problem.path)
    return f"{label}: {problem.sentence}" if label else problem.sentence


def _connecting(document: Mapping[str, Any]) -> str:
    words = _AUTH_WORDS.get(text_at(document, "auth.kind"), "As the file says")
    base_url = text_at(document, "base_url")
    return f"{words}, at {base_url}." if base_url else f"{words}. Where it answers is not said yet."


def _hooks(document: Mapping[str, Any]) -> str:
    if at(document, "hooks") is None:
        return "It does not tell us anything by itself."
    hidden = len(texts_at(document, "hooks.sensitive"))
    rest = f" {wording.capital(wording.count(hidden, 'part'))} sealed." if hidden else ""
    return f"You send us what happens, signed.{rest}"

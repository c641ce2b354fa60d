"""What the editor's forms post, and short ways through its pages."""

import re
from html import unescape
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.page_words import words_of
from tests.personas import Persona
from tests.statements import statements_asked
from wedsync.listings.models import Listing, ListingVersion

BASICS = {
    "name": "Seatwell",
    "summary": "Table plans that follow the answers.",
    "description": "Seats your guests.",
    "goals": ["guests", "build"],
    "permissions": "See guests and their answers\nCannot see money",
    "keywords": "seating, place cards",
    "works_with": "Stripe",
    "tried_against": "our own test account",
    "docs_url": "https://seatwell.example/guide",
    "support_url": "https://seatwell.example/help",
}
CONNECTING = {
    "base_url": "https://api.seatwell.example/v2",
    "kind": "api_key",
    "key_title": "Seatwell key",
    "header_name": "Authorization",
    "header_value": "Bearer {secret.api_key}",
    "client_auth": "basic",
    "account_path": "/me",
    "account_id": "id",
    "account_name": "name",
}
ACTION = {
    "label": "Seat a guest",
    "sentence": "Seat {guest} at {table}",
    "done": "Seated {guest}",
    "key": "seat_guest",
    "group": "Guests",
    "effect": "once",
    "method": "POST",
    "path": "/guests/{input.guest}/seat",
    "way": "json",
    "inputs-0-name": "guest",
    "inputs-0-title": "Guest",
    "inputs-0-type": "string",
    "inputs-0-required": "yes",
    "inputs-1-name": "table",
    "inputs-1-title": "Table",
    "inputs-1-type": "integer",
    "inputs-1-required": "no",
    "inputs-2-name": "",
    "inputs-2-title": "",
    "inputs-2-type": "string",
    "inputs-2-required": "yes",
    "output_sample": '{"seat": 4}',
}
HOOKS = {"scheme": "standard_webhooks", "instructions": "Paste the address.", "sensitive": "diet"}
TRIGGER = {
    "label": "A guest is seated",
    "sentence": "When a guest is seated",
    "key": "seated",
    "event_type": "guest.seated",
    "group": "Guests",
    "sample": '{"guest": "Rosa"}',
}


def version_row(database: Session, listing_id: UUID) -> ListingVersion:
    database.expire_all()
    query = select(ListingVersion).where(ListingVersion.listing_id == listing_id)
    return database.scalars(query.order_by(ListingVersion.number.desc()).limit(1)).one()


def begin(database: Session, persona: Persona, slug: str) -> UUID:
    answer = persona.browser.post("/listings/new", data={"name": "Seatwell", "slug": slug})
    assert answer.status_code == 303, words_of(answer)
    return database.scalars(select(Listing.id).where(Listing.slug == slug)).one()


def keep(database: Session, persona: Persona, listing_id: UUID, part: str, data: Any) -> None:
    revision = version_row(database, listing_id).revision
    path = f"/listings/{listing_id}/{part}"
    answer = persona.browser.post(path, data={**data, "revision": revision})
    assert answer.status_code == 303, words_of(answer)


def said_on(persona: Persona, path: str) -> str:
    answer = persona.browser.get(path)
    assert answer.status_code == 200
    return words_of(answer)


def filled_in(page: str) -> dict[str, list[str]]:
    """What a browser would post of the page's last form, untouched."""
    form = page[page.index('<form class="ws-form') :]
    form = form[: form.index("</form>")]
    data: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'(\w[\w-]*)="([^"]*)"', tag))
        is_choice = said.get("type") in ("radio", "checkbox")
        if "name" in said and (not is_choice or re.search(r"\schecked\b", tag)):
            data.setdefault(said["name"], []).append(unescape(said.get("value", "")))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        data[name] = [unescape(text).removeprefix("\r\n").removeprefix("\n")]
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.findall(r'<option selected value="([^"]*)"', options)
        first = re.findall(r'<option value="([^"]*)"', options)[:1]
        data[name] = [unescape(value) for value in chosen or first]
    data.pop("revision")
    return data


def statements_of(app: APIFlask, persona: Persona, path: str) -> int:
    """How many statements a page asks."""
    with statements_asked(app) as asked:
        said_on(persona, path)
    return len(asked)

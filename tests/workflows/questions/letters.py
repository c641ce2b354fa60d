"""Letters to whoever is asked, and what they answer by the link in them."""

import re

from apiflask import APIFlask

from tests.letters import Letter, letters_to
from tests.personas import Browser
from wedsync.platform.db import db
from wedsync.platform.runtime import settings, vault
from wedsync.workflows.questions.approval_letters import keep_asked_people_told

_LINKS = re.compile(r"^http://localhost:8000(/approvals/\S+)$", re.MULTILINE)


def write_letters(app: APIFlask) -> int:
    """What the schedule does."""
    with app.app_context(), db.engine.begin() as connection:
        return keep_asked_people_told(connection, vault(), settings())


def letter_to(app: APIFlask, address: str) -> Letter:
    (found,) = letters_to(app, address)
    return found


def links_in(letter: Letter) -> list[str]:
    return _LINKS.findall(letter.text)


def link_in(letter: Letter) -> str:
    (found,) = links_in(letter)
    return found


def say(browser: Browser, link: str, answer: str = "approved", note: str = "") -> tuple[int, str]:
    posted = browser.post(link, data={"answer": answer, "note": note})
    return posted.status_code, posted.text

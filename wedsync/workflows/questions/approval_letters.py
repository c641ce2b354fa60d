"""Writing to whoever is asked, once when the question comes up and once as a reminder.

Done by the clock and not in the run's move, so that fifty questions of one loop become one e-mail
for each address. Every question in it has a link of its own, whose token is kept only as a hash;
opening it shows the question, and only the button there answers.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from flask import current_app
from sqlalchemy import Connection, Row, text

from wedsync.accounts import tokens
from wedsync.platform import batch, clock
from wedsync.platform.batch import recordset
from wedsync.platform.mail import outbox
from wedsync.platform.vault import Vault
from wedsync.platform.wording import Wording
from wedsync.settings import Settings
from wedsync.workflows.engine.words import clip
from wedsync.workflows.questions import approval_bounds, approval_people
from wedsync.workflows.questions.approval_people import Person
from wedsync.workflows.questions.approval_queries import TOKEN_PREFIX
from wedsync.workflows.questions.approval_words import Follows, what_follows

_AT_ONCE = 500
_QUESTIONS_A_LETTER = 50
_LONGEST_TITLE, _LONGEST_QUESTION = 80, 600
_GOOD_FOR = timedelta(days=730)
"""How long a link lives whose question never expires."""

_OPEN = (
    "SELECT a.id, a.organization_id, a.ask, a.who, a.then_ask, a.expires_at, a.on_expiry,"
    " a.step_id, o.name AS organization, o.zone, w.name AS workflow, r.version_id"
    " FROM approvals a JOIN runs r ON r.id = a.run_id JOIN workflows w ON w.id = r.workflow_id"
    " JOIN organizations o ON o.id = a.organization_id"
    " WHERE a.state = 'open' AND coalesce(a.expires_at > clock_timestamp(), true)"
)
_END = f" ORDER BY a.id LIMIT {_AT_ONCE} FOR UPDATE OF a SKIP LOCKED"
_NOT_HELD = " AND coalesce(a.held_until <= clock_timestamp(), true)"
_TO_TELL = text(f"{_OPEN} AND a.told_at IS NULL{_NOT_HELD}{_END}")
_TO_REMIND = text(
    f"{_OPEN} AND a.told_at IS NOT NULL AND a.reminded_at IS NULL"
    f" AND a.remind_at <= clock_timestamp(){_NOT_HELD}{_END}"
)
_TOLD = text(
    "UPDATE approvals SET told_at = clock_timestamp(), held_until = NULL WHERE id = ANY(:ids)"
)
_REMINDED = text(
    "UPDATE approvals SET reminded_at = clock_timestamp(), held_until = NULL WHERE id = ANY(:ids)"
)
_HELD = text("UPDATE approvals SET held_until = :until WHERE id = ANY(:ids)")
_DEFINITIONS = text("SELECT id, definition FROM workflow_versions WHERE id = ANY(:ids)")
_INSERT_LINKS = text(
    "INSERT INTO approval_links (organization_id, approval_id, email, token_hash, expires_at)"
    " SELECT organization_id, approval_id, email, decode(token_hash, 'hex'), expires_at FROM "
    + recordset(
        "organization_id uuid, approval_id uuid, email text, token_hash text,"
        " expires_at timestamptz"
    )
)

Kind = Literal["asked", "reminded", "handed_over"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question to one person."""

    row: Row[Any]
    person: Person
    kind: Kind

    @property
    def letter(self) -> tuple[UUID, Kind, str]:
        """What is told in one e-mail: of one organization, for one reason, to one address."""
        return self.row.organization_id, self.kind, self.person.email.lower()


@dataclass(frozen=True, slots=True)
class _Question:
    """A question as a letter tells it."""

    ask: str
    workflow: str
    link: str
    follows: Follows


def keep_asked_people_told(connection: Connection, vault: Vault, settings: Settings) -> int:
    """Write to whoever is asked and was not told, or is to be reminded; how many e-mails.

    A question one of whose letters has to wait (`approval_bounds`) waits whole.
    The caller commits and wakes the lane `mail`.
    """
    to_tell = connection.execute(_TO_TELL).all()
    to_remind = connection.execute(_TO_REMIND).all()
    asked = [each for row in to_tell for each in _people(connection, row, "asked")]
    for row in to_remind:
        asked += _reminded(connection, row)
    held = _held_back(connection, _letters(asked))
    letters = _letters([each for each in asked if each.row.id not in held])
    definitions = _definitions(connection, asked)
    for letter in letters:
        _write(connection, vault, settings, letter, definitions)
    connection.execute(_HELD, {"ids": list(held), "until": clock.now() + approval_bounds.HELD_FOR})
    connection.execute(_TOLD, {"ids": [row.id for row in to_tell if row.id not in held]})
    connection.execute(_REMINDED, {"ids": [row.id for row in to_remind if row.id not in held]})
    return len(letters)


def _held_back(connection: Connection, letters: Sequence[Sequence[_Asked]]) -> set[UUID]:
    """The questions of letters there is no room for today."""
    room = approval_bounds.Room(connection)
    return {
        each.row.id
        for letter in letters
        if not room.take(letter[0].row.organization_id, letter[0].person)
        for each in letter
    }


def _definitions(connection: Connection, asked: Sequence[_Asked]) -> Mapping[UUID, Any]:
    """What the runs run by that ask, each once, however many questions a loop asks."""
    ids = list({each.row.version_id for each in asked})
    return {row.id: row.definition for row in connection.execute(_DEFINITIONS, {"ids": ids})}


def _reminded(connection: Connection, row: Row[Any]) -> list[_Asked]:
    """Whoever was asked is reminded, and whoever is next is asked too."""
    first = _people(connection, row, "reminded")
    known = {each.person.email.lower() for each in first}
    then = _people(connection, row, "handed_over") if row.then_ask else []
    return first + [each for each in then if each.person.email.lower() not in known]


def _people(connection: Connection, row: Row[Any], kind: Kind) -> list[_Asked]:
    who = row.then_ask if kind == "handed_over" else row.who
    people = approval_people.asked(connection, row.organization_id, who)
    return [_Asked(row, person, kind) for person in people]


def _letters(asked: Sequence[_Asked]) -> list[list[_Asked]]:
    by_letter: defaultdict[tuple[UUID, Kind, str], list[_Asked]] = defaultdict(list)
    for each in asked:
        by_letter[each.letter].append(each)
    size = _QUESTIONS_A_LETTER
    return [
        together[first : first + size]
        for together in by_letter.values()
        for first in range(0, len(together), size)
    ]


def _write(
    connection: Connection,
    vault: Vault,
    settings: Settings,
    letter: Sequence[_Asked],
    definitions: Mapping[UUID, Any],
) -> None:
    first = letter[0]
    raws = [tokens.new(TOKEN_PREFIX) for _ in letter]
    _keep_links(connection, letter, raws)
    questions = [
        _question(
            each.row, definitions[each.row.version_id], f"{settings.public_url}/approvals/{raw}"
        )
        for each, raw in zip(letter, raws, strict=True)
    ]
    subject, text = _words(first, questions)
    outbox.post(
        connection,
        vault,
        kind="approval",
        to=first.person.email,
        subject=subject,
        text=text,
        organization_id=first.row.organization_id,
    )


def _keep_links(connection: Connection, letter: Sequence[_Asked], raws: Sequence[str]) -> None:
    until = clock.now() + _GOOD_FOR
    rows = [
        {
            "organization_id": each.row.organization_id,
            "approval_id": each.row.id,
            "email": each.person.email,
            "token_hash": tokens.hashed(raw).hex(),
            "expires_at": each.row.expires_at or until,
        }
        for each, raw in zip(letter, raws, strict=True)
    ]
    connection.execute(_INSERT_LINKS, batch.rows(rows))


def _question(row: Row[Any], definition: Any, link: str) -> _Question:
    words = Wording(row.zone)
    follows = what_follows(
        definition, row.step_id, row.on_expiry, row.expires_at, words, for_outsiders=True
    )
    return _Question(clip(_in_a_line(row.ask), _LONGEST_QUESTION), row.workflow, link, follows)


def _words(first: _Asked, questions: Sequence[_Question]) -> tuple[str, str]:
    """The subject and the text. What people or senders wrote stays inside a line of ours, so that
    it can neither end the subject nor pass for a link of ours."""
    template = current_app.jinja_env.get_template("mail/approval.txt")
    written = template.render(
        kind=first.kind,
        organization=_in_a_line(first.row.organization),
        email=first.person.email,
        questions=questions,
        title=clip(questions[0].ask, _LONGEST_TITLE),
    )
    subject, _, text = written.partition("\n")
    return subject.strip(), text.strip() + "\n"


def _in_a_line(said: str) -> str:
    return " ".join(said.split())

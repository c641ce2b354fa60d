"""What we write to people about their account. The words are in `templates/mail/`.

A template's first line is the subject. What people typed, such as names, is only ever a value in
it. Every link is absolute, under `PUBLIC_URL`.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import current_app

from wedsync.accounts.models import Invitation, User
from wedsync.accounts.person_links import Executor
from wedsync.platform.mail import outbox
from wedsync.platform.runtime import runtime

_INVITATION = "/invitations/{token}"
_CONFIRM_EMAIL = "/confirm-email/{token}"
_NEW_PASSWORD = "/new-password/{token}"  # noqa: S105  a path, not a password
_FORGOTTEN = "/forgotten"


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail in words; `text` may hold a link that opens something."""

    kind: str
    subject: str
    text: str

    def __repr__(self) -> str:
        return f"Mail({self.kind})"


def invitation(found: Invitation, token: str, *, inviter: str, organization: str) -> Mail:
    """To somebody who is invited into a team."""
    return _written(
        "invitation",
        link=_link(_INVITATION, token),
        inviter=inviter,
        organization=organization,
        role=found.role,
    )


def confirm_email(name: str, token: str) -> Mail:
    """To somebody who has just begun, or asks again."""
    return _written("confirm_email", link=_link(_CONFIRM_EMAIL, token), name=name)


def reset_password(name: str, token: str) -> Mail:
    """To somebody who forgot their password."""
    return _written("password_reset", link=_link(_NEW_PASSWORD, token), name=name)


def password_changed(name: str) -> Mail:
    """To somebody whose password is another one now."""
    return _written("password_changed", link=_link(_FORGOTTEN), name=name)


def post(executor: Executor, mail: Mail, to: str, *, organization_id: UUID | None = None) -> None:
    """Put it into the outbox; the caller commits and wakes the lane `mail`."""
    outbox.post(
        executor,
        runtime().vault,
        kind=mail.kind,
        to=to,
        subject=mail.subject,
        text=mail.text,
        organization_id=organization_id,
    )


def post_to(user: User, executor: Executor, mail: Mail) -> None:
    """Put it into the outbox, to the person's own address."""
    post(executor, mail, user.email)


def _written(kind: str, **values: Any) -> Mail:
    template = current_app.jinja_env.get_template(f"mail/{kind}.txt")
    spaced = {name: " ".join(str(value).split()) for name, value in values.items()}
    subject, _, text = template.render(spaced).partition("\n")
    return Mail(kind, subject.strip(), text.strip() + "\n")


def _link(path: str, token: str = "") -> str:
    return runtime().settings.public_url + path.format(token=token)

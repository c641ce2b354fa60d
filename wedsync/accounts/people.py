"""People: finding one by e-mail, making one, changing a password."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from wedsync.accounts import guessing, names, passwords
from wedsync.accounts.models import SignIn, User
from wedsync.audit import service as audit
from wedsync.errors import FieldError, Invalid, Refused
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity


def normal_email(email: str) -> str:
    """The form an e-mail is kept and compared in."""
    return email.strip().lower()


def find(email: str) -> User | None:
    """The person with this e-mail, whatever its case."""
    return db.session.scalar(select(User).where(func.lower(User.email) == normal_email(email)))


def create(name: str, email: str, password: str) -> User:
    """Make a person. Raises Invalid for a name that leads elsewhere, a weak password, or an e-mail
    that is taken."""
    names.require_good(name, "name")
    require_good(password, email)
    user = User(
        name=name.strip(), email=normal_email(email), password_hash=passwords.hashed(password)
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError as error:
        raise _email_taken() from error
    return user


def change_password(by: Identity, current: str, new: str, *, address: str) -> User | Refused:
    """Change one's own password and end one's other sign-ins.

    A wrong `current` is Refused and counts as a guess, as at the door: the caller commits. Raises
    Invalid when `new` is weak.
    """
    user = db.session.get_one(User, by.user_id)
    refused = guessing.refusal(user.email, address)
    if refused is not None:
        return refused
    if not passwords.matches(user.password_hash, current):
        guessing.remember(user.email, address)
        return Refused("wrong_password", "This is not your password.")
    require_good(new, user.email, field="new")
    user.password_hash = passwords.hashed(new)
    end_sign_ins(user.id, kept=by.credential_id)
    audit.record(
        "user.password_changed", "user", user.id, organization_id=by.organization_id, by=by
    )
    return user


def require_good(password: str, email: str, *, field: str = "password") -> None:
    """Raise Invalid, naming the form's `field`, when the password cannot be used."""
    problem = passwords.problem_with(password, email=email)
    if problem is not None:
        raise _invalid(field, "weak", problem)


def end_sign_ins(user_id: UUID, *, kept: UUID | None = None) -> None:
    """End every sign-in of a person, but for the one that is `kept`."""
    query = update(SignIn).where(SignIn.user_id == user_id, SignIn.revoked_at.is_(None))
    if kept is not None:
        query = query.where(SignIn.id != kept)
    db.session.execute(query.values(revoked_at=clock.now()))


def _email_taken() -> Invalid:
    return _invalid("email", "taken", "This e-mail has an account here. Sign in with it instead.")


def _invalid(field: str, code: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError(f"/{field}", code, message)])

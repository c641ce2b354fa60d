"""People: finding one by e-mail, making one, changing a password."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from wedsync.accounts import passwords
from wedsync.accounts.models import SignIn, User
from wedsync.audit import service as audit
from wedsync.errors import FieldError, Invalid
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
    """Make a person. Raises Invalid when the password is weak or the e-mail is taken."""
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


def change_password(by: Identity, current: str, new: str) -> None:
    """Change one's own password and end one's other sign-ins.

    Raises Invalid when `current` is wrong or `new` is weak.
    """
    user = db.session.get_one(User, by.user_id)
    if not passwords.matches(user.password_hash, current):
        raise _invalid("current", "wrong", "This is not your password.")
    require_good(new, user.email, field="new")
    user.password_hash = passwords.hashed(new)
    _end_other_sign_ins(user.id, by.credential_id)
    audit.record(
        "user.password_changed", "user", user.id, organization_id=by.organization_id, by=by
    )


def require_good(password: str, email: str, *, field: str = "password") -> None:
    """Raise Invalid, naming the form's `field`, when the password cannot be used."""
    problem = passwords.problem_with(password, email=email)
    if problem is not None:
        raise _invalid(field, "weak", problem)


def _end_other_sign_ins(user_id: UUID, kept: UUID) -> None:
    db.session.execute(
        update(SignIn)
        .where(SignIn.user_id == user_id, SignIn.id != kept, SignIn.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def _email_taken() -> Invalid:
    return _invalid("email", "taken", "This e-mail has an account here. Sign in with it instead.")


def _invalid(field: str, code: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError(f"/{field}", code, message)])

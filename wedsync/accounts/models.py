"""People, organizations, and what lets either act."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    and_,
    func,
    text,
)
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from wedsync.platform.db import Base, OrganizationRow, Row


class Organization(Row, Base):
    """The tenant: a vendor business or a partner. `zone` is its IANA time zone."""

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("kind IN ('vendor', 'partner')", name="kind"),)

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="vendor")
    trade: Mapped[str | None]
    zone: Mapped[str] = mapped_column(server_default="Europe/London")


class User(Row, Base):
    """A person. `email` is unique whatever its case; `password_hash` is argon2id."""

    __tablename__ = "users"

    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    is_admin: Mapped[bool] = mapped_column(server_default="false")
    email_confirmed_at: Mapped[datetime | None]

    memberships: Mapped[list["Membership"]] = relationship(back_populates="user")


Index("uq_users_email", func.lower(User.email), unique=True)


class Membership(OrganizationRow, Base):
    """A person's role in an organization."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("organization_id", "user_id"),
        OrganizationRow.unique_inside_organization(),
        CheckConstraint("role IN ('owner', 'editor', 'viewer')", name="role"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role: Mapped[str]

    user: Mapped[User] = relationship(back_populates="memberships")
    organization: Mapped[Organization] = relationship()


class SignIn(Row, Base):
    """A server-side session: what the cookie names, what the settings page lists and revokes."""

    __tablename__ = "sign_ins"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE")
    )
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    device: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")

    user: Mapped[User] = relationship()
    organization: Mapped[Organization] = relationship()
    membership: Mapped[Membership] = relationship(
        viewonly=True,
        primaryjoin=lambda: and_(
            foreign(SignIn.user_id) == Membership.user_id,
            foreign(SignIn.organization_id) == Membership.organization_id,
        ),
    )

    # What Flask-Login asks of the object a cookie stands for.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What the cookie names: this sign-in, so that revoking it ends it."""
        return str(self.id)


class SignInFailure(Row, Base):
    """A wrong password: kept for a quarter of an hour to slow guessing down."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (
        Index("ix_sign_in_failures_of_email", "email", "created_at"),
        Index("ix_sign_in_failures_of_address", "address", "created_at"),
    )

    email: Mapped[str]
    address: Mapped[str]


class Knock(Row, Base):
    """Somebody asked at the door for what makes us write an e-mail; counted to slow floods down.

    One of the kind `forgotten` is answered by a drain, so that the person who asked cannot tell
    from the time it takes whether the e-mail has an account; it `waits` until then.
    """

    __tablename__ = "knocks"
    __table_args__ = (
        CheckConstraint("kind IN ('sign_up', 'forgotten', 'confirm_email')", name="kind"),
        Index("ix_knocks_of_email", "kind", "email", "created_at"),
        Index("ix_knocks_of_address", "kind", "address", "created_at"),
        Index("ix_knocks_waiting", "id", postgresql_where=text("waits")),
    )

    kind: Mapped[str]
    email: Mapped[str]
    address: Mapped[str]
    waits: Mapped[bool] = mapped_column(server_default="false")


class Invitation(OrganizationRow, Base):
    """A single-use link into an organization; only the hash of its token is kept."""

    __tablename__ = "invitations"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        CheckConstraint("role IN ('owner', 'editor', 'viewer')", name="role"),
    )

    email: Mapped[str]
    role: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class PersonLink(Row, Base):
    """A single-use link sent to a person's e-mail; only the hash of its token is kept.

    It is good for the address it was sent to: `email` must still be theirs when it is used.
    """

    __tablename__ = "person_links"
    __table_args__ = (
        CheckConstraint("purpose IN ('confirm_email', 'reset_password')", name="purpose"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    email: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiKey(OrganizationRow, Base):
    """A key for scripts: shown once, kept hashed; `hint` is its first characters."""

    __tablename__ = "api_keys"
    __table_args__ = (OrganizationRow.unique_inside_organization(),)

    name: Mapped[str]
    hint: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

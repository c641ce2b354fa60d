"""Starting with a business of one's own."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.accounts.ways import at_once, audited, sign_in, sign_up
from tests.personas import PASSWORD, Browser, Persona, browser_of
from wedsync.accounts.models import Membership, Organization, User
from wedsync.platform.vault import DataKey


def _user(database: Session, email: str) -> User | None:
    return database.scalar(select(User).where(User.email == email))


# --- works


def test_signing_up_makes_a_person_a_business_and_its_key_and_signs_in(
    client: Browser, database: Session
) -> None:
    assert sign_up(client, "Imogen@Signing-Up.example.com").headers["Location"] == "/"
    user = _user(database, "imogen@signing-up.example.com")
    assert user is not None
    membership = database.scalars(select(Membership).where(Membership.user_id == user.id)).one()
    assert membership.role == "owner"
    organization = database.get_one(Organization, membership.organization_id)
    assert (organization.name, organization.kind) == ("Rosewood Weddings", "vendor")
    keys = select(func.count()).where(DataKey.organization_id == organization.id)
    assert database.scalar(keys) == 1
    assert audited(database, organization.id) == ["organization.created", "sign_in.started"]
    assert "Rosewood Weddings" in client.get("/settings").text


def test_two_businesses_of_one_name_get_different_short_names(
    client: Browser, database: Session
) -> None:
    name = "Églantine & Fils"
    for email in ("first@twins.example.com", "second@twins.example.com"):
        browser = browser_of(client.application)
        assert sign_up(browser, email, business=name).status_code == 303
    slugs = sorted(
        database.scalars(select(Organization.slug).where(Organization.name == name)), key=len
    )
    assert slugs[0] == "eglantine-fils"
    assert slugs[1].startswith("eglantine-fils-")


def test_the_password_is_kept_as_argon2id_and_the_same_letters_typed_otherwise_open(
    client: Browser, database: Session
) -> None:
    email = "unicode@example.com"
    sign_up(client, email, password="caf\u00e9 au lait et croissant")
    user = _user(database, email)
    assert user is not None
    assert user.password_hash.startswith("$argon2id$")
    again = browser_of(client.application)
    assert sign_in(again, email, "cafe\u0301 au lait et croissant").status_code == 303


# --- refused


@pytest.mark.parametrize("field", ["name", "business"])
@pytest.mark.parametrize(
    "typed",
    [
        "Your prize: https://evil.example",
        "HTTP\uff1a//evil.example",
        "Go to WWW.evil.example",
        "evil.example/prize",
        "Rosewood\x7f",
        "Rosewood\u2028Weddings",
        "Rosewood \u202emoc.live",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(
    client: Browser, database: Session, field: str, typed: str
) -> None:
    email = f"{field}-{abs(hash(typed)):x}@elsewhere.example.com"
    answer = sign_up(client, email, **{field: typed})
    assert answer.status_code == 422
    assert "cannot hold a web address" in answer.text or "cannot be used here" in answer.text
    assert _user(database, email) is None


@pytest.mark.parametrize(
    "business", ["St. Mary’s & Co.", "J.R. Flowers", "花 и цветы", "Wed in Style"]
)
def test_names_with_dots_and_of_other_alphabets_are_names(client: Browser, business: str) -> None:
    email = f"{abs(hash(business)):x}@names.example.com"
    assert sign_up(client, email, business=business).status_code == 303


@pytest.mark.parametrize(
    "business",
    [
        "WedSync",
        " wed-SYNC ",
        "W.e.d.S.y.n.c",
        "ＷｅｄＳｙｎｃ",
        "Wëdsync",
        "W\u0435dS\u0443n\u0441",
        "Wed\u200bSync",
        "WedSync Support",
    ],
)
def test_nobody_signs_up_under_our_own_name(
    client: Browser, database: Session, business: str
) -> None:
    answer = sign_up(client, "our-twin@example.com", business=business, kind="partner")
    assert answer.status_code == 422
    assert "WedSync is our own name" in answer.text
    assert _user(database, "our-twin@example.com") is None


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "Use at least 12 characters"),
        ("x" * 201, "Use at most 200 characters"),
        ("Password12345!", "one of the first things"),
        ("weddingwedding", "one of the first things"),
        ("aaaaaaaaaaaaaaaa", "one of the first things"),
        ("123456789012", "one of the first things"),
        ("weak@example.com", "one of the first things"),
        ("", "Choose a password."),
    ],
)
def test_a_password_that_falls_at_the_first_guess_is_refused(
    client: Browser, database: Session, password: str, words: str
) -> None:
    answer = sign_up(client, "weak@example.com", password=password)
    assert answer.status_code == 422
    assert words in answer.text
    assert _user(database, "weak@example.com") is None


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "84710293847561", "wedding bells in may", "🌸🌿🌺🌼🌻🌷🌹🪻💐🌾🍃🍂"],
)
def test_no_rule_of_composition_stands_in_the_way(client: Browser, password: str) -> None:
    email = f"{password.encode().hex()[:20]}@example.com"
    assert sign_up(client, email, password=password).status_code == 303


def test_an_email_that_has_an_account_is_said_so_and_nothing_is_made(
    client: Browser, owner: Persona, database: Session
) -> None:
    answer = sign_up(client, owner.email.upper(), business="Never Made Ltd")
    assert answer.status_code == 422
    assert "has an account here" in answer.text
    made = select(func.count()).where(Organization.name == "Never Made Ltd")
    assert database.scalar(made) == 0


@pytest.mark.parametrize("email", ["imogen", "imogen@", "@rosewood.example", "a b@c.de", ""])
def test_an_email_that_cannot_be_one_is_refused(client: Browser, email: str) -> None:
    assert sign_up(client, email).status_code == 422


def test_what_was_typed_is_kept_but_for_the_password(client: Browser) -> None:
    answer = sign_up(client, "imogen@", business="Rosewood & Daughters")
    assert "Rosewood &amp; Daughters" in answer.text
    assert PASSWORD not in answer.text


def test_a_flood_of_sign_ups_from_one_address_is_held_up(client: Browser) -> None:
    for number in range(60):
        form = {"name": "Flood", "business": "Flood", "password": "too short"}
        client.post(
            "/sign-up",
            data={**form, "email": f"flood-{number}@example.com"},
            environ_base={"REMOTE_ADDR": "203.0.113.90"},
        )
    answer = client.post(
        "/sign-up",
        data={**form, "email": "flood@example.com"},
        environ_base={"REMOTE_ADDR": "203.0.113.90"},
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert sign_up(client, "calm@example.com").status_code == 303


# --- at the same time


def test_of_two_sign_ups_with_one_email_one_wins(client: Browser, database: Session) -> None:
    browsers = [browser_of(client.application) for _ in range(2)]
    answers = at_once(*[lambda b=b: sign_up(b, "raced@example.com") for b in browsers])
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    assert _user(database, "raced@example.com") is not None

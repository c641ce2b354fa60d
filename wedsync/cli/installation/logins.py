"""The people of the demo, and how to sign in as them."""

from dataclasses import dataclass

import psycopg

DEMO_PASSWORD = "something old something new"  # noqa: S105 - it is meant to be known


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody to sign in as. `organization` is its slug; `role` their role in it."""

    email: str
    name: str
    organization: str
    role: str
    about: str
    is_admin: bool = False


LOGINS = (
    Login("imogen@rosewood.example", "Imogen Hart", "rosewood", "owner", "Rosewood, a planner"),
    Login("beth@rosewood.example", "Beth Okafor", "rosewood", "editor", "Rosewood, an editor"),
    Login("carys@rosewood.example", "Carys Pugh", "rosewood", "viewer", "Rosewood, only looking"),
    Login("marek@lumen.example", "Marek Nowak", "lumen", "owner", "Lumen, a photographer"),
    Login("nuria@petal.example", "Nuria Vidal", "petal", "owner", "Petal, a partner"),
    Login("ada@wedsync.example", "Ada Whitlock", "wedsync", "owner", "an admin", is_admin=True),
)


def present(libpq_url: str) -> list[Login]:
    """Those of the demo's people who are in this database."""
    known = [login.email for login in LOGINS]
    with psycopg.connect(libpq_url) as connection:
        found = connection.execute("SELECT email FROM users WHERE email = ANY(%s)", (known,))
        emails = {row[0] for row in found}
    return [login for login in LOGINS if login.email in emails]

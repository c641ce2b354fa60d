"""The first day of the practice partner: two accounts, a wedding each, sixteen guests each."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from wedsync.sandbox.store import Store

MEALS = ("Garden risotto", "Sea bass", "Lamb with rosemary", "Children's plate")
_SATURDAY = 5
_WEEKS_AHEAD = 12


class Account(NamedTuple):
    id: str
    name: str
    couple: str
    email: str
    weeks_ahead: int
    guests: tuple[tuple[str, str], ...]
    """Name and household, in the order of the guest list."""


MEADOW = Account(
    id="acct_meadow",
    name="Meadow Weddings",
    couple="Ella & Noah",
    email="ella.and.noah@example.com",
    weeks_ahead=_WEEKS_AHEAD,
    guests=(
        ("Ben Carter", "The Carters"),
        ("Maya Carter", "The Carters"),
        ("Grace Okafor", "Grace Okafor"),
        ("Leo Marchetti", "Leo & Sofia"),
        ("Sofia Lund", "Leo & Sofia"),
        ("Aunt Rosalind", "Rosalind Hale"),
        ("Theo Brandt", "Theo Brandt"),
        ("Priscilla Nye", "The Nye family"),
        ("Arthur Nye", "The Nye family"),
        ("Hugo Nye", "The Nye family"),
        ("Yuki Tanaka", "Yuki Tanaka"),
        ("Freya Solberg", "Freya & Jonas"),
        ("Jonas Weber", "Freya & Jonas"),
        ("Dev Anand", "Dev Anand"),
        ("Clara Whitlock", "Clara Whitlock"),
        ("Samuel Reyes", "Samuel Reyes"),
    ),
)
HARBOUR = Account(
    id="acct_harbour",
    name="Harbour Events",
    couple="Ines & Rafael",
    email="ines.and.rafael@example.com",
    weeks_ahead=_WEEKS_AHEAD + 2,
    guests=(
        ("Marta Pinto", "The Pintos"),
        ("Duarte Pinto", "The Pintos"),
        ("Keiko Mori", "Keiko Mori"),
        ("Anton Berg", "Anton & Lise"),
        ("Lise Berg", "Anton & Lise"),
        ("Olu Adeyemi", "Olu Adeyemi"),
        ("Carmen Ruiz", "The Ruiz family"),
        ("Pablo Ruiz", "The Ruiz family"),
        ("Nora Ruiz", "The Ruiz family"),
        ("Ivan Petrov", "Ivan Petrov"),
        ("Hana Novak", "Hana Novak"),
        ("Tomas Novak", "Tomas Novak"),
        ("Bianca Costa", "Bianca Costa"),
        ("Felix Roth", "Felix Roth"),
        ("Joana Melo", "Joana Melo"),
        ("Peter Quill", "Peter Quill"),
    ),
)
ACCOUNTS = (MEADOW, HARBOUR)
# Some have answered before the vendor comes: a list of sixteen questions is not a guest list.
_ANSWERED = {2: "accepted", 6: "accepted", 10: "accepted", 13: "accepted", 14: "declined"}
_SEATS_A_TABLE = 8


def begin(store: Store) -> None:
    """Make the first day, where there is none yet."""
    with store.transaction():
        if store.row("SELECT id FROM accounts LIMIT 1") is None:
            for account in ACCOUNTS:
                _make(store, account)


def saturday(weeks_ahead: int) -> date:
    """The Saturday of the week that lies so many weeks ahead."""
    day = datetime.now(UTC).date() + timedelta(weeks=weeks_ahead)
    return day + timedelta(days=(_SATURDAY - day.weekday()) % 7)


def _make(store: Store, account: Account) -> None:
    store.add(
        "accounts",
        id=account.id,
        name=account.name,
        couple=account.couple,
        email=account.email,
        wedding_date=saturday(account.weeks_ahead).isoformat(),
    )
    for position, (name, household) in enumerate(account.guests):
        store.add(
            "guests",
            account_id=account.id,
            id="g_" + name.split()[0].lower() if name != "Aunt Rosalind" else "g_rosalind",
            position=position,
            name=name,
            email=f"{name.lower().replace(' ', '.')}@example.com",
            household=household,
            status=_ANSWERED.get(position, "invited"),
            party_size=0 if _ANSWERED.get(position) == "declined" else 1,
            meal=MEALS[position % 3] if _ANSWERED.get(position) == "accepted" else None,
            seat=f"Table {position // _SEATS_A_TABLE + 1}, seat {position % _SEATS_A_TABLE + 1}",
        )

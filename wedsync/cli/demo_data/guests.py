"""Guest lists that Faker writes, alike every time for one seed."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from faker import Faker

_EMAIL_DOMAIN = "example.com"
_SHAPES = ("single", "couple", "couple", "family")
_MOST_CHILDREN = 3
_SHARE_WITHOUT_EMAIL = 0.15
_SHARE_OF_ONE_NAME = 0.6
_SHARE_OF_INFANTS = 0.2


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is invited; `kind` is `adult`, `child` or `infant`."""

    name: str
    kind: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Household:
    """People who are invited together, under one name on the envelope."""

    name: str
    people: tuple[Person, ...]


def households(seed: int, locales: tuple[str, str], guests: int) -> Iterator[Household]:
    """Households of `guests` people together, from both sides of the family in turn."""
    dice = Random(seed)
    sides = [Faker(locale) for locale in locales]
    for number, side in enumerate(sides):
        side.seed_instance(seed + number)
    invited = turn = 0
    while invited < guests:
        made = _household(sides[turn % len(sides)], dice, guests - invited)
        invited += len(made.people)
        turn += 1
        yield made


def _household(side: Faker, dice: Random, most: int) -> Household:
    shape = dice.choice(_SHAPES) if most > 1 else "single"
    family = side.last_name()
    first = side.first_name()
    adults = [f"{first} {family}"]
    if shape != "single":
        partner = family if dice.random() < _SHARE_OF_ONE_NAME else side.last_name()
        adults.append(f"{side.first_name()} {partner}")
    email = None if dice.random() < _SHARE_WITHOUT_EMAIL else _email(adults[0])
    people = [Person(name, "adult", email) for name in adults]
    if shape == "family":
        people += _children(side, dice, family, min(_MOST_CHILDREN, most - len(adults)))
    return Household(_envelope(people), tuple(people))


def _children(side: Faker, dice: Random, family: str, most: int) -> list[Person]:
    if most < 1:
        return []
    return [
        Person(
            f"{side.first_name()} {family}",
            "infant" if dice.random() < _SHARE_OF_INFANTS else "child",
        )
        for _ in range(dice.randint(1, most))
    ]


def _envelope(people: list[Person]) -> str:
    """`Ana Lee`, `Ana & Ben Lee`, `Ana Lee & Ben Reid` or `The Lee family`."""
    if len(people) == 1:
        return people[0].name
    if any(person.kind != "adult" for person in people):
        return f"The {people[0].name.partition(' ')[2]} family"
    one, other = people
    given, _, family = one.name.partition(" ")
    together = given if other.name.endswith(f" {family}") else one.name
    return f"{together} & {other.name}"


def _email(name: str) -> str:
    """An address under a domain that nobody can own (RFC 2606, section 3)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = ["".join(filter(str.isalnum, word)) for word in plain.split()]
    return f"{'.'.join(filter(None, words))}@{_EMAIL_DOMAIN}"

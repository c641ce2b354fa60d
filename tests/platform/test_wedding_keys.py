"""What belongs to a wedding is sealed under the wedding's own key, and gone with it."""

import threading
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Engine, text

from tests.personas import make_organization
from tests.platform.vaulting import engine_of, make_wedding
from tests.servers import MASTER_KEY
from tests.statements import statements_asked
from wedsync.platform import crypto, ids, leaves
from wedsync.platform.crypto import Unsealable
from wedsync.platform.vault import Destroyed, Keyring, OpenKey, Vault


@pytest.fixture
def engine(app: APIFlask) -> Engine:
    return engine_of(app)


@pytest.fixture
def vault() -> Vault:
    return Vault(Keyring([MASTER_KEY]))


@pytest.fixture
def mine(app: APIFlask) -> UUID:
    return make_organization(app)


def key_of(engine: Engine, vault: Vault, whose: UUID, wedding: UUID) -> OpenKey:
    with engine.begin() as connection:
        return vault.wedding_keys(connection, [(whose, wedding)])[whose, wedding]


def document(whose: UUID, key: OpenKey) -> dict[str, str]:
    sealed: dict[str, str] = leaves.seal_at({"note": "nuts"}, ["note"], whose, key)
    return sealed


def opened(engine: Engine, vault: Vault, whose: UUID, sealed: object) -> object:
    with engine.connect() as connection:
        return leaves.open_all(sealed, whose, lambda wanted: vault.keys(connection, whose, wanted))


def test_each_wedding_has_a_key_of_its_own_that_everybody_finds(
    app: APIFlask, engine: Engine, vault: Vault, mine: UUID
) -> None:
    ours, theirs = make_wedding(app, mine), make_wedding(app, mine)
    keys = [key_of(engine, vault, mine, wedding) for wedding in (ours, theirs)]
    with engine.connect() as connection:
        whole = vault.data_key(connection, mine)
    assert len({whole.key, *(key.key for key in keys)}) == 3
    elsewhere = Vault(Keyring([MASTER_KEY]))
    assert key_of(engine, elsewhere, mine, ours).key == keys[0].key
    assert opened(engine, elsewhere, mine, document(mine, keys[1])) == {"note": "nuts"}


def test_several_who_want_the_first_key_at_once_agree_on_one(
    app: APIFlask, engine: Engine, mine: UUID
) -> None:
    weddings = [make_wedding(app, mine) for _ in range(20)]
    found: list[set[tuple[UUID, UUID]]] = []

    def want(wanted: list[UUID]) -> None:
        with engine.begin() as connection:
            keys = Vault(Keyring([MASTER_KEY])).wedding_keys(
                connection, [(mine, wedding) for wedding in wanted]
            )
            found.append({(wedding, key.id) for (_, wedding), key in keys.items()})

    threads = [
        threading.Thread(target=want, args=(order,))
        for order in (weddings, weddings[::-1], weddings[5:] + weddings[:5])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert found[0] == found[1] == found[2]


def test_a_key_of_a_transaction_that_came_to_nothing_is_not_kept(
    app: APIFlask, engine: Engine, vault: Vault, mine: UUID
) -> None:
    wedding = make_wedding(app, mine)
    with engine.connect() as connection:
        ghost = vault.wedding_keys(connection, [(mine, wedding)])[mine, wedding]
        connection.rollback()
    kept = key_of(engine, vault, mine, wedding)
    assert kept.id != ghost.id
    assert opened(engine, vault, mine, document(mine, kept)) == {"note": "nuts"}


def test_the_key_of_an_organization_opens_nothing_for_another(
    app: APIFlask, engine: Engine, vault: Vault, mine: UUID
) -> None:
    sealed = document(mine, key_of(engine, vault, mine, make_wedding(app, mine)))
    assert opened(engine, vault, make_organization(app), sealed) == sealed


def test_a_wedding_that_is_not_there_is_sealed_for_its_organization(
    engine: Engine, vault: Vault, mine: UUID
) -> None:
    key = key_of(engine, vault, mine, ids.new_id())
    with engine.connect() as connection:
        assert key.id == vault.data_key(connection, mine).id


def test_what_a_destroyed_key_sealed_is_gone_and_nothing_else(
    app: APIFlask, engine: Engine, vault: Vault, mine: UUID
) -> None:
    gone, other = make_wedding(app, mine), make_wedding(app, mine)
    sealed = [document(mine, key_of(engine, vault, mine, each)) for each in (gone, other)]
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE data_keys SET destroyed_at = now(), wrapped = '' WHERE wedding_id = :id"),
            {"id": gone},
        )
    later = Vault(Keyring([MASTER_KEY]))
    with pytest.raises(leaves.Erased):
        opened(engine, later, mine, sealed[0])
    assert opened(engine, later, mine, sealed[1]) == {"note": "nuts"}
    with engine.connect() as connection:
        left = leaves.open_what_is_left(
            sealed, mine, lambda wanted: later.keys(connection, mine, wanted)
        )
    assert left == [{"note": leaves.MASKED}, {"note": "nuts"}]
    anew = document(mine, key_of(engine, later, mine, gone))
    assert opened(engine, later, mine, anew) == anew, "what comes afterwards opens for nobody"


def test_a_key_whose_master_key_is_away_is_no_erasure(
    app: APIFlask, engine: Engine, vault: Vault, mine: UUID
) -> None:
    sealed = document(mine, key_of(engine, vault, mine, make_wedding(app, mine)))
    with pytest.raises(Unsealable, match="master key") as refused:
        opened(engine, Vault(Keyring([crypto.new_key()])), mine, sealed)
    assert not isinstance(refused.value, Destroyed)
    assert opened(engine, vault, mine, sealed) == {"note": "nuts"}


def test_many_keys_are_read_at_once_and_then_for_a_minute_not_at_all(
    app: APIFlask, engine: Engine, vault: Vault, mine: UUID
) -> None:
    weddings = [make_wedding(app, mine) for _ in range(30)]
    strange = document(mine, OpenKey(ids.new_id(), crypto.new_key(), 0.0))
    sealed = [document(mine, key_of(engine, vault, mine, each)) for each in weddings]
    later = Vault(Keyring([MASTER_KEY]))
    with statements_asked(app) as statements:
        assert opened(engine, later, mine, [*sealed, strange])[-1] == strange  # type: ignore[index]
    assert len(statements) == 1
    with statements_asked(app) as statements:
        opened(engine, later, mine, [*sealed, strange])
    assert statements == []

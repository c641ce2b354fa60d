"""What the environment says: what is accepted, and the sentence for what is not."""

import base64
from pathlib import Path

import pytest

from wedsync.settings import CHECKOUT, SettingError, Settings


def test_nothing_has_to_be_set() -> None:
    settings = Settings.from_environment({})
    assert settings.port == 8000
    assert settings.host == "127.0.0.1"
    assert settings.public_url == "http://localhost:8000"
    assert settings.home == CHECKOUT / "var" / "home"
    assert (settings.libpq_url, settings.redis_url, settings.master_keys) == (None, None, ())
    assert not settings.allow_loopback
    assert not settings.secure


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment({"PORT": " ", "DATABASE_URL": ""}) == (
        Settings.from_environment({})
    )


def test_the_public_address_follows_the_port_until_it_is_set() -> None:
    assert Settings.from_environment({"PORT": "8123"}).public_url == "http://localhost:8123"
    settings = Settings.from_environment({"PUBLIC_URL": "https://wedsync.example/"})
    assert settings.public_url == "https://wedsync.example"
    assert settings.secure


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_database_address_is_put_into_each_reader_s_form(scheme: str) -> None:
    settings = Settings.from_environment({"DATABASE_URL": f"{scheme}://u:p@db/wedsync"})
    assert settings.libpq_url == "postgresql://u:p@db/wedsync"
    assert settings.database_url == "postgresql+psycopg://u:p@db/wedsync"


def test_the_master_key_is_read_from_base64() -> None:
    text = base64.b64encode(bytes(range(32))).decode()
    assert Settings.from_environment({"WEDSYNC_MASTER_KEY": text}).master_keys == (
        bytes(range(32)),
    )


def test_of_several_master_keys_the_first_is_the_one_in_use() -> None:
    new, old = bytes(32), bytes(range(32))
    text = f"{base64.b64encode(new).decode()}, {base64.b64encode(old).decode()}"
    assert Settings.from_environment({"WEDSYNC_MASTER_KEY": text}).master_keys == (new, old)


@pytest.mark.parametrize("keys", [[31], [32, 31], [32, 0], [32, 32]])
def test_master_keys_that_cannot_be_used_are_refused_without_being_said(keys: list[int]) -> None:
    text = ",".join(base64.b64encode(b"k" * size).decode() for size in keys)
    with pytest.raises(SettingError, match="WEDSYNC_MASTER_KEY") as refused:
        Settings.from_environment({"WEDSYNC_MASTER_KEY": text})
    assert "a2trawt" not in str(refused.value)


def test_secrets_are_not_in_the_repr() -> None:
    shown = repr(
        Settings.from_environment(
            {
                "DATABASE_URL": "postgresql://u:canary@db/wedsync",
                "REDIS_URL": "redis://:canary@cache/0",
                "WEDSYNC_MASTER_KEY": base64.b64encode(b"canary" + bytes(26)).decode(),
            }
        )
    )
    assert "canary" not in shown


def test_without_a_database_the_sentence_says_what_to_do() -> None:
    with pytest.raises(SettingError, match="start `make run`, or set DATABASE_URL"):
        _ = Settings.from_environment({}).database_url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "eight"),
        ("PORT", "-1"),
        ("PORT", "٨٠٠٠"),
        ("WEDSYNC_HOST", "everywhere"),
        ("PUBLIC_URL", "wedsync.example"),
        ("PUBLIC_URL", "ftp://wedsync.example"),
        ("PUBLIC_URL", "https://wedsync.example/app"),
        ("PUBLIC_URL", "https://me:pw@wedsync.example"),
        ("PUBLIC_URL", "http://wedsync.example:port"),
        ("DATABASE_URL", "mysql://db/wedsync"),
        ("DATABASE_URL", "postgresql://"),
        ("REDIS_URL", "http://cache"),
        ("REDIS_URL", "redis://"),
        ("WEDSYNC_MASTER_KEY", "short"),
        ("WEDSYNC_MASTER_KEY", base64.b64encode(bytes(31)).decode()),
        ("WEDSYNC_PROXY_HOPS", "many"),
        ("WEDSYNC_ALLOW_LOOPBACK", "perhaps"),
    ],
)
def test_a_wrong_variable_is_named_in_one_sentence(name: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.from_environment({name: value})
    assert str(refused.value).startswith(name)
    assert "\n" not in str(refused.value)


def test_a_wrong_secret_is_not_repeated() -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "WEDSYNC_MASTER_KEY"):
        with pytest.raises(SettingError) as refused:
            Settings.from_environment({name: "canary"})
        assert "canary" not in str(refused.value)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingError, match="WEDSYNC_HOME should be a folder"):
        Settings.from_environment({"WEDSYNC_HOME": str(file)})

"""What answers, and whether it is the right thing that does."""

import http.client
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import scalar_row
from redis import Redis
from redis.exceptions import RedisError

from wedsync.cli import Unusable
from wedsync.cli.checkup.finding import Finding, broken, fine, odd
from wedsync.cli.installation import OLDEST_POSTGRES, practice, reason
from wedsync.cli.supervisor import preflight
from wedsync.platform import smtp
from wedsync.platform.mail.sending import sender_of
from wedsync.platform.smtp import Server
from wedsync.platform.vault import Keyring, MasterKey, UnusableKeyring
from wedsync.settings import Settings

_CONNECT_S = 5
_PARTNER_S = 2
# Signatures are accepted for five minutes around their time stamp.
_CLOCK_OFF_S = 30
_WAITING = "SELECT count(*) FROM mail_messages WHERE state IN ('due', 'sending')"
_GIVEN_UP = (
    "SELECT count(*) FROM mail_messages"
    " WHERE state = 'given_up' AND created_at > now() - interval '7 days'"
)
_HAS_GENERATIONS = (
    "SELECT EXISTS (SELECT FROM information_schema.columns"
    " WHERE table_name = 'data_keys' AND column_name = 'retired_at')"
)
_LOST = "SELECT count(*) FROM data_keys WHERE master_key_id <> ALL(%s) AND destroyed_at IS NULL"
_RETIRED = "SELECT count(*) FROM data_keys WHERE retired_at IS NOT NULL AND destroyed_at IS NULL"


def port(settings: Settings) -> Finding:
    if preflight.is_ready(settings):
        return fine(f"WedSync answers on port {settings.port}.")
    try:
        preflight.require_port(settings)
    except Unusable as error:
        return broken(error.message)
    return fine(f"Port {settings.port} is free.")


def practice_partner(settings: Settings) -> Finding:
    """Whether it answers, or could be started."""
    if _is_well(settings.sandbox_url):
        return fine(f"The practice partner answers at {settings.sandbox_url}.")
    if not practice.wanted(settings):
        return odd(f"The practice partner does not answer at {settings.sandbox_url}.")
    try:
        preflight.require_practice_ports(settings)
    except Unusable as error:
        return broken(error.message)
    return fine("The ports of the practice partner are free.")


def database(settings: Settings) -> Iterator[Finding]:
    """Reachable, new enough, migrated, and of one mind with us about the time."""
    try:
        connection = psycopg.connect(
            settings.require_libpq_url(), connect_timeout=_CONNECT_S, autocommit=True
        )
    except psycopg.Error as error:
        yield broken(f"The database cannot be reached ({reason(error)}): check DATABASE_URL.")
        return
    with connection:
        yield _version(connection)
        yield _schema(connection)
        yield _clock(connection)
        yield from _outbox(connection)
        yield from keys(connection, settings)


def redis(settings: Settings) -> Finding:
    """Its absence only makes things slower: SQL is the truth."""
    client = Redis.from_url(settings.redis_url or "", socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    except RedisError:
        return odd("Redis does not answer: nothing is lost, but work starts up to a second later.")
    finally:
        client.close()
    return fine("Redis answers.")


def mail(settings: Settings) -> Finding:
    """Whether our own e-mail can leave."""
    if settings.mail_url is None:
        return odd("MAIL_URL is not set: invitations, links and notices wait until it is.")
    if sender_of(settings) is None:
        return odd(f"No e-mail leaves: MAIL_FROM is not an e-mail address ({settings.mail_from}).")
    failure = smtp.check(Server.from_url(settings.mail_url), timeout_s=_CONNECT_S)
    if failure is not None:
        return odd(f"No e-mail leaves until MAIL_URL can be used: {failure.message}")
    return fine("The mail server takes our e-mail.")


def _is_well(url: str) -> bool:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_PARTNER_S)
    return preflight.is_well(connection, "/healthz")


def _version(connection: psycopg.Connection) -> Finding:
    major = connection.info.server_version // 10_000
    if major < OLDEST_POSTGRES:
        return broken(f"PostgreSQL {major} is too old: WedSync needs {OLDEST_POSTGRES} or newer.")
    return fine(f"PostgreSQL {major} answers.")


def _schema(connection: psycopg.Connection) -> Finding:
    from wedsync import migrations

    if not _value(connection, "SELECT to_regclass('alembic_version') IS NOT NULL"):
        return odd("The database is empty: `make run` or `wedsync db upgrade` makes its tables.")
    found = _value(connection, "SELECT version_num FROM alembic_version")
    wanted = migrations.head()
    if found == wanted:
        return fine(f"The schema is at {found}, as this version wants it.")
    return broken(
        f"The schema is at {found}, this version wants {wanted}: run `wedsync db upgrade`."
    )


def _clock(connection: psycopg.Connection) -> Finding:
    theirs = _value(connection, "SELECT clock_timestamp()")
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart > _CLOCK_OFF_S:
        return broken(
            f"This machine's clock and the database's are {apart:.0f} seconds apart: "
            "signatures will be refused until they agree."
        )
    return fine("This machine's clock and the database's agree.")


def _outbox(connection: psycopg.Connection) -> Iterator[Finding]:
    """E-mail that waits, or that nobody will get."""
    if not _value(connection, "SELECT to_regclass('mail_messages') IS NOT NULL"):
        return
    waiting, given_up = _value(connection, _WAITING), _value(connection, _GIVEN_UP)
    if waiting:
        yield fine(f"{_emails(waiting, 'waits', 'wait')} to be sent.")
    if given_up:
        yield odd(
            f"{_emails(given_up, 'was', 'were')} given up in the last seven days: "
            "the column last_error of mail_messages says why."
        )


def keys(connection: psycopg.Connection, settings: Settings) -> Iterator[Finding]:
    """Data keys that no master key opens, and old ones that wait to go."""
    if not _value(connection, _HAS_GENERATIONS):
        return
    try:
        ring = _ring(settings)
    except UnusableKeyring as error:
        yield broken(str(error))
        return
    if lost := _value(connection, _LOST, [key.id for key in ring]):
        yield broken(
            f"{lost} data keys are wrapped by a master key that is not here, and nothing they seal "
            "can be opened: put back the master keys this database was used with."
        )
    if len(ring) > 1:
        yield odd(
            "Old master keys are still there: `wedsync keys retire` looks whether they may go."
        )
    if retired := _value(connection, _RETIRED):
        yield odd(
            f"{retired} old data keys wait to go: `wedsync keys show` says from when they may."
        )


def _ring(settings: Settings) -> Sequence[MasterKey]:
    """The master keys there are; none is made."""
    if settings.master_keys:
        return Keyring(settings.master_keys).keys
    file = settings.master_key_file
    return Keyring.at(file).keys if file.exists() else ()


def _emails(count: int, does: str, do: str) -> str:
    return f"1 e-mail {does}" if count == 1 else f"{count} e-mails {do}"


def _value(connection: psycopg.Connection, query: str, *given: Any) -> Any:
    return connection.cursor(row_factory=scalar_row).execute(query.encode(), given).fetchone()

"""Where usage is kept: ``stores.open("sqlite:///minors.db")``.

- ``memory:`` in this process alone, gone when it ends
- ``sqlite:///relative.db``, ``sqlite:////absolute/path.db`` in one file, for the processes of one
  machine; ``?journal=wal|delete|truncate|persist``, ``?sync=normal|full|extra``, ``?timeout_s=5``
- ``redis://host:6379/0``, ``rediss://`` with TLS, ``redis+cluster://host:6379``, all of them shared
  by many machines; the options are in ``minorguard.stores.redis_address``
- ``postgresql://user@host:5432/database``, the options in ``minorguard.stores.postgres_address``

``stores.open_records`` takes the same addresses for what is kept one by one: guardians, consents,
claims, reviews. Redis is none of them: it has no order of appending that outlives it.

A file's name is percent-decoded, so a question mark in it is written ``%3F``. Nothing slow is
imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minorguard.errors import UnknownStore
from minorguard.stores.protocol import (
    BODY_BYTES_MAX,
    KEY_CHARS_MAX,
    NOTHING,
    AsyncStore,
    Found,
    Page,
    Store,
)
from minorguard.stores.records import AsyncRecordStore, Moved, Record, RecordPage, RecordStore

if TYPE_CHECKING:
    from typing import TypeVar

    from minorguard.stores import postgres_address
    from minorguard.stores.redis_address import Address
    from minorguard.stores.sqlite_file import SqliteFile

    F = TypeVar("F", bound=SqliteFile)

__all__ = [
    "BODY_BYTES_MAX",
    "KEY_CHARS_MAX",
    "NOTHING",
    "AsyncRecordStore",
    "AsyncStore",
    "Found",
    "Moved",
    "Page",
    "Record",
    "RecordPage",
    "RecordStore",
    "Store",
    "open",
    "open_async",
    "open_records",
    "open_records_async",
]

POSTGRES = "postgresql"
REDIS = ("redis", "rediss", "redis+cluster", "rediss+cluster")
WANTED = "want memory:, sqlite:///file.db, redis://, redis+cluster:// or postgresql://"
NOT_DURABLE = "records need a durable SQL store: want sqlite:///file.db or postgresql://"


def open(url: str) -> Store:  # noqa: A001 - stores.open(url) reads as what it does
    """The store at an address. It is opened now, so a wrong file is told now and not at the login.

    Raises ``UnknownStore`` for a wrong address or option, else what the store raises.
    """
    address = _read(url)
    if address.scheme == "memory":
        from minorguard.stores.memory import MemoryStore

        return MemoryStore()
    if address.scheme in REDIS:
        where = _redis(url)
        from minorguard.stores.redis import RedisStore

        return RedisStore(where)
    if address.scheme == POSTGRES:
        there = _postgres(url)
        from minorguard.stores.postgres import PostgresStore

        return PostgresStore(there)
    from minorguard.stores.sqlite import SqliteStore

    return _sqlite(address, SqliteStore)


def open_async(url: str) -> AsyncStore:
    """The store at an address, its methods awaited. Opened now, as by ``open``."""
    address = _read(url)
    if address.scheme == "memory":
        from minorguard.stores.memory import AsyncMemoryStore

        return AsyncMemoryStore()
    if address.scheme in REDIS:
        where = _redis(url)
        from minorguard.stores.redis_async import AsyncRedisStore

        return AsyncRedisStore(where)
    if address.scheme == POSTGRES:
        there = _postgres(url)
        from minorguard.stores.postgres_async import AsyncPostgresStore

        return AsyncPostgresStore(there)
    from minorguard.stores.sqlite import AsyncSqliteStore, SqliteStore

    return AsyncSqliteStore(_sqlite(address, SqliteStore))


def open_records(url: str) -> RecordStore:
    """The record store at an address: the same file or database as ``open``, another table."""
    address = _read(url)
    if address.scheme == "memory":
        from minorguard.stores.records_memory import MemoryRecords

        return MemoryRecords()
    if address.scheme in REDIS:
        raise UnknownStore(address.scheme, NOT_DURABLE)
    if address.scheme == POSTGRES:
        there = _postgres(url)
        from minorguard.stores.records_postgres import PostgresRecords

        return PostgresRecords(there)
    from minorguard.stores.records_sqlite import SqliteRecords

    return _sqlite(address, SqliteRecords)


def open_records_async(url: str) -> AsyncRecordStore:
    """The record store at an address, its methods awaited. Opened now, as by ``open_records``."""
    address = _read(url)
    if address.scheme == "memory":
        from minorguard.stores.records_memory import AsyncMemoryRecords

        return AsyncMemoryRecords()
    if address.scheme in REDIS:
        raise UnknownStore(address.scheme, NOT_DURABLE)
    if address.scheme == POSTGRES:
        there = _postgres(url)
        from minorguard.stores.records_postgres_async import AsyncPostgresRecords

        return AsyncPostgresRecords(there)
    from minorguard.stores.records_sqlite import AsyncSqliteRecords, SqliteRecords

    return AsyncSqliteRecords(_sqlite(address, SqliteRecords))


class _Address(NamedTuple):
    scheme: str
    path: str
    options: dict[str, str]


REDIS_OPTIONS = ("accept", "prefix", "timeout_s", "wait")
REDISS_OPTIONS = (*REDIS_OPTIONS, "ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
LIBPQ_OPTIONS = (
    *("application_name", "channel_binding", "host", "passfile", "port", "sslcert", "sslkey"),
    *("sslmode", "sslrootcert", "target_session_attrs"),
)
POSTGRES_OPTIONS = ("accept", "create", "pool", "schema", "timeout_s", *LIBPQ_OPTIONS)
OPTIONS = {
    "memory": (),
    "sqlite": ("journal", "sync", "timeout_s"),
    "redis": REDIS_OPTIONS,
    "rediss": REDISS_OPTIONS,
    "redis+cluster": REDIS_OPTIONS,
    "rediss+cluster": REDISS_OPTIONS,
    POSTGRES: POSTGRES_OPTIONS,
}


def _read(url: str) -> _Address:
    """The parts of an address; no message repeats more of it than a scheme or an option's name."""
    from urllib.parse import parse_qsl, unquote, urlsplit

    try:
        scheme, place, path, query, fragment = urlsplit(str(url))
        options = parse_qsl(query, keep_blank_values=True)
    except ValueError:
        raise UnknownStore("address", WANTED) from None
    if not scheme:
        raise UnknownStore("address", WANTED)
    if scheme not in OPTIONS:
        raise UnknownStore(scheme)
    _check_options(scheme, [name for name, _ in options])
    if fragment:
        raise UnknownStore(scheme, "an address has no #; in a file's name it is written %23")
    if scheme == "memory" and (place or path):
        raise UnknownStore(scheme, "a store in memory has no name: want memory:")
    if place and scheme == "sqlite":
        raise UnknownStore(scheme, "want three slashes, sqlite:///file.db, or four, sqlite:////dir")
    return _Address(scheme, unquote(path), dict(options))


def _check_options(scheme: str, names: list[str]) -> None:
    wanted = f"want {', '.join(OPTIONS[scheme])}" if OPTIONS[scheme] else "it takes none"
    for name in names:
        if name not in OPTIONS[scheme]:
            raise UnknownStore(scheme, f"unknown option {name[:40]!r}, {wanted}")
        if names.count(name) > 1:
            raise UnknownStore(scheme, f"option {name} is given twice")


def _redis(url: str) -> Address:
    from minorguard.stores.redis_address import read

    return read(str(url))


def _postgres(url: str) -> postgres_address.Address:
    from minorguard.stores.postgres_address import read

    return read(str(url))


def _sqlite(address: _Address, kind: type[F]) -> F:
    if address.scheme != "sqlite":
        raise UnknownStore(address.scheme)
    path, options = address.path[1:], address.options
    if path in ("", ":memory:"):
        # A memory database belongs to one connection, and a store has many.
        raise UnknownStore("sqlite", "names no file; a store in memory is memory:")
    if "\0" in path:
        raise UnknownStore("sqlite", "no file is called so")
    try:
        timeout_s = float(options.get("timeout_s", "5"))
    except ValueError:
        raise UnknownStore("sqlite", "timeout_s: want seconds") from None
    journal, sync = options.get("journal"), options.get("sync")
    return kind(path, journal=journal, sync=sync, timeout_s=timeout_s)

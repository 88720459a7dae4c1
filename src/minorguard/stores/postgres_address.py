"""Which PostgreSQL an address means, and whether what is there can be trusted with a limit.

``postgresql://user:password@host:5432/database``, several hosts as ``a:5432,b:5432``, a socket as
``postgresql:///database?host=/run/postgresql``; what is not said is taken from libpq's environment.

Options: ``?schema=`` (else the first of the search path), ``?create=no`` where a DBA has made the
table (``TABLE`` in ``postgres_talk``), ``?pool=8`` connections at most, ``?timeout_s=5`` for an
answer, and libpq's ``sslmode``, ``sslrootcert``, ``sslcert``, ``sslkey``, ``channel_binding``,
``target_session_attrs``, ``host``, ``port``, ``passfile``, ``application_name``.

A limit is forgotten where the server forgets. So a server is refused that does not write to its
disk what it acknowledges, unless the address accepts it, by the names that are in ``ACCEPTS``:
``?accept=async_commit,unlogged``. Every connection is checked, for after a failover it leads to
another server. Settings and prepared statements belong to a session, so a pooler between us and the
server has to pool sessions, not transactions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from minorguard.errors import MissingExtra, UnknownStore

try:
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.errors import ProgrammingError
except ImportError:
    raise MissingExtra("postgres") from None

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEME = "postgresql"
OURS = ("accept", "create", "pool", "schema", "timeout_s")
OLDEST = 12
CONNECT_S = 2
TIMEOUT_S_MAX = 60
POOL_MAX = 256

ACCEPTS = {
    "async_commit": "synchronous_commit is not on: ALTER ROLE ... SET synchronous_commit = on",
    "no_fsync": "fsync is off, a power cut destroys the database: set fsync = on",
    "torn_pages": "full_page_writes is off, a power cut destroys pages: set full_page_writes = on",
    "unlogged": "the table is UNLOGGED, a crash empties it: ALTER TABLE ... SET LOGGED",
}
"""What may be accepted aloud, and what to do about it otherwise."""

_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


class Address(NamedTuple):
    """All that an address says; ``libpq`` is what libpq has to know, the password among it."""

    libpq: Mapping[str, str]
    schema: str | None = None
    create: bool = True
    accept: frozenset[str] = frozenset()
    pool: int = 8
    timeout_s: float = 5

    def __repr__(self) -> str:
        return "Address(...)"  # it has a password

    @property
    def timeout_ms(self) -> int:
        """How long a statement may run on the server: a little less than the answer may take."""
        return max(1, int(self.timeout_s * 900))

    @property
    def lock_ms(self) -> int:
        """How long a statement may wait for somebody's lock: a little less again."""
        return max(1, int(self.timeout_s * 700))


def read(url: str) -> Address:
    """The parts of an address; ``UnknownStore`` never repeats more than a scheme or an option."""
    place, _, query = url.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    theirs = {name: value for name, value in options.items() if name not in OURS}
    try:
        urlsplit(place)
        libpq = conninfo_to_dict(f"{place}?{urlencode(theirs)}" if theirs else place)
    except (ProgrammingError, ValueError):
        raise UnknownStore(SCHEME, "want postgresql://user:password@host:5432/database") from None
    schema = options.get("schema")
    if schema is not None and not _SCHEMA.fullmatch(schema):
        raise UnknownStore(SCHEME, "schema: want 1 to 63 of A-Z a-z 0-9 _, no digit first")
    if options.get("create", "yes") not in ("yes", "no"):
        raise UnknownStore(SCHEME, "create: want yes or no")
    accept = frozenset(options["accept"].split(",")) if "accept" in options else frozenset[str]()
    if not accept <= ACCEPTS.keys():
        raise UnknownStore(SCHEME, f"accept: want some of {', '.join(ACCEPTS)}")
    libpq = {"fallback_application_name": "minorguard", **libpq}
    libpq["connect_timeout"] = CONNECT_S
    return Address(
        libpq={name: str(value) for name, value in libpq.items() if value is not None},
        schema=schema,
        create=options.get("create", "yes") == "yes",
        accept=accept,
        pool=int(_number(options, "pool", 1, POOL_MAX, "8")),
        timeout_s=_number(options, "timeout_s", 0.05, TIMEOUT_S_MAX, "5"),
    )


def _number(
    options: Mapping[str, str], name: str, least: float, most: float, default: str
) -> float:
    try:
        number = float(options.get(name, default))
    except ValueError:
        number = -1
    if not least <= number <= most or (name == "pool" and number != int(number)):
        raise UnknownStore(SCHEME, f"{name}: want {least:g} to {most:g}")
    return number


# -- what is there -------------------------------------------------------------------------------


class Facts(NamedTuple):
    """What a server says of itself and of our table; the table is ``None`` where there is none."""

    fsync: str
    full_page_writes: str
    synchronous_commit: str
    read_only: str
    recovering: str
    kind: str | None
    persistence: str | None
    stamp: str | None


SCHEMA = 1
STAMP = "minorguard documents "
"""The comment on the table, with the version of its columns behind it."""


def too_old(version: int) -> str | None:
    """Why a server cannot be asked at all; ``None`` where it can."""
    return f"it is older than PostgreSQL {OLDEST}" if version < OLDEST * 10_000 else None


def refusal(address: Address, facts: Facts) -> str | None:
    """Why a server must not be used, and what to do about it; ``None`` where it may."""
    if facts.recovering != "false":
        return "it is a standby: the address has to lead to the primary"
    if facts.read_only != "off":
        return "it is read-only: set default_transaction_read_only = off for this role"
    wrong: list[str] = []
    if facts.fsync != "on":
        wrong.append("no_fsync")
    if facts.full_page_writes != "on":
        wrong.append("torn_pages")
    if facts.synchronous_commit not in ("on", "remote_apply"):
        wrong.append("async_commit")
    if facts.persistence not in ("p", None):
        wrong.append("unlogged")
    for name in wrong:
        if name not in address.accept:
            return f"{ACCEPTS[name]}, or ?accept={name}"
    return _not_ours(facts)


def _not_ours(facts: Facts) -> str | None:
    if facts.kind is None:
        return None
    stamp = facts.stamp or ""
    if facts.kind not in ("r", "p") or not stamp.startswith(STAMP):
        return "the table minorguard_documents belongs to another program"
    if stamp != f"{STAMP}{SCHEMA}":
        return f"the table is of another version of minorguard, this one knows {STAMP}{SCHEMA}"
    return None

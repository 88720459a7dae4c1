"""What PostgreSQL is asked and what its answers mean, in generators that wait for nobody.

A talk yields an ``Ask`` and is sent the ``Answer``, or is thrown ``Clash``: nothing was done, ask
again. ``postgres`` and ``postgres_async`` carry asks and answers, and nothing else.

**A swap is one statement** and its own transaction, so it is one round trip where it succeeds. It
is done only when the server is ready for the next one: the statement completes before its commit.

**A group** is many such statements as one, for ``async`` callers. It never waits for a row that
somebody has locked: that row is asked for alone, so one that is stuck holds up nobody else, and two
groups cannot wait for each other.

**Nothing expires.** A deleted row stays in the files of the server until ``VACUUM``, and in its log
and backups as long as these are kept.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from psycopg.sql import SQL, Composable, Identifier

from minorguard.errors import Contention, StoreUnavailable
from minorguard.stores.postgres_address import SCHEMA, STAMP, Facts, refusal, too_old
from minorguard.stores.protocol import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minorguard.stores.postgres_address import Address
    from minorguard.stores.protocol import Found, Page

T = TypeVar("T")

TRIES = 16
"""How often a statement is tried that the server took back for the sake of another one."""

PAGE_KEYS = 500
"""How many keys ``scan`` returns at a time."""

NAME = "minorguard_documents"

TABLE = """\
CREATE TABLE IF NOT EXISTS {table} (
    key text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    body bytea NOT NULL
) WITH (fillfactor = 85);
COMMENT ON TABLE {table} IS {stamp};
"""
"""For a DBA, with ``?create=no``: ``{stamp}`` is ``'minorguard documents 1'``. The role that uses
it needs SELECT, INSERT, UPDATE and DELETE. Room is left in each page, so that a new version of a
row is put beside the old one and the index stays as it is."""

# Two processes that come first at once take turns: 0x6D677264 is "mgrd".
CREATE = "SELECT pg_advisory_xact_lock(1835496036, 1);\n{schema}" + TABLE
CREATE_SCHEMA = "CREATE SCHEMA IF NOT EXISTS {};\n"

# A group looks up keys, whatever the planner believes about a table that was empty yesterday.
SETTLE = """\
SELECT
    current_setting('fsync'), current_setting('full_page_writes'),
    current_setting('synchronous_commit'), current_setting('transaction_read_only'),
    pg_is_in_recovery()::text,
    c.relkind::text, c.relpersistence::text, obj_description(c.oid, 'pg_class'),
    to_regnamespace($2)::text,
    set_config('statement_timeout', $3, false), set_config('lock_timeout', $4, false),
    set_config('client_min_messages', 'warning', false), set_config('jit', 'off', false),
    set_config('plan_cache_mode', 'force_generic_plan', false),
    set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false),
    set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false)
FROM (SELECT to_regclass($1) AS oid) AS ours LEFT JOIN pg_class AS c ON c.oid = ours.oid
"""

LOAD = "SELECT version, body FROM {table} WHERE key = $1"
LOAD_MANY = "SELECT key, version, body FROM {table} WHERE key = ANY ($1::text[])"
FIRST = "INSERT INTO {table} (key, version, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
FIRST_MANY = """\
INSERT INTO {table} (key, version, body)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[])
ON CONFLICT DO NOTHING RETURNING key
"""
NEXT = "UPDATE {table} SET version = version + 1, body = $3 WHERE key = $1 AND version = $2"
NEXT_MANY = """\
WITH free AS MATERIALIZED (
    SELECT d.key, a.body
    FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS a (key, version, body)
    JOIN {table} AS d ON d.key = a.key AND d.version = a.version
    FOR NO KEY UPDATE OF d SKIP LOCKED
)
UPDATE {table} AS d SET version = d.version + 1, body = free.body
FROM free WHERE d.key = free.key RETURNING d.key
"""
ERASE = "DELETE FROM {table} WHERE key = $1"
SCAN = "SELECT key FROM {table} WHERE key > $1 AND key >= $2 AND key < $3 ORDER BY key LIMIT $4"


class Statement(NamedTuple):
    """What is sent, under which name it is prepared, and how many of it are asked as one.

    Without a name it is not prepared, and without values may be several statements.
    """

    name: bytes
    text: bytes
    writing: bool = False
    many: bytes = b""


class Ask(NamedTuple):
    """A statement and its values, in the server's own binary form; the first is the key."""

    statement: Statement
    values: tuple[bytes, ...] = ()


class Answer(NamedTuple):
    """How many rows a statement changed or found, and those it returned."""

    changed: int
    rows: list[tuple[bytes | None, ...]]


Talk: TypeAlias = Generator[Ask, Answer, T]


class Clash(Exception):
    """The server took a statement back, all of it: it can be asked again."""


class Talks:
    """All talks with one database. Safe for threads: nothing in it changes."""

    def __init__(self, address: Address) -> None:
        self.address = address
        schema = address.schema
        self._table = Identifier(schema, NAME) if schema else Identifier(NAME)
        self._load = self._statement(b"mg_load", LOAD, LOAD_MANY)
        self._first = self._statement(b"mg_first", FIRST, FIRST_MANY, writing=True)
        self._next = self._statement(b"mg_next", NEXT, NEXT_MANY, writing=True)
        self._erase = self._statement(b"mg_erase", ERASE, writing=True)
        self._scan = self._statement(b"mg_scan", SCAN)
        self._settle = Statement(b"", SETTLE.encode())

    def _statement(
        self, name: bytes, text: str, many: str = "", *, writing: bool = False
    ) -> Statement:
        text, many = (each.replace("{table}", self._table.as_string()) for each in (text, many))
        return Statement(name, text.encode(), writing, many.encode())

    # -- the four methods ------------------------------------------------------------------------

    def load(self, key: str) -> Talk[Found | None]:
        """See ``Store.load``."""
        _, rows = yield from _asked(self._load, key.encode())
        if not rows:
            return None
        version, body = rows[0]
        return _int(version), body or b""

    def swap(self, key: str, version: int | None, body: bytes) -> Talk[Found | None]:
        """See ``Store.swap``."""
        if version is None:
            # Random, so that no version of an erased document ever comes back.
            statement, version = self._first, (int.from_bytes(os.urandom(8), "big") >> 2) + 1
        else:
            statement = self._next
        done, _ = yield from _asked(statement, key.encode(), _eight(version), body)
        return None if done else (yield from self.load(key)) or NOTHING

    def erase(self, key: str) -> Talk[None]:
        """See ``Store.erase``."""
        yield from _asked(self._erase, key.encode())

    def scan(self, prefix: str, cursor: str | None = None) -> Talk[Page]:
        """See ``Store.scan``. Keys come in order, and the cursor is the last one."""
        # DEL comes after every character that a key may have.
        bounds = (cursor or "", prefix, prefix + "\x7f")
        asked = [bound.encode() for bound in bounds]
        _, rows = yield from _asked(self._scan, *asked, _eight(PAGE_KEYS))
        keys = [(key or b"").decode() for (key,) in rows]
        return keys, keys[-1] if len(keys) == PAGE_KEYS else None

    # -- before a connection is used -------------------------------------------------------------

    def settled(self, server_version: int, *, first: bool) -> Talk[None]:
        """Set how a session works, and refuse a server that must not be used.

        The table is made when a store is opened and never again: one that somebody dropped is an
        error, and not an empty book with every limit unspent.
        """
        if why := too_old(server_version):
            raise StoreUnavailable(f"postgresql: {why}")
        facts, has_schema = yield from self._looked()
        if facts.kind is None and first and self.address.create:
            yield Ask(self._create(with_schema=not has_schema))
            facts, _ = yield from self._looked()
        if facts.kind is None:
            raise StoreUnavailable(
                "postgresql: there is no table minorguard_documents: open the store with"
                " ?create=yes, or make it with the SQL in minorguard.stores.postgres_talk"
            )

    def _looked(self) -> Talk[tuple[Facts, bool]]:
        schema = Identifier(self.address.schema).as_string() if self.address.schema else "public"
        table, timeout_ms = self._table.as_string(), self.address.timeout_ms
        values = (table, schema, f"{timeout_ms}ms", f"{self.address.lock_ms}ms")
        answer = yield Ask(self._settle, tuple(value.encode() for value in values))
        found = [None if value is None else value.decode() for value in answer.rows[0]]
        facts = Facts(*(value or "" for value in found[:5]), *found[5:8])
        why = refusal(self.address, facts)
        if why:
            raise StoreUnavailable(f"postgresql: {why}")
        return facts, self.address.schema is None or found[8] is not None

    def _create(self, *, with_schema: bool) -> Statement:
        schema: Composable = SQL("")
        if with_schema and self.address.schema:
            schema = SQL(CREATE_SCHEMA).format(Identifier(self.address.schema))
        text = SQL(CREATE).format(schema=schema, table=self._table, stamp=f"{STAMP}{SCHEMA}")
        return Statement(b"", text.as_string().encode())


def _asked(statement: Statement, *values: bytes) -> Talk[Answer]:
    for _ in range(TRIES):
        try:
            return (yield Ask(statement, values))
        except Clash:
            continue
    raise Contention("postgresql: others change what this statement reads, each time anew")


# -- many as one ---------------------------------------------------------------------------------

ELEMENTS = (25, 20, 17)
"""The types of key, version and body, by their numbers in ``pg_type``."""


def grouped(asks: Sequence[Ask]) -> Ask:
    """Many asks with one statement as one ask, in the order of their keys."""
    statement = asks[0].statement
    columns = zip(*sorted(ask.values for ask in asks), strict=True)
    values = [_array(oid, column) for oid, column in zip(ELEMENTS, columns, strict=False)]
    many = Statement(statement.name + b"_many", statement.many, statement.writing)
    return Ask(many, tuple(values))


def shared_out(asks: Sequence[Ask], answer: Answer) -> list[Answer | None]:
    """What each of a group is answered; ``None``: it has to be asked alone."""
    rows = {row[0]: row[1:] for row in answer.rows}
    if not asks[0].statement.writing:
        found = [rows.get(ask.values[0]) for ask in asks]
        return [Answer(0, []) if row is None else Answer(1, [row]) for row in found]
    # A row that was not changed may have been skipped, because somebody has locked it.
    return [Answer(1, []) if ask.values[0] in rows else None for ask in asks]


def _array(oid: int, values: Sequence[bytes]) -> bytes:
    """A one-dimensional array without nulls: its shape, then each element behind its length."""
    head = (1, 0, oid, len(values), 1)
    parts = [number.to_bytes(4, "big") for number in head]
    for value in values:
        parts += (len(value).to_bytes(4, "big"), value)
    return b"".join(parts)


def _eight(version: int) -> bytes:
    return version.to_bytes(8, "big", signed=True)


def _int(version: bytes | None) -> int:
    return int.from_bytes(version or b"", "big", signed=True)

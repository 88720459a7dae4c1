"""Records in PostgreSQL, in a table beside that of the documents.

**The order of appending** is ``place``, and a number from a sequence is not enough for it: whoever
took 5 may commit after whoever took 6 was listed, and then 5 is behind a cursor that somebody
already has. So appends of one kind take turns: the statement that appends takes a lock of its kind
before it takes its number, and PostgreSQL lets go of such a lock when the commit can be seen. A
listing waits for nobody. Kinds do not wait for each other, and neither does a transition, so a kind
takes as many appends a second as the server does commits one after the other.

An append that hangs, with its lock, holds up its own kind: the others get ``Contention`` after
``timeout_s``, and the server ends the one that hangs after ``timeout_s`` too.

**Nothing is erased at once**: see ``postgres_talk``.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from psycopg.sql import SQL, Identifier

from minorguard.errors import StoreUnavailable
from minorguard.stores import records_sql
from minorguard.stores.postgres import PostgresStore
from minorguard.stores.postgres_address import ACCEPTS
from minorguard.stores.postgres_talk import TRIES, Ask, Clash, Statement, Talks
from minorguard.stores.records_sql import Statements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeVar

    from minorguard.stores.postgres_address import Address
    from minorguard.stores.postgres_talk import Answer, Talk
    from minorguard.stores.records import Record, RecordPage

    T = TypeVar("T")

NAME = "minorguard_records"
STAMP = "minorguard records 1"
"""The comment on the table, with the version of its columns."""

TABLE = """\
CREATE TABLE IF NOT EXISTS {table} (
    place bigint GENERATED ALWAYS AS IDENTITY,
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    of_group text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS minorguard_records_kind
    ON {table} (kind, place);
CREATE INDEX IF NOT EXISTS minorguard_records_state
    ON {table} (kind, state, place);
CREATE INDEX IF NOT EXISTS minorguard_records_group
    ON {table} (kind, of_group, place);
CREATE INDEX IF NOT EXISTS minorguard_records_group_state
    ON {table} (kind, of_group, state, place);
COMMENT ON TABLE {table} IS {stamp};
"""
"""For a DBA, with ``?create=no``: ``{stamp}`` is ``'minorguard records 1'``. The role that uses it
needs SELECT, INSERT, UPDATE and DELETE."""

# Two processes that come first at once take turns: 0x6D677264 is "mgrd".
CREATE = "SELECT pg_advisory_xact_lock(1835496036, 2);\n" + TABLE

LOOK = """\
SELECT c.relkind::text, c.relpersistence::text, obj_description(c.oid, 'pg_class')
FROM pg_class AS c WHERE c.oid = to_regclass($1)
"""

# The lock comes first: the number is taken for the row that has it.
APPEND = """\
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock($1))
INSERT INTO {table} (kind, id, of_group, state, version, body)
SELECT $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::bytea FROM turn
ON CONFLICT (kind, id) DO NOTHING
"""
GET = "SELECT id, of_group, state, body, version FROM {table} WHERE kind = $1 AND id = $2"
TRANSITION = """\
UPDATE {table} SET state = $1, body = $2, version = $3
WHERE kind = $4 AND id = $5 AND version = $6 AND state = $7 AND of_group = $8
"""
ERASE = "DELETE FROM {table} WHERE kind = $1 AND id = $2"
LIST = """\
SELECT id, of_group, state, body, version, place FROM {table}
WHERE kind = $1 AND place > $2 ORDER BY kind, place LIMIT $3
"""
LIST_STATE = """\
SELECT id, of_group, state, body, version, place FROM {table}
WHERE kind = $1 AND place > $2 AND state = $4 ORDER BY kind, state, place LIMIT $3
"""
LIST_GROUP = """\
SELECT id, of_group, state, body, version, place FROM {table}
WHERE kind = $1 AND place > $2 AND of_group = $4 ORDER BY kind, of_group, place LIMIT $3
"""
LIST_BOTH = """\
SELECT id, of_group, state, body, version, place FROM {table}
WHERE kind = $1 AND place > $2 AND of_group = $4 AND state = $5
ORDER BY kind, of_group, state, place LIMIT $3
"""

STATEMENTS = Statements(
    append=APPEND,
    get=GET,
    transition=TRANSITION,
    erase=ERASE,
    listing={
        (False, False): LIST,
        (False, True): LIST_STATE,
        (True, False): LIST_GROUP,
        (True, True): LIST_BOTH,
    },
)
PAGE = ("kind", "after", "limit")
WORDS = {
    APPEND: (b"mg_append", ("turn", "kind", "id", "group", "state", "version", "body")),
    GET: (b"mg_get", ("kind", "id")),
    TRANSITION: (
        b"mg_transition",
        ("state", "body", "version", "kind", "id", "was_version", "was_state", "group"),
    ),
    ERASE: (b"mg_forget", ("kind", "id")),
    LIST: (b"mg_list", PAGE),
    LIST_STATE: (b"mg_list_state", (*PAGE, "state")),
    LIST_GROUP: (b"mg_list_group", (*PAGE, "group")),
    LIST_BOTH: (b"mg_list_both", (*PAGE, "group", "state")),
}
"""The name under which a statement is prepared, and what its ``$1``, ``$2`` and so on are."""


class Worded(NamedTuple):
    """A statement with its table, and the names of its values."""

    statement: Statement
    names: tuple[str, ...]


class RecordTalks(Talks):
    """All talks about records with one database; the table of the documents is there, too."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._records = Identifier(address.schema, NAME) if address.schema else Identifier(NAME)
        self._worded: dict[str, Worded] = {}
        for text, (name, names) in WORDS.items():
            writing = text in (APPEND, TRANSITION, ERASE)
            whole = text.replace("{table}", self._records.as_string()).encode()
            self._worded[text] = Worded(Statement(name, whole, writing), names)

    def worded(self, talk: records_sql.Talk[T]) -> Talk[T]:
        """The same talk in PostgreSQL's words."""
        try:
            ask = next(talk)
            while True:
                changed, rows = yield from self._told(ask)
                ask = talk.send(([_read(row) for row in rows], changed))
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _told(self, ask: records_sql.Ask) -> Talk[Answer]:
        statement, names = self._worded[ask.statement]
        values = {"turn": _turn(ask.values), **ask.values}
        words = Ask(statement, tuple(_written(values[name]) for name in names))
        for _ in range(TRIES):
            try:
                return (yield words)
            except Clash:
                continue
        raise records_sql.clash()

    # -- before a connection is used -------------------------------------------------------------

    def settled(self, server_version: int, *, first: bool) -> Talk[None]:
        """The same for the table of the records: it is made once, and never again."""
        yield from super().settled(server_version, first=first)
        there = yield from self._looked_at()
        if not there and first and self.address.create:
            text = SQL(CREATE).format(table=self._records, stamp=STAMP).as_string()
            yield Ask(Statement(b"", text.encode()))
            there = yield from self._looked_at()
        if not there:
            raise StoreUnavailable(
                "postgresql: there is no table minorguard_records: open the records with"
                " ?create=yes, or make it with the SQL in minorguard.stores.records_postgres"
            )

    def _looked_at(self) -> Talk[bool]:
        look = Statement(b"", LOOK.encode())
        answer = yield Ask(look, (self._records.as_string().encode(),))
        if not answer.rows:
            return False
        kind, persistence, stamp = answer.rows[0]
        if kind not in (b"r", b"p") or stamp != STAMP.encode():
            raise StoreUnavailable(
                "postgresql: the table minorguard_records is not of this version of minorguard"
            )
        if persistence != b"p" and "unlogged" not in self.address.accept:
            raise StoreUnavailable(f"postgresql: {ACCEPTS['unlogged']}, or ?accept=unlogged")
        return True


def _turn(values: Mapping[str, Any]) -> int:
    """The number of a kind's lock. Two kinds that have the same only wait for each other."""
    digest = sha256(b"minorguard_records " + values["kind"].encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _written(value: int | str | bytes | None) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(8, "big", signed=True)
    return value.encode() if isinstance(value, str) else value or b""


def _read(row: tuple[bytes | None, ...]) -> tuple[Any, ...]:
    """Id, group, state, body and version of a record, and before them its place if it is listed."""
    record_id, group, state, body, *numbers = (value or b"" for value in row)
    version, *place = (int.from_bytes(number, "big", signed=True) for number in numbers)
    return (*place, record_id.decode(), group.decode(), state.decode(), body, version)


class Lines(PostgresStore):
    """The connections of ``PostgresStore``, each of them with both tables."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.close()
        self.talks = self.record_talks = RecordTalks(address)
        self._made = False
        self._lines.give(self._lines.take())
        self._made = True

    def run(self, talk: records_sql.Talk[T]) -> T:
        """What a talk comes to."""
        return self._run(self.record_talks.worded(talk))


class PostgresRecords:
    """Records in PostgreSQL. ``stores.open_records`` makes one from an address."""

    def __init__(self, address: Address) -> None:
        self._lines = Lines(address)
        self.talks = records_sql.Talks(STATEMENTS)

    def append(self, kind: str, record_id: str, *, group: str, state: str, body: bytes) -> Record:
        """See ``RecordStore.append``."""
        return self._lines.run(self.talks.append(kind, record_id, group, state, body))

    def get(self, kind: str, record_id: str) -> Record | None:
        """See ``RecordStore.get``."""
        return self._lines.run(self.talks.get(kind, record_id))

    def transition(self, kind: str, was: Record, *, state: str, body: bytes) -> Record:
        """See ``RecordStore.transition``."""
        return self._lines.run(self.talks.transition(kind, was, state, body))

    def list(
        self,
        kind: str,
        *,
        group: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> RecordPage:
        """See ``RecordStore.list``."""
        return self._lines.run(self.talks.list(kind, group, state, after, limit))

    def erase(self, kind: str, record_id: str) -> None:
        """See ``RecordStore.erase``. The bytes stay in the server's files until ``VACUUM``."""
        self._lines.run(self.talks.erase(kind, record_id))

    def close(self) -> None:
        """Close all connections, each when its call is over."""
        self._lines.close()

"""Records in an SQLite file, beside the documents or alone, as safe as they are.

There is one writer at a time, so the places that ``AUTOINCREMENT`` gives are in the order of the
commits; a place is never given twice, also when the last record was erased. So nothing ever
appears behind a cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minorguard.stores.records_sql import Statements, Talks
from minorguard.stores.sqlite_file import SqliteFile, SqliteThreads

if TYPE_CHECKING:
    from typing import TypeVar

    from minorguard.stores.records import Record, RecordPage
    from minorguard.stores.records_sql import Talk

    T = TypeVar("T")

TABLE = (
    "CREATE TABLE IF NOT EXISTS record"
    " (place INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL,"
    " of_group TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,"
    " UNIQUE (kind, id))"
)
# An index ends in the rowid, which is the place.
INDEXES = (
    "CREATE INDEX IF NOT EXISTS record_kind ON record (kind)",
    "CREATE INDEX IF NOT EXISTS record_state ON record (kind, state)",
    "CREATE INDEX IF NOT EXISTS record_group ON record (kind, of_group)",
    "CREATE INDEX IF NOT EXISTS record_group_state ON record (kind, of_group, state)",
)

STATEMENTS = Statements(
    append=(
        "INSERT INTO record (kind, id, of_group, state, version, body)"
        " VALUES (:kind, :id, :group, :state, :version, :body) ON CONFLICT (kind, id) DO NOTHING"
    ),
    get="SELECT id, of_group, state, body, version FROM record WHERE kind = :kind AND id = :id",
    transition=(
        "UPDATE record SET state = :state, body = :body, version = :version"
        " WHERE kind = :kind AND id = :id AND version = :was_version AND state = :was_state"
        " AND of_group = :group"
    ),
    erase="DELETE FROM record WHERE kind = :kind AND id = :id",
    listing={
        (False, False): (
            "SELECT place, id, of_group, state, body, version FROM record INDEXED BY record_kind"
            " WHERE kind = :kind AND place > :after ORDER BY place LIMIT :limit"
        ),
        (False, True): (
            "SELECT place, id, of_group, state, body, version FROM record INDEXED BY record_state"
            " WHERE kind = :kind AND state = :state AND place > :after ORDER BY place LIMIT :limit"
        ),
        (True, False): (
            "SELECT place, id, of_group, state, body, version FROM record INDEXED BY record_group"
            " WHERE kind = :kind AND of_group = :group AND place > :after"
            " ORDER BY place LIMIT :limit"
        ),
        (True, True): (
            "SELECT place, id, of_group, state, body, version FROM record"
            " INDEXED BY record_group_state"
            " WHERE kind = :kind AND of_group = :group AND state = :state AND place > :after"
            " ORDER BY place LIMIT :limit"
        ),
    },
)


class SqliteRecords(SqliteFile):
    """Records in a file. The options are those of ``SqliteFile``."""

    ADDED = ("record", TABLE, *INDEXES)
    talks = Talks(STATEMENTS)

    def append(self, kind: str, record_id: str, *, group: str, state: str, body: bytes) -> Record:
        """See ``RecordStore.append``."""
        return self._talk(self.talks.append(kind, record_id, group, state, body))

    def get(self, kind: str, record_id: str) -> Record | None:
        """See ``RecordStore.get``."""
        return self._talk(self.talks.get(kind, record_id))

    def transition(self, kind: str, was: Record, *, state: str, body: bytes) -> Record:
        """See ``RecordStore.transition``."""
        return self._talk(self.talks.transition(kind, was, state, body))

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
        return self._talk(self.talks.list(kind, group, state, after, limit))

    def erase(self, kind: str, record_id: str) -> None:
        """See ``RecordStore.erase``. The bytes are overwritten, in the file and in the journal."""
        for ask in self.talks.erase(kind, record_id):
            self._erase(ask.statement, ask.values)

    def _talk(self, talk: Talk[T]) -> T:
        try:
            ask = next(talk)
            while True:
                ask = talk.send(self._call(ask.statement, ask.values, writing=ask.writing))
        except StopIteration as stop:
            result: T = stop.value
            return result


class AsyncSqliteRecords:
    """The same file for ``async`` callers; the calls run in a few threads of its own.

    A call that is cancelled while it runs goes on in its thread: whoever cancels a call that
    writes, or gives up waiting for it, has an unknown outcome.
    """

    def __init__(self, store: SqliteRecords) -> None:
        self._store = store
        self._threads = SqliteThreads()

    async def append(
        self, kind: str, record_id: str, *, group: str, state: str, body: bytes
    ) -> Record:
        """See ``RecordStore.append``."""
        return await self._threads.run(
            self._store.append, kind, record_id, group=group, state=state, body=body
        )

    async def get(self, kind: str, record_id: str) -> Record | None:
        """See ``RecordStore.get``."""
        return await self._threads.run(self._store.get, kind, record_id)

    async def transition(self, kind: str, was: Record, *, state: str, body: bytes) -> Record:
        """See ``RecordStore.transition``."""
        return await self._threads.run(self._store.transition, kind, was, state=state, body=body)

    async def list(
        self,
        kind: str,
        *,
        group: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> RecordPage:
        """See ``RecordStore.list``."""
        return await self._threads.run(
            self._store.list, kind, group=group, state=state, after=after, limit=limit
        )

    async def erase(self, kind: str, record_id: str) -> None:
        """See ``RecordStore.erase``."""
        await self._threads.run(self._store.erase, kind, record_id)

    async def close(self) -> None:
        """Close all connections and end the threads, after the calls that are running."""
        await self._threads.run(self._store.close)
        self._threads.end()

"""The records of ``records_postgres`` for ``async`` callers: the same talks, awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minorguard.stores import records_sql
from minorguard.stores.postgres_async import AsyncPostgresStore
from minorguard.stores.records_postgres import STATEMENTS, PostgresRecords, RecordTalks

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import TypeVar

    from minorguard.stores.postgres_address import Address
    from minorguard.stores.records import Record, RecordPage

    T = TypeVar("T")


class AsyncLines(AsyncPostgresStore):
    """The connections of ``AsyncPostgresStore``, each of them with both tables."""

    def __init__(self, address: Address) -> None:
        PostgresRecords(address).close()  # told now what is wrong, and the tables are made
        super().__init__(address)
        self.talks = self.record_talks = RecordTalks(address)

    def run(self, talk: records_sql.Talk[T]) -> Awaitable[T]:
        """What a talk comes to, awaited."""
        return self._run(self.record_talks.worded(talk))


class AsyncPostgresRecords:
    """Records in PostgreSQL, for ``async`` callers. ``stores.open_records_async`` makes one."""

    def __init__(self, address: Address) -> None:
        self._lines = AsyncLines(address)
        self.talks = records_sql.Talks(STATEMENTS)

    async def append(
        self, kind: str, record_id: str, *, group: str, state: str, body: bytes
    ) -> Record:
        """See ``RecordStore.append``."""
        return await self._lines.run(self.talks.append(kind, record_id, group, state, body))

    async def get(self, kind: str, record_id: str) -> Record | None:
        """See ``RecordStore.get``."""
        return await self._lines.run(self.talks.get(kind, record_id))

    async def transition(self, kind: str, was: Record, *, state: str, body: bytes) -> Record:
        """See ``RecordStore.transition``."""
        return await self._lines.run(self.talks.transition(kind, was, state, body))

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
        return await self._lines.run(self.talks.list(kind, group, state, after, limit))

    async def erase(self, kind: str, record_id: str) -> None:
        """See ``RecordStore.erase``. The bytes stay in the server's files until ``VACUUM``."""
        await self._lines.run(self.talks.erase(kind, record_id))

    async def close(self) -> None:
        """Close this event loop's connections; calls that are running have an unknown outcome."""
        await self._lines.close()

"""Documents in one SQLite file: the embedded store, for the processes of one machine.

How the file is opened, written and shared, and why so, is in ``sqlite_file``: what is acknowledged
stays, and a swap is one statement.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from minorguard.stores.protocol import NOTHING
from minorguard.stores.sqlite_file import WAL_SAFE_FROM, SqliteFile, SqliteThreads

if TYPE_CHECKING:
    from minorguard.stores.protocol import Found, Page

__all__ = ["WAL_SAFE_FROM", "AsyncSqliteStore", "SqliteStore"]

PAGE_KEYS = 100
"""How many keys ``scan`` returns at a time."""

LOAD = "SELECT version, body FROM document WHERE key = ?"
FIRST = "INSERT INTO document (version, body, key) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING"
NEXT = "UPDATE document SET version = version + 1, body = ? WHERE key = ? AND version = ?"
ERASE = "DELETE FROM document WHERE key = ?"
SCAN = "SELECT key FROM document WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"


class SqliteStore(SqliteFile):
    """Documents in a file. The options are those of ``SqliteFile``."""

    def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        rows: list[Found] = self._call(LOAD, (key,))[0]
        return rows[0] if rows else None

    def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        if version is None:
            # Random, so that no version of an erased document ever comes back.
            first = (int.from_bytes(os.urandom(8), "big") >> 2) + 1
            _, changed = self._call(FIRST, (first, body, key), writing=True)
        else:
            _, changed = self._call(NEXT, (body, key, version), writing=True)
        return None if changed else self.load(key) or NOTHING

    def erase(self, key: str) -> None:
        """See ``Store.erase``. The bytes are overwritten, in the file and in the journal."""
        self._erase(ERASE, (key,))

    def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``. Keys come in order, and the cursor is the last one."""
        # DEL comes after every character that a key may have.
        bounds = (cursor or "", prefix, prefix + "\x7f", PAGE_KEYS)
        keys: list[str] = [row[0] for row in self._call(SCAN, bounds)[0]]
        return keys, keys[-1] if len(keys) == PAGE_KEYS else None


class AsyncSqliteStore:
    """The same file for ``async`` callers; the calls run in a few threads of its own.

    A call that is cancelled while it runs goes on in its thread: whoever cancels a swap or gives up
    waiting for it has an unknown outcome.
    """

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._threads = SqliteThreads()

    async def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        return await self._threads.run(self._store.load, key)

    async def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        return await self._threads.run(self._store.swap, key, version, body)

    async def erase(self, key: str) -> None:
        """See ``Store.erase``."""
        await self._threads.run(self._store.erase, key)

    async def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``."""
        return await self._threads.run(self._store.scan, prefix, cursor)

    async def close(self) -> None:
        """Close all connections and end the threads, after the calls that are running."""
        await self._threads.run(self._store.close)
        self._threads.end()

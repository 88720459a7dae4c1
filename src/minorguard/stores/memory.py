"""The reference: all that a store does, in a dictionary; for tests, and where it may be forgotten.

Nothing expires. A fork would make two books out of one and every limit twice as wide, so a store
refuses to work in a process that did not make it.
"""

from __future__ import annotations

from heapq import nsmallest
from os import getpid
from threading import Lock
from typing import TYPE_CHECKING

from minorguard.errors import StoreUnavailable
from minorguard.stores.protocol import NOTHING

if TYPE_CHECKING:
    from minorguard.stores.protocol import Found, Page

PAGE_KEYS = 100
"""How many keys ``scan`` returns at a time."""


class MemoryStore:
    """Documents in the memory of one process."""

    def __init__(self) -> None:
        self._documents: dict[str, Found] = {}
        self._lock = Lock()
        self._newest = 0  # the largest version that any key ever had
        self._pid = getpid()

    def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        self._check()
        return self._documents.get(key)

    def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        self._check()
        with self._lock:
            there = self._documents.get(key)
            if version != (there and there[0]):
                return there or NOTHING
            # The first is larger than all that ever were, so no erased version comes back.
            new = self._newest + 1 if version is None else version + 1
            self._newest = max(self._newest, new)
            self._documents[key] = (new, bytes(body))
            return None

    def erase(self, key: str) -> None:
        """See ``Store.erase``."""
        self._check()
        with self._lock:
            self._documents.pop(key, None)

    def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``. Keys come in order, and the cursor is the last one."""
        self._check()
        after = cursor or ""
        with self._lock:
            found = (key for key in self._documents if key > after and key.startswith(prefix))
            keys = nsmallest(PAGE_KEYS, found)
        return keys, keys[-1] if len(keys) == PAGE_KEYS else None

    def close(self) -> None:
        """There is nothing to let go of; the documents stay."""

    def _check(self) -> None:
        if self._pid != getpid():
            raise StoreUnavailable("memory: not shared with other processes, take a file: sqlite:")


class AsyncMemoryStore:
    """The same documents for ``async`` callers. Nothing waits, so nothing is awaited inside."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self._store = MemoryStore() if store is None else store

    async def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        return self._store.load(key)

    async def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        return self._store.swap(key, version, body)

    async def erase(self, key: str) -> None:
        """See ``Store.erase``."""
        self._store.erase(key)

    async def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``."""
        return self._store.scan(prefix, cursor)

    async def close(self) -> None:
        """See ``Store.close``."""
        self._store.close()

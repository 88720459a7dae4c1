"""The reference: records in a dictionary; for tests, and where they may be forgotten."""

from __future__ import annotations

from itertools import islice
from os import getpid
from threading import Lock
from typing import TYPE_CHECKING

from minorguard.errors import StoreUnavailable
from minorguard.stores.records import (
    Moved,
    Record,
    RecordPage,
    check_id,
    check_listing,
    check_move,
    check_new,
    first_version,
)

if TYPE_CHECKING:
    from typing import TypeAlias

    Shelf: TypeAlias = dict[str, tuple[int, Record]]


class MemoryRecords:
    """Records in the memory of one process."""

    def __init__(self) -> None:
        self._shelves: dict[str, Shelf] = {}  # kind -> id -> place and record, in their order
        self._lock = Lock()
        self._newest = 0  # the last place that was given
        self._pid = getpid()

    def append(self, kind: str, record_id: str, *, group: str, state: str, body: bytes) -> Record:
        """See ``RecordStore.append``."""
        check_new(kind, record_id, group, state, body)
        with self._lock:
            shelf = self._shelf(kind)
            if record_id not in shelf:
                self._newest += 1
                new = Record(record_id, group, state, body, first_version())
                shelf[record_id] = (self._newest, new)
            return shelf[record_id][1]

    def get(self, kind: str, record_id: str) -> Record | None:
        """See ``RecordStore.get``."""
        check_id(kind, record_id)
        with self._lock:
            there = self._shelf(kind).get(record_id)
            return there[1] if there else None

    def transition(self, kind: str, was: Record, *, state: str, body: bytes) -> Record:
        """See ``RecordStore.transition``."""
        check_move(kind, was, state, body)
        with self._lock:
            shelf = self._shelf(kind)
            place, there = shelf.get(was.id, (0, None))
            # The version alone would do; a record that somebody put together is refused, too.
            if there is None or there._replace(body=was.body) != was:
                raise Moved(there)
            new = there._replace(state=state, body=body, version=there.version + 1)
            shelf[was.id] = (place, new)
            return new

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
        start = check_listing(kind, group, state, after, limit)
        with self._lock:
            fitting = (
                (place, record)
                for place, record in self._shelf(kind).values()
                if place > start and group in (None, record.group) and state in (None, record.state)
            )
            found = list(islice(fitting, limit))
        return RecordPage(
            tuple(record for _, record in found), str(found[-1][0]) if found else after
        )

    def erase(self, kind: str, record_id: str) -> None:
        """See ``RecordStore.erase``."""
        check_id(kind, record_id)
        with self._lock:
            self._shelf(kind).pop(record_id, None)

    def close(self) -> None:
        """There is nothing to let go of; the records stay."""

    def _shelf(self, kind: str) -> Shelf:
        if self._pid != getpid():
            raise StoreUnavailable("memory: not shared with other processes, take a file: sqlite:")
        return self._shelves.setdefault(kind, {})


class AsyncMemoryRecords:
    """The same records for ``async`` callers. Nothing waits, so nothing is awaited inside."""

    def __init__(self, store: MemoryRecords | None = None) -> None:
        self._store = MemoryRecords() if store is None else store

    async def append(
        self, kind: str, record_id: str, *, group: str, state: str, body: bytes
    ) -> Record:
        """See ``RecordStore.append``."""
        return self._store.append(kind, record_id, group=group, state=state, body=body)

    async def get(self, kind: str, record_id: str) -> Record | None:
        """See ``RecordStore.get``."""
        return self._store.get(kind, record_id)

    async def transition(self, kind: str, was: Record, *, state: str, body: bytes) -> Record:
        """See ``RecordStore.transition``."""
        return self._store.transition(kind, was, state=state, body=body)

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
        return self._store.list(kind, group=group, state=state, after=after, limit=limit)

    async def erase(self, kind: str, record_id: str) -> None:
        """See ``RecordStore.erase``."""
        self._store.erase(kind, record_id)

    async def close(self) -> None:
        """See ``RecordStore.close``."""
        self._store.close()

"""What an SQL database is asked about records, in generators that wait for nobody.

A talk yields an ``Ask`` and is sent the rows and how many were changed; what it returns is the
result. SQLite and PostgreSQL have statements of their own for the same values, and the store that
runs a talk carries asks and answers, and nothing else.

Each ask is one statement and a transaction of its own, so nothing is ever half done. A doubt is
always about one ask: what a talk asked before that had changed nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from minorguard.errors import Contention
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

T = TypeVar("T")

TRIES = 8
"""How often an append looks for the record that was in its way and was erased meanwhile."""


class Ask(NamedTuple):
    """One statement, its values by name, and whether it writes."""

    statement: str
    values: Mapping[str, int | str | bytes | None]
    writing: bool = False


Answer: TypeAlias = tuple[list[Any], int]
"""The rows, and how many rows were changed."""

Talk: TypeAlias = Generator[Ask, Answer, T]


class Statements(NamedTuple):
    """A database's own words. ``listing`` has those for a group or not, and for a state or not."""

    append: str
    get: str
    transition: str
    erase: str
    listing: Mapping[tuple[bool, bool], str]


class Talks:
    """All talks with one kind of database."""

    def __init__(self, statements: Statements) -> None:
        self._sql = statements

    def append(
        self, kind: str, record_id: str, group: str, state: str, body: bytes
    ) -> Talk[Record]:
        """See ``RecordStore.append``."""
        check_new(kind, record_id, group, state, body)
        new = Record(record_id, group, state, body, first_version())
        for _ in range(TRIES):
            _, changed = yield Ask(self._sql.append, {"kind": kind, **new._asdict()}, writing=True)
            if changed:
                return new
            there = yield from self._got(kind, record_id)
            if there is not None:
                return there
        raise clash()

    def get(self, kind: str, record_id: str) -> Talk[Record | None]:
        """See ``RecordStore.get``."""
        check_id(kind, record_id)
        return (yield from self._got(kind, record_id))

    def transition(self, kind: str, was: Record, state: str, body: bytes) -> Talk[Record]:
        """See ``RecordStore.transition``."""
        check_move(kind, was, state, body)
        new = was._replace(state=state, body=body, version=was.version + 1)
        values = {"kind": kind, **new._asdict(), "was_state": was.state, "was_version": was.version}
        _, changed = yield Ask(self._sql.transition, values, writing=True)
        if changed:
            return new
        raise Moved((yield from self._got(kind, was.id)))

    def list(
        self, kind: str, group: str | None, state: str | None, after: str | None, limit: int
    ) -> Talk[RecordPage]:
        """See ``RecordStore.list``."""
        start = check_listing(kind, group, state, after, limit)
        statement = self._sql.listing[group is not None, state is not None]
        values = {"kind": kind, "group": group, "state": state, "after": start, "limit": limit}
        rows, _ = yield Ask(statement, values)
        return RecordPage(
            tuple(_record(row[1:]) for row in rows), str(rows[-1][0]) if rows else after
        )

    def erase(self, kind: str, record_id: str) -> Talk[None]:
        """See ``RecordStore.erase``."""
        check_id(kind, record_id)
        yield Ask(self._sql.erase, {"kind": kind, "id": record_id}, writing=True)

    def _got(self, kind: str, record_id: str) -> Talk[Record | None]:
        rows, _ = yield Ask(self._sql.get, {"kind": kind, "id": record_id})
        return _record(rows[0]) if rows else None


def clash() -> Contention:
    """Others were faster, each time anew."""
    return Contention("records: others change what this call reads, each time anew")


def _record(row: tuple[str, str, str, bytes, int]) -> Record:
    record_id, group, state, body, version = row
    return Record(record_id, group, state, bytes(body), version)

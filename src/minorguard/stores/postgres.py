"""Documents in PostgreSQL: for many machines, beside the rest of a company's data.

What is asked and what an answer means is in ``postgres_talk`` and ``postgres_line``, which servers
are refused in ``postgres_address``. Here are the connections: lent to one call at a time, checked
before they are used, thrown away after any doubt, closed before a fork. Nothing that may have been
understood is ever sent twice.
"""

from __future__ import annotations

import os
import select
from queue import Empty
from time import monotonic
from typing import TYPE_CHECKING

from psycopg import Connection, Error
from psycopg.conninfo import make_conninfo

from minorguard.errors import Contention, StoreUnavailable
from minorguard.stores.lending import Lending
from minorguard.stores.postgres_line import Talker, at_the_door
from minorguard.stores.postgres_talk import Clash, Talks

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from minorguard.stores.postgres_address import Address
    from minorguard.stores.postgres_talk import Answer, Ask, Talk
    from minorguard.stores.protocol import Found, Page

    T = TypeVar("T")

RECHECK_S = 0.1
"""How often a call that waits for a connection looks whether it may open one instead."""


class PostgresStore:
    """Documents in PostgreSQL. ``stores.open`` makes one from an address."""

    def __init__(self, address: Address) -> None:
        self.talks = Talks(address)
        self._made = False
        self._lines = Pool(self._open, address)
        self._lines.give(self._lines.take())
        self._made = True

    def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        return self._run(self.talks.load(key))

    def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        return self._run(self.talks.swap(key, version, body))

    def erase(self, key: str) -> None:
        """See ``Store.erase``. The bytes stay in the server's files until ``VACUUM``."""
        self._run(self.talks.erase(key))

    def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``. Keys come in order, and the cursor is the last one."""
        return self._run(self.talks.scan(prefix, cursor))

    def close(self) -> None:
        """Close all connections, each when its call is over."""
        self._lines.close()

    def _run(self, talk: Talk[T]) -> T:
        return run(talk, self._ask)

    def _ask(self, ask: Ask) -> Answer:
        lines = self._lines
        line = lines.take()
        try:
            if line.stale():
                line.close()
                line = self._open()
            return line.ask(ask)
        finally:
            if line.usable:
                lines.give(line)
            else:
                line.close()
                lines.give(None)

    def _open(self) -> Line:
        line = Line(self.talks.address)
        try:
            run(self.talks.settled(line.pgconn.server_version, first=not self._made), line.ask)
        except BaseException as error:
            line.close()
            if isinstance(error, Clash):
                raise Contention("postgresql: somebody else makes the table") from None
            raise
        return line


def run(talk: Talk[T], answered: Callable[[Ask], Answer]) -> T:
    """What a talk comes to, with this way of asking."""
    try:
        ask = next(talk)
        while True:
            try:
                answer = answered(ask)
            except Clash as clash:
                ask = talk.throw(clash)
            else:
                ask = talk.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


class Pool(Lending["Line"]):
    """Connections that are lent, so many and no more."""

    def __init__(self, connect: Callable[[], Line], address: Address) -> None:
        super().__init__(connect, Line.close)
        self._lines_max = address.pool
        self._patience_s = address.timeout_s

    def take(self) -> Line:
        """A connection that no other call has; waits for one where there may be no more."""
        if self._pid != os.getpid():
            raise StoreUnavailable("open across a fork that Python did not see: close it before")
        try:
            line = self._idle.get_nowait()
        except Empty:
            line = self._waited_for()
        if line is None:
            try:
                line = self._connect()
            except BaseException:
                self.give(None)
                raise
        return line

    def _waited_for(self) -> Line | None:
        give_up = monotonic() + self._patience_s
        while True:
            with self._lock:
                if self._slots_n < self._lines_max:
                    self._slots_n += 1
                    return None
            try:
                return self._idle.get(timeout=RECHECK_S)
            except Empty:
                if monotonic() > give_up:
                    raise Contention("postgresql: too many calls at once, see ?pool=") from None


class Line(Talker):
    """One connection that is waited for by blocking."""

    def __init__(self, address: Address) -> None:
        try:
            # psycopg's own names for arguments are none of libpq's.
            self._connection = Connection.connect(make_conninfo("", **address.libpq))
        except (Error, OSError, ValueError) as error:
            raise at_the_door(error) from None
        super().__init__(self._connection.pgconn, address.timeout_s)
        self._poll = select.poll()
        self._poll.register(self.pgconn.socket, select.POLLIN)

    def stale(self) -> bool:
        """Whether the server has hung up, or says what nobody asked."""
        return bool(self._poll.poll(0))

    def ask(self, ask: Ask) -> Answer:
        """What a statement comes to."""
        while not self.send(ask):
            self._wait()
            self.prepared(ask.statement)
        self._wait()
        return self.answer()

    def _wait(self) -> None:
        """Until all has arrived."""
        poll, left_ms = self._poll, self.timeout_s * 1000
        if not self.flushed():
            left_ms = self._push()
            if self.arrived():
                return
        give_up = 0.0
        while poll.poll(left_ms):
            if self.arrived():
                return
            now = monotonic()
            give_up = give_up or now + left_ms / 1000
            left_ms = (give_up - now) * 1000
            if left_ms <= 0:
                break
        raise self.lost("no answer in time")

    def _push(self) -> float:
        """Send the rest of what did not go at once; the milliseconds that are left then."""
        give_up = monotonic() + self.timeout_s
        both = select.poll()
        both.register(self.pgconn.socket, select.POLLIN | select.POLLOUT)
        while not self.flushed():
            left_ms = (give_up - monotonic()) * 1000
            if left_ms <= 0 or not both.poll(left_ms):
                raise self.lost("no answer in time")
            self.hear()  # the server may be waiting to be heard itself
        return max(1.0, (give_up - monotonic()) * 1000)

    def close(self) -> None:
        """Hang up."""
        self.usable = False
        self.pgconn.finish()

"""The PostgreSQL of ``postgres`` for ``async`` callers: the same talks, awaited.

What is asked in one turn of the event loop goes out together: asks of one kind, each for another
key, are one statement and one commit. An ask that fails in such a group is asked again alone, so it
fails alone. A call that is cancelled before it was sent is not sent.
"""

from __future__ import annotations

import asyncio
import os
import select
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from psycopg import AsyncConnection, Error
from psycopg.conninfo import make_conninfo

from minorguard.errors import Contention, StoreError, StoreUnavailable
from minorguard.stores.postgres import PostgresStore
from minorguard.stores.postgres_line import Talker, at_the_door
from minorguard.stores.postgres_talk import Clash, grouped, shared_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias, TypeVar

    from minorguard.stores.postgres_address import Address
    from minorguard.stores.postgres_talk import Answer, Ask, Talk, Talks
    from minorguard.stores.protocol import Found, Page

    T = TypeVar("T")
    Back: TypeAlias = Callable[["Line", Answer | None, Exception | None], None]

GROUP_MAX = 128
"""How many asks are one statement at most."""

_INHERITED: list[object] = []
"""Connections of the process that this one was forked from: not ours to close."""


class AsyncPostgresStore:
    """Documents in PostgreSQL, for ``async`` callers. ``stores.open_async`` makes one."""

    def __init__(self, address: Address) -> None:
        store = PostgresStore(address)  # told now what is wrong, and not at the first login
        store.close()
        self.talks = store.talks
        self._hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
        self._pid = os.getpid()

    async def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        return await self._run(self.talks.load(key))

    async def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        return await self._run(self.talks.swap(key, version, body))

    async def erase(self, key: str) -> None:
        """See ``Store.erase``. The bytes stay in the server's files until ``VACUUM``."""
        await self._run(self.talks.erase(key))

    async def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``. Keys come in order, and the cursor is the last one."""
        return await self._run(self.talks.scan(prefix, cursor))

    async def close(self) -> None:
        """Close this event loop's connections; calls that are running have an unknown outcome."""
        opening = self._here().close()
        if opening is not None:
            await asyncio.wait([opening])

    async def _run(self, talk: Talk[T]) -> T:
        return await run(talk, self._here().ask)

    def _here(self) -> Hub:
        if self._pid != os.getpid():
            _INHERITED.append(self._hubs)
            self._hubs = {}
            self._pid = os.getpid()
        loop = asyncio.get_running_loop()
        hub = self._hubs.get(loop)
        if hub is None:
            for other in [other for other in self._hubs if other.is_closed()]:
                self._hubs.pop(other).close()
            hub = self._hubs[loop] = Hub(self.talks, loop)
        return hub


async def run(talk: Talk[T], asked: Callable[[Ask], asyncio.Future[Answer]]) -> T:
    """What a talk comes to, with this way of asking."""
    try:
        ask = next(talk)
        while True:
            try:
                answer = await asked(ask)
            except Clash as clash:
                ask = talk.throw(clash)
            else:
                ask = talk.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


class Asked(NamedTuple):
    """What is to be asked, who waits for it and since when; ``alone``: in no group."""

    ask: Ask
    answer: asyncio.Future[Answer]
    at: float
    alone: bool = False

    def give(self, answer: Answer) -> None:
        """This is what came back."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: Exception) -> None:
        """There is no answer. Each caller has an exception of its own."""
        if not self.answer.done():
            self.answer.set_exception(type(error)(*error.args))


class Hub:
    """The connections of one event loop, and what is to be asked next."""

    def __init__(self, talks: Talks, loop: asyncio.AbstractEventLoop) -> None:
        self._talks = talks
        self._loop = loop
        self._queue: list[Asked] = []
        self._idle: list[Line] = []
        self._busy: dict[Line, list[Asked]] = {}
        self._opening: asyncio.Task[None] | None = None
        self._called = False
        self._alarm: asyncio.TimerHandle | None = None

    def ask(self, ask: Ask) -> asyncio.Future[Answer]:
        """Ask, with whatever else is asked now."""
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._queue.append(Asked(ask, answer, monotonic()))
        self._call()
        return answer

    def close(self) -> asyncio.Task[None] | None:
        """Hang up; what is still ending then, if anything is."""
        if self._opening is not None and not self._loop.is_closed():
            self._opening.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._drop(StoreUnavailable("postgresql: closed"))
        for line in list(self._busy):
            line.give_up("closed")
        for line in self._idle:
            line.close()
        self._idle.clear()
        return self._opening

    # -- out -------------------------------------------------------------------------------------

    def _call(self) -> None:
        if not self._called:
            self._called = True
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        self._called = False
        while self._queue and self._idle:
            line = self._idle.pop()
            if line.stale():
                line.close()
                continue
            group = self._group()
            if group:
                self._busy[line] = group
                asks = [asked.ask for asked in group]
                line.begin(asks[0] if len(asks) == 1 else grouped(asks), self._back)
            else:
                self._idle.append(line)
        # One is opened at a time: what comes meanwhile goes out together.
        if self._queue and not self._opening and len(self._busy) < self._talks.address.pool:
            self._opening = self._loop.create_task(self._open())
        if self._alarm is None and (self._busy or self._queue):
            self._alarm = self._loop.call_later(self._talks.address.timeout_s / 8, self._look)

    def _group(self) -> list[Asked]:
        """What goes out as one: asks of one kind, each for another key."""
        self._queue = [asked for asked in self._queue if not asked.answer.done()]  # cancelled
        if not self._queue:
            return []
        first = self._queue[0]
        statement = first.ask.statement
        if first.alone or not statement.many or len(self._queue) == 1:
            return [self._queue.pop(0)]
        group: dict[bytes, Asked] = {}
        rest: list[Asked] = []
        for asked in self._queue:
            key = asked.ask.values[0]
            fits = asked.ask.statement is statement and not asked.alone
            if fits and key not in group and len(group) < GROUP_MAX:
                group[key] = asked
            else:
                rest.append(asked)
        self._queue = rest
        return list(group.values())

    async def _open(self) -> None:
        try:
            line = await opened(self._talks)
        except StoreError as error:
            if not self._busy:
                self._drop(error)
        else:
            self._idle.append(line)
            self._call()
        finally:
            self._opening = None

    def _drop(self, error: StoreError) -> None:
        """Nothing of what is in the queue was sent."""
        queue, self._queue = self._queue, []
        for asked in queue:
            asked.fail(error)

    # -- in --------------------------------------------------------------------------------------

    def _back(self, line: Line, answer: Answer | None, error: Exception | None) -> None:
        """A line has what was asked for, or will never have it."""
        group = self._busy.pop(line)
        if line.usable:
            self._idle.append(line)
        else:
            line.close()
        if self._queue:
            self._call()
        if answer is not None:
            self._hand_out(group, answer)
        elif len(group) > 1 and (line.usable or isinstance(error, Clash)):
            self._again_alone(group)
        elif error is not None:
            for asked in group:
                asked.fail(error)

    def _hand_out(self, group: list[Asked], answer: Answer) -> None:
        if len(group) == 1:
            group[0].give(answer)
            return
        shares = shared_out([asked.ask for asked in group], answer)
        for asked, share in zip(group, shares, strict=True):
            if share is not None:
                asked.give(share)
        self._again_alone([a for a, share in zip(group, shares, strict=True) if share is None])

    def _again_alone(self, group: list[Asked]) -> None:
        if group:
            self._queue += [asked._replace(alone=True) for asked in group]
            self._call()

    def _look(self) -> None:
        """Hang up on a server that is silent for too long, and let nobody wait for ever."""
        self._alarm = None
        timeout_s = self._talks.address.timeout_s
        late = monotonic() - timeout_s
        for line in [line for line in self._busy if line.at < late]:
            line.give_up("no answer in time")
        error: StoreError = StoreUnavailable("postgresql: no answer in time")
        if self._busy:
            error = Contention("postgresql: too many calls at once, see ?pool=")
        for asked in [asked for asked in self._queue if asked.at < late]:
            asked.fail(error)
        if self._busy or self._queue:
            self._alarm = self._loop.call_later(timeout_s / 8, self._look)


async def opened(talks: Talks) -> Line:
    """A new connection, checked."""
    address = talks.address
    try:
        connection = await AsyncConnection.connect(make_conninfo("", **address.libpq))
    except (Error, OSError, ValueError) as error:
        raise at_the_door(error) from None
    line = Line(connection, address)
    try:
        async with asyncio.timeout(address.timeout_s):
            await run(talks.settled(line.pgconn.server_version, first=False), line.asked)
    except BaseException as error:
        line.close()
        if isinstance(error, TimeoutError | Clash):
            raise StoreUnavailable("postgresql: no answer in time") from None
        raise
    return line


class Line(Talker):
    """One connection that the event loop waits for."""

    def __init__(self, connection: AsyncConnection[Any], address: Address) -> None:
        super().__init__(connection.pgconn, address.timeout_s)
        self._connection = connection  # it would complain if it went before it is closed
        self._loop = asyncio.get_running_loop()
        self._fd = self.pgconn.socket
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._ask: Ask | None = None
        self._whole = False
        self._back: Back | None = None
        self.at = 0.0
        self._loop.add_reader(self._fd, self._readable)

    def stale(self) -> bool:
        """Whether the server has hung up, or says what nobody asked."""
        return not self.usable or bool(self._poll.poll(0))

    def begin(self, ask: Ask, back: Back) -> None:
        """Ask, and call back with what it comes to."""
        self._ask, self._back, self.at = ask, back, monotonic()
        self._go_on(self._next)

    def asked(self, ask: Ask) -> asyncio.Future[Answer]:
        """Ask, and wait for the answer."""
        answer: asyncio.Future[Answer] = self._loop.create_future()
        asked = Asked(ask, answer, monotonic())

        def back(_: Line, answer: Answer | None, error: Exception | None) -> None:
            if answer is not None:
                asked.give(answer)
            elif error is not None:
                asked.fail(error)

        self.begin(ask, back)
        return answer

    def give_up(self, why: str) -> None:
        """Nobody waits for the answer any longer."""
        self._end(None, self.lost(why))

    def close(self) -> None:
        """Hang up."""
        self.usable = False
        if self._fd >= 0 and not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
        self._fd = -1  # the number may be another's by now
        self.pgconn.finish()

    def _go_on(self, step: Callable[[], Answer | None]) -> None:
        try:
            answer = step()
        except (Clash, StoreError) as error:
            self._end(None, error)
        else:
            if answer is not None:
                self._end(answer, None)

    def _end(self, answer: Answer | None, error: Exception | None) -> None:
        back, self._ask, self._back = self._back, None, None
        if back is not None:
            back(self, answer, error)

    def _next(self) -> None:
        if self._ask is not None:
            self._whole = self.send(self._ask)
            self._push()

    def _push(self) -> None:
        if not self.flushed():
            self._loop.add_writer(self._fd, self._writable)

    def _writable(self) -> None:
        self._loop.remove_writer(self._fd)
        self._go_on(self._push)

    def _readable(self) -> None:
        if self._ask is None:
            self.close()  # the server has hung up, or says what nobody asked
        else:
            self._go_on(self._taken_in)

    def _taken_in(self) -> Answer | None:
        if self._ask is None or not self.arrived():
            return None
        if self._whole:
            return self.answer()
        self.prepared(self._ask.statement)
        self._next()
        return None

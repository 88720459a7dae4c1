"""The Redis of ``redis`` for ``async`` callers: the same talks, awaited.

All callers share one connection to each server. What they ask in one turn of the event loop goes
out in one write, with one ``WAIT`` behind it where replicas have to acknowledge, and each gets its
own reply: one that fails fails alone. A call that is cancelled before it was sent is not sent.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import RedisError

from minorguard.stores.redis import RECONNECT_S, RedisStore
from minorguard.stores.redis_wire import (
    CHECKS,
    Answer,
    Lost,
    checked,
    doubts,
    failure,
    is_reply,
    wait_text,
)

if TYPE_CHECKING:
    from typing import TypeVar

    from minorguard.stores.protocol import Found, Page
    from minorguard.stores.redis_address import Address, Place
    from minorguard.stores.redis_wire import Question, Talk

    T = TypeVar("T")

_INHERITED: list[object] = []
"""Connections of the process that this one was forked from: not ours to close."""


class AsyncRedisStore:
    """Documents in Redis, for ``async`` callers. ``stores.open_async`` makes one."""

    def __init__(self, address: Address) -> None:
        store = RedisStore(address)  # told now what is wrong, and not at the first login
        store.close()
        self.talks = store.talks
        self._links: dict[asyncio.AbstractEventLoop, dict[Place, Link]] = {}
        self._pid = os.getpid()

    async def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        return await self._run(self.talks.load(key))

    async def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        return await self._run(self.talks.swap(key, version, body))

    async def erase(self, key: str) -> None:
        """See ``Store.erase``."""
        await self._run(self.talks.erase(key))

    async def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``."""
        return await self._run(self.talks.scan(prefix, cursor))

    async def close(self) -> None:
        """Close this event loop's connections; calls that are running have an unknown outcome."""
        for link in self._here().values():
            await link.close()

    async def _run(self, talk: Talk[T]) -> T:
        links = self._here()
        try:
            question = next(talk)
            while True:
                link = links.get(question.place)
                if link is None:
                    link = links[question.place] = Link(self.talks.address, question.place)
                try:
                    answer = await link.ask(question)
                except Lost as lost:
                    question = talk.throw(lost)
                else:
                    question = talk.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _here(self) -> dict[Place, Link]:
        if self._pid != os.getpid():
            _INHERITED.append(self._links)
            self._links = {}
            self._pid = os.getpid()
        loop = asyncio.get_running_loop()
        links = self._links.get(loop)
        if links is None:
            for old in [each for each in self._links if each.is_closed()]:
                del self._links[old]
            links = self._links[loop] = {}
        return links


class Asked:
    """A question on its way, and what has come back."""

    __slots__ = ("answer", "left", "replies", "text")

    def __init__(self, question: Question, answer: asyncio.Future[Answer]) -> None:
        self.text = question.text
        self.left = question.replies
        self.replies: list[object] = []
        self.answer = answer

    def give(self, acks: object) -> None:
        """All replies are here."""
        if not self.answer.done():
            self.answer.set_result(Answer(self.replies, acks))

    def fail(self, lost: Lost) -> None:
        """There will be no answer."""
        if not self.answer.done():
            self.answer.set_exception(lost.again())


class Batch:
    """The questions of one write: those without an answer, and those that ``WAIT`` has to pass."""

    __slots__ = ("at", "held", "open")

    def __init__(self, asked: list[Asked]) -> None:
        self.at = monotonic()
        self.open = deque(asked)
        self.held: list[Asked] = []


class Link:
    """The connection to one server, and who waits for what on it."""

    def __init__(self, address: Address, place: Place) -> None:
        self._address = address
        self._place = place
        self._wait_text = wait_text(address)
        self._loop = asyncio.get_running_loop()
        self._queue: list[Asked] = []
        self._sent: deque[Batch] = deque()
        self._ready = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._connection: Any = None  # redis-py has no types
        self._doubted = False
        self._failed: tuple[float, Lost] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._late: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        """Send a question with whatever else is sent now, and wait for its answer."""
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._queue.append(Asked(question, answer))
        if self._writer is None:
            self._writer = self._loop.create_task(self._write())
        self._ready.set()
        return await answer

    async def close(self) -> None:
        """Hang up, and end what runs."""
        if self._writer is not None:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer

    # -- out -------------------------------------------------------------------------------------

    async def _write(self) -> None:
        try:
            while True:
                await self._ready.wait()
                self._ready.clear()
                try:
                    if self._connection is None:
                        await self._open()
                except Lost as lost:
                    self._drop(lost)
                    continue
                batch = [asked for asked in self._queue if not asked.answer.cancelled()]
                self._queue.clear()
                if batch:
                    await self._flush(batch)
        finally:
            # The event loop ends, or somebody has closed the store; a later call begins anew.
            self._writer = None
            self._drop(Lost("closed", sent=False))
            await self._lose(Lost("closed", sent=True))

    async def _flush(self, batch: list[Asked]) -> None:
        self._sent.append(Batch(batch))
        if self._alarm is None:
            self._alarm = self._loop.call_later(self._address.timeout_s, self._look)
        text = b"".join([asked.text for asked in batch]) + self._wait_text
        try:
            await self._connection.send_packed_command(text, check_health=False)
        except (RedisError, OSError, AttributeError) as error:  # AttributeError: hung up meanwhile
            await self._lose(Lost(failure(error), sent=True))

    def _drop(self, lost: Lost) -> None:
        """Nothing of what is in the queue was sent."""
        queue, self._queue = self._queue, []
        for asked in queue:
            asked.fail(lost)

    # -- in --------------------------------------------------------------------------------------

    async def _read(self, connection: Any) -> None:  # noqa: ANN401 - redis-py has no types
        """Hand out replies until the server hangs up, or says what nobody asked."""
        why = "no connection"
        try:
            while True:
                reply = await _reply(connection)
                if not self._sent:
                    break
                self._hand_out(reply)
                if self._doubted and not self._sent:
                    break
        except (RedisError, OSError) as error:
            why = failure(error)
        await self._lose(Lost(why, sent=True))

    def _hand_out(self, reply: object) -> None:
        batch = self._sent[0]
        if batch.open:
            asked = batch.open[0]
            asked.replies.append(reply)
            asked.left -= 1
            self._doubted = self._doubted or doubts(reply)
            if asked.left:
                return
            batch.open.popleft()
            if self._wait_text:
                batch.held.append(asked)
                return
            asked.give(None)
            if batch.open:
                return
        else:
            for asked in batch.held:
                asked.give(reply)
        self._sent.popleft()

    def _look(self) -> None:
        """Hang up on a server that is silent for too long."""
        self._alarm = None
        if self._sent:
            left_s = self._sent[0].at + self._address.timeout_s - monotonic()
            if left_s > 0:
                self._alarm = self._loop.call_later(left_s, self._look)
            else:
                lost = Lost("no answer in time", sent=True)
                self._late = self._loop.create_task(self._lose(lost))

    # -- the connection --------------------------------------------------------------------------

    async def _open(self) -> None:
        if self._failed and monotonic() < self._failed[0]:
            raise self._failed[1].again()
        address = self._address
        kind: Any = Connection if address.tls is None else SSLConnection
        connection = kind(
            **address.connection(self._place),
            socket_timeout=None,
            socket_connect_timeout=address.connect_s,
        )
        try:
            async with asyncio.timeout(address.connect_s):
                await connection.connect()
                await connection.send_packed_command(CHECKS, check_health=False)
                info, config = await _reply(connection), await _reply(connection)
            why = checked(address, info, config)
            lost = Lost(why, sent=False, wrong=True) if why else None
        except (RedisError, OSError, ValueError) as error:
            lost = Lost(failure(error), sent=False)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        if lost is not None:
            await connection.disconnect(nowait=True)
            self._failed = (monotonic() + RECONNECT_S, lost)
            raise lost
        self._failed, self._doubted = None, False
        self._connection = connection
        self._reader = self._loop.create_task(self._read(connection))

    async def _lose(self, lost: Lost) -> None:
        """Hang up; nobody knows what became of what was sent."""
        connection, self._connection = self._connection, None
        reader, self._reader = self._reader, None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        sent, self._sent = self._sent, deque()
        for batch in sent:
            for asked in (*batch.held, *batch.open):
                asked.fail(lost)
        if reader is not None and reader is not asyncio.current_task():
            reader.cancel()
        if connection is not None:
            await connection.disconnect(nowait=True)


async def _reply(connection: Any) -> object:  # noqa: ANN401 - redis-py has no types
    try:
        return await connection.read_response(
            disable_decoding=True, timeout=math.inf, disconnect_on_error=False
        )
    except RedisError as error:
        if is_reply(error):
            return error
        raise

"""Documents in Redis or a Redis Cluster: for many machines.

What is asked and what an answer means is in ``redis_talk``, which servers are refused in
``redis_address``. Here are the connections: lent to one call at a time, checked before they are
used, thrown away after any error, closed before a fork. Nothing that may have been understood is
ever sent twice.
"""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from redis.connection import Connection, SSLConnection
from redis.exceptions import RedisError

from minorguard.stores.lending import Lending
from minorguard.stores.redis_talk import Talks
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

RECONNECT_S = 0.1
"""After a connection failed, how long nobody tries again: a herd of callers is one try."""


class RedisStore:
    """Documents in Redis. ``stores.open`` makes one from an address."""

    def __init__(self, address: Address) -> None:
        self.talks = Talks(address)
        self._nodes: dict[Place, Node] = {}
        try:
            self._run(self.talks.opened())
        except BaseException:
            self.close()
            raise

    def load(self, key: str) -> Found | None:
        """See ``Store.load``."""
        return self._run(self.talks.load(key))

    def swap(self, key: str, version: int | None, body: bytes) -> Found | None:
        """See ``Store.swap``."""
        return self._run(self.talks.swap(key, version, body))

    def erase(self, key: str) -> None:
        """See ``Store.erase``."""
        self._run(self.talks.erase(key))

    def scan(self, prefix: str, cursor: str | None = None) -> Page:
        """See ``Store.scan``. Keys come in the order of the server's tables: in none."""
        return self._run(self.talks.scan(prefix, cursor))

    def close(self) -> None:
        """Close all connections, each when its call is over."""
        for node in list(self._nodes.values()):
            node.lines.close()

    def _run(self, talk: Talk[T]) -> T:
        try:
            question = next(talk)
            while True:
                node = self._nodes.get(question.place) or self._node(question.place)
                try:
                    answer = node.ask(question)
                except Lost as lost:
                    question = talk.throw(lost)
                else:
                    question = talk.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _node(self, place: Place) -> Node:
        return self._nodes.setdefault(place, Node(self.talks.address, place))


class Node:
    """One server, and the connections to it."""

    def __init__(self, address: Address, place: Place) -> None:
        self._address = address
        self._place = place
        self._turn = Lock()  # one connection is opened at a time
        self._failed: tuple[float, Lost] | None = None
        self.lines: Lending[Line] = Lending(self._open, Line.close)

    def ask(self, question: Question) -> Answer:
        """Send a question, and wait for its answer."""
        lines = self.lines
        line = lines.take()
        try:
            if line.stale():
                line.close()
                line = self._open()
            answer = line.ask(question.text, question.replies)
        except BaseException:
            line.close()
            lines.give(None)
            raise
        if doubts(answer.replies[-1]):
            line.close()
            lines.give(None)
        else:
            lines.give(line)
        return answer

    def _open(self) -> Line:
        if not self._turn.acquire(timeout=self._address.connect_s):
            raise Lost("too many connections are waited for", sent=False)
        try:
            if self._failed and monotonic() < self._failed[0]:
                raise self._failed[1].again()
            try:
                line = Line(self._address, self._place)
            except Lost as lost:
                self._failed = (monotonic() + RECONNECT_S, lost)
                raise
            self._failed = None
            return line
        finally:
            self._turn.release()


class Line:
    """One connection, checked."""

    def __init__(self, address: Address, place: Place) -> None:
        kind: Any = Connection if address.tls is None else SSLConnection  # redis-py has no types
        self._connection = kind(
            **address.connection(place),
            socket_timeout=address.connect_s,
            socket_connect_timeout=address.connect_s,
        )
        self._timeout_s = address.connect_s
        self._wait_text = b""
        try:
            self._connection.connect()
            info, config = self.ask(CHECKS, 2).replies
        except (RedisError, ValueError) as error:  # ValueError: a name that can be no host
            self.close()
            raise Lost(failure(error), sent=False) from None
        except Lost as lost:
            self.close()
            raise Lost(lost.why, sent=False) from None
        except BaseException:
            self.close()
            raise
        why = checked(address, info, config)
        if why:
            self.close()
            raise Lost(why, sent=False, wrong=True)
        self._timeout_s = address.timeout_s
        self._wait_text = wait_text(address)

    def stale(self) -> bool:
        """Whether the server has hung up, or says what nobody asked."""
        try:
            return bool(self._connection.can_read(0))
        except RedisError:
            return True

    def ask(self, text: bytes, n: int) -> Answer:
        """The next ``n`` replies to a text."""
        try:
            self._connection.send_packed_command([text + self._wait_text], check_health=False)
            replies = [self._reply() for _ in range(n)]
            return Answer(replies, self._reply() if self._wait_text else None)
        except RedisError as error:
            raise Lost(failure(error), sent=True) from None

    def _reply(self) -> object:
        try:
            return self._connection.read_response(
                disable_decoding=True, timeout=self._timeout_s, disconnect_on_error=False
            )
        except RedisError as error:
            if is_reply(error):
                return error
            raise

    def close(self) -> None:
        """Hang up."""
        self._connection.disconnect()

"""Connections that are lent to one call at a time, and that never cross a fork."""

from __future__ import annotations

import os
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakSet

from minorguard.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

C = TypeVar("C")

FORK_PATIENCE_S = 30
"""How long a fork waits for the calls that are running."""


class Lending(Generic[C]):
    """As many connections as there ever were calls at once.

    A slot is a connection, or ``None`` where one has to be opened; all of them are in the queue
    when no call is running. Whoever takes a slot gives one back, ``None`` if it has shut what it
    took.
    """

    def __init__(self, connect: Callable[[], C], shut: Callable[[C], None]) -> None:
        self._connect = connect
        self._shut = shut
        self._idle: SimpleQueue[C | None] = SimpleQueue()
        self._slots_n = 0
        self._lock = Lock()  # held where the number of slots changes
        self._pid = os.getpid()
        self.give: Callable[[C | None], None] = self._idle.put
        _ALL.add(self)

    def take(self) -> C:
        """A connection that no other call has."""
        if self._pid != os.getpid():
            raise StoreUnavailable("open across a fork that Python did not see: close it before")
        try:
            connection = self._idle.get_nowait()
        except Empty:
            with self._lock:
                self._slots_n += 1
            connection = None
        if connection is None:
            try:
                connection = self._connect()
            except BaseException:
                self.give(None)
                raise
        return connection

    def close(self) -> None:
        """Close all connections, each when its call is over; a later call opens them again."""
        if self._pid == os.getpid():  # else they are not ours to close
            with self._lock:
                self._drain(None)

    def before_fork(self) -> None:
        """Close all connections and let none be opened."""
        self._lock.acquire()
        self._drain(FORK_PATIENCE_S)

    def after_fork(self) -> None:
        """Go on: in the parent, and in a child that inherited no connection."""
        if not self._slots_n:
            self._pid = os.getpid()
        self._lock.release()

    def _drain(self, patience_s: float | None) -> None:
        while self._slots_n:
            try:
                connection = self._idle.get(timeout=patience_s)
            except Empty:
                return  # the child refuses to work then
            if connection is not None:
                self._shut(connection)
            self._slots_n -= 1


_ALL: WeakSet[Lending[Any]] = WeakSet()
_FORKING: list[Lending[Any]] = []


def _before_fork() -> None:
    _FORKING.extend(_ALL)
    for lending in _FORKING:
        lending.before_fork()


def _after_fork() -> None:
    while _FORKING:
        _FORKING.pop().after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )

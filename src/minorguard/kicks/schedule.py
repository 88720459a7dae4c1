"""The drivers: they look at the clock, call back and sleep, in asyncio or in a thread."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from minorguard.core.calendar import ZONE
from minorguard.kicks.timetable import Timetable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from minorguard.kicks.timetable import Events, Seat

    Callback: TypeAlias = Callable[[datetime, list[Seat]], object]
    """Is given the instant that was due, and the seats. May be late, is never early."""

LOOK_S = 1.0
"""How long a driver sleeps at most before it looks at the clock again, which may have been set."""


class KickSchedule(Timetable):
    """When to warn, renew and end each session, and the driver that calls when it is time.

    One driver at a time: ``run`` in asyncio, ``run_blocking`` or ``run_in_thread`` elsewhere. Ends
    come again each second until ``drop`` or ``put``: so an ``end`` that raised has ended nobody.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stopped = False

    @property
    def running(self) -> bool:
        """Whether a driver watches the clock. While none does, nobody is ended: tell the doctor."""
        return self._ring is not None

    async def run(
        self,
        *,
        warn: Callback,
        renew: Callback,
        end: Callback,
        on_error: Callable[[Exception], object] | None = None,
        clock: Callable[[], datetime] | None = None,
        wait: Callable[[asyncio.Event, float | None], Awaitable[object]] | None = None,
    ) -> None:
        """Call back at each second that has events, until ``stop`` or until cancelled.

        A callback may be a coroutine function: it runs as a task, so a slow renewal keeps no end
        waiting; ``stop`` waits for those under way, cancelling cancels them. What one raises goes
        to ``on_error`` (by default to the log, without any name) and stops nothing else.
        ``RuntimeError`` where another driver runs already. ``clock`` and ``wait`` are for tests:
        ``wait(alarm, seconds)`` returns when the alarm is set or the time is over.
        """
        import asyncio
        from inspect import isawaitable

        desk = _Desk(warn, renew, end, on_error or log_error)
        clock, wait = clock or _now, wait or _wait
        loop, alarm = asyncio.get_running_loop(), asyncio.Event()

        def ring() -> None:
            with suppress(RuntimeError):  # the loop was closed over our head: nobody to wake
                loop.call_soon_threadsafe(alarm.set)

        self._begin(ring)
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    alarm.clear()
                    if self._stopped:
                        break
                    for events in self._batches(clock()):
                        for result in desk.hand_over(events):
                            if isawaitable(result):
                                tasks.create_task(desk.settle(result))
                    await wait(alarm, self._wait_s(clock()))
        finally:
            self._finish()

    def run_blocking(
        self,
        *,
        warn: Callback,
        renew: Callback,
        end: Callback,
        on_error: Callable[[Exception], object] | None = None,
        clock: Callable[[], datetime] | None = None,
        wait: Callable[[threading.Event, float | None], object] | None = None,
    ) -> None:
        """The same as ``run`` in this thread, until ``stop``. Callbacks are plain functions.

        They run one after the other, here: a slow one makes the next late, so hand over and return.
        """
        desk = _Desk(warn, renew, end, on_error or log_error)
        desk.want_plain()
        alarm = threading.Event()
        self._begin(alarm.set)
        self._loop(desk, alarm, clock or _now, wait or threading.Event.wait)

    def run_in_thread(
        self,
        *,
        warn: Callback,
        renew: Callback,
        end: Callback,
        on_error: Callable[[Exception], object] | None = None,
        clock: Callable[[], datetime] | None = None,
        wait: Callable[[threading.Event, float | None], object] | None = None,
    ) -> threading.Thread:
        """The same as ``run_blocking`` in a daemon thread of its own, which is returned started."""
        desk = _Desk(warn, renew, end, on_error or log_error)
        desk.want_plain()
        alarm = threading.Event()
        self._begin(alarm.set)
        steps = (desk, alarm, clock or _now, wait or threading.Event.wait)
        thread = threading.Thread(target=self._loop, args=steps, name="minorguard", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Let the driver return when it has handed over what it holds. No other starts after it."""
        with self._lock:
            self._stopped = True
            if self._ring is not None:
                self._ring()

    def _loop(
        self,
        desk: _Desk,
        alarm: threading.Event,
        clock: Callable[[], datetime],
        wait: Callable[[threading.Event, float | None], object],
    ) -> None:
        try:
            while True:
                alarm.clear()  # before anything is looked at: what comes later rings again
                if self._stopped:
                    break
                for events in self._batches(clock()):
                    desk.hand_over(events)
                wait(alarm, self._wait_s(clock()))
        finally:
            self._finish()

    def _wait_s(self, now: datetime) -> float | None:
        sleep_s = self.sleep_s(now)
        return None if sleep_s is None else min(sleep_s, LOOK_S)

    def _begin(self, ring: Callable[[], object]) -> None:
        with self._lock:
            if self._ring is not None:
                raise RuntimeError("one driver at a time runs a schedule")
            self._ring = ring

    def _finish(self) -> None:
        with self._lock:
            self._ring = None


class _Desk(NamedTuple):
    """To whom a driver hands over, and who hears of what goes wrong there."""

    warn: Callback
    renew: Callback
    end: Callback
    on_error: Callable[[Exception], object]

    def want_plain(self) -> None:
        """``TypeError`` for a coroutine function, which nobody here would await."""
        from inspect import iscoroutinefunction

        if any(map(iscoroutinefunction, self[:3])):
            raise TypeError("want plain functions as callbacks; coroutines are for run()")

    def hand_over(self, events: Events) -> list[object]:
        """Call for each kind that has seats; what the callbacks returned."""
        results: list[object] = []
        at, *batches = events
        for callback, seats in zip(self[:3], batches, strict=True):
            if seats:
                try:
                    results.append(callback(at, seats))
                except Exception as error:  # noqa: BLE001 - the others must end all the same
                    self.report(error)
        return results

    async def settle(self, result: Awaitable[object]) -> None:
        """Await what a callback returned."""
        try:
            await result
        except Exception as error:  # noqa: BLE001 - the others must end all the same
            self.report(error)

    def report(self, error: Exception) -> None:
        try:
            self.on_error(error)
        except Exception as worse:  # noqa: BLE001 - reporting must not stop the schedule either
            log_error(worse)


def log_error(error: Exception) -> None:
    """Log what a callback raised and where: its type alone, its words may name somebody."""
    import logging

    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "nowhere"
    logging.getLogger("minorguard.kicks").error(
        "a callback raised %s at %s", type(error).__name__, where
    )


async def _wait(alarm: asyncio.Event, seconds: float | None) -> None:
    import asyncio

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await alarm.wait()


def _now() -> datetime:
    return datetime.now(ZONE)

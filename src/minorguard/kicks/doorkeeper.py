"""The door of a game server: a guard and a schedule, so that a program is left with its sockets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from minorguard.core.facts import Left
from minorguard.errors import InvalidRequest
from minorguard.kicks.schedule import KickSchedule, log_error

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from minorguard.core.acts import Play
    from minorguard.core.decision import Decision
    from minorguard.guard.aio import AsyncGuard
    from minorguard.kicks.schedule import Callback
    from minorguard.kicks.timetable import Seat

    Warn: TypeAlias = Callable[[str, int], Awaitable[object]]
    End: TypeAlias = Callable[[str, Decision | None], Awaitable[object]]
    Renewed: TypeAlias = Callable[[str, Decision], Awaitable[object]]
    Report: TypeAlias = Callable[[Exception], object]
    Wait: TypeAlias = Callable[[asyncio.Event, float | None], Awaitable[object]]

PATIENCE_S = 1.0
"""How long a renewal may wait for a store that is silent: at its end, a lease lasts no longer."""


class Doorkeeper:
    """Lets players in, asks again before their time is over, and shows them out when it is.

    In asyncio, for the sessions of one process, by the guard's clock. What holds:

    * Nobody is in but under an allowed decision, and nobody stays past ``lease_until`` without
      another: where the store is silent they play what is paid for, and are shown out.
    * One player's error, or slow line, is nobody else's.
    * Until ``leave`` an end comes again each second, so an ``end`` that raised has ended nobody.
    """

    def __init__(self, guard: AsyncGuard) -> None:
        self._guard = guard
        self._schedule = KickSchedule()

    def __contains__(self, session: object) -> bool:
        """Whether a clock runs for this session: it is in, and something limits it."""
        return session in self._schedule

    @property
    def running(self) -> bool:
        """Whether somebody watches the clock. While nobody does, let nobody in."""
        return self._schedule.running

    async def enter(self, play: Play) -> Decision:
        """Ask for a seat: a login. Whoever is refused is not in. Raises what ``decide`` raises.

        ``RuntimeError`` for somebody whose time is limited while nobody watches the clock.
        """
        if play.session is None:
            raise InvalidRequest("ask.session", "want the name of a session")
        decision = await self._guard.decide(play)
        if decision:
            self._schedule.put(play.session, decision)
            if play.session in self and not self.running:
                raise RuntimeError("nobody watches the clock: run the doorkeeper first")
        return decision

    async def leave(self, session: str) -> None:
        """Let the session go, and give back what it did not play. An unknown one is no error.

        ``StoreError`` where that could not be told: it is out, and charged its whole lease.
        """
        seat = self._schedule.drop(session)
        if seat is not None:
            await self._guard.record(Left(seat.request.subject, session=session))

    async def run(
        self,
        *,
        warn: Warn,
        end: End,
        renewed: Renewed | None = None,
        on_error: Report | None = None,
        wait: Wait | None = None,
    ) -> None:
        """Watch the clock until ``stop``, or until cancelled.

        ``warn(session, minutes)`` 15, 5 and 1 minute before the end. ``end(session, refusal)``
        when time is over: show them out and ``leave``; ``None``: nobody could be asked.
        ``renewed(session, decision)`` brings new duties, such as ``remind_rest``. Errors go to
        ``on_error``, by default to the log, without any name. ``wait`` is for tests.
        """
        shift = _Shift(self, warn, renewed, end, on_error or log_error, set())
        await self._schedule.run(
            warn=shift.each(shift.warned),
            renew=shift.each(shift.due),
            end=shift.each(shift.over),
            on_error=on_error,
            clock=self._guard.now,
            wait=wait,
        )

    def stop(self) -> None:
        """Let ``run`` return, when what is under way is done. Nobody is shown out by it."""
        self._schedule.stop()

    async def renew(self, seat: Seat) -> Decision:
        """Ask again, and let them stay where it is granted and they have not left meanwhile."""
        from asyncio import timeout

        async with timeout(PATIENCE_S):
            decision = await self._guard.decide(replace(seat.request, renewal=True))
        if decision and seat.session in self:
            self._schedule.put(seat.session, decision)
        return decision


class _Shift(NamedTuple):
    """Whom a doorkeeper calls while it watches the clock, and who is being shown out."""

    keeper: Doorkeeper
    warn: Warn
    renewed: Renewed | None
    end: End
    report: Report
    ending: set[str]

    def each(self, act: Callable[[datetime, Seat], Awaitable[None]]) -> Callback:
        """All seats that are due at once: nobody's slow line, or error, is another's."""
        from asyncio import gather

        async def one(at: datetime, seat: Seat) -> None:
            try:
                await act(at, seat)
            except Exception as error:  # noqa: BLE001 - the others come all the same
                self.report(error)

        return lambda at, seats: gather(*(one(at, seat) for seat in seats), return_exceptions=True)

    async def warned(self, at: datetime, seat: Seat) -> None:
        await self.warn(seat.session, seat.minutes_left(at) or 0)

    async def due(self, _at: datetime, seat: Seat) -> None:
        await self.answer(seat, await self.keeper.renew(seat))  # unknown? It is asked again

    async def over(self, _at: datetime, seat: Seat) -> None:
        decision = None
        try:
            decision = await self.keeper.renew(seat)
        except Exception as error:  # noqa: BLE001 - whatever it was, unknown is no allow
            self.report(error)
        await self.answer(seat, decision)

    async def answer(self, seat: Seat, decision: Decision | None) -> None:
        session = seat.session
        if decision:
            if self.renewed is not None:
                await self.renewed(session, decision)
        elif session in self.keeper and session not in self.ending:
            self.ending.add(session)
            try:
                await self.end(session, decision)
            finally:
                self.ending.discard(session)

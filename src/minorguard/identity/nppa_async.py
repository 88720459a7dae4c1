"""The client of the national real-name system for asyncio: as in ``nppa``, with ``await``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, cast

from minorguard.errors import ProviderUnavailable
from minorguard.identity.nppa_desk import NppaDesk, checked_events
from minorguard.identity.nppa_line import AsyncLine, tries
from minorguard.identity.nppa_talk import Again, Wait
from minorguard.identity.verification import Verification

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from minorguard.identity.nppa_talk import Answer, Ask, Lost, Question, Talk
    from minorguard.identity.secrets import Secret
    from minorguard.identity.verification import Claim
    from minorguard.identity.wire_messages import Credentials, Event, FailedItem

__all__ = ["AsyncNppaClient"]

T = TypeVar("T")


class AsyncNppaClient(NppaDesk):
    """See ``NppaClient``. An ``AsyncVerificationProvider``, for one event loop."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        previous: Credentials | None = None,
        pepper: Secret[bytes] | None = None,
        processes: int = 1,
        test_code: str | None = None,
        base_url: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] | None = None,
        ticks_ns: Callable[[], int] | None = None,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(
            credentials,
            previous=previous,
            pepper=pepper,
            processes=processes,
            test_code=test_code,
            base_url=base_url,
            clock=clock,
            ticks_ns=ticks_ns,
        )
        self._wait = wait
        self._line = AsyncLine(ssl_context)

    async def check(self, claim: Claim, *, at: datetime) -> Verification:
        """See ``NppaClient.check``."""
        return await self._run(self._talks.check(claim, at))

    async def query(self, pending: Verification, *, at: datetime) -> Verification:
        """See ``NppaClient.query``."""
        ask = self._talks.query(pending, at)
        return ask if isinstance(ask, Verification) else await self._run(ask)

    async def report(self, events: Iterable[Event]) -> tuple[FailedItem, ...]:
        """See ``NppaClient.report``."""
        return await self._run(self._talks.report(checked_events(events)))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._line.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _run(self, ask: Ask[T]) -> T:
        error = None
        try:
            async for attempt in tries():
                with attempt:
                    return await self._carry(self._talks.once(ask))
        except Again as last:
            error = last.error
        raise error or ProviderUnavailable("not tried")

    async def _carry(self, talk: Talk[T]) -> T:
        came: Answer | Lost | None = None
        while True:
            try:
                step = talk.send(came)
            except StopIteration as done:
                return cast("T", done.value)
            came = await self._done(step)

    async def _done(self, step: Question | Wait) -> Answer | Lost | None:
        if isinstance(step, Wait):
            await self._wait(step.seconds)
            return None
        return await self._line.ask(step)

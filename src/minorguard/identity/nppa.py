"""The national real-name system 网络游戏防沉迷实名认证系统: interface V1.8, over httpx2.

::

    game = Credentials(app_id, biz_id, Secret(os.environ["NPPA_KEY"]))
    with NppaClient(game) as official:
        answer = official.check(Claim("p-81", name, number), at=now)
        if answer.status == "pending":
            ask_again(at=due(answer, queried=0))       # then official.query(answer, at=...)
        refused = official.report([Event(session="s1", kind="login", at_s=..., pi=...)])

Needs ``pip install "minorguard[nppa]"``. ``nppa_async`` is the same for asyncio.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar, cast

from minorguard.errors import ProviderUnavailable
from minorguard.identity.nppa_desk import QUERIES, NppaDesk, batches, checked_events, due
from minorguard.identity.nppa_line import Line, tries
from minorguard.identity.nppa_talk import Again, Wait, ai_of
from minorguard.identity.verification import Verification
from minorguard.identity.wire_messages import Credentials, Event, FailedItem

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from minorguard.identity.nppa_talk import Answer, Ask, Lost, Question, Talk
    from minorguard.identity.secrets import Secret
    from minorguard.identity.verification import Claim

__all__ = [
    "QUERIES",
    "Credentials",
    "Event",
    "FailedItem",
    "NppaClient",
    "ai_of",
    "batches",
    "due",
]

T = TypeVar("T")


class NppaClient(NppaDesk):
    """Asks the national system who a player is, and reports who comes and goes.

    ``previous``: the credentials with the old key while keys are changed. ``pepper``: the players'
    accounts are sent as an HMAC under it; without it they are sent as they are (1-32 characters of
    ``A-Z a-z 0-9 _ -``). ``processes``: how many share the game's limits of requests a second.
    ``test_code``: of the official test system. ``base_url``: another server than the official
    ones, for tests. ``ssl_context``: whom to trust, instead of the system's authorities.
    ``clock``, ``ticks_ns`` and ``wait`` are for tests too.

    Safe for threads. A ``VerificationProvider``: raises ``ProviderUnavailable`` where there is no
    answer, ``ProviderRejected`` with the official code, and ``InvalidRequest`` for what cannot be
    asked. A call takes at most 3 tries of 5 s and the waits between.
    """

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
        wait: Callable[[float], None] = time.sleep,
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
        self._line = Line(ssl_context)

    def check(self, claim: Claim, *, at: datetime) -> Verification:
        """Who is this? ``verified`` with the national key ``pi``, ``failed`` or ``pending``.

        Where an answer was lost the check may count all the same: a second one is then refused
        with 2004, and ``query`` tells the result.
        """
        return self._run(self._talks.check(claim, at))

    def query(self, pending: Verification, *, at: datetime) -> Verification:
        """What became of a pending check, within 48 hours of it; then it is ``none``.

        The result is to be had for 300 s after it was told first, then never again: keep it.
        """
        ask = self._talks.query(pending, at)
        return ask if isinstance(ask, Verification) else self._run(ask)

    def report(self, events: Iterable[Event]) -> tuple[FailedItem, ...]:
        """Report 1-128 logins and logouts; the items that were not taken, with their codes.

        Each at the latest 180 s after it happened. Several reports: see ``batches``.
        """
        return self._run(self._talks.report(checked_events(events)))

    def close(self) -> None:
        """Close all connections."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, ask: Ask[T]) -> T:
        error = None
        try:
            for attempt in tries():
                with attempt:
                    return self._carry(self._talks.once(ask))
        except Again as last:
            error = last.error
        raise error or ProviderUnavailable("not tried")

    def _carry(self, talk: Talk[T]) -> T:
        came: Answer | Lost | None = None
        while True:
            try:
                step = talk.send(came)
            except StopIteration as done:
                return cast("T", done.value)
            came = self._done(step)

    def _done(self, step: Question | Wait) -> Answer | Lost | None:
        if isinstance(step, Wait):
            self._wait(step.seconds)
            return None
        return self._line.ask(step)

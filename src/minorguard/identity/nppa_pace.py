"""How fast the national real-name system may be asked, and when to leave it alone. No clock here.

**The limits are a game's**, not a process's: with ``processes=4`` each takes a quarter. Requests
are spaced evenly, so there is no burst that the other side could see as more than was sent. Who is
over the limit once is answered 1006 for a minute; so after a 1006 nobody asks for a minute.

**The breaker** opens when half of the last twenty requests got no usable answer. After 15 seconds
one request tries; the others wait for what it says.

Times are nanoseconds of a clock that only goes forward.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal

from minorguard.errors import ConfigurationError

if TYPE_CHECKING:
    from typing import TypeAlias

Api: TypeAlias = Literal["check", "query", "loginout"]

# 接口对接技术规范 V1.8: requests a second, of one game (bizId), at each interface.
LIMITS: Final[dict[Api, int]] = {"check": 100, "query": 300, "loginout": 10}

PENALTY_S = 60
"""V1.8: who was over the limit is throttled for one minute."""

KEPT_BACK = 10
"""One part in ten is not used: a network that delays some more than others bunches them."""

SECOND_NS = 1_000_000_000

BREAKER_WINDOW = 20
BREAKER_FAILURES = 10
BREAKER_OPEN_S = 15


class Pace:
    """When the next request of one interface may go. Safe for threads."""

    def __init__(self, api: Api, *, processes: int = 1) -> None:
        share = LIMITS[api] * (KEPT_BACK - 1) // KEPT_BACK // processes
        if not share:
            raise ConfigurationError(
                f"{api}: {LIMITS[api]} requests a second cannot be shared by {processes} processes"
            )
        self._interval_ns = -(-SECOND_NS // share)
        self._next_ns = 0
        self._quiet_until_ns = 0
        self._lock = Lock()

    def turn(self, now_ns: int, patience_ns: int) -> tuple[bool, int]:
        """Whether a place was taken, and how long it is until then, in nanoseconds.

        A place further away than ``patience_ns`` is not taken.
        """
        with self._lock:
            at = max(now_ns, self._next_ns, self._quiet_until_ns)
            wait_ns = at - now_ns
            if wait_ns > patience_ns:
                return False, wait_ns
            self._next_ns = at + self._interval_ns
            return True, wait_ns

    def punish(self, now_ns: int) -> None:
        """The other side said that it was too much: nobody asks for a minute."""
        with self._lock:
            self._quiet_until_ns = max(self._quiet_until_ns, now_ns + PENALTY_S * SECOND_NS)

    def quiet_ns(self, now_ns: int) -> int:
        """How long nobody may ask, not even who has a place: look before you send."""
        with self._lock:
            return max(0, self._quiet_until_ns - now_ns)


class Breaker:
    """Leaves a service alone that does not answer. Safe for threads."""

    def __init__(self) -> None:
        self._outcomes: deque[bool] = deque(maxlen=BREAKER_WINDOW)
        self._open_until_ns: int | None = None
        self._lock = Lock()

    def enter(self, now_ns: int) -> tuple[bool, int]:
        """Whether this request may go, as the one that tries after a rest; how long to rest, else.

        ``(False, 0)``: go. ``(True, 0)``: go, and say with ``leave`` how it was. Else do not go.
        """
        with self._lock:
            if self._open_until_ns is None:
                return False, 0
            rest_ns = self._open_until_ns - now_ns
            if rest_ns > 0:
                return False, rest_ns
            # One tries. Should it never come back, another may after the same rest.
            self._open_until_ns = now_ns + BREAKER_OPEN_S * SECOND_NS
            return True, 0

    def leave(self, now_ns: int, *, tried: bool, answered: bool) -> None:
        """A request came back: with an answer, whatever it says, or without one."""
        with self._lock:
            if tried and answered:
                self._open_until_ns = None
                self._outcomes.clear()
            elif tried:
                self._open_until_ns = now_ns + BREAKER_OPEN_S * SECOND_NS
            elif self._open_until_ns is None:
                self._outcomes.append(answered)
                full = len(self._outcomes) == BREAKER_WINDOW
                if full and self._outcomes.count(False) >= BREAKER_FAILURES:
                    self._open_until_ns = now_ns + BREAKER_OPEN_S * SECOND_NS
                    self._outcomes.clear()

    def rest_ns(self, now_ns: int) -> int:
        """How long the service is still left alone."""
        with self._lock:
            return max(0, (self._open_until_ns or 0) - now_ns)

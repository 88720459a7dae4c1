"""What is due when: a wheel of seconds, and in it each session's lease. No clock, no waiting."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar
from zlib import crc32

from minorguard.core.acts import Play
from minorguard.core.calendar import ZONE, local
from minorguard.core.decision import WARN_BEFORE, Decision
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Item = TypeVar("Item")

JITTER_PARTS = 5
"""Renewals are spread over the last fifth of the lease."""

RENEWALS = 4
"""How often a renewal is asked for that nobody gives: at each quarter of what was left at first."""

WARN_BEFORE_S = tuple(before // timedelta(seconds=1) for before in WARN_BEFORE)

_NEVER = -(1 << 62)
"""A second before all others."""

_SECOND = timedelta(seconds=1)


class Wheel(dict[int, list[Item]], Generic[Item]):
    """Slots by second. ``wheel[second].append(item)`` puts something in, at the cost of an append.

    A slot is made when it is first asked for. Only distinct seconds are ever sorted.
    """

    __slots__ = ("_seconds",)

    def __init__(self) -> None:
        super().__init__()
        self._seconds: list[int] = []

    def __missing__(self, second: int) -> list[Item]:
        heappush(self._seconds, second)
        slot = self[second] = []
        return slot

    @property
    def first(self) -> int | None:
        """The earliest second that has a slot, ``None`` where there is none."""
        return self._seconds[0] if self._seconds else None

    def take(self) -> list[Item]:
        """Remove the earliest slot and return it. ``IndexError`` where there is none."""
        return self.pop(heappop(self._seconds))


class Seat:
    """Somebody's seat in the game: whose it is, until when, and what its end will mean.

    It is the schedule's own and always as the last ``put`` left it.
    """

    __slots__ = ("final", "request", "session", "until")

    session: str
    request: Play
    """What was granted: by whom, and for whom, a renewal is asked."""
    until: datetime | None
    """When the law ends it, however often it is renewed; ``None``: never, as far as is known."""
    final: bool
    """Whether its end is that of the law. If not, the lease ran out: nobody has renewed it."""

    def minutes_left(self, at: datetime) -> int | None:
        """Whole minutes from ``at`` to ``until``: 15, 5 or 1 at a warning."""
        return None if self.until is None else max(0, (self.until - at) // _SECOND // 60)


class Events(NamedTuple):
    """The seats to warn, to renew and to end at one second. The lists are yours."""

    at: datetime
    warn: list[Seat]
    renew: list[Seat]
    end: list[Seat]


class Place(Seat):
    """A seat, and the seconds of what is still to come for it; it waits in the slot of ``next``."""

    __slots__ = ("end", "next", "renew", "step_s", "warnings")

    warnings: tuple[int, ...]

    def __init__(self, session: str) -> None:
        self.session = session
        self.next = _NEVER

    def grant(self, decision: Decision, request: Play, lease_until: datetime, given: int) -> None:
        """Begin anew under this decision. What is not after ``given`` counts as given."""
        until, begin = decision.until, _second(decision.at)
        self.request, self.until, self.final = request, until, lease_until == until
        lease_s = (lease_until - decision.at) // _SECOND
        self.end = self.renew = end = begin + lease_s
        self.step_s, self.warnings = 1, ()
        if until is not None:
            closes = end if self.final else begin + (until - decision.at) // _SECOND
            first = max(begin, given)
            # Half-open: at lease_until the session is over, and nobody is left to be warned.
            self.warnings = tuple([at for s in WARN_BEFORE_S if first < (at := closes - s) < end])
        if not self.final and lease_s > 1:
            early_s = _early_s(self.session, lease_s)
            self.renew, self.step_s = end - early_s, max(1, early_s // RENEWALS)
            self.renew_after(given)
        self.wait()

    def give(self, second: int, latest: int, events: Events) -> None:
        """Hand over what is due before the end, and wait for what comes after."""
        if self.warnings and self.warnings[0] == second:
            self.warnings = self.warnings[1:]
            events.warn.append(self)
        if self.renew == second:
            events.renew.append(self)
            self.renew_after(latest)
        self.wait()

    def renew_after(self, latest: int) -> None:
        """Let the next renewal be the first one after this second."""
        if self.renew <= latest:
            self.renew += ((latest - self.renew) // self.step_s + 1) * self.step_s

    def wait(self) -> None:
        """Wait for the first of what is to come."""
        following = self.warnings[0] if self.warnings else self.end
        self.next = min(following, self.renew, self.end)


class Timetable:
    """When to warn, renew and end each session, under the lease that it was last given.

    Safe to use from many threads. ``len`` is the number of sessions that have a seat, and those
    whose end was handed over have it until they are dropped.
    """

    # A place that moves to another second, or is dropped, stays in its old slot as well until that
    # second comes; there it is passed over, since it no longer waits for it.

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wheel: Wheel[Place] = Wheel()
        self._places: dict[str, Place] = {}
        self._latest = _NEVER
        self._ring: Callable[[], object] | None = None

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, session: object) -> bool:
        return session in self._places

    # -- what happened --------------------------------------------------------------------------

    def put(self, session: str, seat: Decision) -> None:
        """Let the session play under this seat, from now on and instead of the one before.

        Where the session had a seat, a warning or renewal that was due by the last look counts as
        given. A seat without an end, an adult's whom nothing limits, schedules nothing; one whose
        end is past is ended with the next look. ``InvalidRequest``, a ``ValueError``, for all but
        an allowed Play: somebody who was refused has no seat.
        """
        if type(session) is not str or not session:
            raise InvalidRequest("session", "want the name of a session")
        request, lease_until = _wanted(seat), seat.lease_until
        if lease_until is None:
            self.drop(session)
            return
        with self._lock:
            place, given = self._places.get(session), self._latest
            if place is None:
                place, given = Place(session), _NEVER
                self._places[session] = place
            waited_at = place.next
            place.grant(seat, request, lease_until, given)
            if place.next != waited_at:
                first = self._wheel.first
                self._wheel[place.next].append(place)
                if self._ring is not None and (first is None or place.next < first):
                    self._ring()

    def drop(self, session: str) -> Seat | None:
        """Forget the session: it left, or was shown out. The seat it had; ``None``: it had none.

        What a driver was already handing over may still arrive.
        """
        with self._lock:
            place = self._places.pop(session, None)
            if place is not None:
                place.next = _NEVER
            return place

    # -- what is due ----------------------------------------------------------------------------

    def due(self, now: datetime) -> list[Events]:
        """All that is due by ``now`` and was not given yet, a batch a second, earliest first.

        An end stays due: until its session is dropped or put anew it is given again with the next
        look at a later second, once a look. So is a renewal, four to seven times before the end.
        """
        return list(self._batches(now))

    def next_at(self) -> datetime | None:
        """The instant of the next event, ``None`` where nothing is waiting. It may be past."""
        with self._lock:
            second = self._next()
        return None if second is None else _instant(second)

    def sleep_s(self, now: datetime) -> float | None:
        """Seconds from ``now`` to the next event; 0 when it is due, ``None`` when nothing waits."""
        with self._lock:
            second, latest = self._next(), self._latest
        if second is None:
            return None
        if second <= latest:  # it was due already, whatever the clock says now
            return 0.0
        return max((_instant(second) - now).total_seconds(), 0.0)

    def _batches(self, now: datetime) -> Iterator[Events]:
        """One second after the other, each taken when it is wanted, so that a drop between counts.

        What a caller puts meanwhile into a second already given is left for the next look.
        """
        looked = _second(local(now, "now"))
        with self._lock:
            latest = self._latest = max(self._latest, looked)
        after = _NEVER
        while (found := self._take(after, latest)) is not None:
            after, events = found
            yield events

    def _take(self, after: int, latest: int) -> tuple[int, Events] | None:
        with self._lock:
            second = self._next()
            if second is None or not after < second <= latest:
                return None
            events, wheel = Events(_instant(second), [], [], []), self._wheel
            again, end = latest + 1, events.end
            for place in wheel.take():
                if place.next == second:
                    if place.end <= second:  # stays due until somebody says that it is done
                        place.next = again
                        end.append(place)
                    else:
                        place.give(second, latest, events)
                        wheel[place.next].append(place)
            if end:
                wheel[again].extend(end)  # type: ignore[arg-type]  # they are places
        return second, events

    def _next(self) -> int | None:
        """The second of the next event. Places that no longer wait before it are let go."""
        wheel = self._wheel
        while (second := wheel.first) is not None:
            slot = wheel[second]
            while slot:
                if slot[-1].next == second:
                    return second
                slot.pop()
            wheel.take()
        return None


def _wanted(seat: object) -> Play:
    """What was asked, where the seat is one."""
    if not (isinstance(seat, Decision) and isinstance(seat.request, Play) and seat.allowed):
        raise InvalidRequest("seat", "want a decision that allowed a Play")
    return seat.request


def _early_s(session: str, lease_s: int) -> int:
    """How long before its end a lease is renewed: 1 s to a fifth of it, as the name falls."""
    spread_s = max(1, lease_s // JITTER_PARTS)
    return 1 + crc32(session.encode("utf-8", "surrogatepass")) % spread_s


def _second(at: datetime) -> int:
    return int(at.timestamp())


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, ZONE)

"""What both clients of the national real-name system have, and when to ask again."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from minorguard.errors import InvalidRequest
from minorguard.identity.nppa_places import Places
from minorguard.identity.nppa_talk import Talks
from minorguard.identity.wire_messages import BATCH_MAX, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from minorguard.identity.secrets import Secret
    from minorguard.identity.verification import Verification
    from minorguard.identity.wire_messages import Credentials

QUERIES: Final = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 5, 15, 30, 60, 120, 240, 480, 720, 1080, 1440, 1800, 2160, 2520, 2820, 2870)
)
"""When to query a check that is in progress, counted from the check: the last ten minutes before
the 48 hours are over, for after them the result is gone. Chosen here; V1.8 says within 48 h."""


def due(pending: Verification, queried: int) -> datetime | None:
    """When to query a pending check for the next time, having done so ``queried`` times.

    ``None``: not any more. After 48 hours it is ``none`` (``Verification.at_instant``).
    """
    if pending.status != "pending":
        return None
    return pending.at + QUERIES[queried] if 0 <= queried < len(QUERIES) else None


def batches(events: Iterable[Event]) -> Iterator[tuple[Event, ...]]:
    """Events in the lots that one report may hold: V1.8, at most 128."""
    lot: list[Event] = []
    for event in events:
        lot.append(event)
        if len(lot) == BATCH_MAX:
            yield tuple(lot)
            lot = []
    if lot:
        yield tuple(lot)


def now_utc() -> datetime:
    """The present."""
    return datetime.now(UTC)


class NppaDesk:
    """Where a client asks, and what it may show of itself."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        previous: Credentials | None,
        pepper: Secret[bytes] | None,
        processes: int,
        base_url: str | None,
        test_code: str | None,
        clock: Callable[[], datetime] | None,
        ticks_ns: Callable[[], int] | None,
    ) -> None:
        self._talks = Talks(
            credentials,
            previous,
            Places.of(base_url, test_code),
            pepper=pepper,
            processes=processes,
            clock=clock or now_utc,
            ticks_ns=ticks_ns or time.monotonic_ns,
        )

    @property
    def hosts(self) -> frozenset[str]:
        """Who is asked: the official hosts, or the one that was said aloud."""
        return self._talks.places.hosts

    @property
    def plain_http(self) -> tuple[str, ...]:
        """The addresses that V1.8 documents as plain HTTP, for a doctor to name."""
        return self._talks.places.plain_http

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(sorted(self.hosts))})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds keys and connections and is not pickled")


def checked_events(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events of one report. ``InvalidRequest`` for none, too many or something else."""
    lot = tuple(events)
    if not 1 <= len(lot) <= BATCH_MAX or any(type(event) is not Event for event in lot):
        raise InvalidRequest("events", f"want 1-{BATCH_MAX} events; see batches")
    return lot

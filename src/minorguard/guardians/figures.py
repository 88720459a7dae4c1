"""The yearly figures of the work against addiction: 未成年人网络保护条例 art. 42, as one goes.

Every worker adds what it sees to a ``Figures`` and flushes it now and then; a year is the sum of
all of them. The guarantee, which ``tests/test_figures.py`` proves on SQLite and PostgreSQL:

- What a ``flush`` that returned has carried is in the year's sum exactly once, whatever happens
  afterwards, and however many processes share a worker's name.
- A flush that failed, or whose outcome is unknown, stays in hand; the next one counts it once.
- ``kill -9`` loses at most what this process has added since its last flush that returned. Of a
  flush under way the counts of each day are in the sum once, or not at all; nothing ever is twice.

No person's id, and no text that anybody typed, is in it.
"""

from __future__ import annotations

from os import getpid, urandom
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from minorguard.errors import Contention, InvalidRequest, OutcomeUnknown, StoreUnavailable
from minorguard.guardians import bodies
from minorguard.guardians.bodies import want_key
from minorguard.guardians.tally import NOTHING, Tally, from_json, to_json, total
from minorguard.stores.records import Moved

if TYPE_CHECKING:
    from datetime import date

    from minorguard.stores.records import Record, RecordStore

KIND: Final = "figures"
STATE: Final = "counted"

TRIES: Final = 64
"""How often a flush begins anew when others are faster."""

MANY: Final = 256
"""Tallies of a day that wait one by one before they are summed."""


class _Batch(NamedTuple):
    """What one flush has to add to one day, and its number: the same again is the same batch."""

    day: date
    number: int
    tally: Tally


class Figures:
    """One worker's counts of some days. Safe to use from many threads, and after a fork.

    ``worker``: its name, as in ``Subject.id``; several processes may share one, and one record a
    day and name is kept. ``instance``: leave it out. Who counts a whole day in one go and begins
    again from the start after a crash gives a name of its own here (``played``): flush number n
    under that name is then counted once, however often it is made; so one process at a time.
    """

    def __init__(self, records: RecordStore, worker: str, *, instance: str | None = None) -> None:
        self._records = records
        self._worker = want_key(worker, "figures.worker")
        self._named = None if instance is None else want_key(instance, "figures.instance")
        self._begin()

    def _begin(self) -> None:
        self._pid = getpid()
        self._instance = self._named or urandom(8).hex()
        self._number = 0
        self._adding, self._flushing = Lock(), Lock()
        self._pending: dict[date, list[Tally]] = {}
        self._batches: list[_Batch] = []

    def add(self, tally: Tally, on: date) -> None:
        """Count something on a calendar day in Shanghai. It is kept by the next ``flush``."""
        self._own()
        if not tally:
            return
        with self._adding:
            known = self._pending.setdefault(on, [])
            known.append(tally)
            if len(known) >= MANY:
                known[:] = [total(known)]

    def flush(self) -> None:
        """Keep all that was added so far. Raises what the store raises; then flush again."""
        self._own()
        with self._flushing:
            with self._adding:
                pending, self._pending = self._pending, {}
            for day, tallies in sorted(pending.items()):
                self._number += 1
                self._batches.append(_Batch(day, self._number, total(tallies)))
            while self._batches:
                self._apply(self._batches[0])
                del self._batches[0]

    def _own(self) -> None:
        """What was pending at a fork is the parent's to count."""
        if self._pid != getpid():
            self._begin()

    def _apply(self, batch: _Batch) -> None:
        name = f"{batch.day.isoformat()}:{self._worker}"
        for _ in range(TRIES):
            there = self._records.get(KIND, name)
            kept = NOTHING_KEPT if there is None else _kept_of(there)
            if kept.applied.get(self._instance, 0) >= batch.number:
                return  # an earlier try was done after all
            applied = {**kept.applied, self._instance: batch.number}
            new = _body(_Kept(kept.tally + batch.tally, applied))
            try:
                if there is None:
                    group = f"{batch.day.year:04}"
                    there = self._records.append(KIND, name, group=group, state=STATE, body=new)
                    if there.body == new:
                        return
                else:
                    self._records.transition(KIND, there, state=STATE, body=new)
                    return
            except (Moved, OutcomeUnknown):
                continue  # look what is there now; the number tells whether it was ours
        raise Contention("figures: others are faster, each time anew")


class _Kept(NamedTuple):
    """One day of one worker: its counts, and the last batch of each instance that is in them."""

    tally: Tally
    applied: dict[str, int]


NOTHING_KEPT: Final = _Kept(NOTHING, {})


def _body(kept: _Kept) -> bytes:
    return bodies.to_bytes({"counts": to_json(kept.tally), "applied": kept.applied})


def _kept_of(record: Record) -> _Kept:
    content = bodies.from_bytes(record.body, KIND)
    try:
        return _Kept(from_json(content["counts"]), content["applied"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise StoreUnavailable(f"a broken {KIND} document") from None


def year_of(records: RecordStore, year: int) -> Tally:
    """All that was flushed for the days of a year, by every worker."""
    if type(year) is not int or not 1 <= year <= 9999:  # noqa: PLR2004 - the calendar's years
        raise InvalidRequest("year", "want a year")
    kept = bodies.all_of(records, KIND, group=f"{year:04}")
    return total(_kept_of(record).tally for record in kept)

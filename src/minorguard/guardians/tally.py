"""Counts by age band, of what was asked, refused, played and paid; never of who it was.

A ``Tally`` is a sum: in whatever order and however divided events come, adding them gives the same
counts. Each function here makes the tally of one event and nothing else. An event that is told
twice counts twice, so tell each one once: where the answer is given and the fact recorded, and not
where it is asked again. Known adults count nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from minorguard.core.acts import Play, Spend
from minorguard.core.calendar import local
from minorguard.core.facts import (
    Cancelled,
    ConsentGranted,
    ConsentRevoked,
    Left,
    ModeChanged,
    Refunded,
    Settled,
)
from minorguard.core.subject import FEN_MAX, Ages, want_int
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from minorguard.core.decision import Decision
    from minorguard.core.facts import Fact
    from minorguard.core.subject import AgeReading, Subject
    from minorguard.core.usage import Usage

    Counts: TypeAlias = Mapping[tuple[str, str], int]

BANDS: Final[tuple[tuple[str, Ages], ...]] = (
    ("0-7", Ages(0, 8)),  # 民法典 art. 20: no capacity; 国新出发〔2019〕34号 §3: nothing to pay
    ("8-13", Ages(8, 14)),  # 个人信息保护法 art. 31: the guardian consents
    ("14-15", Ages(14, 16)),  # 未成年人保护法 art. 76: no live hosting
    ("16-17", Ages(16, 18)),  # 未成年人保护法 art. 2: protection ends at eighteen
)
"""Half-open, in completed years: the first number is in the band, the second too."""

SOME_MINOR: Final = "0-17"
"""A known minor whose age is not known well enough for one band."""

UNKNOWN: Final = "unknown"
"""Somebody of unknown age, who is treated as a minor."""

BAND_NAMES: Final = (*(name for name, _ in BANDS), SOME_MINOR, UNKNOWN)

MAX: Final = 10**18
"""The largest count that is read back."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often, how long, how much: (band, name) -> count, none of them 0."""

    counts: Counts = field(default_factory=dict[tuple[str, str], int])

    def __add__(self, other: Tally) -> Tally:
        return total((self, other))

    def __bool__(self) -> bool:
        return bool(self.counts)

    def of(self, name: str, band: str | None = None) -> int:
        """One count: of a band, or of all together."""
        bands = BAND_NAMES if band is None else (band,)
        return sum(self.counts.get((one, name), 0) for one in bands)

    @property
    def names(self) -> tuple[str, ...]:
        """All that was counted, sorted."""
        return tuple(sorted({name for _, name in self.counts}))


NOTHING: Final = Tally()


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies."""
    counts: dict[tuple[str, str], int] = {}
    for tally in tallies:
        for key, count in tally.counts.items():
            counts[key] = counts.get(key, 0) + count
    return Tally(counts)


def band_of(ages: Ages) -> str | None:
    """The band in which somebody of these ages is counted; ``None`` for a known adult."""
    if ages.adult:
        return None
    if not ages.minor:
        return UNKNOWN
    bands = [name for name, band in BANDS if ages.meets(band)]
    return bands[0] if len(bands) == 1 else SOME_MINOR


def decided(decision: Decision, *, reading: AgeReading = "day_after_birthday") -> Tally:
    """The tally of one answer.

    ``login.allowed`` ``login.refused`` ``login.refused.<code>``, and so for ``heartbeat``
    ``purchase`` ``tip`` ``use`` ``show``; ``held_fen`` of an allowed purchase or tip with an order;
    ``duty.<obligation>`` of each that was named, so ``duty.remind_rest`` are the reminders given.
    A refusal has one of each of its codes.
    """
    request = decision.request
    what = request.act if not isinstance(request, Play) else _play(request)
    names: dict[str, int] = {f"duty.{duty}": 1 for duty in decision.obligations}
    if decision.allowed:
        names[f"{what}.allowed"] = 1
        if isinstance(request, Spend) and request.order is not None:
            names["held_fen"] = request.fen
    else:
        names[f"{what}.refused"] = 1
        names |= {f"{what}.refused.{finding.code}": 1 for finding in decision.reasons}
    return _tally(request.subject, decision.at, reading, names)


def _play(request: Play) -> str:
    return "heartbeat" if request.renewal else "login"


def told(
    fact: Fact,
    *,
    at: datetime,
    fen: int | None = None,
    reading: AgeReading = "day_after_birthday",
) -> Tally:
    """The tally of one fact.

    ``fen``: what was paid by this order, where ``Settled`` does not say; what was given up by
    ``Cancelled``, if known; and what went back *now* by ``Refunded``, whose own number is the
    total so far. ``settled`` ``settled_fen`` ``cancelled`` ``cancelled_fen`` ``refunded``
    ``refunded_fen`` ``mode.on`` ``mode.off`` ``consent.granted.<scope>``
    ``consent.revoked.<scope>``; a ``Left`` counts nothing.
    """
    names = dict(_of_fact(fact, fen))
    return _tally(fact.subject, at, reading, names)


def _of_fact(fact: Fact, fen: int | None) -> Iterable[tuple[str, int]]:
    counted: Iterable[tuple[str, int]]
    if isinstance(fact, Settled):
        fen = fact.fen if fen is None else fen
        counted = ("settled", 1), ("settled_fen", _want_fen(fen))
    elif isinstance(fact, Refunded):
        counted = ("refunded", 1), ("refunded_fen", _want_fen(fen))
    elif isinstance(fact, Cancelled):
        counted = ("cancelled", 1), ("cancelled_fen", 0 if fen is None else _want_fen(fen))
    elif isinstance(fact, ModeChanged):
        counted = (("mode.on" if fact.on else "mode.off", 1),)
    elif isinstance(fact, ConsentGranted):
        counted = ((f"consent.granted.{fact.scope}", 1),)
    elif isinstance(fact, ConsentRevoked):
        counted = ((f"consent.revoked.{fact.scope}", 1),)
    elif isinstance(fact, Left):
        counted = ()
    else:
        raise InvalidRequest("fact", "want a fact")
    return counted


def _want_fen(fen: int | None) -> int:
    want_int(fen, "fact.fen", 1, FEN_MAX)
    return fen or 0


def used(
    subject: Subject,
    usage: Usage,
    *,
    at: datetime,
    reading: AgeReading = "day_after_birthday",
) -> Tally:
    """The tally of one person's day: ``guard.usage(subject, at=)`` at its end.

    ``played_s``: paid play time of that day. ``played_people_days``: 1 if there was any. Tell it
    once for each person and day; time that is paid by overlapping sessions counts once.
    """
    names = {"played_s": usage.played_today_s}
    if usage.played_today_s:
        names["played_people_days"] = 1
    return _tally(subject, at, reading, names)


def _tally(subject: Subject, at: datetime, reading: AgeReading, names: Mapping[str, int]) -> Tally:
    band = band_of(subject.ages_on(local(at).toordinal(), reading))
    if band is None:
        return NOTHING
    return Tally({(band, name): count for name, count in names.items() if count})


# -- as it is kept -------------------------------------------------------------------------------


def to_json(tally: Tally) -> dict[str, dict[str, int]]:
    """Band -> name -> count, both sorted."""
    found: dict[str, dict[str, int]] = {}
    for (band, name), count in sorted(tally.counts.items()):
        found.setdefault(band, {})[name] = count
    return found


def from_json(content: Mapping[str, Mapping[str, int]]) -> Tally:
    """The tally that was kept. ``ValueError`` if it is none."""
    counts = {(band, name): n for band, names in content.items() for name, n in names.items()}
    for (band, _), count in counts.items():
        if band not in BAND_NAMES or type(count) is not int or not 0 < count <= MAX:
            raise ValueError("no tally")
    return Tally(counts)

"""What every picture of the play calendar shows, before it is drawn: days, totals, sources."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.acts import Play
from minorguard.core.playdays import PlayDay, play_days
from minorguard.core.subject import Ages, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.calendar import Notice
    from minorguard.core.citation import Citation
    from minorguard.core.limits import Limit
    from minorguard.core.policy import Law
    from minorguard.core.rules import Rule

ON_CALENDAR = frozenset({"holiday", "makeup_workday", "friday", "saturday", "sunday", "workday"})
"""The reasons that rest on the State Council's calendar: only these wait for a notice."""


@dataclass(frozen=True, slots=True)
class Edition:
    """Days in a row under the same rules about time. ``rules`` is empty where nothing limits."""

    rules: tuple[Rule, ...]
    days: tuple[PlayDay, ...]

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The articles that decide these days."""
        return tuple(dict.fromkeys(c for rule in self.rules for c in rule.head.citations))


class Total(NamedTuple):
    """Open days and the seconds of play in them; null where a day has no limit."""

    days: int
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A year or a month of the play calendar for one age, with everything that explains it.

    ``notices`` are the State Council's that name days in it; none where its calendar has no say.
    """

    law: Law
    age: int
    year: int
    month: int | None
    days: tuple[PlayDay, ...]
    editions: tuple[Edition, ...]
    notices: tuple[Notice, ...]

    @property
    def months(self) -> tuple[tuple[PlayDay, ...], ...]:
        """The days, month by month."""
        return tuple(tuple(days) for _, days in groupby(self.days, lambda day: day.day.month))

    @property
    def total(self) -> Total:
        """Over the whole sheet."""
        return total_of(self.days)

    @property
    def uncertain(self) -> tuple[PlayDay, ...]:
        """The days that a notice yet to come may change."""
        return tuple(day for day in self.days if uncertain(day))


def sheet_of(law: Law, age: int, year: int, month: int | None) -> Sheet:
    """The year, or one month of it, for a verified person of that age on every day."""
    first = date(year, month or 1, 1)
    last = date(year, month or 12, monthrange(year, month or 12)[1])
    days = tuple(play_days(law, age, first, last))
    return Sheet(
        law=law,
        age=age,
        year=year,
        month=month,
        days=days,
        editions=tuple(_editions(law, age, days)),
        notices=tuple(notices_of(law, days)),
    )


def uncertain(day: PlayDay) -> bool:
    """Whether a holiday notice yet to come may open or close this day."""
    return day.why in ON_CALENDAR and not day.announced


def playable_s(day: PlayDay) -> int | None:
    """How many seconds one may play on that day; null where nothing limits it."""
    if day.why == "no_limit":
        return None
    inside = sum(end - start for start, end in day.hours)
    return inside if day.quota_s is None else min(inside, day.quota_s)


def total_of(days: Iterable[PlayDay]) -> Total:
    """Open days and seconds of play."""
    seconds = [playable_s(day) for day in days if day.playable]
    known = [s for s in seconds if s is not None]
    return Total(len(seconds), sum(known) if len(known) == len(seconds) else None)


def notices_of(law: Law, days: Iterable[PlayDay]) -> Iterator[Notice]:
    """The notices that decide these days: those of their years, and those that name one of them."""
    decided = {day.day for day in days if day.why in ON_CALENDAR and day.announced}
    for notice in law.calendar.notices:
        if any(
            day.year == notice.year
            or day in notice.workdays
            or any(block.first <= day <= block.last for block in notice.holidays)
            for day in decided
        ):
            yield notice


def _editions(law: Law, age: int, days: tuple[PlayDay, ...]) -> Iterator[Edition]:
    request = Play(Subject("calendar", age=Ages(age, age + 1), identity="verified"))

    def rules(day: PlayDay) -> tuple[Rule, ...]:
        ruling = law.ruling(request, request.subject.age, day.day.toordinal())
        said: list[Limit] = [*ruling.objections, *ruling.windows, *ruling.quotas]
        return tuple(dict.fromkeys(limit.rule for limit in said))

    return (Edition(same, tuple(in_row)) for same, in_row in groupby(days, rules))

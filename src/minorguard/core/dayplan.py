"""The rest of a day in advance: when somebody may play, until when, and when to warn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.acts import Play
from minorguard.core.calendar import local

if TYPE_CHECKING:
    from datetime import date, datetime

    from minorguard.core.policy import Law
    from minorguard.core.subject import Subject
    from minorguard.core.usage import Usage


class Sitting(NamedTuple):
    """A stretch in which the person may play if they use it from its start: ``[start, end)``.

    ``end`` is ``None`` where nothing ends it; at ``warn_at`` the person is to be warned.
    """

    start: datetime
    end: datetime | None
    warn_at: tuple[datetime, ...]


class DayPlan(NamedTuple):
    """The whole kick plan of a person for the rest of a day.

    ``sittings`` begin on this day, the first at once or when the hours open. ``next_allowed_at``:
    the first instant after the last of them, ``None`` if there is no end or nobody can say.
    """

    day: date
    sittings: tuple[Sitting, ...]
    next_allowed_at: datetime | None


def day_plan(law: Law, subject: Subject, at: datetime, usage: Usage) -> DayPlan:
    """When this person may play from ``at`` to the end of that day, playing whenever they may."""
    at = local(at)
    day = at.date()
    now: datetime | None = at
    sittings: list[Sitting] = []
    while now is not None and now.date() == day:
        seat = law.decide(Play(subject), at=now, usage=usage)
        if not seat:
            now = seat.next_allowed_at
            continue
        until = seat.until
        sittings.append(Sitting(now, until, seat.warn_at))
        if until is not None:
            played_s = (until - now) // timedelta(seconds=1)
            usage = replace(usage, played_today_s=usage.played_today_s + played_s)
        now = until
    if now is not None:
        seat = law.decide(Play(subject), at=now)
        now = now if seat else seat.next_allowed_at
    return DayPlan(day, tuple(sittings), now)

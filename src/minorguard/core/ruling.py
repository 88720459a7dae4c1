"""What the whole law says to one person on one day, before anything used is counted.

A ``Ruling`` holds for a day; a ``Segment`` is a stretch of it in which the hours neither open nor
close. ``closing`` and ``opening`` walk from day to day, for windows that pass midnight.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.calendar import LAST_DAY, ZONE
from minorguard.core.hours import ALWAYS, DAY_S, Hours, both, contains
from minorguard.core.limits import (
    Cap,
    Count,
    Due,
    Duty,
    HalfCap,
    Note,
    Objection,
    Quota,
    Rest,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minorguard.core.limits import Limit

DAYS_AHEAD = 400
"""How far ``next_allowed_at`` looks: beyond it the answer is that nobody can say."""

PAYS_NOTHING = ("spend_forbidden", "gift_forbidden")

Stamp = int
"""Local seconds: ``day ordinal * 86400 + second of the day``. Only this package reads it."""

FOR_GOOD: Stamp = 1 << 62
"""After every instant."""


def stamp_of(at: datetime) -> Stamp:
    """Local seconds of an instant on the law's clock."""
    return at.toordinal() * DAY_S + at.hour * 3600 + at.minute * 60 + at.second


def instant_of(stamp: Stamp) -> datetime:
    """The instant on the law's clock that has these local seconds."""
    day, second = divmod(stamp, DAY_S)
    return datetime.fromordinal(day).replace(tzinfo=ZONE) + timedelta(seconds=second)


class Ruling(NamedTuple):
    """The limits of a day for one person, all rules together.

    It holds for every day of the same kind under the same editions, and so does not name one.
    ``hours`` is where every window is open. ``governed``: whether any rule of this act's kind
    applies. ``on_calendar``: whether the State Council's calendar had a say. ``age_decided``:
    whether a limit is there only because the age is unknown.
    """

    objections: tuple[Objection, ...]
    windows: tuple[Window, ...]
    quotas: tuple[Quota, ...]
    caps: tuple[Cap, ...]
    counts: tuple[Count, ...]
    duties: tuple[Due, ...]
    notes: tuple[str, ...]
    hours: Hours
    governed: bool
    on_calendar: bool
    age_decided: bool

    @property
    def opens(self) -> bool:
        """Whether there is a second of this day at which somebody unused may go ahead."""
        return not self.objections and bool(self.hours) and all(q.quota_s for q in self.quotas)


def ruling_of(
    limits: Iterable[tuple[Limit, bool]],
    *,
    governed: bool,
    on_calendar: bool,
) -> Ruling:
    """Gather limits, each with whether it is there only because the age is unknown."""
    said = list(limits)
    alone = next((x for x in said if isinstance(x[0], Objection) and x[0].alone), None)
    if alone is not None:
        said = [alone, *(x for x in said if isinstance(x[0], Duty) and x[0].always)]
    elif any(isinstance(x, Objection) and x.code in PAYS_NOTHING for x, _ in said):
        # Who may pay nothing has no caps, configured or not.
        said = [(x, unknown) for x, unknown in said if not _of_caps(x)]
    windows = tuple(x for x, _ in said if isinstance(x, Window))
    return Ruling(
        objections=tuple(x for x, _ in said if isinstance(x, Objection)),
        windows=windows,
        quotas=tuple(x for x, _ in said if isinstance(x, Quota)),
        caps=tuple(x for x, _ in said if isinstance(x, Cap)),
        counts=tuple(x for x, _ in said if isinstance(x, Count)),
        duties=tuple(x for x, _ in said if isinstance(x, Duty | Rest | HalfCap)),
        notes=tuple(x.state for x, _ in said if isinstance(x, Note)),
        hours=reduce(both, (window.hours for window in windows), ALWAYS),
        governed=governed,
        on_calendar=on_calendar,
        age_decided=any(unknown and not isinstance(x, _STATED) for x, unknown in said),
    )


_STATED = (Duty, Rest, HalfCap, Note)
"""Limits that refuse nobody."""


def _of_caps(limit: Limit) -> bool:
    not_set = isinstance(limit, Objection) and limit.code == "cap_not_configured"
    return not_set or isinstance(limit, Cap | Note)


class Walk(NamedTuple):
    """Where a walk over the days ended: the instant, if there is one, and the last day read."""

    stamp: Stamp | None
    last_day: int


def closing(ruling_on: Callable[[int], Ruling], day: int, second: int) -> Walk:
    """The first instant, from an open one on, at which the hours close or the law objects."""
    last = min(day + DAYS_AHEAD, LAST_DAY)
    for today in range(day, last + 1):
        ruling = ruling_on(today)
        start = second if today == day else 0
        if ruling.objections or not contains(ruling.hours, start):
            return Walk(today * DAY_S + start, today)
        end = next(end for first, end in ruling.hours if first <= start < end)
        if end < DAY_S:
            return Walk(today * DAY_S + end, today)
    return Walk(None, last)


def opening(ruling_on: Callable[[int], Ruling], day: int) -> Walk:
    """The first instant after that day at which somebody who has used nothing may go ahead."""
    last = min(day + DAYS_AHEAD, LAST_DAY)
    for later in range(day + 1, last + 1):
        ruling = ruling_on(later)
        if ruling.opens:
            return Walk(later * DAY_S + ruling.hours[0][0], later)
    return Walk(None, last)

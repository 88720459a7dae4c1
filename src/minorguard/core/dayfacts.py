"""What a day is by the State Council's notices, and what a reading makes of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from minorguard.core.calendar import Calendar

Weekday = Literal["workday", "friday", "saturday", "sunday"]
"""An ordinary day: Monday to Thursday, or one of the last three of the week."""

KindOfDay = Literal[Weekday, "block_weekday", "block_weekend", "statutory", "makeup_workday"]
"""What the notice makes of a day: ordinary; a rest day inside a holiday block that is not itself
statutory (Monday to Thursday, or Friday to Sunday); a statutory holiday; a weekend worked."""

SeenAs = Literal[Weekday, "holiday", "makeup_workday"]
"""What a reading makes of a day."""

KINDS: tuple[KindOfDay, ...] = get_args(KindOfDay)
ORDINARY: tuple[Weekday, ...] = (
    *("workday", "workday", "workday", "workday"),
    *("friday", "saturday", "sunday"),
)


class DayFacts(NamedTuple):
    """A day as it is announced.

    ``holiday``: the name of its block. ``old`` and ``new``: what each of two readings makes of it.
    """

    day: date
    kind: KindOfDay
    holiday: str
    announced: bool
    old: SeenAs
    new: SeenAs


def facts_of(day: int, old: Calendar, new: Calendar) -> DayFacts:
    """What there is to say about a day (an ordinal) under two calendars, the new one first."""
    known = old if old.announced(day) and not new.announced(day) else new
    return DayFacts(
        day=date.fromordinal(day),
        kind=kind_of(known, day),
        holiday=known.holiday_name(day) or "",
        announced=known.announced(day),
        old=seen_as(old, day),
        new=seen_as(new, day),
    )


def kind_of(calendar: Calendar, day: int) -> KindOfDay:
    """What a day is by the notices, whatever the calendar's reading."""
    if calendar.statutory(day):
        return "statutory"
    ordinary = ORDINARY[date.fromordinal(day).weekday()]
    if calendar.holiday_name(day) is not None:
        return "block_weekday" if ordinary == "workday" else "block_weekend"
    return "makeup_workday" if calendar.makeup_workday(day) else ordinary


def seen_as(calendar: Calendar, day: int) -> SeenAs:
    """What the calendar's reading makes of a day."""
    if calendar.holiday(day):
        return "holiday"
    if calendar.reading == "published" and calendar.makeup_workday(day):
        return "makeup_workday"
    return ORDINARY[date.fromordinal(day).weekday()]

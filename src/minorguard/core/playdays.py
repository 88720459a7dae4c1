"""The play calendar: for one age, which days are open, at which hours, and why."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from minorguard.core.acts import Play
from minorguard.core.hours import ALWAYS, Hours
from minorguard.core.subject import Ages, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.calendar import Calendar
    from minorguard.core.policy import Law
    from minorguard.core.ruling import Ruling

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FRIDAY = 4


class PlayDay(NamedTuple):
    """One day of the calendar under the law in force on it.

    ``why`` is a word for programs: ``holiday`` (with its ``name``), ``makeup_workday``,
    ``friday`` ``saturday`` ``sunday``, ``workday``, ``every_day``, ``no_limit`` or
    ``not_covered``. ``announced``: whether the holiday notice for that day is out.
    """

    day: date
    playable: bool
    hours: Hours
    quota_s: int | None
    why: str
    name: str
    announced: bool


def play_days(law: Law, age: int, first: date, last: date) -> Iterator[PlayDay]:
    """Every day from ``first`` to ``last`` for a verified person of that age on each of them."""
    person = Subject("calendar", age=Ages(age, age + 1), identity="verified")
    request = Play(person)
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        ruling = law.ruling(request, person.age, ordinal)
        why, name = _why(law.calendar, ruling, ordinal)
        yield PlayDay(
            day=date.fromordinal(ordinal),
            playable=ruling.opens,
            hours=ruling.hours if ruling.opens else (),
            quota_s=min((quota.quota_s for quota in ruling.quotas), default=None),
            why=why,
            name=name,
            announced=law.calendar.announced(ordinal),
        )


def _why(calendar: Calendar, ruling: Ruling, day: int) -> tuple[str, str]:
    if ruling.objections:
        return ruling.objections[0].code, ""
    if not ruling.on_calendar:
        return ("no_limit" if ruling.hours == ALWAYS and not ruling.quotas else "every_day"), ""
    if calendar.holiday(day):
        return "holiday", calendar.holiday_name(day) or ""
    if calendar.reading == "published" and calendar.makeup_workday(day):
        return "makeup_workday", ""
    weekday = date.fromordinal(day).weekday()
    return (WEEKDAYS[weekday] if weekday >= FRIDAY else "workday"), ""

"""The hand-written minimum: what a team would write for this one rule, and no more.

国新出发〔2021〕14号 §1 as an if/else over the days of 2026. It answers yes or no with a word; it
knows no until, no next time, no article, no other law and no other year. Its days are those of
our calendar; its arithmetic is its own, and ``checks`` compares every answer.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from minorguard import law

if TYPE_CHECKING:
    from datetime import datetime

    from minorguard import Subject

ADULT_YMD = 180_000
"""Eighteen years between two yyyymmdd; just so much is the birthday itself, a day too early."""

OPENS_S, CLOSES_S = 20 * 3600, 21 * 3600

_DAYS = range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())
PLAYABLE = frozenset(filter(law("cn.game").calendar.playable, _DAYS))
YMD = {
    day: when.year * 10_000 + when.month * 100 + when.day
    for day in _DAYS
    for when in (date.fromordinal(day),)
}


def by_integers(born_ymd: int, stamp: int) -> tuple[bool, str]:
    """The floor: a birth date as yyyymmdd and local seconds, nothing else."""
    day = stamp // 86_400  # with % below, faster than a call of divmod
    if YMD[day] - born_ymd > ADULT_YMD:
        return True, "adult"
    if day not in PLAYABLE:
        return False, "closed_day"
    if OPENS_S <= stamp % 86_400 < CLOSES_S:
        return True, "open_hour"
    return False, "closed_hour"


def by_types(player: Subject, now: datetime) -> tuple[bool, str]:
    """The typed floor: the same over a person with a birth date and a time in the law's zone."""
    born = player.born
    if born is None:
        return False, "age_unknown"
    years = now.year - born.year
    if (now.month, now.day) <= (born.month, born.day):  # eighteen on the day after the birthday
        years -= 1
    if years >= 18:
        return True, "adult"
    if now.toordinal() not in PLAYABLE:
        return False, "closed_day"
    if now.hour != 20:
        return False, "closed_hour"
    return True, "open_hour"


def nothing(born: int, stamp: int) -> None:
    """An empty function of two arguments: what a call costs."""

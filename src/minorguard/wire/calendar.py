"""The play calendar as JSON."""

from __future__ import annotations

import json
from calendar import monthrange
from datetime import date
from typing import TYPE_CHECKING

from minorguard.core.hours import clock
from minorguard.core.playdays import PlayDay, play_days

if TYPE_CHECKING:
    from minorguard.core.decision import Lang
    from minorguard.core.policy import Law


def days_of(law: Law, age: int, year: int, month: int | None) -> tuple[PlayDay, ...]:
    """The days of a year or of one month."""
    _, last = monthrange(year, month or 12)
    return tuple(play_days(law, age, date(year, month or 1, 1), date(year, month or 12, last)))


def status_of(law: Law, year: int) -> str:
    """``announced`` or ``unannounced``: whether the year's holiday notice is out."""
    known = any(notice.year == year for notice in law.calendar.notices)
    return "announced" if known else "unannounced"


def calendar_json(law: Law, age: int, year: int, month: int | None, lang: Lang) -> str:
    """The calendar for programs, one JSON object."""
    del lang
    days = days_of(law, age, year, month)
    answer = {
        "year": year,
        "status": status_of(law, year),
        "playable_days": sum(day.playable for day in days),
        "days": [
            {
                "date": day.day.isoformat(),
                "playable": day.playable,
                "windows": [[clock(start), clock(end)] for start, end in day.hours],
                "why": f"{day.why}:{day.name}" if day.name else day.why,
            }
            for day in days
        ],
    }
    return json.dumps(answer, ensure_ascii=False) + "\n"

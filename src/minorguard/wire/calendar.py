"""The play calendar as JSON and as a table of months."""

from __future__ import annotations

import json
from calendar import monthrange
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from minorguard.core.hours import clock
from minorguard.core.playdays import PlayDay, play_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.decision import Lang
    from minorguard.core.policy import Law

MARKS = {"holiday": "休", "makeup_workday": "班"}
MARKS_EN = {"holiday": "H ", "makeup_workday": "W "}
LEGEND: dict[str, str] = {
    "zh": "● 可玩   · 不可玩   休 放假   班 调休上班   ? 放假安排尚未公布",
    "en": "● open   · closed   H holiday   W worked in exchange   ? holidays not announced",
}
WEEKDAY_HEADS: dict[str, str] = {
    "zh": "   一    二    三    四    五    六    日",
    "en": "   Mo    Tu    We    Th    Fr    Sa    Su",
}


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
        **({"month": month} if month else {}),
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


def calendar_table(law: Law, age: int, year: int, month: int | None, lang: Lang) -> str:
    """The calendar for people: months of weeks, with the hours and totals."""
    days = days_of(law, age, year, month)
    lines = [_heading(law, age, year, days, lang), ""]
    for _, in_month in groupby(days, key=lambda day: day.day.month):
        lines.extend(_month(tuple(in_month), lang))
    lines.append(LEGEND[lang])
    return "\n".join(lines) + "\n"


def _heading(law: Law, age: int, year: int, days: tuple[PlayDay, ...], lang: Lang) -> str:
    count = sum(day.playable for day in days)
    names = ", ".join(stamp.id for stamp in law.stamps)
    hours = " / ".join(_hours_seen(days)) or "–"
    if lang == "zh":
        state = "" if status_of(law, year) == "announced" else "，放假安排尚未公布"
        return f"{year}年 {names} {age}岁：可玩{count}天，时段 {hours}{state}"
    state = "" if status_of(law, year) == "announced" else ", holidays not announced"
    return f"{year} {names} age {age}: {count} open days, hours {hours}{state}"


def _hours_seen(days: Iterable[PlayDay]) -> list[str]:
    seen = dict.fromkeys(day.hours for day in days if day.playable)
    return [", ".join(f"{clock(start)}–{clock(end)}" for start, end in hours) for hours in seen]


def _month(days: tuple[PlayDay, ...], lang: Lang) -> Iterator[str]:
    first = days[0].day
    count = sum(day.playable for day in days)
    yield f"{first:%Y-%m}  ({count})"
    yield WEEKDAY_HEADS[lang]
    cells = ["      "] * first.weekday() + [_cell(day, lang) for day in days]
    for start in range(0, len(cells), 7):
        yield "".join(cells[start : start + 7]).rstrip()
    yield ""


def _cell(day: PlayDay, lang: Lang) -> str:
    marks = MARKS if lang == "zh" else MARKS_EN
    mark = marks.get(day.why) or ("? " if not day.announced else "  ")
    return f"{day.day.day:3d}{'●' if day.playable else '·'}{mark}"

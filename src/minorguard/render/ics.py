"""The play calendar as an iCalendar feed (RFC 5545): one event for each open window of each day.

Where nothing limits play (an adult) or no law speaks yet there is no event: 365 whole days would
say less than the calendar's description does. Such a feed still holds its time zone, because
RFC 5545 §3.6 wants a component.

There is no clock here. ``DTSTAMP`` says when the information was last revised (RFC 5545 §3.8.7.2,
a feed without METHOD), so it is the revision of the law; the UID of a window never changes, so a
new notice moves events and does not double them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from minorguard.core.hours import DAY_S
from minorguard.render import words
from minorguard.render.sheet import notices_of, playable_s, sheet_of, uncertain
from minorguard.render.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minorguard.core.decision import Lang
    from minorguard.core.playdays import PlayDay
    from minorguard.core.policy import Law
    from minorguard.render.sheet import Edition, Sheet

OCTETS = 75
"""The longest line, without its end (RFC 5545 §3.1)."""

# One offset since summer time ended in 1991, long before the first day that any law here covers.
ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Asia/Shanghai",
    "BEGIN:STANDARD",
    "DTSTART:19910915T020000",
    "TZOFFSETFROM:+0900",
    "TZOFFSETTO:+0800",
    "TZNAME:CST",
    "END:STANDARD",
    "END:VTIMEZONE",
)

SUMMARY: dict[str, str] = {"zh": "可玩时段（{age}岁）", "en": "Play time (age {age})"}
WAITS: dict[str, str] = {"zh": "{summary}，待放假安排", "en": "{summary}, provisional"}


def calendar_ics(law: Law, age: int, year: int, month: int | None, lang: Lang) -> str:
    """The year or the month as the text of an ``.ics`` file, with CRLF ends.

    Write it without translating line ends (``newline=""``). The same law, age and period give
    the same text.
    """
    sheet = sheet_of(law, age, year, month)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//minorguard//play calendar//{lang.upper()}",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_escaped(words.title(sheet, lang))}",
        f"X-WR-CALDESC:{_escaped(_about(sheet, lang))}",
        "X-WR-TIMEZONE:Asia/Shanghai",
        *ZONE,
    ]
    stamp = _revised(sheet)
    for edition in sheet.editions:
        for day in edition.days:
            if day.playable and day.why != "no_limit":
                told = _told(sheet, edition, day, lang)
                lines.extend(_events(sheet, day, stamp or day.day, told, lang))
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _events(sheet: Sheet, day: PlayDay, stamp: date, told: str, lang: Lang) -> Iterator[str]:
    summary = SUMMARY[lang].format(age=sheet.age)
    if uncertain(day):
        summary = WAITS[lang].format(summary=summary)
    # Age and law are part of the name: a family may subscribe to two feeds.
    laws = ".".join(stamp.id for stamp in sheet.law.stamps)
    for start, end in day.hours:
        begin = _local(day.day, start)
        yield "BEGIN:VEVENT"
        yield f"UID:{begin}.age-{sheet.age}.{laws}@minorguard"
        yield f"DTSTAMP:{_local(stamp, 0)}Z"
        yield f"DTSTART;TZID=Asia/Shanghai:{begin}"
        yield f"DTEND;TZID=Asia/Shanghai:{_local(day.day, end)}"
        yield f"SUMMARY:{_escaped(summary)}"
        yield f"DESCRIPTION:{_escaped(told)}"
        yield f"STATUS:{'TENTATIVE' if uncertain(day) else 'CONFIRMED'}"
        yield "TRANSP:TRANSPARENT"
        yield "END:VEVENT"


def _told(sheet: Sheet, edition: Edition, day: PlayDay, lang: Lang) -> str:
    """Why this day, for how long, and under which articles and notices."""
    text = words.TEXT[lang]
    first = [words.why(day, lang), words.hours(day.hours, lang)]
    inside, most = sum(end - start for start, end in day.hours), playable_s(day)
    if most is not None and most < inside:
        first.append(text["quota"].format(most=words.minutes(most, lang)))
    if uncertain(day):
        first.append(text["uncertain"])
    cited = (*words.articles((edition,)), *words.notices(notices_of(sheet.law, (day,)), lang))
    lines = [text["comma"].join(part for part in first if part)]
    lines.extend(f"{source} {url}".rstrip() for source, url in cited)
    return "\n".join(map(words.capital, (*lines, *words.stamps(sheet, lang))))


def _about(sheet: Sheet, lang: Lang) -> str:
    lines = [*words.editions(sheet, lang), words.state(sheet, lang), *words.stamps(sheet, lang)]
    return "\n".join(words.capital(line) for line in lines if line)


def _revised(sheet: Sheet) -> date | None:
    """The day of the latest revision; null where revisions are named otherwise than by days."""
    found: list[date] = []
    for stamp in sheet.law.stamps:
        try:
            found.append(date.fromisoformat(stamp.revision))
        except ValueError:
            return None
    return max(found, default=None)


def _local(day: date, second: int) -> str:
    """``20260101T200000``; 24:00 is the next day's 00:00, or 23:59:59 on the last day there is."""
    if second == DAY_S:
        if day == date.max:
            second = DAY_S - 1
        else:
            day, second = day + timedelta(days=1), 0
    minute, s = divmod(second, 60)
    return f"{day.isoformat().replace('-', '')}T{minute // 60:02d}{minute % 60:02d}{s:02d}"


def _escaped(text: str) -> str:
    """A TEXT value (RFC 5545 §3.3.11)."""
    lines = (clean(line) for line in text.split("\n"))
    plain = "\n".join(lines).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\n", "\\n")


def _folded(line: str) -> str:
    """The line in parts of at most 75 octets, never inside a character, the rest indented."""
    parts: list[str] = []
    part, octets = "", 0
    for character in line:
        size = len(character.encode())
        if octets + size > OCTETS:
            parts.append(part)
            part, octets = " ", 1
        part += character
        octets += size
    return "\r\n".join((*parts, part))

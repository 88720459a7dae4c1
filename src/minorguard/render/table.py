"""The play calendar as a plain table: months of weeks, aligned where a 休 takes two columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minorguard.render import words
from minorguard.render.sheet import sheet_of, total_of, uncertain
from minorguard.render.text import pad

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from minorguard.core.decision import Lang
    from minorguard.core.playdays import PlayDay
    from minorguard.core.policy import Law
    from minorguard.render.sheet import Sheet

CELL = 7
"""The columns of one day: its number, whether it is open, its mark, and the space between."""
WEEK = 7

OPEN, CLOSED = "✓", "."
"""Not ● and ·: of ambiguous width, these take two columns on a Chinese terminal."""


def calendar_table(law: Law, age: int, year: int, month: int | None, lang: Lang) -> str:
    """The year or the month for people, as plain lines: months, totals, marks and sources."""
    sheet = sheet_of(law, age, year, month)
    lines = [*heading(sheet, lang), ""]
    for days in sheet.months:
        lines.extend(_month(days, lang))
    lines.append(legend(lang))
    lines.extend(f"{text}  {url}".rstrip() for text, url in words.sources(sheet, lang))
    lines.extend(words.stamps(sheet, lang))
    return "\n".join(lines) + "\n"


def heading(sheet: Sheet, lang: Lang) -> Iterator[str]:
    """Period, age, law and total in one line; then the hours, and whether holidays are announced.

    What is unannounced stands in the first line, where nobody overlooks it.
    """
    colon = "：" if lang == "zh" else ": "
    line = f"{words.title(sheet, lang)}{colon}{words.total(sheet.total, lang)}"
    state = words.state(sheet, lang)
    if sheet.uncertain:
        line = f"{line}{words.TEXT[lang]['comma']}{state}"
    yield line
    for edition in words.editions(sheet, lang):
        yield f"  {words.capital(edition)}"


def legend(lang: Lang) -> str:
    """What the marks mean."""
    text, marks = words.TEXT[lang], words.MARKS[lang]
    signs = {OPEN: "open", CLOSED: "closed", "?": "uncertain", "-": "not_covered"}
    signs |= {mark: word for word, mark in marks.items()}
    return "   ".join(f"{sign} {text[word]}" for sign, word in signs.items())


def cell(day: PlayDay, lang: Lang) -> str:
    """One day: ``15✓休``, ``14.班``, ``24.``, ``25✓?``."""
    mark = words.MARKS[lang].get(day.why, "?" if uncertain(day) else "")
    state = "-" if day.why == "not_covered" else OPEN if day.playable else CLOSED
    return f"{day.day.day:2d}{state}{mark}"


def _month(days: Sequence[PlayDay], lang: Lang) -> Iterator[str]:
    first = days[0].day
    yield f"{first.isoformat()[:7]}  {words.total(total_of(days), lang)}"
    yield "".join(pad(f" {name}", CELL) for name in words.WEEKDAYS[lang]).rstrip()
    cells = [""] * first.weekday() + [cell(day, lang) for day in days]
    for start in range(0, len(cells), WEEK):
        yield "".join(pad(one, CELL) for one in cells[start : start + WEEK]).rstrip()
    yield ""

"""``law diff --svg``: the hours of the day that open and close, by age and kind of day.

Made to be read in grey and without eyes: what closes is hatched, what opens is dark with crosses,
what stays open is pale, and every row carries a title that says it in words.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from minorguard.core.hours import DAY_S, clock
from minorguard.wire import lawwords as words
from minorguard.wire.lawdiff import (
    decimal,
    parted_readings,
    per_week,
    side_words,
    unannounced_days,
    weekly_of,
)
from minorguard.wire.lawhours import rows_of, sections_of, turned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.compare import Comparison, Outcome
    from minorguard.core.decision import Lang
    from minorguard.wire.lawhours import Row, Section, State

WIDTH, MARGIN = 860, 32
LABEL_W, PLOT_W = 216, 432
ROW_H, BAR_H = 24, 18
PLOT_X = MARGIN + LABEL_W
NUMBER_X = PLOT_X + PLOT_W + 14
HOUR_STEP = 3
LINE_MAX = 58
"""How many Chinese characters, or twice as many Latin ones, fit a line of the head."""

INK, QUIET, RULE, PALE = "#17212b", "#4d5966", "#c9d0d6", "#f3f5f7"
OPEN, STAYS, SHUT = "#0b5f50", "#bfdcd4", "#a3232b"
END = 'text-anchor="end"'
FONTS = (
    "'Noto Sans SC','Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',"
    "system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
)

FILLS: dict[State, str] = {
    "shut": PALE,
    "stays": STAYS,
    "some": "url(#mg-some)",
    "opened": "url(#mg-opened)",
    "closed": "url(#mg-closed)",
    "mixed": "url(#mg-mixed)",
    "shorter": "url(#mg-shorter)",
    "longer": "url(#mg-longer)",
}
PATTERNS = f"""\
<pattern id="mg-closed" width="6" height="6" patternUnits="userSpaceOnUse" \
patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/>\
<rect width="2.6" height="6" fill="{SHUT}"/></pattern>
<pattern id="mg-opened" width="9" height="9" patternUnits="userSpaceOnUse">\
<rect width="9" height="9" fill="{OPEN}"/><path d="M4.5 2v5M2 4.5h5" stroke="#fff"/></pattern>
<pattern id="mg-mixed" width="6" height="6" patternUnits="userSpaceOnUse">\
<rect width="6" height="6" fill="#fff"/><path d="M0 0l6 6M6 0l-6 6" stroke="{INK}"/></pattern>
<pattern id="mg-some" width="8" height="8" patternUnits="userSpaceOnUse">\
<rect width="8" height="8" fill="{PALE}"/><rect width="4" height="8" fill="{STAYS}"/></pattern>
<pattern id="mg-shorter" width="6" height="6" patternUnits="userSpaceOnUse">\
<rect width="6" height="6" fill="{STAYS}"/><rect width="6" height="1.6" fill="{SHUT}"/></pattern>
<pattern id="mg-longer" width="6" height="6" patternUnits="userSpaceOnUse">\
<rect width="6" height="6" fill="{STAYS}"/><circle cx="3" cy="3" r="1.4" fill="{OPEN}"/></pattern>
"""

KIND_NAMES: dict[str, words.Words] = {
    "workday": {"zh": "平常周一至周四", "en": "Mon–Thu"},
    "friday": {"zh": "平常周五", "en": "Friday"},
    "saturday": {"zh": "平常周六", "en": "Saturday"},
    "sunday": {"zh": "平常周日", "en": "Sunday"},
    "block_weekday": {"zh": "放假的周一至周四", "en": "Mon–Thu off, not statutory"},
    "block_weekend": {"zh": "放假的周五至周日", "en": "Fri–Sun off, not statutory"},
    "statutory": {"zh": "法定节假日", "en": "statutory holiday"},
    "makeup_workday": {"zh": "调休上班的周末", "en": "weekend worked"},
}
STATE_NAMES: dict[State, words.Words] = {
    "closed": {"zh": "关闭了", "en": "closed now"},
    "opened": {"zh": "开放了", "en": "opened now"},
    "mixed": {"zh": "变化因日而异", "en": "changes differ by day"},
    "shorter": {"zh": "仍开放，时长变短", "en": "open, for less time"},
    "longer": {"zh": "仍开放，时长变长", "en": "open, for more time"},
    "stays": {"zh": "一直开放", "en": "open as before"},
    "some": {"zh": "部分日子开放", "en": "open on some days"},
    "shut": {"zh": "一直关闭", "en": "closed as before"},
}
TEXT: dict[str, words.Words] = {
    "zh": {
        "title": "{laws}：一天里哪些时间变了",
        "period": "{first} 至 {last}，{days}天",
        "old": "旧",
        "new": "新",
        "week": "每周 {old} → {new} 分钟（多 {gained}，少 {lost}）",
        "minutes": "{minutes} 分钟/天",
        "days": "{kind} {days}天",
        "same": "不变",
        "nothing": "没有任何时间不同。",
        "unannounced": "{days}天的放假安排尚未公布。",
        "others": "另有{count}项与一天里的时间无关的变化，见 minorguard law diff。",
    },
    "en": {
        "title": "{laws}: which hours of the day change",
        "period": "{first} to {last}, {days} days",
        "old": "old",
        "new": "new",
        "week": "{old} → {new} minutes a week ({gained} gained, {lost} lost)",
        "minutes": "{minutes} min/day",
        "days": "{kind}, {days} d",
        "same": "no change",
        "nothing": "No hour differs.",
        "unannounced": "The holidays of {days} days are not announced.",
        "others": "{count} more changes do not depend on the hour: see minorguard law diff.",
    },
}


def heatmap(comparison: Comparison, lang: Lang) -> str:
    """The comparison as an SVG of under 60 KiB, for a page or a printout."""
    picture = _Picture(lang)
    title = TEXT[lang]["title"].format(laws=", ".join(s.id for s in comparison.new.law.stamps))
    picture.text(MARGIN, 20, title, size=20, weight=700)
    for line in _head(comparison, lang):
        picture.text(MARGIN, 18, line, fill=QUIET)
    sections = sections_of(comparison)
    picture.legend({s.state for row in _all_rows(comparison, sections) for s in row.stretches})
    for section in sections:
        identities = words.identities_words(section.identities, lang)
        heading = f"{words.ACTS[section.act][lang]} · {identities}"
        picture.text(MARGIN, 34, heading, size=16, weight=700)
        for outcome in section.outcomes:
            picture.outcome(comparison, outcome)
    others = sum(not any(s.shows(outcome) for s in sections) for outcome in comparison.changed)
    if not sections:
        picture.text(MARGIN, 30, TEXT[lang]["nothing"], size=14)
    if others:
        picture.text(MARGIN, 30, TEXT[lang]["others"].format(count=others), fill=QUIET)
    return picture.done(title)


def _head(comparison: Comparison, lang: Lang) -> Iterator[str]:
    text = TEXT[lang]
    yield text["period"].format(first=comparison.first, last=comparison.last, days=comparison.days)
    for name, side in (("old", comparison.old), ("new", comparison.new)):
        yield f"{text[name]}  {side_words(side, lang)}"
    for name, *values in parted_readings(comparison):
        for value in values:
            means = words.reading_words(name, value, lang)
            yield from _wrapped(f"{name}={value}  {means}")
    days = unannounced_days(comparison)
    if days:
        yield text["unannounced"].format(days=days)


def _wrapped(line: str) -> Iterator[str]:
    """The line in pieces that fit the picture, broken at spaces if there are any."""
    while sum(1 if ord(c) < 0x2E80 else 2 for c in line) > 2 * LINE_MAX:  # noqa: PLR2004 - CJK
        cut = LINE_MAX if " " not in line[LINE_MAX:] else line.rindex(" ", 0, 2 * LINE_MAX)
        yield line[:cut]
        line = f"    {line[cut:].strip()}"
    yield line


def _all_rows(comparison: Comparison, sections: Iterable[Section]) -> Iterator[Row]:
    for section in sections:
        for outcome in section.outcomes:
            if outcome.changes:
                yield from rows_of(comparison, outcome)


class _Picture:
    """A page that grows downwards."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang
        self.y = MARGIN
        self.parts: list[str] = []
        self.said: list[str] = []

    def text(
        self, x: int, down: int, text: str, *, size: int = 13, weight: int = 400, fill: str = INK
    ) -> None:
        """One line of text, so many pixels below the last."""
        self.y += down
        text = text.strip().replace("  ", " · ")
        self._write(x, self.y, text, f'font-size="{size}" font-weight="{weight}" fill="{fill}"')

    def _write(self, x: int, y: int, text: str, style: str) -> None:
        self.parts.append(f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>')

    def legend(self, met: set[State]) -> None:
        """A sample of each state that is drawn."""
        x = MARGIN
        self.y += 30 if met else 0
        for state, names in STATE_NAMES.items():
            if state in met:
                name = names[self.lang]
                self._bar(x, self.y - 12, 30, 14, state)
                self._write(x + 37, self.y, name, f'font-size="12" fill="{QUIET}"')
                x += 60 + sum(7 if ord(c) < 0x2E80 else 13 for c in name)  # noqa: PLR2004 - CJK

    def _bar(self, x: int, y: int, width: int, height: int, state: State) -> None:
        stroke = RULE if state in ("shut", "stays", "some") else INK
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{FILLS[state]}"'
            f' stroke="{stroke}"/>'
        )

    def outcome(self, comparison: Comparison, outcome: Outcome) -> None:
        """People answered alike: a line of words, and a row for each kind of day if it changes."""
        text, lang = TEXT[self.lang], self.lang
        whos = words.whos_words(outcome.whos, lang)
        weekly = weekly_of(outcome)
        if not any(map(turned, outcome.changes)):
            self.text(MARGIN, 26, f"{whos}  {text['same']}", size=14)
            return
        said = ""
        if weekly is not None:
            old, new, gained, lost = (decimal(per_week(s, comparison.days)) for s in weekly)
            said = text["week"].format(old=old, new=new, gained=gained, lost=lost)
        self.text(MARGIN, 28, f"{whos}  {said}", size=14, weight=600)
        self.said.append(f"{whos}  {said}")
        self._hours()
        for row in rows_of(comparison, outcome):
            self._row(whos, row, in_minutes=outcome.act == "play")

    def _hours(self) -> None:
        self.y += 20
        style = f'font-size="11" fill="{QUIET}" text-anchor="middle"'
        for hour in range(0, 25, HOUR_STEP):
            self._write(PLOT_X + hour * PLOT_W // 24, self.y, str(hour), style)
        self.y += 6

    def _row(self, whos: str, row: Row, *, in_minutes: bool) -> None:
        text = TEXT[self.lang]
        label = text["days"].format(kind=KIND_NAMES[row.kind][self.lang], days=row.days)
        minutes = _minutes_words(row, text["minutes"], text["same"]) if in_minutes else ""
        said = self._said(row)
        # Who reads by ear is told all rows in the description, and each row by its own title.
        self.said.append(f"{label}: {said}; {minutes}" if minutes else f"{label}: {said}")
        self.parts.append(f"<g><title>{escape(f'{whos}: {self.said[-1]}')}</title>")
        self._write(PLOT_X - 10, self.y + 14, label, f'font-size="12" fill="{INK}" {END}')
        for start, end, state in row.stretches:
            x, until = (second * PLOT_W // DAY_S for second in (start, end))
            self._bar(PLOT_X + x, self.y, max(until - x, 1), BAR_H, state)
        self._write(NUMBER_X, self.y + 14, minutes, f'font-size="12" fill="{INK}"')
        self.parts.append("</g>")
        self.y += ROW_H

    def _said(self, row: Row) -> str:
        stretches = (s for s in row.stretches if s.state != "shut")
        said = (
            f"{clock(s.start)}–{clock(s.end)} {STATE_NAMES[s.state][self.lang]}" for s in stretches
        )
        return words.comma(self.lang).join(said) or STATE_NAMES["shut"][self.lang]

    def done(self, title: str) -> str:
        """The whole document."""
        height = self.y + MARGIN
        lang = {"zh": "zh-CN", "en": "en"}[self.lang]
        said = ("。" if self.lang == "zh" else ". ").join(self.said)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
            f' width="{WIDTH}" height="{height}" role="img" lang="{lang}"'
            f' aria-labelledby="mg-title mg-desc" font-family="{FONTS}">'
        )
        return "\n".join(
            (
                head,
                f'<title id="mg-title">{escape(title)}</title>',
                f'<desc id="mg-desc">{escape(said or title)}</desc>',
                f"<defs>\n{PATTERNS}</defs>",
                f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
                *self.parts,
                "</svg>\n",
            )
        )


def _minutes_words(row: Row, template: str, same: str) -> str:
    """``90 → 60``, or the range where the days of a kind differ."""
    said = [
        f"{decimal(old)} → {decimal(new)}" if old != new else decimal(old)
        for old, new in row.minutes
    ]
    if all(old == new for old, new in row.minutes):
        return same
    return template.format(minutes=", ".join(said))

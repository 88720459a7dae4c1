"""The play calendar as an SVG: a year or a month on one page, with its sources.

Made to be read in grey and without eyes. Open days are filled tiles with bold numbers, closed days
bare numbers, working weekends pale tiles with 班, days that wait for a notice are hatched; colour
only repeats what shape and marks say. Each month is a labelled group that lists its days.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from minorguard.render import words
from minorguard.render.sheet import sheet_of, total_of, uncertain
from minorguard.render.text import clean, ems, shortened, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from minorguard.core.decision import Lang
    from minorguard.core.playdays import PlayDay
    from minorguard.core.policy import Law
    from minorguard.render.sheet import Sheet

MARGIN = 40
GAP = 38
ACROSS = 4
HEAD_H = 52
"""From the top of a month to its first row of days."""
RADIUS = 6
CAPTIONS = 2
"""How many lines of text have room below the number of a large tile."""
WEEK = 7
FRIDAY = 4

INK, QUIET, FAINT, PALE, RULE = "#17212b", "#4d5966", "#626e79", "#dfe4e8", "#c4ccd3"
OPEN, OPEN_HATCH, HOLIDAY = "#0b5f50", "#c3dfd8", "#a3232b"

CHINESE = (
    "'Noto Sans SC','Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Hiragino Sans GB',"
    "'Microsoft YaHei'"
)
LATIN = "'Segoe UI',Roboto,'Helvetica Neue','Noto Sans','Liberation Sans',Arial"
FONTS = {"zh": f"{CHINESE},{LATIN},sans-serif", "en": f"{LATIN},{CHINESE},sans-serif"}
LANGUAGES = {"zh": "zh-CN", "en": "en"}

TILES = ("open", "holiday", "waits", "worked", "waits_closed", "bare", "none")
"""How a day's ground looks, in the order of the legend."""
LAYERS = {
    "open": "o",
    "holiday": "h",
    "waits": "ou",
    "worked": "p",
    "waits_closed": "v",
    "bare": "yc",
    "none": "",
}
"""The classes of the filled paths that make a tile, the lowest first. The last two are not filled
where tiles are small."""


class Look(NamedTuple):
    """How a day is drawn: its ground, the class of its number, the mark in its corner."""

    tile: str
    shade: str
    mark: str
    label: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The measures of one month, in pixels: a cell with its tile, and the sizes of its texts.

    ``captions``: whether there is room for hours and names inside the tiles.
    """

    cell_w: int
    cell_h: int
    tile_w: int
    tile_h: int
    captions: bool

    @property
    def width(self) -> int:
        """Seven tiles and the space between them."""
        return (WEEK - 1) * self.cell_w + self.tile_w


YEAR = Grid(39, 37, 36, 34, captions=False)
MONTH = Grid(120, 98, 114, 92, captions=True)


def calendar_svg(law: Law, age: int, year: int, month: int | None, lang: Lang) -> str:
    """The year or the month as a standalone SVG document, well under 60 KiB.

    The same law, age and period give the same text.
    """
    return "".join(_Page(sheet_of(law, age, year, month), lang).parts())


class _Page:
    """One picture, drawn from the top down; ``y`` is how far it has come."""

    def __init__(self, sheet: Sheet, lang: Lang) -> None:
        self.sheet = sheet
        self.lang: Lang = lang
        self.text = words.TEXT[lang]
        self.grid = MONTH if sheet.month else YEAR
        across = 1 if sheet.month else ACROSS
        self.inner = across * self.grid.width + (across - 1) * GAP
        self.width = self.inner + 2 * MARGIN
        self.right = self.width - MARGIN
        self.id = f"mg-{sheet.year}-{sheet.month or 0}-{sheet.age}-{lang}"
        self.y = 0

    def parts(self) -> Iterator[str]:
        body = [*self.header(), *self.months(), *self.legend(), *self.footer()]
        name, lang = self.id, LANGUAGES[self.lang]
        stamps = "; ".join(f"{s.id} {s.revision} {s.digest}" for s in self.sheet.law.stamps)
        yield (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" role="img" '
            f'aria-labelledby="{name}-t" aria-describedby="{name}-d" xml:lang="{lang}" '
            f'lang="{lang}" width="{self.width}" height="{self.y}" '
            f'viewBox="0 0 {self.width} {self.y}">\n'
            f'<title id="{name}-t">{escape(words.title(self.sheet, self.lang))}</title>\n'
            f'<desc id="{name}-d">{escape(self.description())}</desc>\n'
            f"<metadata>{escape(clean(stamps))}</metadata>\n"
            f"<style>{self.style()}</style>\n"
            f"<defs>{self.hatch('u', OPEN_HATCH)}{self.hatch('v', PALE)}</defs>\n"
            f'<rect width="{self.width}" height="{self.y}" fill="#fff"/>\n'
        )
        yield from body
        yield "</svg>\n"

    def description(self) -> str:
        """For those who do not see it: totals, rules, state, and the count of each month."""
        sheet, lang, stop = self.sheet, self.lang, self.text["stop"]
        said = [words.total(sheet.total, lang), *words.editions(sheet, lang)]
        if state := words.state(sheet, lang):
            said.append(state)
        if not sheet.month:
            counts = (
                f"{words.month_name(days[0].day.month, lang)} "
                f"{words.count(total_of(days).days, lang)}"
                for days in sheet.months
            )
            said.append(self.text["item"].join(counts))
        return stop.join(words.capital(sentence) for sentence in said) + stop.rstrip()

    def style(self) -> str:
        rules = {
            "": f"font-family:{FONTS[self.lang]};font-size:13px;fill:{QUIET}",
            ".m": "text-anchor:middle",
            ".e": "text-anchor:end",
            ".d": "font-size:15px",
            ".k": "font-size:10px",
            ".D": "font-size:28px",
            ".K": "font-size:16px",
            ".b": "font-weight:700",
            ".s": "font-size:12px",
            ".l": "font-size:15px",
            ".n": "font-size:18px",
            ".z": "font-size:52px;letter-spacing:-1px",
            ".i": f"fill:{INK}",
            ".f": f"fill:{FAINT}",
            ".g": f"fill:{OPEN}",
            ".w": "fill:#fff",
            ".a": "font-size:12px;font-weight:400",
            ".t": f"stroke-width:{2 * RADIUS};stroke-linejoin:round",
            ".o": f"fill:{OPEN};stroke:{OPEN}",
            ".h": f"fill:{HOLIDAY};stroke:{HOLIDAY}",
            ".p": f"fill:{PALE};stroke:{PALE}",
            ".v": f"fill:url(#{self.id}-v);stroke:url(#{self.id}-v)",
            ".u": f"fill:url(#{self.id}-u);stroke:url(#{self.id}-u);stroke-width:9",
            ".y": f"fill:{RULE};stroke:{RULE}",
            ".c": "fill:#fff;stroke:#fff;stroke-width:10",
            ".r": f"stroke:{RULE}",
            ".x": f"stroke:{FAINT};stroke-dasharray:1.5 2.5",
        }
        return "".join(f"#{self.id} {name}{{{rule}}}" for name, rule in rules.items())

    def hatch(self, name: str, colour: str) -> str:
        return (
            f'<pattern id="{self.id}-{name}" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><path d="M0 0h6v6H0z" fill="#fff"/>'
            f'<path d="M1.5 0v6" stroke="{colour}" stroke-width="3"/></pattern>'
        )

    # -- parts, from the top down ----------------------------------------------------------------

    def header(self) -> Iterator[str]:
        sheet, lang, text = self.sheet, self.lang, self.text
        who = (text["play_calendar"], text["age"].format(age=sheet.age), words.laws(sheet))
        days, seconds = sheet.total
        yield '<g aria-hidden="true">'
        yield _text(MARGIN - 2, 72, words.period(sheet.year, sheet.month, lang), "z b i")
        yield _text(self.right, 72, words.count(days, lang), "z b g e")
        yield _text(MARGIN, 106, " · ".join(who), "n i")
        total = " · ".join((text["open"], *([words.duration(seconds, lang)] if days else [])))
        yield _text(self.right, 106, words.capital(total), "n i e")
        self.y = 110
        lines = [(line, "l i") for line in words.editions(sheet, lang)]
        for line, shade in (*lines, (words.state(sheet, lang), "l")):
            for part in wrapped(words.capital(line), self.inner / 15) if line else ():
                self.y += 24
                yield _text(MARGIN, self.y, part, shade)
        self.y += 20
        yield self.rule()
        yield "</g>\n"

    def rule(self) -> str:
        return f'<path class="r" d="M{MARGIN} {self.y}H{self.right}"/>'

    def months(self) -> Iterator[str]:
        self.y += 0 if self.grid.captions else 34
        months = self.sheet.months
        for start in range(0, len(months), ACROSS):
            band = months[start : start + ACROSS]
            for column, days in enumerate(band):
                yield from self.month(days, MARGIN + column * (self.grid.width + GAP))
            below = 16 if self.grid.captions else 46
            self.y += HEAD_H + max(map(_rows, band)) * self.grid.cell_h + below

    def month(self, days: Sequence[PlayDay], x: int) -> Iterator[str]:
        lang, grid = self.lang, self.grid
        label = escape(words.month_label(days, lang))
        yield f'<g role="img" transform="translate({x} {self.y})" aria-label="{label}">'
        yield '<g aria-hidden="true">'
        if not grid.captions:
            found = total_of(days)
            count = (words.count(found.days, lang), words.duration(found.seconds, lang))
            yield _text(0, 12, words.month_name(days[0].day.month, lang), "n b i")
            yield _text(grid.width, 12, " · ".join(count[: 2 if found.days else 1]), "e")
        for column, name in enumerate(words.WEEKDAYS[lang]):
            left = 12 if grid.captions else grid.tile_w // 2
            shade = "l" if grid.captions else "m"
            shade += " b i" if column >= FRIDAY else ""
            yield _text(column * grid.cell_w + left, 40, name, shade)
        placed = [(column, row, day, self.look(day)) for column, row, day in _placed(days)]
        yield from _tiles(
            grid, [(c * grid.cell_w, HEAD_H + r * grid.cell_h, k.tile) for c, r, _, k in placed]
        )
        for shade, in_shade in groupby(sorted(placed, key=_shade), key=_shade):
            alike = [(c * grid.cell_w, HEAD_H + r * grid.cell_h, d, k) for c, r, d, k in in_shade]
            if grid.captions:
                yield f'<g class="{shade}">'
                for left, top, day, look in alike:
                    yield from self.caption(day, look, left, top)
                yield "</g>"
            else:
                yield from _cells(
                    shade, [(left, top, str(d.day.day), look.mark) for left, top, d, look in alike]
                )
        if not grid.captions and (names := words.holidays(days, lang)):
            below = HEAD_H + _rows(days) * grid.cell_h + 14
            yield _text(0, below, shortened(names, grid.width / 12), "s")
        yield "</g></g>\n"

    def look(self, day: PlayDay) -> Look:
        """How that day is drawn, and what the legend calls it."""
        text, waits = self.text, uncertain(day)
        said = text["open" if day.playable else "closed"]
        mark = words.MARKS[self.lang].get(day.why, "?" if waits and day.playable else "")
        if day.why == "not_covered":
            return Look("none", "f", "", text["not_covered"])
        if waits:
            label = text["comma"].join((said, text["uncertain"]))
            return Look(*(("waits", "b i") if day.playable else ("waits_closed", "")), mark, label)
        if mark:
            said = text["comma"].join((text[day.why], said))
        if day.playable:
            return Look("holiday" if day.why == "holiday" else "open", "b w", mark, said)
        tile = "worked" if day.why == "makeup_workday" else "bare"
        return Look(tile, "i" if mark else "f", mark, said)

    def caption(self, day: PlayDay, look: Look, x: int, y: int) -> Iterator[str]:
        """The inside of a large tile: number, mark, name and hours."""
        grid = self.grid
        yield _text(x + 12, y + 36, str(day.day.day), "D")
        yield _text(x + grid.tile_w - 11, y + 27, look.mark, "K e b")
        lines = [(words.hours((window,), self.lang), "") for window in day.hours]
        if len(lines) > CAPTIONS:
            lines = [lines[0], ("…", "")]
        if look.mark not in {"", "?"} and len(lines) < CAPTIONS:
            name = shortened(words.why(day, self.lang), (grid.tile_w - 8) / 12)
            lines.insert(0, (name, "a"))
        for above, (line, small) in enumerate(reversed(lines)):
            yield _text(x + 12, y + grid.tile_h - 12 - 19 * above, line, small)

    def legend(self) -> Iterator[str]:
        looks = dict.fromkeys(map(self.look, self.sheet.days))
        small = replace(YEAR, captions=self.grid.captions)
        self.y += 2
        yield '<g aria-hidden="true">'
        yield self.rule()
        self.y += 16
        x = MARGIN
        for look in sorted(looks, key=lambda look: (TILES.index(look.tile), look.mark)):
            width = 44 + round(ems(look.label) * 13) + 30
            if x + width - 30 > self.right:
                x, self.y = MARGIN, self.y + YEAR.tile_h + 8
            yield f'<g transform="translate({x} {self.y})">'
            yield from _tiles(small, [(0, 0, look.tile)])
            yield from _cells(look.shade, [(0, 0, "8", look.mark)])
            yield f"{_text(44, 22, look.label, 'i')}</g>"
            x += width
        self.y += YEAR.tile_h + 18
        yield "</g>\n"

    def footer(self) -> Iterator[str]:
        lang = self.lang
        yield '<g role="note">'
        yield self.rule()
        self.y += 8
        lines = [f"{text} {url}".rstrip() for text, url in words.sources(self.sheet, lang)]
        if lines:
            lines[0] = self.text["basis"] + lines[0]
        for line in (*lines, *map(clean, words.stamps(self.sheet, lang))):
            for part in wrapped(line, self.inner / 12):
                self.y += 18
                yield _text(MARGIN, self.y, part, "s")
        self.y += 30
        yield "</g>\n"


# -- geometry ------------------------------------------------------------------------------------


def _placed(days: Sequence[PlayDay]) -> Iterator[tuple[int, int, PlayDay]]:
    """Each day of a month with its column and row; weeks begin on Monday."""
    offset = days[0].day.weekday()
    for place, day in enumerate(days, offset):
        yield place % WEEK, place // WEEK, day


def _rows(days: Sequence[PlayDay]) -> int:
    return (days[0].day.weekday() + len(days) - 1) // WEEK + 1


def _shade(placed: tuple[int, int, PlayDay, Look]) -> str:
    return placed[3].shade


def _cells(shade: str, cells: Iterable[tuple[int, int, str, str]]) -> Iterator[str]:
    """The insides of small tiles: numbers, and marks in the upper right corner."""
    marked = [(x, y, mark) for x, y, _, mark in cells if mark]
    yield f'<g class="d m {shade}">'
    for x, y, number, mark in cells:
        yield _text(x + (13 if mark else 18), y + (24 if mark else 22), number)
    yield "</g>"
    if marked:
        yield f'<g class="k e {shade}">'
        for x, y, mark in marked:
            yield _text(x + (31 if mark == "?" else 34), y + 13, mark)
        yield "</g>"


def _tiles(grid: Grid, placed: Iterable[tuple[int, int, str]]) -> Iterator[str]:
    """The grounds of days at their places, all that are alike in one path."""
    width, height = grid.tile_w, grid.tile_h
    for tile, alike in groupby(sorted(placed, key=lambda spot: spot[2]), key=lambda spot: spot[2]):
        spots = [(x, y) for x, y, _ in alike]
        if tile == "none":
            path = "".join(f"M{x + 5} {y + height - 4}h{width - 10}" for x, y in spots)
            yield f'<path class="x" d="{path}"/>'
        elif tile != "bare" or grid.captions:
            # A thick round-cornered stroke makes the round corners in few bytes.
            side = f"h{width - 2 * RADIUS}v{height - 2 * RADIUS}h{2 * RADIUS - width}z"
            path = "".join(f"M{x + RADIUS} {y + RADIUS}{side}" for x, y in spots)
            for layer in LAYERS[tile]:
                yield f'<path class="t {layer}" d="{path}"/>'


def _text(x: float, y: float, text: str, names: str = "") -> str:
    """A text element; nothing for an empty text."""
    if not text:
        return ""
    named = f' class="{names}"' if names else ""
    return f'<text x="{x:g}" y="{y:g}"{named}>{escape(text, quote=False)}</text>'

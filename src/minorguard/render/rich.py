"""The play calendar on a terminal, in colour, with ``rich``: the extra ``minorguard[rich]``.

What colour says, a sign says too, so that it can be read without: ``✓`` open, ``.`` closed.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from minorguard.errors import MissingExtra
from minorguard.render import words
from minorguard.render.sheet import sheet_of, total_of, uncertain
from minorguard.render.table import WEEK, cell, heading, legend
from minorguard.render.text import pad

try:
    from rich.columns import Columns
    from rich.console import Console, Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text
except ModuleNotFoundError as missing:
    if missing.name is None or missing.name.split(".")[0] != "rich":
        raise
    raise MissingExtra("rich") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minorguard.core.decision import Lang
    from minorguard.core.playdays import PlayDay
    from minorguard.core.policy import Law

WIDTHS = {"zh": 5, "en": 4}
"""The columns of the widest day, ``15✓休``, ``15✓H``."""

STYLES = {
    "open": "bold white on dark_green",
    "holiday": "bold white on dark_red",
    "waits": "bold underline green",
    "makeup_workday": "reverse dim",
    "closed": "",
}


def print_calendar(
    law: Law, age: int, year: int, month: int | None, lang: Lang, *, file: IO[str]
) -> None:
    """Write the year or the month to a terminal, as many months abreast as it has room for."""
    Console(file=file, highlight=False).print(calendar_panel(law, age, year, month, lang))


def calendar_panel(law: Law, age: int, year: int, month: int | None, lang: Lang) -> Group:
    """The year or the month as something that ``rich`` can print anywhere."""
    sheet = sheet_of(law, age, year, month)
    first, *others = heading(sheet, lang)
    cited = [f"{text} {url}".rstrip() for text, url in words.sources(sheet, lang)]
    cited.extend(words.stamps(sheet, lang))
    return Group(
        Text(first, style="bold"),
        *map(Text, others),
        Text(),
        Columns([_month(days, lang) for days in sheet.months], padding=(0, 2)),
        Text(legend(lang)),
        *(Text(line, style="dim", overflow="fold") for line in cited),
    )


def _month(days: Sequence[PlayDay], lang: Lang) -> Padding:
    first, width = days[0].day, WIDTHS[lang]
    total = words.total(total_of(days), lang)
    table = Table(
        box=None,
        title=Text(f"{words.month_name(first.month, lang)}  {total}", style="bold"),
        title_justify="left",
        padding=(0, 1, 0, 0),
    )
    for name in words.WEEKDAYS[lang]:
        table.add_column(f" {name}", no_wrap=True)
    cells = [Text(" " * width)] * first.weekday() + [
        Text(pad(cell(day, lang), width), _style(day)) for day in days
    ]
    for start in range(0, len(cells), WEEK):
        table.add_row(*cells[start : start + WEEK])
    return Padding(table, (0, 0, 1, 0))


def _style(day: PlayDay) -> str:
    if not day.playable:
        return STYLES["makeup_workday" if day.why == "makeup_workday" else "closed"]
    if uncertain(day):
        return STYLES["waits"]
    return STYLES["holiday" if day.why == "holiday" else "open"]

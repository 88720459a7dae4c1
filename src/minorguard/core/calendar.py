"""Which days are holidays and which days are playable, as the State Council announced them.

A holiday notice for a year comes out in the autumn before. Until then the year is *unannounced*:
nobody can know its blocks, so only Friday, Saturday and Sunday count, and the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal, NamedTuple

from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The law's clock. China has had one fixed offset and no summer time since 1991."""

FRIDAY = 4
DECEMBER = 12
LAST_WEEK = 25
"""From 25 December a day may belong to the next year's notice: that of 2019 began on the 29th."""

CalendarReading = Literal["published", "literal"]

LAST_DAY = date.max.toordinal()

DayKind = Literal["every", "playable", "holiday"]
"""What a rule may ask of a day: nothing, whether one may play on it, whether it is a holiday."""


def local(at: datetime, path: str = "at") -> datetime:
    """The instant on the law's clock, cut to whole seconds. Naive times are refused."""
    if not isinstance(at, datetime):
        raise InvalidRequest(path, "want a datetime")
    if at.tzinfo is not ZONE:
        if at.utcoffset() is None:
            raise InvalidRequest(path, "want a datetime with a time zone")
        try:
            at = at.astimezone(ZONE)
        except OverflowError:
            raise InvalidRequest(path, "too near the end of the calendar") from None
    return at.replace(microsecond=0) if at.microsecond else at


class Block(NamedTuple):
    """Days off in a row, both ends included, as one line of a notice gives them."""

    name: str
    first: date
    last: date


class Notice(NamedTuple):
    """One year's holiday arrangement by the General Office of the State Council.

    ``holidays`` are the 放假 blocks with their transferred rest days, ``workdays`` the Saturdays
    and Sundays worked in exchange, ``statutory`` the 法定节假日 in the narrow sense
    (全国年节及纪念日放假办法).
    """

    year: int
    holidays: tuple[Block, ...]
    workdays: frozenset[date]
    statutory: frozenset[date]
    number: str = ""
    url: str = ""


@dataclass(frozen=True)
class Calendar:
    """Holidays, make-up working days and playable days under one reading.

    ``reading`` ``published`` is the calendar that every publisher prints: a day inside a holiday
    block, or a Friday, Saturday or Sunday that is not a make-up working day. ``literal`` is the
    letter of 国新出发〔2021〕14号: the statutory days and every Friday, Saturday and Sunday.
    """

    notices: tuple[Notice, ...] = ()
    reading: CalendarReading = "published"
    _years: frozenset[int] = field(init=False, repr=False, compare=False)
    _names: dict[int, str] = field(init=False, repr=False, compare=False)
    _workdays: frozenset[int] = field(init=False, repr=False, compare=False)
    _statutory: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "_years", frozenset(notice.year for notice in self.notices))
        put(
            self,
            "_names",
            {
                day: block.name
                for notice in self.notices
                for block in notice.holidays
                for day in range(block.first.toordinal(), block.last.toordinal() + 1)
            },
        )
        put(self, "_workdays", _ordinals(day for n in self.notices for day in n.workdays))
        put(self, "_statutory", _ordinals(day for n in self.notices for day in n.statutory))

    def announced(self, day: int) -> bool:
        """Whether the notice that could name this day (an ordinal) is out."""
        when = date.fromordinal(day)
        if when.year not in self._years:
            return False
        in_last_week = when.month == DECEMBER and when.day >= LAST_WEEK
        return not in_last_week or when.year + 1 in self._years

    def holiday_name(self, day: int) -> str | None:
        """The name of the holiday block that holds this day, if it is announced and in one."""
        return self._names.get(day) if self.announced(day) else None

    def makeup_workday(self, day: int) -> bool:
        """Whether this Saturday or Sunday is worked in exchange for a bridge day."""
        return day in self._workdays and self.announced(day)

    def holiday(self, day: int) -> bool:
        """Whether the day is a holiday: in a block (``published``) or statutory (``literal``)."""
        if not self.announced(day):
            return False
        return day in (self._names if self.reading == "published" else self._statutory)

    def statutory(self, day: int) -> bool:
        """Whether the day is a 法定节假日 in the narrow sense, whatever the reading."""
        return day in self._statutory and self.announced(day)

    def playable(self, day: int) -> bool:
        """Whether a minor may play on that day at all (国新出发〔2021〕14号 §1)."""
        if self.holiday(day):
            return True
        closed = self.reading == "published" and self.makeup_workday(day)
        return date.fromordinal(day).weekday() >= FRIDAY and not closed

    def is_kind(self, day: int, kind: DayKind) -> bool:
        """Whether the day is of that kind."""
        if kind == "every":
            return True
        return self.playable(day) if kind == "playable" else self.holiday(day)


def _ordinals(days: Iterable[date]) -> frozenset[int]:
    return frozenset(day.toordinal() for day in days)

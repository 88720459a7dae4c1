"""May this child play now, and may it pay? Answered the slow and plain way."""

from datetime import date, datetime, timedelta, timezone
from functools import cache

from .notices import DAYS_OFF, DAYS_STATUTORY, DAYS_WORKED, FIRST_YEAR, LAST_YEAR

CHINA = timezone(timedelta(hours=8))  # one zone, no summer time
FRIDAY = 4

NOTICE_2019 = date(2019, 11, 1)  # 国新出发〔2019〕34号 takes effect
NOTICE_2021 = date(2021, 9, 1)  # 国新出发〔2021〕14号 takes effect

Answer = tuple[bool, int | None]  # allowed, seconds left (None: no limit, 0: refused)


def birthday(born: date, years: int) -> date:
    """The birthday that ends so many years; who is born on 29 February may have none: 1 March."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def reached(born: date, years: int, reading: str = "day_after_birthday") -> date:
    """The first day on which somebody is so many years old."""
    if reading == "on_birthday":
        return birthday(born, years)
    if reading != "day_after_birthday":
        raise ValueError(f"no such reading: {reading}")
    if (born.month, born.day) == (2, 29):
        return date(born.year + years, 3, 1)  # 28 February's day after, and 29 February's
    return birthday(born, years) + timedelta(days=1)


@cache
def age_on(born: date, day: date, reading: str = "day_after_birthday") -> int:
    """Completed years, counted one by one."""
    if day < born:
        raise ValueError(f"born {born}, after {day}")
    years = 0
    while reached(born, years + 1, reading) <= day:
        years += 1
    return years


def announced(day: date) -> bool:
    """Is the notice out that could speak of this day? Late December waits for the next year's."""
    if day.year < FIRST_YEAR:
        raise ValueError(f"no notice typed in for {day}")
    return day < date(LAST_YEAR, 12, 25)


def holiday(day: date, reading: str = "published") -> bool:
    """Is it a holiday: a day of a block off (published), or a statutory day alone (literal)?"""
    if reading not in ("published", "literal"):
        raise ValueError(f"no such reading: {reading}")
    if not announced(day):
        return False
    return day in (DAYS_OFF if reading == "published" else DAYS_STATUTORY)


def playable(day: date, reading: str = "published") -> bool:
    """Does the 2021 notice open its hour on this day?"""
    if holiday(day, reading):
        return True
    if reading == "published" and announced(day) and day in DAYS_WORKED:
        return False  # every publisher closes a weekend day that is worked
    return day.weekday() >= FRIDAY


def in_china(at: datetime) -> datetime:
    """The instant on a clock in China, in whole seconds."""
    if at.utcoffset() is None:
        raise ValueError(f"no zone: {at}")
    return at.astimezone(CHINA).replace(microsecond=0)


def may_play(
    age: int | None, at: datetime, played_s: int = 0, calendar: str = "published"
) -> Answer:
    """May somebody of this age (None: unknown) play at this instant, and how long?"""
    at = in_china(at)
    day = at.date()
    if day < NOTICE_2019:
        return False, 0  # not covered
    if age is not None and age >= 18:
        return True, None
    if day < NOTICE_2021:  # 2019, 2: closed 22:00-08:00; 3 hours on holidays, 1.5 on other days
        opens, closes = 8, 22
        quota_s = 3 * 3600 if holiday(day, calendar) else 90 * 60
    else:  # 2021, 1: only 20:00-21:00 on playable days; the hour is its own quota
        if not playable(day, calendar):
            return False, 0
        opens, closes = 20, 21
        quota_s = None
    if not opens <= at.hour < closes:
        return False, 0
    left_s = (at.replace(hour=closes, minute=0, second=0) - at).seconds
    if quota_s is not None:
        left_s = min(left_s, quota_s - played_s)
    return (True, left_s) if left_s > 0 else (False, 0)


def next_allowed(
    born: date | int | None,
    at: datetime,
    played_s: int = 0,
    calendar: str = "published",
    reading: str = "day_after_birthday",
) -> datetime | None:
    """When somebody refused at `at` may first play: every minute of 400 days is tried.

    `born` is a birth date, or an age that stays as it is, or None: unknown, for ever a minor.
    """
    at = in_china(at)
    moment = at.replace(second=0) + timedelta(minutes=1 if at.second else 0)
    while moment <= at + timedelta(days=400):
        day = moment.date()
        age = age_on(born, day, reading) if isinstance(born, date) else born
        played_that_day_s = played_s if day == at.date() else 0
        if may_play(age, moment, played_that_day_s, calendar)[0]:
            return moment
        moment += timedelta(minutes=1)
    return None


def may_spend(age: int | None, fen: int, spent_month: int) -> set[str]:
    """What objects to this purchase in a game (2019, 3); an empty set: nothing does."""
    if fen < 1 or spent_month < 0:
        raise ValueError("fen from 1, spent from 0")
    if age is None or age < 8:  # an unknown age may be under 8
        return {"spend_forbidden"}
    if age >= 18:
        return set()
    single, month = (5000, 20000) if age < 16 else (10000, 40000)
    codes = set()
    if fen > single:
        codes.add("single_cap_exceeded")
    if spent_month + fen > month:
        codes.add("monthly_cap_exceeded")
    return codes

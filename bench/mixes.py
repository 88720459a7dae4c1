"""What is asked: the storm at eight on a Friday, a year of days, and lines for the command line."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from minorguard import ZONE, Play, Subject, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_S = 86_400
FRIDAY = date(2026, 11, 20)
PLAYED_S = (0, 0, 0, 600, 1800, 3000)
"""Seconds that somebody may have played before, drawn evenly."""


class Asked(NamedTuple):
    """One question in every form in which somebody below wants it."""

    request: Play
    usage: Usage
    at: datetime
    born_ymd: int
    born_day: int
    stamp: int


@dataclass(frozen=True, slots=True)
class Mix:
    """Questions, made before anything is timed."""

    name: str
    asked: tuple[Asked, ...]


def storm(count: int = 1024) -> Mix:
    """The rush around the hour: Friday 19:50 to 21:10, ages 7 to 25."""
    start = datetime(FRIDAY.year, FRIDAY.month, FRIDAY.day, 19, 50, tzinfo=ZONE)
    rng = random.Random(1)
    return Mix(
        "storm",
        tuple(_asked(rng, start + timedelta(seconds=rng.randrange(80 * 60))) for _ in range(count)),
    )


def year(count: int = 1024) -> Mix:
    """Any second of 2026, the same ages."""
    start = datetime(2026, 1, 1, tzinfo=ZONE)
    rng = random.Random(2)
    return Mix(
        "year",
        tuple(
            _asked(rng, start + timedelta(seconds=rng.randrange(365 * DAY_S))) for _ in range(count)
        ),
    )


def edges() -> Mix:
    """What is easy to get wrong: the seconds around the hour, the days around the birthday."""
    births = [date(2008, month, day) for month, day in ((2, 28), (2, 29), (3, 1), (11, 19))]
    births += [date(2008, 11, 20), date(2008, 11, 21), date(2012, 5, 1), date(1990, 1, 1)]
    days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)]
    days += [FRIDAY - timedelta(days=1), FRIDAY, FRIDAY + timedelta(days=1), date(2026, 10, 1)]
    midnights = [datetime(day.year, day.month, day.day, tzinfo=ZONE) for day in days]
    seconds = (0, 71_999, 72_000, 75_599, 75_600, DAY_S - 1)
    return Mix(
        "edges",
        tuple(
            _question(born, midnight + timedelta(seconds=second), 0)
            for born in births
            for midnight in midnights
            for second in seconds
        ),
    )


def _asked(rng: random.Random, at: datetime) -> Asked:
    born = at.date() - timedelta(days=rng.randrange(7 * 365, 26 * 365))
    return _question(born, at, rng.choice(PLAYED_S))


def _question(born: date, at: datetime, played_today_s: int) -> Asked:
    return Asked(
        request=Play(Subject(f"p{born:%Y%m%d}", born=born, identity="verified")),
        usage=Usage(played_today_s=played_today_s),
        at=at,
        born_ymd=born.year * 10_000 + born.month * 100 + born.day,
        born_day=born.toordinal(),
        stamp=at.toordinal() * DAY_S + at.hour * 3600 + at.minute * 60 + at.second,
    )


# -- lines ---------------------------------------------------------------------------------------

LINE_DAYS = 42
FIRST_DAY = datetime(2026, 9, 21, tzinfo=ZONE)
"""Six weeks from here hold Mid-Autumn, National Day and three make-up working days."""

GUARDIANS: tuple[dict[str, object], ...] = (
    {"daily_minutes": 30},
    {"daily_minutes": 45, "monthly_fen": 10_000},
    {"windows": [["20:00", "20:30"]]},
    {"windows": [["08:00", "12:00"], ["19:00", "20:45"]], "daily_minutes": 40},
    {"single_fen": 600, "daily_fen": 1_200},
    {"features": {"game_account_trade": False}},
)


def lines(count: int, seed: int = 3, people: int = 5_000) -> Iterator[bytes]:
    """Request lines as a game's evening gives them, without line ends.

    Half the people are minors; one in twenty gives no age or only a range; a few are not verified;
    three in a hundred children have a guardian's settings. Logins and heartbeats, one ask in eight
    a purchase, a few features and views; seven in ten around the hour, over six weeks.
    """
    rng = random.Random(seed)
    crowd = [_person(rng, number) for number in range(people)]
    for number in range(count):
        second = rng.randrange(19 * 3600, 22 * 3600) if rng.random() < 0.7 else rng.randrange(DAY_S)
        at = FIRST_DAY + timedelta(days=rng.randrange(LINE_DAYS), seconds=second)
        line: dict[str, object] = {"id": f"c{number}", "law": "cn.game", "at": at.isoformat()}
        line["subject"] = rng.choice(crowd)
        line |= _ask(rng, number)
        yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()


def _person(rng: random.Random, number: int) -> dict[str, object]:
    person: dict[str, object] = {"id": f"u{number}"}
    years = rng.randrange(7, 18) if rng.random() < 0.5 else rng.randrange(18, 60)
    born = FIRST_DAY.date() - timedelta(days=years * 365 + rng.randrange(365))
    known = rng.random()
    if known < 0.95:
        person["born"] = born.isoformat()
    elif known < 0.97:
        person["age"] = {"at_least": 14, "below": 18}
    verified = rng.random()
    person["identity"] = (
        "verified" if verified < 0.92
        else "pending" if verified < 0.95
        else "phone" if verified < 0.97
        else "declared" if verified < 0.98
        else "none"
    )  # fmt: skip
    if years < 18 and rng.random() < 0.03:
        person["guardian"] = rng.choice(GUARDIANS)
    return person


def _ask(rng: random.Random, number: int) -> dict[str, object]:
    kind = rng.random()
    seconds = rng.randrange(5_400) if rng.random() < 0.5 else 0
    played: dict[str, object] = {"played_today_s": seconds, "continuous_s": seconds}
    if kind < 0.50:
        return {"ask": {"kind": "login", "session": f"s{number}"}, "usage": played}
    if kind < 0.83:
        return {"ask": {"kind": "heartbeat", "session": f"s{number}"}, "usage": played}
    if kind < 0.95:
        spent = rng.choice((0, 600, 4_800, 18_000, 39_000))
        fen = rng.choice((600, 3_000, 6_800))
        return {
            "ask": {"kind": "purchase", "fen": fen, "order": f"o{number}"},
            "usage": {"spent_today_fen": 0, "spent_month_fen": spent},
        }
    if kind < 0.98:
        return {"ask": {"kind": "feature", "feature": "game_account_trade"}}
    return {"ask": {"kind": "view", "rating": rng.choice(("8+", "12+", "16+")), "slot": "feed"}}

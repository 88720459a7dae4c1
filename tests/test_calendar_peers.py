"""Two published holiday packages, each read by the same rule, open the oracle's days.

Development only: `pip install chinesecalendar holidays`. Missing, they fail where `CI=true`.
"""

import importlib
import os
from datetime import date, timedelta
from typing import Any

import pytest

from oracle.notices import DAYS_STATUTORY
from oracle.play import playable

FIRST, LAST = date(2019, 1, 1), date(2026, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def peer(module: str, package: str) -> Any:
    """The package, or a skip; in CI a failure."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        reason = f"{package} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def differing(open_days: set[date]) -> list[str]:
    """The days on which the oracle and a peer do not agree."""
    return [str(day) for day in DAYS if playable(day) != (day in open_days)]


def test_the_days_are_eight_whole_years() -> None:
    assert len(DAYS) == 8 * 365 + 2


def test_the_rule_over_chinesecalendar_opens_the_same_days() -> None:
    peer("chinese_calendar", "chinesecalendar")
    table = importlib.import_module("chinese_calendar.constants")
    open_days = {
        day
        for day in DAYS
        if day in table.holidays or (day.weekday() >= 4 and day not in table.workdays)
    }
    assert differing(open_days) == []


def test_the_answers_of_chinesecalendar_open_the_same_days() -> None:
    calendar = peer("chinese_calendar", "chinesecalendar")
    open_days = {day for day in DAYS if calendar.is_holiday(day) or day.weekday() == 4}
    assert differing(open_days) == []


def test_the_rule_over_holidays_opens_the_same_days() -> None:
    china = peer("holidays", "holidays").China(years=range(FIRST.year, LAST.year + 1))
    open_days = {
        day
        for day in DAYS
        if day in china or (day.weekday() >= 4 and day not in china.weekend_workdays)
    }
    assert differing(open_days) == []


def test_the_statutory_days_of_holidays_are_the_oracles() -> None:
    years = range(FIRST.year, LAST.year + 1)
    china = peer("holidays", "holidays").China(years=years, language="en_US")
    moved = ("Day off", "(observed)", "Extended")  # off, but not by the statute
    named = {day for day, name in china.items() if not any(word in name for word in moved)}
    assert named == DAYS_STATUTORY

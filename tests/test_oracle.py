"""The oracle is itself held against known answers before it may judge the library."""

import ast
import json
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from oracle import notices
from oracle.play import (
    CHINA,
    age_on,
    announced,
    holiday,
    may_play,
    may_spend,
    next_allowed,
    playable,
    reached,
)

HERE = Path(__file__).parent
HOLIDAYS: dict[str, Any] = json.loads((HERE / "vectors/holidays.json").read_text("utf-8"))
CALENDARS: list[dict[str, Any]] = json.loads(
    (HERE / "vectors/play_calendars.json").read_text("utf-8")
)
CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (HERE / "vectors/decide_cases.ndjson").read_text("utf-8").splitlines()
]
YEARS = range(2019, 2027)


def on(text: str) -> datetime:
    """An instant on a clock in China."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def days(first: date, last: date) -> list[date]:
    return sorted(notices.days_between(first, last))


# --- the oracle stands alone ---


def test_the_oracle_imports_nothing_but_itself_and_the_standard_library() -> None:
    for path in sorted((HERE / "oracle").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            for name in names:
                assert name.partition(".")[0] in sys.stdlib_module_names, f"{path.name}: {name}"


def test_the_oracle_stays_short_enough_to_be_believed() -> None:
    assert len((HERE / "oracle/play.py").read_text("utf-8").splitlines()) <= 150


# --- notices ---


@pytest.mark.parametrize("year", YEARS)
def test_the_notice_as_typed_here_gives_the_researched_days_off(year: int) -> None:
    told = [(h["name"], h["from"], h["to"]) for h in HOLIDAYS[str(year)]["holidays"]]
    read = [(name, str(first), str(last)) for name, first, last in notices.BLOCKS[year]]
    assert read == told


@pytest.mark.parametrize("year", YEARS)
def test_the_notice_as_typed_here_gives_the_researched_worked_days(year: int) -> None:
    assert sorted(map(str, notices.WORKED[year])) == HOLIDAYS[str(year)]["workdays"]


@pytest.mark.parametrize("year", YEARS)
def test_the_statutory_days_follow_from_the_measures_and_four_moving_feasts(year: int) -> None:
    assert sorted(map(str, notices.STATUTORY[year])) == HOLIDAYS[str(year)]["statutory"]


def test_the_two_tables_know_the_same_years() -> None:
    known = {int(y) for y, told in HOLIDAYS.items() if y.isdigit() and "holidays" in told}
    assert known == set(notices.NOTICES) == set(notices.MOVING_FEASTS) == set(YEARS)


def test_the_worked_days_are_saturdays_and_sundays_and_never_days_off() -> None:
    assert all(day.weekday() >= 5 for day in notices.DAYS_WORKED)
    assert not notices.DAYS_WORKED & notices.DAYS_OFF


def test_the_statutory_days_lie_within_the_days_off() -> None:
    assert notices.DAYS_STATUTORY <= notices.DAYS_OFF


def test_the_longer_spring_festival_of_2020_frees_its_saturday_and_not_its_monday() -> None:
    assert date(2020, 2, 1) in notices.DAYS_OFF
    assert date(2020, 2, 1) not in notices.DAYS_WORKED
    assert not playable(date(2020, 2, 3))


@pytest.mark.parametrize(
    ("slip", "complaint"),
    [
        ("春节 2月15日至22日 放假调休 共9天", "not 共9天"),
        ("春节 2月15日至23日 放假调休 共9天。2月14日周日 上班", "is no 周日"),
        ("春节 2月15日至23日 放假\n春节 延长至2月24日。2月26日 起正常上班", "the day after"),
    ],
)
def test_the_parser_refuses_a_slip_of_the_typist(slip: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        notices.read_notice(2026, slip)


# --- playable days ---


@pytest.mark.parametrize("told", CALENDARS, ids=lambda c: f"{c['publisher']} {c['from']}")
def test_the_rule_gives_a_publishers_calendar_day_for_day(told: dict[str, Any]) -> None:
    first, last = date.fromisoformat(told["from"]), date.fromisoformat(told["to"])
    open_days = [str(day) for day in days(first, last) if playable(day)]
    assert open_days == told["playable_dates"]
    assert len(open_days) == told["total_hours"]
    for closed in told["banned_dates_named"]:
        assert not playable(date.fromisoformat(closed))


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        ("2021-09-24", "2021-10-10", 11),  # Tencent and NetEase, National Day 2021
        ("2022-04-02", "2022-04-05", 3),  # NetEase, Qingming 2022
        ("2022-04-22", "2022-05-08", 10),  # Tencent, Labour Day 2022
        ("2022-04-24", "2022-05-08", 8),  # NetEase, Labour Day 2022
        ("2022-07-11", "2022-08-31", 21),  # Tencent, summer 2022
        ("2023-06-22", "2023-06-25", 3),  # both, Dragon Boat 2023
        ("2023-12-29", "2024-01-01", 4),  # both, New Year 2024
        ("2024-01-22", "2024-02-24", 16),  # Tencent, winter 2024
        ("2024-02-09", "2024-02-17", 9),  # NetEase, Spring Festival 2024
        ("2024-07-08", "2024-08-31", 23),  # Tencent, summer 2024
        ("2024-09-13", "2024-10-13", 18),  # NetEase, Mid-Autumn and National Day 2024
        ("2025-07-01", "2025-08-31", 27),  # both, summer 2025
        ("2026-02-05", "2026-03-05", 15),  # Tencent, winter 2026
    ],
)
def test_the_rule_gives_the_hours_a_publisher_totalled(first: str, last: str, hours: int) -> None:
    span = days(date.fromisoformat(first), date.fromisoformat(last))
    assert sum(map(playable, span)) == hours


@pytest.mark.parametrize(
    ("year", "count"),
    [(2021, 165), (2022, 165), (2023, 164), (2024, 163), (2025, 165), (2026, 163)],
)
def test_the_playable_days_of_a_year_are_as_many_as_counted(year: int, count: int) -> None:
    assert sum(map(playable, days(date(year, 1, 1), date(year, 12, 31)))) == count


def test_the_working_friday_is_playable_and_the_working_sunday_is_not() -> None:
    for friday in ("2021-10-08", "2022-09-30", "2023-01-20", "2023-12-29"):
        assert playable(date.fromisoformat(friday))
    for worked in sorted(notices.DAYS_WORKED):
        if worked.year in YEARS:
            assert not playable(worked)


@pytest.mark.parametrize(
    ("day", "published", "literal"),
    [
        ("2026-02-14", False, True),  # a worked Saturday
        ("2026-02-16", True, True),  # New Year's Eve, statutory since 2025
        ("2026-02-23", True, False),  # a Monday off, but not by the statute
        ("2026-02-24", False, False),  # an ordinary Tuesday
    ],
)
def test_the_literal_reading_opens_worked_weekends_and_shuts_transferred_days(
    day: str, published: bool, literal: bool
) -> None:
    assert playable(date.fromisoformat(day)) == published
    assert playable(date.fromisoformat(day), "literal") == literal


def test_the_misspelt_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="no such reading"):
        playable(date(2026, 2, 14), "statutory")
    with pytest.raises(ValueError, match="no such reading"):
        age_on(date(2012, 5, 1), date(2026, 2, 14), "birthday")


@pytest.mark.parametrize("reading", ["published", "literal"])
def test_the_unannounced_days_are_open_on_fridays_and_weekends_only(reading: str) -> None:
    assert announced(date(2026, 12, 24))
    assert announced(date(2025, 12, 31))
    for day in days(date(2026, 12, 25), date(2028, 1, 10)):
        assert not announced(day)
        assert not holiday(day, reading)
        assert playable(day, reading) == (day.strftime("%a") in ("Fri", "Sat", "Sun"))


def test_the_years_before_the_first_notice_are_not_guessed() -> None:
    with pytest.raises(ValueError, match="no notice"):
        playable(date(2018, 10, 1))


# --- ages ---


@pytest.mark.parametrize(
    ("born", "years", "day"),
    [
        ("2008-05-10", 18, "2026-05-11"),
        ("2008-02-29", 18, "2026-03-01"),
        ("2008-02-28", 18, "2026-03-01"),
        ("2007-12-31", 18, "2026-01-01"),
        ("2012-02-29", 14, "2026-03-01"),
        ("2012-02-29", 8, "2020-03-01"),
        ("2008-02-29", 16, "2024-03-01"),
        ("2008-02-28", 16, "2024-02-29"),
    ],
)
def test_the_age_is_reached_on_the_day_after_the_birthday(born: str, years: int, day: str) -> None:
    birth, first = date.fromisoformat(born), date.fromisoformat(day)
    assert reached(birth, years) == first
    assert age_on(birth, first) == years
    assert age_on(birth, first - timedelta(days=1)) == years - 1


@pytest.mark.parametrize(
    ("born", "years", "day"),
    [
        ("2008-05-10", 18, "2026-05-10"),
        ("2008-02-29", 18, "2026-03-01"),
        ("2008-02-29", 16, "2024-02-29"),
        ("2007-12-31", 18, "2025-12-31"),
    ],
)
def test_the_other_reading_reaches_it_on_the_birthday(born: str, years: int, day: str) -> None:
    birth, first = date.fromisoformat(born), date.fromisoformat(day)
    assert age_on(birth, first, "on_birthday") == years
    assert age_on(birth, first - timedelta(days=1), "on_birthday") == years - 1


@pytest.mark.parametrize("reading", ["day_after_birthday", "on_birthday"])
def test_the_age_starts_at_nought_and_grows_by_one_a_year(reading: str) -> None:
    for born in (date(2008, 2, 29), date(2007, 12, 31), date(2010, 1, 2), date(2011, 3, 1)):
        ages = [age_on(born, day, reading) for day in days(born, date(born.year + 21, 1, 1))]
        assert (ages[0], ages[-1]) == (0, 20)
        assert all(after - before in (0, 1) for before, after in pairwise(ages))


def test_the_default_never_makes_anybody_older_than_the_other_reading() -> None:
    for born in days(date(2007, 12, 25), date(2008, 3, 5)):
        for day in days(date(2024, 2, 20), date(2024, 3, 5)):
            assert age_on(born, day) <= age_on(born, day, "on_birthday")


def test_the_unborn_have_no_age() -> None:
    with pytest.raises(ValueError, match="born"):
        age_on(date(2020, 1, 2), date(2020, 1, 1))


# --- play ---


def test_the_hour_is_half_open() -> None:
    assert may_play(14, on("2026-11-20T19:59:59")) == (False, 0)
    assert may_play(14, on("2026-11-20T20:00:00")) == (True, 3600)
    assert may_play(14, on("2026-11-20T20:10:00")) == (True, 3000)
    assert may_play(14, on("2026-11-20T20:59:59")) == (True, 1)
    assert may_play(14, on("2026-11-20T21:00:00")) == (False, 0)


def test_the_adult_is_unlimited_and_the_unknown_is_a_minor() -> None:
    assert may_play(18, on("2026-11-18T03:00:00")) == (True, None)
    assert may_play(17, on("2026-11-18T03:00:00")) == (False, 0)
    assert may_play(None, on("2026-11-18T03:00:00")) == (False, 0)
    assert may_play(None, on("2026-11-20T20:30:00")) == (True, 1800)


def test_the_first_notice_covers_nobody_before_november_2019() -> None:
    assert may_play(30, on("2019-10-31T23:59:59")) == (False, 0)
    assert may_play(30, on("2019-11-01T00:00:00")) == (True, None)


def test_the_old_edition_closes_at_night_and_counts_the_day() -> None:
    assert may_play(10, on("2020-06-01T07:59:59")) == (False, 0)
    assert may_play(10, on("2020-06-01T08:00:00")) == (True, 5400)
    assert may_play(10, on("2020-06-01T08:00:00"), played_s=5399) == (True, 1)
    assert may_play(10, on("2020-06-01T08:00:00"), played_s=5400) == (False, 0)
    assert may_play(10, on("2020-06-01T21:59:00")) == (True, 60)
    assert may_play(10, on("2020-06-01T22:00:00")) == (False, 0)


def test_the_old_editions_three_hours_depend_on_the_reading() -> None:
    transferred = on("2020-10-05T10:00:00")  # in the block, not statutory
    assert may_play(10, transferred) == (True, 10800)
    assert may_play(10, transferred, calendar="literal") == (True, 5400)
    assert may_play(10, on("2020-10-01T10:00:00"), calendar="literal") == (True, 10800)


def test_the_edition_changes_at_midnight_of_september_2021() -> None:
    assert may_play(10, on("2021-08-31T20:30:00")) == (True, 5400)
    assert may_play(10, on("2021-09-01T20:30:00")) == (False, 0)  # a Wednesday
    assert may_play(10, on("2021-09-03T20:30:00")) == (True, 1800)


def test_the_clock_is_chinas_wherever_the_instant_was_written() -> None:
    utc = datetime(2026, 11, 20, 12, 10, 0, 999_999, tzinfo=UTC)
    assert may_play(14, utc) == (True, 3000)
    with pytest.raises(ValueError, match="no zone"):
        may_play(14, datetime.fromisoformat("2026-11-20T20:10:00"))


# --- the next time ---


@pytest.mark.parametrize(
    ("born", "at", "then"),
    [
        ("2012-05-01", "2026-11-20T21:00:00", "2026-11-21T20:00:00"),
        ("2012-05-01", "2026-11-20T19:59:59", "2026-11-20T20:00:00"),
        ("2012-05-01", "2026-11-20T19:59:00.900000", "2026-11-20T20:00:00"),
        ("2012-05-01", "2026-02-13T21:00:00", "2026-02-15T20:00:00"),  # over a worked Saturday
        ("2012-05-01", "2026-12-31T20:30:00", "2027-01-01T20:00:00"),  # a Friday
        ("2008-11-23", "2026-11-22T21:30:00", "2026-11-24T00:00:00"),  # the eighteenth birthday
        ("2010-05-01", "2021-08-31T22:00:00", "2021-09-03T20:00:00"),  # the edition changes
        ("2010-05-01", "2019-10-31T20:00:00", "2019-11-01T08:00:00"),  # cover begins
        ("1990-05-01", "2019-10-31T20:00:00", "2019-11-01T00:00:00"),
    ],
)
def test_the_next_minute_of_play_is_found(born: str, at: str, then: str) -> None:
    assert next_allowed(date.fromisoformat(born), on(at)) == on(then)


def test_the_spent_day_gives_way_to_a_new_days_quota() -> None:
    at = on("2020-06-01T10:00:00")
    assert next_allowed(date(2010, 5, 1), at, played_s=5400) == on("2020-06-02T08:00:00")
    assert next_allowed(None, at, played_s=5400) == on("2020-06-02T08:00:00")


def test_the_readings_move_the_next_time() -> None:
    born, at = date(2012, 5, 1), on("2026-02-13T21:00:00")
    assert next_allowed(born, at, calendar="literal") == on("2026-02-14T20:00:00")
    born, at = date(2008, 11, 23), on("2026-11-22T21:30:00")
    assert next_allowed(born, at, reading="on_birthday") == on("2026-11-23T00:00:00")


def test_the_search_ends_after_400_days() -> None:
    start = on("2019-11-01T00:00:00")
    assert next_allowed(30, start - timedelta(days=400)) == start
    assert next_allowed(30, start - timedelta(days=400, minutes=1)) is None


@pytest.mark.parametrize(
    ("at", "played_s"),
    [("2026-11-21T18:43:21", 0), ("2020-06-01T06:30:30", 0), ("2020-06-01T21:30:00", 5400)],
)
def test_the_stepping_by_minutes_misses_no_second(at: str, played_s: int) -> None:
    born, start = date(2012, 5, 1), on(at)
    then = next_allowed(born, start, played_s)
    assert then is not None
    second = start
    while second < then:
        spent = played_s if second.date() == start.date() else 0
        assert not may_play(age_on(born, second.date()), second, spent)[0]
        second += timedelta(seconds=1)
    assert may_play(age_on(born, then.date()), then)[0]


# --- money ---


@pytest.mark.parametrize(
    ("age", "fen", "spent", "codes"),
    [
        (7, 1, 0, {"spend_forbidden"}),
        (None, 99999, 99999, {"spend_forbidden"}),
        (8, 5000, 15000, set()),
        (8, 5001, 0, {"single_cap_exceeded"}),
        (15, 5000, 15001, {"monthly_cap_exceeded"}),
        (15, 5001, 15001, {"single_cap_exceeded", "monthly_cap_exceeded"}),
        (16, 10000, 30000, set()),
        (17, 10001, 30000, {"single_cap_exceeded", "monthly_cap_exceeded"}),
        (17, 10000, 30001, {"monthly_cap_exceeded"}),
        (18, 10**12, 10**12, set()),
    ],
)
def test_the_caps_are_inclusive(age: int | None, fen: int, spent: int, codes: set[str]) -> None:
    assert may_spend(age, fen, spent) == codes


# --- the research's own cases ---


def within_reach(case: dict[str, Any], *kinds: str) -> bool:
    """Does the oracle model this case: one person, a birth date, games, nothing else?"""
    line = case["line"]
    subject = line["subject"]
    return (
        line["law"] == "cn.game"
        and line["ask"]["kind"] in kinds
        and subject.keys() == {"id", "born", "identity"}
        and subject["identity"] == "verified"
        and "error" not in case["expect"]
    )


PLAYS = [case for case in CASES if within_reach(case, "login", "heartbeat")]
BUYS = [case for case in CASES if within_reach(case, "purchase")]


def test_the_cases_within_reach_have_not_dwindled() -> None:
    assert (len(CASES), len(PLAYS), len(BUYS)) == (66, 11, 2)


@pytest.mark.parametrize("case", PLAYS, ids=lambda case: case["line"]["id"])
def test_the_oracle_plays_as_the_cases_say(case: dict[str, Any]) -> None:
    line, expect = case["line"], case["expect"]
    at, born = datetime.fromisoformat(line["at"]), date.fromisoformat(line["subject"]["born"])
    played_s = line.get("usage", {}).get("played_today_s", 0)
    allowed, remaining_s = may_play(age_on(born, at.astimezone(CHINA).date()), at, played_s)
    assert allowed == expect["allowed"]
    if "remaining_s" in expect:
        assert remaining_s == expect["remaining_s"]
    if "next_allowed_at" in expect:
        then = next_allowed(born, at, played_s)
        assert (then and then.isoformat()) == expect["next_allowed_at"]


@pytest.mark.parametrize("case", BUYS, ids=lambda case: case["line"]["id"])
def test_the_oracle_buys_as_the_cases_say(case: dict[str, Any]) -> None:
    line, expect = case["line"], case["expect"]
    at, born = datetime.fromisoformat(line["at"]), date.fromisoformat(line["subject"]["born"])
    spent = line.get("usage", {}).get("spent_month_fen", 0)
    codes = may_spend(age_on(born, at.astimezone(CHINA).date()), line["ask"]["fen"], spent)
    assert (not codes) == expect["allowed"]
    if "code" in expect:
        assert expect["code"] in codes

"""The calendar, day for day, against the notices and the calendars that publishers printed."""

import json
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from minorguard import ZONE, InvalidRequest, law
from minorguard.cli import main
from minorguard.core.calendar import local
from minorguard.core.playdays import play_days

VECTORS = Path(__file__).parent / "vectors"
HOLIDAYS = json.loads((VECTORS / "holidays.json").read_text("utf-8"))
PUBLISHED = json.loads((VECTORS / "play_calendars.json").read_text("utf-8"))


def run(capsys, *argv):
    assert main(["calendar", *argv]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("year", range(2019, 2027))
def test_each_notice_stands_as_the_state_council_gave_it(game, year):
    notice = next(n for n in game.calendar.notices if n.year == year)
    known = HOLIDAYS[str(year)]

    assert [
        {"name": b.name, "from": str(b.first), "to": str(b.last)} for b in notice.holidays
    ] == known["holidays"]
    assert sorted(map(str, notice.workdays)) == known["workdays"]
    assert sorted(map(str, notice.statutory)) == known["statutory"]
    assert notice.url in known["official_url"]


@pytest.mark.parametrize("calendar", PUBLISHED, ids=lambda c: f"{c['publisher']} {c['title']}")
def test_every_published_calendar_is_reproduced_day_for_day(game, calendar):
    first, last = (date.fromisoformat(calendar[end]) for end in ("from", "to"))
    days = list(play_days(game, 12, first, last))

    assert [str(day.day) for day in days if day.playable] == calendar["playable_dates"]
    assert all(day.hours == ((72_000, 75_600),) for day in days if day.playable)
    closed = {str(day.day) for day in days if not day.playable}
    assert set(calendar["banned_dates_named"]) <= closed


@pytest.mark.parametrize(("year", "days"), [(2022, 165), (2023, 164), (2024, 163), (2025, 165)])
def test_the_days_of_a_whole_year_are_counted(capsys, year, days):
    answer = json.loads(run(capsys, str(year), "--age", "12", "--law", "cn.game", "--json"))

    assert answer["playable_days"] == days
    assert answer["status"] == "announced"
    assert len(answer["days"]) == (date(year + 1, 1, 1) - date(year, 1, 1)).days


def test_winter_2026_has_the_fifteen_hours_that_tencent_printed(game):
    days = play_days(game, 12, date(2026, 2, 5), date(2026, 3, 5))

    assert sum(day.playable for day in days) == 15


def test_the_json_has_the_keys_of_the_contract(capsys):
    answer = json.loads(run(capsys, "2026-02", "--age", "12", "--law", "cn.game", "--json"))

    assert set(answer) == {"year", "status", "playable_days", "days"}
    assert answer["days"][13] == {
        "date": "2026-02-14",
        "playable": False,
        "windows": [],
        "why": "makeup_workday",
    }
    assert answer["days"][14] == {
        "date": "2026-02-15",
        "playable": True,
        "windows": [["20:00", "21:00"]],
        "why": "holiday:春节",
    }


def test_an_unannounced_year_says_so_and_opens_weekends_only(capsys):
    answer = json.loads(run(capsys, "2027", "--age", "12", "--law", "cn.game", "--json"))
    whys = Counter(day["why"] for day in answer["days"])

    assert answer["status"] == "unannounced"
    assert set(whys) == {"workday", "friday", "saturday", "sunday"}
    assert answer["playable_days"] == whys["friday"] + whys["saturday"] + whys["sunday"]


def test_each_day_stands_under_the_law_then_in_force(capsys):
    days = json.loads(run(capsys, "2021", "--age", "12", "--law", "cn.game", "--json"))["days"]
    by_date = {day["date"]: day for day in days}

    assert by_date["2021-08-31"]["windows"] == [["08:00", "22:00"]]
    assert by_date["2021-09-01"]["windows"] == []
    assert by_date["2021-09-03"]["windows"] == [["20:00", "21:00"]]


def test_before_the_first_notice_nothing_is_covered(game):
    [day] = play_days(game, 12, date(2019, 10, 31), date(2019, 10, 31))

    assert (day.playable, day.why) == (False, "not_covered")


def test_an_adult_has_no_calendar(game):
    [day] = play_days(game, 18, date(2026, 11, 18), date(2026, 11, 18))

    assert (day.playable, day.hours, day.why) == (True, ((0, 86_400),), "no_limit")


def test_the_literal_reading_differs_on_bridge_days_and_makeup_days():
    letter = law("cn.game", readings={"calendar": "literal"})
    days = {d.day: d for d in play_days(letter, 12, date(2026, 2, 1), date(2026, 2, 28))}

    assert days[date(2026, 2, 14)].playable  # worked, but a Saturday in the letter
    assert not days[date(2026, 2, 23)].playable  # a bridge Monday
    assert days[date(2026, 2, 18)].why == "holiday"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_table_counts_and_marks_each_month(capsys, lang):
    table = run(capsys, "2026", "--age", "12", "--law", "cn.game", "--lang", lang)

    assert "163" in table.splitlines()[0]
    assert table.count("2026-") >= 12
    assert ("放假" if lang == "zh" else "holiday") in table


def test_the_table_says_that_a_year_is_unannounced(capsys):
    table = run(capsys, "2027-01", "--age", "12", "--law", "cn.game")

    assert "放假安排尚未公布" in table.splitlines()[0]
    assert "?" in table


@pytest.mark.parametrize(
    ("year", "first_unannounced"), [(2026, date(2026, 12, 25)), (2027, date(2027, 1, 1))]
)
def test_the_last_week_of_december_waits_for_the_next_notice(game, year, first_unannounced):
    assert game.calendar.announced(first_unannounced.toordinal() - 1) == (year == 2026)
    assert not game.calendar.announced(first_unannounced.toordinal())


def test_the_last_week_of_an_earlier_december_is_announced(game):
    assert game.calendar.announced(date(2025, 12, 31).toordinal())


@pytest.mark.parametrize(
    "argument", ["26", "2026-13", "2026-1", "abcd", "0000", "２０２６", "2026-"]
)
def test_a_period_that_is_none_is_a_usage_error(capsys, argument):
    with pytest.raises(SystemExit) as stopped:
        main(["calendar", argument, "--age", "12", "--law", "cn.game"])

    assert stopped.value.code == 2
    assert "YEAR" in capsys.readouterr().err


def test_times_are_cut_to_whole_seconds_on_the_law_s_clock():
    at = datetime.fromisoformat("2026-11-20T12:10:00.999999+00:00")

    assert local(at).isoformat() == "2026-11-20T20:10:00+08:00"


def test_a_naive_time_is_refused():
    with pytest.raises(InvalidRequest, match="time zone"):
        local(datetime(2026, 11, 20, 20, 10))  # noqa: DTZ001 - that is the point


def test_a_time_at_the_end_of_the_calendar_is_refused():
    with pytest.raises(InvalidRequest, match="end of the calendar"):
        local(datetime.fromisoformat("9999-12-31T23:59:59-08:00"))


def test_a_day_at_the_end_of_the_calendar_is_still_judged(game):
    days = list(play_days(game, 12, date(9999, 12, 30), date(9999, 12, 31)))

    assert [day.playable for day in days] == [False, True]
    assert days[1].day - days[0].day == timedelta(days=1)
    assert datetime(9999, 12, 31, tzinfo=ZONE).weekday() == 4

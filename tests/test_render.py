"""The pictures of the calendar say what it says: to eyes, to ears, in grey, to a telephone."""

import io
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from xml.etree import ElementTree as ET

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from minorguard import ZONE, law
from minorguard.core.playdays import play_days
from minorguard.render import svg as look
from minorguard.render.ics import calendar_ics
from minorguard.render.rich import calendar_panel, print_calendar
from minorguard.render.sheet import sheet_of
from minorguard.render.svg import calendar_svg
from minorguard.render.table import calendar_table
from minorguard.render.text import clean, columns, ems, pad, shortened, wrapped
from minorguard.render.words import month_label, title

GAME = law("cn.game")
LITERAL = law("cn.game", readings={"calendar": "literal"})
BASE = law("cn.base")
SVG = "{http://www.w3.org/2000/svg}"
LANGS = ("zh", "en")

HOSTILE = """
year = 2027
number = "1号<script>alert(1)</script>\\u0000\\u001b[31m"
urls = ["javascript:alert('\\"&;,\\\\')"]
holidays = [{ name = "]]>&<节>\\u0007\\n;,\\\\BEGIN:VEVENT", from = 2027-01-01, to = 2027-01-03 }]
workdays = [2027-01-09]
statutory = [2027-01-01]
"""

laws = st.sampled_from((GAME, LITERAL, BASE))
ages = st.sampled_from((0, 7, 12, 17, 18, 150))
years = st.integers(2018, 2029)
months = st.integers(1, 12) | st.none() | st.integers(1, 12)
langs = st.sampled_from(LANGS)
drawn = settings(max_examples=40)  # a year is a big picture


def days_of(rules, age, year, month=None):
    first = date(year, month or 1, 1)
    following = date(year + 1, 1, 1) if month in {None, 12} else date(year, month + 1, 1)
    return list(play_days(rules, age, first, following - timedelta(days=1)))


def open_days(days):
    return [day.day for day in days if day.playable]


def picture(rules=GAME, age=12, year=2026, month=None, lang="zh"):
    return ET.fromstring(calendar_svg(rules, age, year, month, lang))  # noqa: S314 - our own


def labels(root):
    return [g.get("aria-label") for g in root.iter(f"{SVG}g") if g.get("aria-label")]


def listed(label, lang):
    """The days that a month's label says are open."""
    pattern = r"可玩：([\d、]+)日" if lang == "zh" else r"Open: ([\d, ]+)\."
    found = re.search(pattern, label)
    return [int(day) for day in re.findall(r"\d+", found[1])] if found else []


def texts(root):
    return "\n".join(t.text or "" for t in root.iter(f"{SVG}text"))


def footer(root):
    return "".join(
        t.text or "" for g in root if g.get("role") == "note" for t in g.iter(f"{SVG}text")
    )


def tiles(root, name):
    """How many days of the months, legend aside, stand on such a tile."""
    paths = (
        path
        for month in root.iter(f"{SVG}g")
        if month.get("aria-label")
        for path in month.iter(f"{SVG}path")
    )
    return sum(p.get("d").count("M") for p in paths if name in (p.get("class") or "").split())


# -- the picture says what the calendar says -------------------------------------------------------


@drawn
@given(laws, ages, years, months, langs)
def test_each_month_is_a_labelled_group_that_lists_its_open_days(rules, age, year, month, lang):
    days = days_of(rules, age, year, month)
    said = labels(picture(rules, age, year, month, lang))

    assert len(said) == (1 if month else 12)
    for number, label in zip([month] if month else range(1, 13), said, strict=True):
        of_month = [day.day for day in open_days(days) if day.month == number]
        assert listed(label, lang) == of_month
        assert str(len(of_month)) in label


@drawn
@given(laws, ages, years, months, langs)
def test_as_many_tiles_are_filled_as_days_are_open(rules, age, year, month, lang):
    root = picture(rules, age, year, month, lang)

    # The ground of a day that waits for a notice is that of an open day, hatched.
    filled = tiles(root, "o") + tiles(root, "h")
    assert filled == len(open_days(days_of(rules, age, year, month)))


@drawn
@given(laws, ages, years, langs)
def test_a_year_is_a_page_under_sixty_kibibytes(rules, age, year, lang):
    assert len(calendar_svg(rules, age, year, None, lang).encode()) < 60 * 1024


@pytest.mark.parametrize("lang", LANGS)
def test_the_year_in_force_is_about_thirty_kibibytes(lang):
    assert len(calendar_svg(GAME, 12, 2026, None, lang).encode()) < 32 * 1024


@pytest.mark.parametrize(("year", "count"), [(2022, 165), (2024, 163), (2025, 165), (2026, 163)])
def test_the_total_of_the_year_stands_at_its_head(year, count):
    root = picture(year=year)

    assert f"{count}天" in texts(root).splitlines()
    assert f"可玩 · {count}小时" in texts(root).splitlines()


def test_holidays_and_working_weekends_are_marked_in_both_languages():
    zh, en = picture(year=2026, month=2), picture(year=2026, month=2, lang="en")

    # One more each in the legend.
    assert Counter(texts(zh).splitlines())["休"] == 9 + 1
    assert Counter(texts(zh).splitlines())["班"] == 2 + 1
    assert Counter(texts(en).splitlines())["H"] == 9 + 1
    assert Counter(texts(en).splitlines())["W"] == 2 + 1
    assert "春节" in texts(zh)
    assert "Spring Festival" in texts(en)


def test_a_day_that_waits_for_a_notice_is_hatched_and_asks():
    root = picture(year=2026)

    assert tiles(root, "u") == 3  # 25, 26, 27 December: Friday to Sunday
    assert tiles(root, "v") == 4
    assert texts(root).splitlines().count("?") == 3 + 1


def test_in_a_year_without_a_notice_every_day_waits():
    root = picture(year=2027)

    assert tiles(root, "u") + tiles(root, "v") == 365
    assert tiles(root, "u") == len(open_days(days_of(GAME, 12, 2027)))
    assert "放假安排尚未公布" in texts(root)


def test_an_adult_waits_for_no_notice():
    root = picture(age=18, year=2027)

    assert tiles(root, "o") == 365
    assert tiles(root, "u") + tiles(root, "v") == 0
    assert "?" not in texts(root)
    assert "公布" not in texts(root)


def test_two_editions_in_a_year_are_both_told_with_their_dates():
    lines = texts(picture(year=2021)).splitlines()

    assert "1月1日–5月31日：每天 08:00–22:00，每日至多90分钟、放假日180分钟" in lines
    assert "9月1日–12月31日：可玩日 20:00–21:00" in lines


def test_what_no_law_covers_is_neither_open_nor_closed():
    root = picture(year=2019)

    assert tiles(root, "x") == 304
    assert tiles(root, "o") == 61
    assert "1月1日–10月31日：本法未涵盖" in texts(root)


def test_a_house_that_closes_a_holiday_still_shows_the_holiday(tmp_path):
    house = tmp_path / "house.toml"
    house.write_text('[[rule]]\nid = "never"\nwindows = []\n', "utf-8")
    root = picture(law("cn.game", house=house), month=2)

    assert tiles(root, "o") + tiles(root, "h") == 0
    assert texts(root).splitlines().count("休") == 9 + 1
    assert "没有可玩日" in texts(root)


def test_two_windows_in_a_day_both_find_room(tmp_path):
    house = tmp_path / "house.toml"
    house.write_text(
        '[[rule]]\nid = "two"\nwindows = [["20:00", "20:15"], ["20:30", "20:45"]]\n', "utf-8"
    )
    root = picture(law("cn.game", house=house), month=2)

    assert texts(root).splitlines().count("20:00–20:15") == 15
    assert texts(root).splitlines().count("20:30–20:45") == 15
    assert "春节" not in texts(root)


def test_three_windows_in_a_day_are_cut_aloud(tmp_path):
    house = tmp_path / "house.toml"
    spans = ", ".join(f'["20:{m}0", "20:{m}5"]' for m in (0, 2, 4))
    house.write_text(f'[[rule]]\nid = "three"\nwindows = [{spans}]\n', "utf-8")
    root = picture(law("cn.game", house=house), month=2)

    assert texts(root).splitlines().count("20:00–20:05") == 15
    assert texts(root).splitlines().count("…") == 15


def test_a_long_legend_goes_on_in_a_second_line(tmp_path):
    file = tmp_path / "2027.toml"
    file.write_text(
        'year = 2027\nholidays = [{ name = "节", from = 2027-12-01, to = 2027-12-03 }]\n'
        "workdays = [2027-12-04]\n",
        "utf-8",
    )
    rules = law("cn.game", notices=[file])
    root = picture(rules, year=2027, month=12, lang="en")
    width = int(root.get("width"))

    _, legend, _ = (g for g in root.findall(f"{SVG}g") if not g.get("aria-label"))
    spots = [g.get("transform")[10:-1].split() for g in legend if g.get("transform")]
    assert len(spots) == 6
    assert len({y for _, y in spots}) == 2
    assert all(int(x) < width - look.MARGIN for x, _ in spots)


# -- to ears ---------------------------------------------------------------------------------------


@drawn
@given(ages, years, months, langs)
def test_title_and_description_tell_what_eyes_see_first(age, year, month, lang):
    root = picture(GAME, age, year, month, lang)
    sheet = sheet_of(GAME, age, year, month)
    name, told = root.find(f"{SVG}title"), root.find(f"{SVG}desc")

    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == name.get("id")
    assert root.get("aria-describedby") == told.get("id")
    assert name.text == title(sheet, lang)
    assert all(str(part) in name.text for part in (year, age, "cn.game"))
    assert str(sheet.total.days) in told.text


@pytest.mark.parametrize(
    ("year", "lang", "said"),
    [
        (2026, "zh", "放假安排已公布，12月25–31日待下一年的通知"),
        (2026, "en", "Holidays announced, 25–31 December awaiting the next year’s notice"),
        (2025, "zh", "放假安排已公布。"),
        (2027, "zh", "放假安排尚未公布"),
        (2027, "en", "Holidays not announced"),
    ],
)
def test_the_description_says_whether_the_holidays_are_announced(year, lang, said):
    assert said in picture(year=year, lang=lang).find(f"{SVG}desc").text


def test_a_month_s_label_reads_like_a_sentence():
    (february,) = labels(picture(year=2026, month=2))
    [winter] = labels(picture(year=2026, month=12, lang="en"))

    assert february == (
        "2026年2月：可玩15天，15小时。"
        "可玩：1、6、7、8、13、15、16、17、18、19、20、21、22、23、27日。"
        "放假：15–23日春节。调休上班：14、28日。"
    )
    assert winter.startswith("December 2026: 12 days open, 12 hours. Open: 4, 5, 6, 11,")
    assert winter.endswith("Holidays not announced: 25–31 December.")


def test_what_a_label_says_is_not_read_out_number_by_number():
    groups = [g for g in picture().iter(f"{SVG}g") if g.get("aria-label")]

    for month in groups:
        [inside] = list(month)
        assert inside.get("aria-hidden") == "true"


def test_ids_differ_between_pictures_on_one_page():
    pages = [picture(lang=lang, year=year) for lang in LANGS for year in (2026, 2027)]
    ids = [e.get("id") for page in pages for e in page.iter() if e.get("id")]

    assert len(ids) == len(set(ids))
    for page in pages:
        rules = page.find(f"{SVG}style").text.split("}")[:-1]
        assert all(rule.startswith(f"#{page.get('id')} ") for rule in rules)


# -- in grey ---------------------------------------------------------------------------------------


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *((colour, "#ffffff") for colour in (look.INK, look.QUIET, look.FAINT, look.OPEN)),
        *(("#ffffff", colour) for colour in (look.OPEN, look.HOLIDAY)),
        (look.INK, look.PALE),
        (look.QUIET, look.PALE),
        (look.INK, look.OPEN_HATCH),
    ],
)
def test_every_text_stands_out_from_its_ground(text, ground):
    assert contrast(text, ground) >= 4.5  # WCAG 2.2, 1.4.3 AA


def test_open_and_closed_differ_without_colour():
    page = look._Page(sheet_of(GAME, 12, 2026, None), "zh")
    looks = {page.look(day) for day in page.sheet.days}
    grounds = {one.label: one.tile for one in looks}
    bold = {one.label: "b" in one.shade.split() for one in looks}

    assert len(grounds) == len(looks) == len(set(grounds.values()))
    assert all(bold[label] == ("不可玩" not in label) for label in bold)
    # Only two grounds are alike in grey, two open days, and one of them carries a mark.
    assert {one.mark for one in looks if one.tile == "holiday"} == {"休"}
    assert contrast(look.OPEN, look.PALE) > 4.5


# -- the sources -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_the_footer_cites_the_rule_in_force_and_the_notice_of_the_year(lang):
    cited = footer(picture(year=2026, lang=lang))

    assert "国新出发〔2021〕14号）》第一条" in cited
    assert "https://www.nppa.gov.cn/nppa/contents/279/98792.shtml" in cited
    assert "国新出发〔2019〕34号" not in cited
    assert "https://www.gov.cn/zhengce/zhengceku/202511/content_7047091.htm" in cited
    assert GAME.stamps[0].revision in cited
    assert GAME.stamps[0].digest[:15] in cited
    assert "calendar=published" in cited


def test_the_whole_digest_is_in_the_metadata():
    assert GAME.stamps[0].digest in picture().find(f"{SVG}metadata").text


def test_two_editions_are_both_cited():
    cited = footer(picture(year=2021))

    assert "国新出发〔2019〕34号）》第二条" in cited
    assert "国新出发〔2021〕14号）》第一条" in cited
    assert "国办发明电〔2020〕27号" in cited


def test_a_december_in_two_notices_cites_both():
    cited = footer(picture(year=2022, month=12))

    assert "国务院办公厅关于2022年部分节假日安排的通知" in cited
    assert "国务院办公厅关于2023年部分节假日安排的通知" in cited


def test_no_notice_is_cited_where_none_is_out_or_none_decides():
    assert "国务院办公厅" not in footer(picture(year=2027))
    assert "国务院办公厅" not in footer(picture(age=18))
    assert "国新出发" not in footer(picture(age=18))


def test_the_reading_is_told():
    assert "calendar=literal" in footer(picture(LITERAL))


# -- any text is only text -------------------------------------------------------------------------


@pytest.fixture
def hostile(tmp_path):
    file = tmp_path / "2027.toml"
    file.write_text(HOSTILE, "utf-8")
    return law("cn.game", notices=[file])


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("month", [None, 1])
def test_names_from_a_notice_file_cannot_break_a_picture(hostile, lang, month):
    root = picture(hostile, year=2027, month=month, lang=lang)

    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        "svg", "title", "desc", "metadata", "style", "defs", "pattern", "rect", "path", "g", "text",
    }  # fmt: skip
    assert "]]>&<节>" in labels(root)[0]
    assert "<script>" in footer(root)


def test_names_from_a_notice_file_cannot_break_a_feed(hostile):
    feed = icalendar.Calendar.from_ical(calendar_ics(hostile, 12, 2027, 1, "zh"))

    assert len(feed.events) == len(open_days(days_of(hostile, 12, 2027, 1)))
    assert feed.events[0]["DESCRIPTION"].startswith("]]>&<节>  ;,\\BEGIN:VEVENT，20:00–21:00\n")


def test_no_control_character_reaches_a_terminal(hostile):
    shown = io.StringIO()
    print_calendar(hostile, 12, 2027, None, "zh", file=shown)

    for text in (shown.getvalue(), calendar_table(hostile, 12, 2027, None, "zh")):
        assert not [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]


# -- the table -------------------------------------------------------------------------------------


def wide(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def at_column(line, column):
    """What a terminal shows from that column on."""
    for place in range(len(line)):
        if wide(line[:place]) >= column:
            return line[place:]
    return ""


@given(ages, years, st.integers(1, 12), langs)
def test_each_number_stands_under_its_weekday(age, year, month, lang):
    lines = calendar_table(GAME, age, year, month, lang).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{year}-{month:02}")) + 2
    days = days_of(GAME, age, year, month)

    for day in days:
        row = (days[0].day.weekday() + day.day.day - 1) // 7
        there = at_column(lines[start + row], day.day.weekday() * 7)
        state = "-" if day.why == "not_covered" else "✓" if day.playable else "."
        assert there.startswith(f"{day.day.day:2d}{state}")


def test_what_aligns_has_no_character_of_ambiguous_width():
    months = calendar_table(GAME, 12, 2026, None, "zh").split("\n\n")[1:-1]

    assert len(months) == 12
    assert all(unicodedata.east_asian_width(c) != "A" for c in "".join(months))


@pytest.mark.parametrize("lang", LANGS)
def test_the_table_has_totals_marks_and_sources(lang):
    table = calendar_table(GAME, 12, 2026, None, lang)

    assert "163" in table.splitlines()[0]
    assert "14.班" in table if lang == "zh" else "14.W" in table
    assert "国新出发〔2021〕14号）》第一条" in table
    assert (
        "2026-02  可玩15天，15小时" in table if lang == "zh" else "15 days open, 15 hours" in table
    )


def test_a_year_without_a_notice_says_so_in_the_first_line_of_the_table():
    assert "放假安排尚未公布" in calendar_table(GAME, 12, 2027, None, "zh").splitlines()[0]
    assert "公布" not in calendar_table(GAME, 18, 2027, None, "zh").splitlines()[0]


# -- the terminal ----------------------------------------------------------------------------------


def printed(width, *args):
    console = Console(width=width, file=io.StringIO(), record=True, highlight=False)
    console.print(calendar_panel(*args))
    return console.export_text()


@pytest.mark.parametrize(("width", "abreast"), [(50, 1), (90, 2), (135, 3)])
def test_as_many_months_stand_abreast_as_there_is_room_for(width, abreast):
    shown = printed(width, GAME, 12, 2026, None, "zh")

    heads = [line for line in shown.splitlines() if "一" in line and "六" in line]
    assert [line.count("一") for line in heads] == [abreast] * (12 // abreast)
    assert all(wide(line) <= width for line in shown.splitlines())


@pytest.mark.parametrize("lang", LANGS)
def test_columns_stay_straight_beside_chinese_marks(lang):
    lines = printed(80, GAME, 12, 2026, 2, lang).splitlines()
    width = 6 if lang == "zh" else 5
    start = next(n for n, line in enumerate(lines) if ("一" if lang == "zh" else "Mo") in line) + 1

    for day in days_of(GAME, 12, 2026, 2):
        row = (6 + day.day.day - 1) // 7  # February 2026 begins on a Sunday
        there = at_column(lines[start + row], day.day.weekday() * width)
        assert there.startswith(f"{day.day.day:2d}{'✓' if day.playable else '.'}")


def test_the_terminal_shows_what_the_table_shows():
    words = set(printed(200, GAME, 12, 2026, None, "zh").split())

    assert {"15✓休", "14.班", "25✓?", "28.?"} <= words


def test_without_rich_the_extra_is_named():
    code = """
import sys
sys.modules["rich"] = None
from minorguard import ConfigurationError, law
from minorguard.render.svg import calendar_svg
from minorguard.render.table import calendar_table
calendar_table(law("cn.game"), 12, 2026, 2, "zh"); calendar_svg(law("cn.game"), 12, 2026, 2, "zh")
try:
    import minorguard.render.rich
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert 'pip install "minorguard[rich]"' in done.stdout


# -- the feed --------------------------------------------------------------------------------------


@drawn
@given(laws, ages, years, months, langs)
def test_the_events_of_the_feed_are_the_open_windows(rules, age, year, month, lang):
    feed = icalendar.Calendar.from_ical(calendar_ics(rules, age, year, month, lang))
    midnight = {day.day: datetime(*day.day.timetuple()[:3], tzinfo=ZONE) for day in
                days_of(rules, age, year, month)}  # fmt: skip
    windows = [
        (midnight[day.day] + timedelta(seconds=start), midnight[day.day] + timedelta(seconds=end))
        for day in days_of(rules, age, year, month)
        if day.why != "no_limit"
        for start, end in day.hours
    ]

    assert [(event.start, event.end) for event in feed.events] == windows
    assert not feed.errors
    assert all(not event.errors for event in feed.events)


@drawn
@given(laws, ages, years, months, langs)
def test_every_line_of_the_feed_is_short_and_ends_as_the_rfc_wants(rules, age, year, month, lang):
    feed = calendar_ics(rules, age, year, month, lang).encode()

    assert feed.endswith(b"END:VCALENDAR\r\n")
    lines = feed.split(b"\r\n")[:-1]
    assert all(0 < len(line) <= 75 for line in lines)
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert [line.decode() for line in lines]  # no character is cut in two


@pytest.mark.parametrize("year", [2019, 2026, 2027])
def test_a_window_keeps_its_name_in_every_language_and_no_other_has_it(year):
    def names(age, lang):
        feed = icalendar.Calendar.from_ical(calendar_ics(GAME, age, year, None, lang))
        return [str(event["UID"]) for event in feed.events]

    assert names(12, "zh") == names(12, "en")
    assert len(set(names(12, "zh"))) == len(names(12, "zh"))
    assert set(names(12, "zh")).isdisjoint(names(13, "zh"))


def test_an_event_tells_why_and_under_which_articles():
    feed = icalendar.Calendar.from_ical(calendar_ics(GAME, 12, 2026, 2, "zh"))
    spring = next(e for e in feed.events if e.start.date() == date(2026, 2, 17))
    told = str(spring["DESCRIPTION"])

    assert str(spring["SUMMARY"]) == "可玩时段（12岁）"
    assert told.startswith("春节，20:00–21:00\n")
    assert "国新出发〔2021〕14号）》第一条 https://www.nppa.gov.cn/" in told
    assert "国务院办公厅关于2026年部分节假日安排的通知 https://www.gov.cn/" in told
    assert "calendar=published" in told
    assert spring["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert spring["DTSTAMP"].dt.date().isoformat() == GAME.stamps[0].revision
    assert spring["STATUS"] == "CONFIRMED"


def test_each_event_cites_the_edition_of_its_own_day():
    events = icalendar.Calendar.from_ical(calendar_ics(GAME, 12, 2021, None, "zh")).events
    told = {event.start.date(): str(event["DESCRIPTION"]) for event in events}

    assert "〔2019〕34号" in told[date(2021, 8, 31)]
    assert "每日至多90分钟" in told[date(2021, 8, 31)]
    assert "每日至多180分钟" in told[date(2021, 2, 12)]
    assert "〔2021〕14号" not in told[date(2021, 8, 31)]
    assert "〔2019〕34号" not in told[date(2021, 9, 3)]


def test_an_event_that_waits_for_a_notice_is_tentative_and_cites_none():
    events = icalendar.Calendar.from_ical(calendar_ics(GAME, 12, 2026, 12, "en")).events
    states = {event.start.date(): event for event in events}

    assert states[date(2026, 12, 20)]["STATUS"] == "CONFIRMED"
    assert states[date(2026, 12, 25)]["STATUS"] == "TENTATIVE"
    assert "provisional" in states[date(2026, 12, 25)]["SUMMARY"]
    assert "State Council" not in states[date(2026, 12, 25)]["DESCRIPTION"]


@pytest.mark.parametrize(("age", "year", "why"), [(18, 2026, "没有时段"), (12, 2018, "未涵盖")])
def test_where_nothing_is_limited_or_covered_the_feed_says_so_without_events(age, year, why):
    feed = icalendar.Calendar.from_ical(calendar_ics(GAME, age, year, None, "zh"))

    assert feed.events == []
    assert why in feed["X-WR-CALDESC"]
    assert len(feed.timezones) == 1


def test_the_name_of_the_feed_is_the_title_of_the_picture():
    feed = icalendar.Calendar.from_ical(calendar_ics(GAME, 12, 2026, None, "zh"))

    assert feed["X-WR-CALNAME"] == "2026年可玩日历，12岁，cn.game"
    assert feed["VERSION"] == "2.0"


def test_a_window_to_the_end_of_the_last_day_there_is_still_ends(tmp_path):
    house = tmp_path / "house.toml"
    house.write_text('[[rule]]\nid = "late"\nwindows = [["22:00", "24:00"]]\n', "utf-8")
    late = law("cn.game", house=house)
    feed = icalendar.Calendar.from_ical(calendar_ics(late, 18, 9999, 12, "zh"))

    assert feed.events[-1].end.isoformat().startswith("9999-12-31T23:59:59")
    assert feed.events[0].end.isoformat().startswith("9999-12-02T00:00:00")


# -- all of them -----------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [calendar_svg, calendar_ics, calendar_table])
@pytest.mark.parametrize("period", [(1, None), (1, 1), (9999, None), (9999, 12)])
def test_the_first_and_the_last_year_can_be_drawn(draw, period):
    assert draw(GAME, 12, *period, "zh") == draw(GAME, 12, *period, "zh")


def test_a_revision_that_is_no_day_stamps_each_event_with_its_own():
    stamps = tuple(stamp._replace(revision="next") for stamp in GAME.stamps)
    feed = calendar_ics(replace(GAME, stamps=stamps), 12, 2026, 2, "zh")

    assert "DTSTAMP:20260201T000000Z" in feed


# -- how wide a text is ----------------------------------------------------------------------------


@given(st.text())
def test_a_padded_text_fills_its_columns(text):
    text = clean(text)

    assert columns(pad(text, columns(text) + 3)) == columns(text) + 3


@given(st.text("ab 一二，。（）/.", max_size=60), st.integers(2, 30))
def test_wrapping_loses_nothing_and_keeps_the_width(text, width):
    lines = wrapped(text, width)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(ems(line) <= width for line in lines)


@given(st.text(max_size=60), st.integers(1, 30))
def test_a_shortened_text_fits(text, width):
    assert ems(shortened(text, width)) <= width


def test_no_line_begins_with_a_closing_mark():
    lines = wrapped("依据：《国家新闻出版署关于进一步严格管理切实防止沉迷》第一条，再", 12)

    assert all(line[0] not in "，。》）" for line in lines)


@given(ages, years, st.integers(1, 12))
def test_a_label_ends_as_a_sentence_does(age, year, month):
    sheet = sheet_of(GAME, age, year, month)

    assert month_label(sheet.days, "zh").endswith("。")
    assert month_label(sheet.days, "en").endswith(".")

"""The State Council's holiday notices 2019-2026, typed in as they read, and read by a machine.

A notice says of each festival which days are off (``放假``, often with ``共N天``, N days in all)
and which weekend days are worked for it (``上班``). The parser checks every ``共N天`` and every
weekday against the calendar, so a slip of the typist is an error here, not a wrong answer later.
"""

import re
from datetime import date, timedelta

Block = tuple[str, date, date]  # festival, first day off, last day off

# One line a festival. A later line on the same festival is a later notice, and wins.
NOTICES: dict[int, str] = {
    # 2018-12-04; Labour Day changed on 2019-03-22 (国办发明电〔2019〕3号).
    2019: """
        元旦 2018年12月30日至2019年1月1日 放假调休 共3天。2018年12月29日周六 上班
        春节 2月4日至10日 放假调休 共7天。2月2日周六、2月3日周日 上班
        清明节 4月5日 放假 与周末连休
        劳动节 5月1日 放假
        端午节 6月7日 放假 与周末连休
        中秋节 9月13日 放假 与周末连休
        国庆节 10月1日至7日 放假调休 共7天。9月29日周日、10月12日周六 上班
        劳动节 5月1日至4日 放假调休 共4天。4月28日周日、5月5日周日 上班
    """,
    # 国办发明电〔2019〕16号; Spring Festival made longer on 2020-01-26 (国办发明电〔2020〕1号).
    2020: """
        元旦 1月1日 放假 共1天
        春节 1月24日至30日 放假调休 共7天。1月19日周日、2月1日周六 上班
        清明节 4月4日至6日 放假调休 共3天
        劳动节 5月1日至5日 放假调休 共5天。4月26日周日、5月9日周六 上班
        端午节 6月25日至27日 放假调休 共3天。6月28日周日 上班
        国庆节、中秋节 10月1日至8日 放假调休 共8天。9月27日周日、10月10日周六 上班
        春节 延长至2月2日周日。2月3日周一 起正常上班
    """,
    # 国办发明电〔2020〕27号, 2020-11-25.
    2021: """
        元旦 1月1日至3日 放假 共3天
        春节 2月11日至17日 放假调休 共7天。2月7日周日、2月20日周六 上班
        清明节 4月3日至5日 放假调休 共3天
        劳动节 5月1日至5日 放假调休 共5天。4月25日周日、5月8日周六 上班
        端午节 6月12日至14日 放假 共3天
        中秋节 9月19日至21日 放假调休 共3天。9月18日周六 上班
        国庆节 10月1日至7日 放假调休 共7天。9月26日周日、10月9日周六 上班
    """,
    # 2021-10-25.
    2022: """
        元旦 1月1日至3日 放假 共3天
        春节 1月31日至2月6日 放假调休 共7天。1月29日周六、1月30日周日 上班
        清明节 4月3日至5日 放假调休 共3天。4月2日周六 上班
        劳动节 4月30日至5月4日 放假调休 共5天。4月24日周日、5月7日周六 上班
        端午节 6月3日至5日 放假 共3天
        中秋节 9月10日至12日 放假 共3天
        国庆节 10月1日至7日 放假调休 共7天。10月8日周六、10月9日周日 上班
    """,
    # 2022-12-08.
    2023: """
        元旦 2022年12月31日至2023年1月2日 放假调休 共3天
        春节 1月21日至27日 放假调休 共7天。1月28日周六、1月29日周日 上班
        清明节 4月5日 放假 共1天
        劳动节 4月29日至5月3日 放假调休 共5天。4月23日周日、5月6日周六 上班
        端午节 6月22日至24日 放假调休 共3天。6月25日周日 上班
        中秋节、国庆节 9月29日至10月6日 放假调休 共8天。10月7日周六、10月8日周日 上班
    """,
    # 国办发明电〔2023〕7号, 2023-10-25.
    2024: """
        元旦 1月1日 放假 与周末连休
        春节 2月10日至17日 放假调休 共8天。2月4日周日、2月18日周日 上班
        清明节 4月4日至6日 放假调休 共3天。4月7日周日 上班
        劳动节 5月1日至5日 放假调休 共5天。4月28日周日、5月11日周六 上班
        端午节 6月10日 放假 与周末连休
        中秋节 9月15日至17日 放假调休 共3天。9月14日周六 上班
        国庆节 10月1日至7日 放假调休 共7天。9月29日周日、10月12日周六 上班
    """,
    # 国办发明电〔2024〕12号, 2024-11-12.
    2025: """
        元旦 1月1日周三 放假 共1天 不调休
        春节 1月28日周二至2月4日周二 放假调休 共8天。1月26日周日、2月8日周六 上班
        清明节 4月4日周五至6日周日 放假 共3天
        劳动节 5月1日周四至5日周一 放假调休 共5天。4月27日周日 上班
        端午节 5月31日周六至6月2日周一 放假 共3天
        国庆节、中秋节 10月1日周三至8日周三 放假调休 共8天。9月28日周日、10月11日周六 上班
    """,
    # 2025-11-04.
    2026: """
        元旦 1月1日周四至3日周六 放假调休 共3天。1月4日周日 上班
        春节 2月15日周日至23日周一 放假调休 共9天。2月14日周六、2月28日周六 上班
        清明节 4月4日周六至6日周一 放假 共3天
        劳动节 5月1日周五至5日周二 放假调休 共5天。5月9日周六 上班
        端午节 6月19日周五至21日周日 放假 共3天
        中秋节 9月25日周五至27日周日 放假 共3天
        国庆节 10月1日周四至7日周三 放假调休 共7天。9月20日周日、10月10日周六 上班
    """,
}

# 全国年节及纪念日放假办法 art. 2 fixes the other days; only these four move with moon and sun.
MOVING_FEASTS: dict[int, str] = {
    2019: "初一 2月5日、清明 4月5日、端午 6月7日、中秋 9月13日",
    2020: "初一 1月25日、清明 4月4日、端午 6月25日、中秋 10月1日",
    2021: "初一 2月12日、清明 4月4日、端午 6月14日、中秋 9月21日",
    2022: "初一 2月1日、清明 4月5日、端午 6月3日、中秋 9月10日",
    2023: "初一 1月22日、清明 4月5日、端午 6月22日、中秋 9月29日",
    2024: "初一 2月10日、清明 4月4日、端午 6月10日、中秋 9月17日",
    2025: "初一 1月29日、清明 4月4日、端午 5月31日、中秋 10月6日",
    2026: "初一 2月17日、清明 4月5日、端午 6月19日、中秋 9月25日",
}

_DATE = re.compile(r"(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日(?:周([一二三四五六日]))?")


def dates_in(text: str, year: int) -> list[date]:
    """The dates a phrase names; a date without year or month takes them from the one before."""
    month, found = 0, []
    for y, m, d, weekday in _DATE.findall(text):
        year, month = int(y or year), int(m or month)
        day = date(year, month, int(d))
        if weekday and day.weekday() != "一二三四五六日".index(weekday):
            raise ValueError(f"{day} is no 周{weekday}: {text}")
        found.append(day)
    return found


def days_between(first: date, last: date) -> set[date]:
    """All days from first to last, both included."""
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


def read_notice(year: int, text: str) -> tuple[list[Block], set[date]]:
    """The blocks of days off, in the notice's order, and the weekend days that are worked."""
    blocks: dict[str, tuple[date, date]] = {}
    worked: set[date] = set()
    for line in text.strip().splitlines():
        off, _, rest = line.strip().partition("。")
        name = off.split()[0]
        days = dates_in(off, year)
        first = blocks[name][0] if "延长至" in off else days[0]
        last = days[-1]
        total = re.search(r"共(\d+)天", off)
        if total and len(days_between(first, last)) != int(total[1]):
            raise ValueError(f"not {total[0]}: {line}")
        blocks[name] = (first, last)
        if "起正常上班" in rest:  # work as usual from then on: names no worked weekend
            if dates_in(rest, year) != [last + timedelta(days=1)]:
                raise ValueError(f"work does not begin the day after: {line}")
        else:
            worked.update(dates_in(rest, year))
    for first, last in blocks.values():
        worked -= days_between(first, last)  # a longer holiday swallows its worked days
    return [(name, first, last) for name, (first, last) in blocks.items()], worked


def read_statutory(year: int, text: str) -> set[date]:
    """The statutory days: 11, and 13 from 2025 (less where two festivals share a day)."""
    new_year, qingming, dragon_boat, mid_autumn = dates_in(text, year)
    days = {date(year, 1, 1), qingming, date(year, 5, 1), dragon_boat, mid_autumn}
    days |= days_between(new_year, new_year + timedelta(days=2))
    days |= days_between(date(year, 10, 1), date(year, 10, 3))
    if year >= 2025:  # amended 2024-11-10, in force 2025-01-01: New Year's Eve and 2 May
        days |= {new_year - timedelta(days=1), date(year, 5, 2)}
    return days


FIRST_YEAR, LAST_YEAR = min(NOTICES), max(NOTICES)
_READ = {year: read_notice(year, text) for year, text in NOTICES.items()}
BLOCKS: dict[int, list[Block]] = {year: blocks for year, (blocks, _) in _READ.items()}
WORKED: dict[int, set[date]] = {year: worked for year, (_, worked) in _READ.items()}
STATUTORY = {year: read_statutory(year, text) for year, text in MOVING_FEASTS.items()}

DAYS_OFF = {day for year in BLOCKS for _, a, b in BLOCKS[year] for day in days_between(a, b)}
DAYS_WORKED = {day for days in WORKED.values() for day in days}
DAYS_STATUTORY = {day for days in STATUTORY.values() for day in days}

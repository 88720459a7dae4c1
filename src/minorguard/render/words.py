"""The words of the pictures, in Chinese and English: titles, totals, states, lists, sources."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from minorguard.core.hours import ALWAYS, clock
from minorguard.render.sheet import playable_s, total_of, uncertain
from minorguard.render.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from minorguard.core.calendar import Notice
    from minorguard.core.decision import Lang
    from minorguard.core.hours import Hours
    from minorguard.core.playdays import PlayDay
    from minorguard.render.sheet import Edition, Sheet, Total

MARKS: dict[str, dict[str, str]] = {
    "zh": {"holiday": "休", "makeup_workday": "班"},
    "en": {"holiday": "H", "makeup_workday": "W"},
}
WEEKDAYS: dict[str, tuple[str, ...]] = {
    "zh": ("一", "二", "三", "四", "五", "六", "日"),
    "en": ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"),
}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
HOLIDAYS = {
    "元旦": "New Year",
    "春节": "Spring Festival",
    "清明节": "Qingming",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat",
    "中秋节": "Mid-Autumn",
    "国庆节": "National Day",
}
WHY: dict[str, dict[str, str]] = {
    "zh": {
        "makeup_workday": "调休上班",
        "friday": "周五",
        "saturday": "周六",
        "sunday": "周日",
    },
    "en": {
        "makeup_workday": "make-up workday",
        "friday": "Friday",
        "saturday": "Saturday",
        "sunday": "Sunday",
    },
}
TEXT: dict[str, dict[str, str]] = {
    "zh": {
        "play_calendar": "可玩日历",
        "age": "{age}岁",
        "comma": "，",
        "item": "、",
        "stop": "。",
        "open": "可玩",
        "closed": "不可玩",
        "holiday": "放假",
        "makeup_workday": "调休上班",
        "uncertain": "放假安排尚未公布",
        "not_covered": "本法未涵盖",
        "no_limit": "不限时",
        "no_rule": "该年龄没有时段或时长的限制",
        "none_open": "没有可玩日",
        "on_open_days": "可玩日 {hours}",
        "every_day": "每天 {hours}",
        "all_day": "全天",
        "quota": "每日至多{most}",
        "quotas": "每日至多{most}、放假日{holiday}",
        "announced": "放假安排已公布",
        "unannounced": "放假安排尚未公布：现只列周五、周六、周日，公布后会有变动",
        "partly": "{state}，{span}待下一年的通知",
        "basis": "依据：",
        "notice": "国务院办公厅关于{year}年部分节假日安排的通知{number}",
        "law": "法律数据 {id}，版本 {revision}，{digest}，解释 {readings}",
    },
    "en": {
        "play_calendar": "Play calendar",
        "age": "age {age}",
        "comma": ", ",
        "item": ", ",
        "stop": ". ",
        "open": "open",
        "closed": "closed",
        "holiday": "holiday",
        "makeup_workday": "make-up workday",
        "uncertain": "holidays not announced",
        "not_covered": "not covered by this law",
        "no_limit": "no limit",
        "no_rule": "no limit on hours or minutes at this age",
        "none_open": "no open days",
        "on_open_days": "{hours} on open days",
        "every_day": "{hours} every day",
        "all_day": "all day",
        "quota": "at most {most} a day",
        "quotas": "at most {most} a day, {holiday} on holidays",
        "announced": "holidays announced",
        "unannounced": (
            "holidays not announced: only Fridays, Saturdays and Sundays for now, subject to change"
        ),
        "partly": "{state}, {span} awaiting the next year’s notice",
        "basis": "Basis: ",
        "notice": "State Council General Office, holiday arrangements for {year}{number}",
        "law": "Law as data: {id}, revision {revision}, {digest}, readings {readings}",
    },
}


# -- names ---------------------------------------------------------------------------------------


def laws(sheet: Sheet) -> str:
    """The names of the laws, ``cn.game``."""
    return ", ".join(stamp.id for stamp in sheet.law.stamps)


def period(year: int, month: int | None, lang: Lang) -> str:
    """``2026年2月``, ``February 2026``, ``2026年``, ``2026``."""
    if lang == "zh":
        return f"{year}年{month}月" if month else f"{year}年"
    return f"{month_name(month, lang)} {year}" if month else str(year)


def month_name(month: int, lang: Lang) -> str:
    """``2月``, ``February``."""
    return f"{month}月" if lang == "zh" else MONTHS[month - 1]


def title(sheet: Sheet, lang: Lang) -> str:
    """What the picture is, in one line: period, age, law."""
    words = TEXT[lang]
    when = period(sheet.year, sheet.month, lang)
    name = words["play_calendar"]
    name = f"{when}{name}" if lang == "zh" else f"{name} {when}"
    return words["comma"].join((name, words["age"].format(age=sheet.age), laws(sheet)))


def capital(sentence: str) -> str:
    """The sentence with a capital letter, where the script has any."""
    return sentence[:1].upper() + sentence[1:]


def holiday_name(name: str, lang: Lang) -> str:
    """``国庆节、中秋节`` or ``National Day, Mid-Autumn``; a name unknown here stays as it is."""
    name = clean(name)
    if lang == "zh":
        return name
    return ", ".join(HOLIDAYS.get(part, part) for part in name.split("、"))


def why(day: PlayDay, lang: Lang) -> str:
    """Why a day is open or closed, if there is more to say than that."""
    if day.why == "holiday":
        return holiday_name(day.name, lang) or TEXT[lang]["holiday"]
    return WHY[lang].get(day.why, "")


# -- amounts -------------------------------------------------------------------------------------


def count(days: int, lang: Lang) -> str:
    """``163天``, ``163 days``."""
    if lang == "zh":
        return f"{days}天"
    return f"{days} {'day' if days == 1 else 'days'}"


def duration(seconds: int | None, lang: Lang) -> str:
    """``163小时``, ``1.5 hours``; null is no limit."""
    if seconds is None:
        return TEXT[lang]["no_limit"]
    number = f"{seconds / 3600:.1f}".removesuffix(".0")
    if lang == "zh":
        return f"{number}小时"
    return f"{number} {'hour' if number == '1' else 'hours'}"


def minutes(seconds: int, lang: Lang) -> str:
    """``90分钟``, ``90 minutes``."""
    return f"{seconds // 60}{'分钟' if lang == 'zh' else ' minutes'}"


def total(found: Total, lang: Lang) -> str:
    """``可玩163天，163小时``, ``163 days open, 163 hours``."""
    words = TEXT[lang]
    days = count(found.days, lang)
    days = f"{words['open']}{days}" if lang == "zh" else f"{days} {words['open']}"
    return f"{days}{words['comma']}{duration(found.seconds, lang)}" if found.days else days


def hours(spans: Hours, lang: Lang) -> str:
    """``20:00–21:00``."""
    if spans == ALWAYS:
        return TEXT[lang]["all_day"]
    return TEXT[lang]["item"].join(f"{clock(start)}–{clock(end)}" for start, end in spans)


# -- days ----------------------------------------------------------------------------------------


def span(first: date, last: date, lang: Lang) -> str:
    """``12月25–31日``, ``25–31 December``, ``9月1日–12月31日``."""
    if first == last:
        return f"{first.month}月{first.day}日" if lang == "zh" else f"{first.day} {_month(first)}"
    if first.month == last.month:
        days = f"{first.day}–{last.day}"
        return f"{first.month}月{days}日" if lang == "zh" else f"{days} {_month(first)}"
    return f"{span(first, first, lang)}–{span(last, last, lang)}"


def _month(day: date) -> str:
    return MONTHS[day.month - 1]


def numbers(days: Iterable[PlayDay], lang: Lang) -> str:
    """The days of a month as a list: ``1、2、3日``, ``1, 2, 3``."""
    listed = TEXT[lang]["item"].join(str(day.day.day) for day in days)
    return f"{listed}日" if lang == "zh" else listed


def holidays(days: Iterable[PlayDay], lang: Lang) -> str:
    """The holidays of a month: ``1–3日元旦``, ``1–3 New Year``."""
    found: list[str] = []
    for (reason, name), in_row in groupby(days, lambda day: (day.why, day.name)):
        if reason == "holiday":
            same = [day.day for day in in_row]
            ends = dict.fromkeys((str(same[0].day), str(same[-1].day)))
            listed = "–".join(ends) + ("日" if lang == "zh" else " ")
            found.append(listed + (holiday_name(name, lang) or TEXT[lang]["holiday"]))
    return TEXT[lang]["item"].join(found)


def month_label(days: Sequence[PlayDay], lang: Lang) -> str:
    """A month for somebody who does not see it: total, open days, holidays, working weekends."""
    words, first = TEXT[lang], days[0].day
    worked = [day for day in days if day.why == "makeup_workday"]
    waiting = [day for day in days if uncertain(day)]
    colon = "：" if lang == "zh" else ": "
    said = [f"{period(first.year, first.month, lang)}{colon}{total(total_of(days), lang)}"]
    said.extend(
        f"{capital(words[word])}{colon}{listed}"
        for word, listed in (
            ("open", numbers([day for day in days if day.playable], lang)),
            ("holiday", holidays(days, lang)),
            ("makeup_workday", numbers(worked, lang)),
            ("uncertain", waiting and span(waiting[0].day, waiting[-1].day, lang)),
        )
        if listed and listed != "日"
    )
    return words["stop"].join(said) + words["stop"].rstrip()


# -- the law -------------------------------------------------------------------------------------


def state(sheet: Sheet, lang: Lang) -> str:
    """Whether the holidays are announced; nothing where the calendar has no say."""
    words, waiting = TEXT[lang], sheet.uncertain
    if not waiting:
        return words["announced"] if sheet.notices else ""
    if not sheet.notices:
        return words["unannounced"]
    dates = span(waiting[0].day, waiting[-1].day, lang)
    return words["partly"].format(state=words["announced"], span=dates)


def editions(sheet: Sheet, lang: Lang) -> list[str]:
    """What each edition says, dated where there is more than one."""
    colon = "：" if lang == "zh" else ": "
    dated = len(sheet.editions) > 1
    return [
        (span(e.days[0].day, e.days[-1].day, lang) + colon if dated else "") + _said(e, lang)
        for e in sheet.editions
    ]


def _said(edition: Edition, lang: Lang) -> str:
    words = TEXT[lang]
    opened = [day for day in edition.days if day.playable]
    if not opened:
        uncovered = all(day.why == "not_covered" for day in edition.days)
        return words["not_covered" if uncovered else "none_open"]
    if all(day.why == "no_limit" for day in opened):
        return words["no_rule"]
    seen = dict.fromkeys(hours(day.hours, lang) for day in opened)
    key = "every_day" if len(opened) == len(edition.days) else "on_open_days"
    said = words[key].format(hours=" / ".join(seen))
    quota = quotas(opened, lang)
    return f"{said}{words['comma']}{quota}" if quota else said


def quotas(days: Sequence[PlayDay], lang: Lang) -> str:
    """How long one may play on these open days, where that is less than their hours."""
    holiday, other = (
        sorted({playable_s(day) or 0 for day in days if (day.why == "holiday") == is_holiday})
        for is_holiday in (True, False)
    )
    if all(day.quota_s is None for day in days):
        return ""
    words = TEXT[lang]

    def most(found: list[int]) -> str:
        return " / ".join(minutes(seconds, lang) for seconds in found)

    if holiday and other and holiday != other:
        return words["quotas"].format(most=most(other), holiday=most(holiday))
    return words["quota"].format(most=most(other or holiday))


def sources(sheet: Sheet, lang: Lang) -> list[tuple[str, str]]:
    """Each instrument that the picture rests on, with its article and official address."""
    return [*articles(sheet.editions), *notices(sheet.notices, lang)]


def articles(in_force: Iterable[Edition]) -> list[tuple[str, str]]:
    """The articles of the rules then in force."""
    cited = dict.fromkeys(c for edition in in_force for c in edition.citations)
    return [(clean(str(citation)), clean(citation.url)) for citation in cited]


def notices(announced: Iterable[Notice], lang: Lang) -> list[tuple[str, str]]:
    """Holiday notices of the State Council, by their full title."""
    found: list[tuple[str, str]] = []
    for notice in announced:
        number = clean(notice.number)
        if number:
            number = f"（{number}）" if lang == "zh" else f" ({number})"
        text = TEXT[lang]["notice"].format(year=notice.year, number=number)
        found.append((text, clean(notice.url)))
    return found


def stamps(sheet: Sheet, lang: Lang) -> list[str]:
    """Which law drew the picture, so that it can be drawn again: revision, digest, readings."""
    return [
        TEXT[lang]["law"].format(
            id=stamp.id,
            revision=stamp.revision,
            digest=stamp.digest[:15],
            readings=TEXT[lang]["item"].join(
                f"{name}={value}"
                for name, value in sorted(
                    {"calendar": sheet.law.calendar.reading, **dict(stamp.readings)}.items()
                )
            ),
        )
        for stamp in sheet.law.stamps
    ]

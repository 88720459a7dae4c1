"""The law in words: kinds of day, ages, hours, amounts, rules and readings, in both languages."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

from minorguard.core.compare import ASKED_AS
from minorguard.core.hours import ALWAYS, NEVER
from minorguard.core.rules import (
    EVER,
    DailyQuota,
    HouseCap,
    LoginNotice,
    PlayWindow,
    SpendingCap,
)
from minorguard.core.subject import ANY_AGE, FOREVER
from minorguard.core.toggles import FeatureBan
from minorguard.core.wording import yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minorguard.core.answers import Caps
    from minorguard.core.citation import Citation
    from minorguard.core.compare import Who
    from minorguard.core.dayfacts import DayFacts
    from minorguard.core.decision import Lang
    from minorguard.core.hours import Hours
    from minorguard.core.rules import Rule
    from minorguard.core.subject import Ages

Words = dict[str, str]
"""Language -> text."""

ACTS: dict[str, Words] = {
    "play": {"zh": "使用（登录）", "en": "play (log in)"},
    "purchase": {"zh": "付费", "en": "purchase"},
    "tip": {"zh": "打赏", "en": "tip"},
    "use": {"zh": "使用功能", "en": "use a feature"},
    "show": {"zh": "看内容", "en": "be shown content"},
}
IDENTITIES: dict[str, Words] = {
    "verified": {"zh": "已实名", "en": "verified"},
    "pending": {"zh": "认证中", "en": "check pending"},
    "phone": {"zh": "仅手机实名", "en": "phone only"},
    "none": {"zh": "未实名", "en": "not identified"},
}
KINDS: dict[str, Words] = {
    "workday": {"zh": "平常的周一至周四", "en": "ordinary Monday to Thursday"},
    "friday": {"zh": "平常的周五", "en": "ordinary Friday"},
    "saturday": {"zh": "平常的周六", "en": "ordinary Saturday"},
    "sunday": {"zh": "平常的周日", "en": "ordinary Sunday"},
    "block_weekday": {
        "zh": "放假区间内的周一至周四，不是法定节假日",
        "en": "Monday to Thursday inside a holiday block, not itself statutory",
    },
    "block_weekend": {
        "zh": "放假区间内的周五至周日，不是法定节假日",
        "en": "Friday to Sunday inside a holiday block, not itself statutory",
    },
    "statutory": {"zh": "法定节假日", "en": "statutory holiday"},
    "makeup_workday": {"zh": "调休上班的周末", "en": "weekend worked in exchange"},
}
SEEN: dict[str, Words] = {
    "workday": {"zh": "周一至周四", "en": "an ordinary Monday to Thursday"},
    "friday": {"zh": "周五", "en": "a Friday"},
    "saturday": {"zh": "周六", "en": "a Saturday"},
    "sunday": {"zh": "周日", "en": "a Sunday"},
    "holiday": {"zh": "放假", "en": "a holiday"},
    "makeup_workday": {"zh": "调休上班日", "en": "a working day"},
}
DAYS: dict[str, Words] = {
    "every": {"zh": "每日", "en": "every day"},
    "playable": {
        "zh": "周五、周六、周日和法定节假日",
        "en": "Fridays, Saturdays, Sundays and statutory holidays",
    },
    "holiday": {"zh": "法定节假日", "en": "statutory holidays"},
}
WEEKDAYS: dict[str, tuple[str, ...]] = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
PERIODS: dict[str, Words] = {
    "single": {"zh": "单次", "en": "single"},
    "daily": {"zh": "每日", "en": "a day"},
    "monthly": {"zh": "每月", "en": "a month"},
}
PROVENANCES: dict[str, Words] = {
    "law": {"zh": "法律", "en": "statute"},
    "regulation": {"zh": "行政法规", "en": "regulation"},
    "notice": {"zh": "通知", "en": "notice"},
    "guidance": {"zh": "指南", "en": "guidance"},
    "practice": {"zh": "惯例", "en": "practice"},
    "reading": {"zh": "解释", "en": "reading"},
    "draft": {"zh": "征求意见稿", "en": "draft"},
}
READINGS: dict[str, dict[str, Words]] = {
    "age_attainment": {
        "day_after_birthday": {
            "zh": "生日次日零时起满周岁（民法典第二百零一条至第二百零三条）",
            "en": "an age is reached on the day after the birthday (Civil Code art. 201–203)",
        },
        "on_birthday": {
            "zh": "生日当天零时起满周岁",
            "en": "an age is reached on the birthday itself",
        },
    },
    "calendar": {
        "published": {
            "zh": "放假通知列出的每一天都算节假日，调休上班的周末不算周末（各公司的限玩日历如此）",
            "en": "every day of a holiday block is a holiday, a weekend worked in exchange is no "
            "weekend, as in every calendar that publishers print",
        },
        "literal": {
            "zh": "按字面：只有法定节假日，加上每个周五、周六、周日，不论是否调休上班",
            "en": "to the letter: the statutory holidays alone, and every Friday, Saturday and "
            "Sunday, worked in exchange or not",
        },
    },
    "pending": {
        "as_minor": {
            "zh": "认证结果未出时按未成年人处理",
            "en": "while the identity check runs, the person is treated as a minor",
        },
        "deny": {
            "zh": "认证结果未出时不提供服务",
            "en": "while the identity check runs, nobody is served",
        },
    },
    "refund": {
        "spent": {"zh": "退款不恢复限额", "en": "a refund restores no cap"},
        "restores": {"zh": "退款恢复限额", "en": "a refund restores the caps"},
    },
    "purchase_window": {
        "caps_only": {"zh": "付费只受限额约束", "en": "payments are limited by caps alone"},
        "window": {
            "zh": "付费也只能在可玩时段内",
            "en": "payments are open only in the hours of play",
        },
    },
    "tips": {
        "strict_2022": {"zh": "未成年人一律不得打赏", "en": "no minor may tip"},
        "graded_2026": {"zh": "打赏按年龄分级", "en": "tips are graded by age"},
    },
}


def comma(lang: Lang) -> str:
    """What stands between the parts of a list."""
    return "、" if lang == "zh" else ", "


def hours_words(hours: Hours, lang: Lang) -> str:
    """``20:00–21:00``."""
    if hours == ALWAYS:
        return {"zh": "全天", "en": "all day"}[lang]
    if hours == NEVER:
        return {"zh": "无", "en": "never"}[lang]
    return comma(lang).join(f"{_clock(start)}–{_clock(end)}" for start, end in hours)


def _clock(second: int) -> str:
    hour, rest = divmod(second, 3600)
    minute, second = divmod(rest, 60)
    return f"{hour:02d}:{minute:02d}" + (f":{second:02d}" if second else "")


def ages_words(ages: Ages, lang: Lang) -> str:
    """``8–15岁``; the end of a band is its last year."""
    low, high = ages.at_least, ages.below - 1
    if ages == ANY_AGE:
        return {"zh": "所有年龄", "en": "all ages"}[lang]
    if ages.below >= FOREVER:
        return f"{low}岁及以上" if lang == "zh" else f"{low} and over"
    if low == high:
        return f"{low}岁" if lang == "zh" else f"age {low}"
    return f"{low}–{high}岁" if lang == "zh" else f"ages {low}–{high}"


def who_words(who: Who, lang: Lang) -> str:
    """A band of ages, an unknown age or a birthday."""
    if not who.known:
        return {"zh": "年龄不明", "en": "age unknown"}[lang]
    if who.birthday is not None:
        zh, en = f"{who.birthday}岁生日当天", f"the day of birthday {who.birthday}"
        return zh if lang == "zh" else en
    return ages_words(who.old, lang)


def identities_words(identities: Iterable[str], lang: Lang) -> str:
    """The identities in a row; where all are meant, in one word."""
    identities = tuple(identities)
    if identities == ASKED_AS:
        return {"zh": "不论是否实名", "en": "whatever the identity"}[lang]
    return comma(lang).join(IDENTITIES[identity][lang] for identity in identities)


def whos_words(whos: Iterable[Who], lang: Lang) -> str:
    """All of them in a row; where all ages are meant, that is enough."""
    whos = tuple(whos)
    everybody = [who for who in whos if who.old == who.new == ANY_AGE and who.known]
    return comma(lang).join(who_words(who, lang) for who in everybody or whos)


def amount_words(fen: int | None, lang: Lang) -> str:
    """``50元``."""
    if fen is None:
        return {"zh": "无", "en": "none"}[lang]
    return f"{yuan(fen)}元" if lang == "zh" else f"{yuan(fen)} yuan"


def caps_words(caps: Caps, lang: Lang) -> Iterator[tuple[str, str]]:
    """Each cap with its period."""
    for period, fen in zip(PERIODS, caps, strict=True):
        yield PERIODS[period][lang], amount_words(fen, lang)


def days_words(count: int, lang: Lang) -> str:
    """``13天``."""
    return f"{count}天" if lang == "zh" else f"{count} day{'s' * (count != 1)}"


def cited(citations: Iterable[Citation], lang: Lang) -> str:
    """The articles in a row."""
    return ("；" if lang == "zh" else "; ").join(map(str, citations))


def last_day_words(until: int, lang: Lang) -> str:
    """The last day before an edition's end, as people count; ``now`` where it has none."""
    return {"zh": "今", "en": "now"}[lang] if until == EVER else str(date.fromordinal(until - 1))


def why_words(facts: DayFacts, lang: Lang) -> str:
    """What a day is, and where two readings part on it."""
    weekday = WEEKDAYS[lang][facts.day.weekday()]
    if lang == "zh":
        what = {
            "block_weekday": f"在{facts.holiday}放假区间内，不是法定节假日",
            "block_weekend": f"在{facts.holiday}放假区间内，不是法定节假日",
            "statutory": f"{facts.holiday}，法定节假日",
            "makeup_workday": "调休上班",
        }.get(facts.kind, "平常日子" if facts.announced else "放假安排尚未公布")
        seen = f"；旧：算{SEEN[facts.old]['zh']}；新：算{SEEN[facts.new]['zh']}"
        return f"{weekday}，{what}{seen if facts.old != facts.new else ''}"
    what = {
        "block_weekday": f"inside the holiday block {facts.holiday}, not itself statutory",
        "block_weekend": f"inside the holiday block {facts.holiday}, not itself statutory",
        "statutory": f"{facts.holiday}, a statutory holiday",
        "makeup_workday": "worked in exchange",
    }.get(facts.kind, "an ordinary day" if facts.announced else "holidays not announced")
    seen = f"; old: {SEEN[facts.old]['en']}; new: {SEEN[facts.new]['en']}"
    return f"{weekday}, {what}{seen if facts.old != facts.new else ''}"


def reading_words(name: str, value: str, lang: Lang) -> str:
    """What a reading means; empty for one that this table does not know."""
    return READINGS.get(name, {}).get(value, {}).get(lang, "")


def rule_words(rule: Rule, lang: Lang) -> str:
    """What a rule says, with its numbers; empty where its title says all."""
    zh = lang == "zh"
    text = ""
    match rule:
        case PlayWindow():
            open_at = f"{DAYS[rule.day_kind][lang]}{' ' * (not zh)}{hours_words(rule.hours, lang)}"
            text = f"{open_at}{'，其他时间关闭' if zh else ', closed otherwise'}"
        case DailyQuota():
            usual, holiday = rule.quota_s // 60, rule.holiday_quota_s // 60
            text = f"每日{usual}分钟" if zh else f"{usual} minutes a day"
            if usual != holiday:
                text += f"，法定节假日{holiday}分钟" if zh else f", {holiday} on statutory holidays"
        case SpendingCap():
            caps = zip(PERIODS, (rule.single_fen, rule.daily_fen, rule.monthly_fen), strict=True)
            text = comma(lang).join(
                f"{PERIODS[period][lang]}{'不超过' if zh else ' at most '}{amount_words(fen, lang)}"
                for period, fen in caps
                if fen is not None
            )
        case HouseCap():
            refused = ("未设定则不得付费", "payments are refused until it is set")
            noted = ("未设定则在回答中注明", "the answer says so until it is set")
            missing = (refused if rule.refuses else noted)[not zh]
            period = PERIODS[rule.period][lang]
            text = f"{period}限额，{missing}" if zh else f"a cap ({period}); {missing}"
        case LoginNotice():
            text = rule.obligation
        case FeatureBan():
            text = rule.feature
        case _:
            text = _others(rule)
    return text


def _others(rule: Rule) -> str:
    """The numbers of a rule of any other kind, by their names."""
    names = [field.name for field in fields(rule) if field.name not in ("head", "ratings")]
    said = ((name, getattr(rule, name)) for name in names)
    return ", ".join(f"{name}={value}" for name, value in said if value not in (None, False, ()))

"""A year's figures as a platform publishes them: JSON for machines, Markdown for people.

未成年人网络保护条例 art. 42 has providers publish their work against addiction every year; it
names no date and no form. This is a form, not the law's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from minorguard.core.citation import Citation
from minorguard.guardians.tally import BAND_NAMES, to_json

if TYPE_CHECKING:
    from minorguard.core.decision import Lang
    from minorguard.guardians.tally import Tally

BASIS: Final = Citation(
    "未成年人网络保护条例（国务院令第766号）",
    "第四十二条",
    "https://www.gov.cn/zhengce/content/202310/content_6911288.htm",
)

TITLES: Final[dict[Lang, str]] = {
    "zh": "{year}年度未成年人防沉迷工作情况",
    "en": "Work against minors' addiction in {year}",
}
HEADS: Final[dict[Lang, tuple[str, ...]]] = {
    "zh": ("项目", "合计"),
    "en": ("figure", "all"),
}
BANDS: Final[dict[Lang, dict[str, str]]] = {
    "zh": {
        **{name: f"{name}岁" for name in BAND_NAMES[:4]},
        "0-17": "未成年，年龄段不详",
        "unknown": "年龄不详",
    },
    "en": {
        **{name: f"age {name}" for name in BAND_NAMES[:4]},
        "0-17": "minor, band unknown",
        "unknown": "age unknown",
    },
}
LABELS: Final[tuple[tuple[str, str, str], ...]] = (
    ("played_s", "游戏或使用时长", "time played"),
    ("played_people_days", "有使用的人日", "people-days with play"),
    ("login.allowed", "登录放行次数", "logins allowed"),
    ("login.refused", "登录拒绝次数", "logins refused"),
    ("heartbeat.allowed", "续时放行次数", "renewals allowed"),
    ("heartbeat.refused", "到时下线次数", "renewals refused"),
    ("purchase.allowed", "消费放行次数", "purchases allowed"),
    ("purchase.refused", "消费拒绝次数", "purchases refused"),
    ("tip.allowed", "打赏放行次数", "tips allowed"),
    ("tip.refused", "打赏拒绝次数", "tips refused"),
    ("use.allowed", "功能放行次数", "features allowed"),
    ("use.refused", "功能拒绝次数", "features refused"),
    ("show.allowed", "内容放行次数", "content allowed"),
    ("show.refused", "内容拒绝次数", "content refused"),
    ("held_fen", "冻结金额", "money held"),
    ("settled", "支付成功笔数", "payments"),
    ("settled_fen", "支付成功金额", "money paid"),
    ("cancelled", "取消笔数", "payments cancelled"),
    ("cancelled_fen", "取消金额", "money of cancelled payments"),
    ("refunded", "退款笔数", "refunds"),
    ("refunded_fen", "退款金额", "money refunded"),
    ("duty.remind_rest", "休息提醒次数", "reminders to rest"),
    ("mode.on", "进入未成年人模式次数", "minors' mode entered"),
    ("mode.off", "退出未成年人模式次数", "minors' mode left"),
)
_ORDER: Final = {name: place for place, (name, _, _) in enumerate(LABELS)}
PREFIXES: Final[tuple[tuple[str, str, str], ...]] = (
    ("consent.granted.", "监护人同意", "consent granted"),
    ("consent.revoked.", "监护人撤回同意", "consent revoked"),
    ("duty.", "平台义务", "duty"),
)

HOUR_S: Final = 3600
FEN_PER_YUAN: Final = 100


def to_text(year: int, tally: Tally) -> str:
    """A year's figures as one JSON object with a line's end; the same figures, the same text."""
    content = {
        "year": year,
        "basis": str(BASIS),
        "bands": to_json(tally),
        "all": {name: tally.of(name) for name in tally.names},
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def to_markdown(year: int, tally: Tally, lang: Lang = "zh") -> str:
    """A year's figures as a table in Markdown, a row a figure and a column a band."""
    bands = [band for band in BAND_NAMES if any(one == band for one, _ in tally.counts)]
    heads = [*HEADS[lang], *(BANDS[lang][band] for band in bands)]
    rows = [
        [_label(name, lang), _shown(name, tally.of(name), lang)]
        + [_shown(name, tally.of(name, band), lang) for band in bands]
        for name in sorted(tally.names, key=_place)
    ]
    ruler = ["---", *("---:" for _ in heads[1:])]
    lines = (f"| {' | '.join(cells)} |" for cells in (heads, ruler, *rows))
    return "\n".join((f"# {TITLES[lang].format(year=year)}", "", str(BASIS), "", *lines, ""))


def _place(name: str) -> tuple[int, str]:
    """Refusals by code stand below the refusals they are part of."""
    whole = name.partition(".refused.")[0]
    known = name if whole == name else f"{whole}.refused"
    return _ORDER.get(known, len(_ORDER)), name


def _label(name: str, lang: Lang) -> str:
    zh = lang == "zh"
    for known, in_zh, in_en in LABELS:
        if name == known:
            return in_zh if zh else in_en
    for prefix, in_zh, in_en in PREFIXES:
        if name.startswith(prefix):
            return f"{in_zh if zh else in_en} `{name.removeprefix(prefix)}`"
    whole, refused, code = name.partition(".refused.")
    return f"{_label(f'{whole}.refused', lang)} `{code}`" if refused else f"`{name}`"


def _shown(name: str, count: int, lang: Lang) -> str:
    zh = lang == "zh"
    if name.endswith("_fen"):
        yuan, fen = divmod(count, FEN_PER_YUAN)
        return f"{yuan:,}.{fen:02} {'元' if zh else 'yuan'}"
    if name.endswith("_s"):
        hours, minutes = count // HOUR_S, count % HOUR_S // 60
        return f"{hours:,} 小时 {minutes} 分" if zh else f"{hours:,} h {minutes} min"
    return f"{count:,}"

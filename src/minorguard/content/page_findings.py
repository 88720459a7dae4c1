"""What is found on a page: each finding with its place, its reason in two languages, its article.

A *kind* is what was recognised (``ad_network``, ``popup_by_itself``, ``link_game``); a *code* is
what the law objects to (``ads_forbidden``). The kinds are ours, the codes the law's: a finding has
a code only if the rules of the core object to the facts of the page. All others are hints.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from minorguard.core.citation import Citation

if TYPE_CHECKING:
    from collections.abc import Mapping

Confidence = Literal["certain", "likely", "look"]
"""``certain``: it stands there. ``likely``: several signs say so. ``look``: somebody should look at
it; never a fact, never a code of the course rules."""

CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)
EXCERPT_CHARS: Final = 120

_URL_LAW = "https://flk.npc.gov.cn"
_URL_REGULATION = "https://www.gov.cn/zhengce/content/202310/content_6911288.htm"
_URL_CAC = "https://www.cac.gov.cn"
_CAMPAIGN = "中央网信办、教育部关于开展涉未成年人网课平台专项整治的部署（2020年8月7日公布）"
_NOTICE = "关于进一步加强涉未成年人网课平台规范管理的通知（中央网信办、教育部，2020年11月27日）"

# 未成年人保护法 art. 74(3): no game links, no advertisements, nothing that is not teaching.
LAW_74 = Citation(
    "中华人民共和国未成年人保护法（2020年修订，2024年修正）", "第七十四条第三款", _URL_LAW
)
REGULATION_22 = Citation(
    "未成年人网络保护条例（国务院令第766号）", "第二十二条第一款", _URL_REGULATION
)
REGULATION_24 = Citation("未成年人网络保护条例（国务院令第766号）", "第二十四条", _URL_REGULATION)
# Its second part names the surfaces: 弹窗、边栏、悬浮框、信息流加载、互动社交.
SURFACES = Citation(_NOTICE, "第二部分", _URL_CAC)
CAMPAIGN = Citation(_CAMPAIGN, "第二段", _URL_CAC)

CITATIONS: Final[Mapping[str, tuple[Citation, ...]]] = {
    "ads_forbidden": (LAW_74, CAMPAIGN),
    "popup_forbidden": (CAMPAIGN,),
    "game_link_forbidden": (LAW_74,),
    "comments_need_review": (CAMPAIGN,),
    "course_unreviewed": (CAMPAIGN, SURFACES),
    "nonprofit_commercialised": (CAMPAIGN,),
    "content_prohibited": (REGULATION_22, CAMPAIGN),
    "content_restricted": (REGULATION_24, CAMPAIGN),
    "": (LAW_74, SURFACES),
}
"""The articles by code, where no law pack has said them; ``""`` for hints without a code."""


class Kind(NamedTuple):
    """A kind of finding: the code that it is a sign of (``""`` for a hint), and why, in words."""

    code: str
    zh: str
    en: str


def _kinds() -> Mapping[str, Kind]:
    text = resources.files("minorguard.content").joinpath("page_findings.toml").read_text("utf-8")
    return {name: Kind(**said) for name, said in tomllib.loads(text).items()}


KINDS: Final = _kinds()
"""Every kind of finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    ``code`` is what the law objects to, ``""`` for a hint. ``selector``, ``line`` and ``column``
    (from 1; 0 unknown) say where, ``excerpt`` shows it, at most 120 characters. ``about`` says more
    in one word: a host, a word, a category of content.
    """

    kind: str
    code: str
    confidence: Confidence
    selector: str = ""
    line: int = 0
    column: int = 0
    excerpt: str = ""
    about: str = ""
    citations: tuple[Citation, ...] = ()

    def why(self, lang: str = "zh") -> str:
        """The reason, in ``zh`` or ``en``."""
        kind = KINDS[self.kind]
        return kind.en if lang == "en" else kind.zh

    @property
    def objects(self) -> bool:
        """Whether this is a fact to which the law objects, rather than something to look at."""
        return bool(self.code) and self.confidence != "look"

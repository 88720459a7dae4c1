"""The prompt before content that may affect minors: what it says, and where it goes.

Smoking, dares, vulgar pranks: what "may affect the physical and mental health of minors" (可能影响
未成年人身心健康的信息) is shown, where it may be shown at all, behind a prominent prompt::

    warning = prompt("video", at=now)
    warning.ways       # ({"start_frame", "around_player"}, {"ui"}): one of these
    warning.text       # "提示：以下内容可能影响未成年人身心健康。"
    transmission(warning, placed={"start_frame"}).allowed  # False: around_player is missing

A prompt opens no slot. Prominent places, a minors' mode, a service for minors and a push to a
minor stay closed to such content with a prompt or without (条例 art. 24 and 25): ask
``guard.decide(Show(...))`` first, and come here for its obligation ``prompt_before_display``.

The law gives no wording; the words here are ours, and a platform may use its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple, cast, get_args

from minorguard.core.calendar import local
from minorguard.core.citation import Citation
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from typing import Final

    from minorguard.core.citation import Provenance

Medium = Literal["text", "audio", "image", "video", "live", "virtual_scene", "other"]
MEDIA: tuple[Medium, ...] = get_args(Medium)

Spot = Literal["start", "middle", "end", "in_image", "start_frame", "around_player", "during", "ui"]
"""Where a prompt can stand: in a text or a sound (``start middle end``), inside the picture, in the
first frame, beside the player, while it runs, or in the interface that leads to the content."""
SPOTS: tuple[Spot, ...] = get_args(Spot)

Form = Literal["written", "voice", "rhythm", "mark"]
"""As words, spoken, as a sound that everybody knows (节奏提示), as a sign."""

Kind = Literal["behaviour", "values", "image", "personal_information"]
"""The four kinds of 分类办法 art. 3 to 6."""
KINDS: tuple[Kind, ...] = get_args(Kind)

Lang = Literal["zh", "en"]

TEXT_CHARS_MAX: Final = 120
"""Of a platform's own wording: a prompt is read in passing."""

MANNER_FROM: Final = date(2026, 3, 1)
PROMPT_FROM: Final = date(2021, 6, 1)

LAW_51 = Citation(
    "中华人民共和国未成年人保护法（2020年修订，2024年修正）",
    "第五十一条",
    "https://flk.npc.gov.cn",
)
LAW_80 = LAW_51._replace(article="第八十条第一款")
REGULATION_23 = Citation(
    "未成年人网络保护条例（国务院令第766号）",
    "第二十三条",
    "https://www.gov.cn/zhengce/content/202310/content_6911288.htm",
)
REGULATION_29 = REGULATION_23._replace(article="第二十九条第二款")
REGULATION_FROM: Final = date(2024, 1, 1)
CLASSIFICATION_8 = Citation(
    "可能影响未成年人身心健康的网络信息分类办法（国信办通字〔2025〕5号）",
    "第八条",
    "https://www.cac.gov.cn/2026-01/23/c_1770728781060093.htm",
)


class Manner(NamedTuple):
    """Where one medium's prompt goes. ``ways``: all spots of one of them; ``may_add``: any more."""

    ways: tuple[frozenset[Spot], ...]
    may_add: frozenset[Spot]
    forms: tuple[Form, ...]
    provenance: Provenance


def _manner(
    *ways: str,
    may_add: str = "",
    forms: tuple[Form, ...] = ("written", "mark"),
    provenance: Provenance = "notice",
) -> Manner:
    spots = [cast("frozenset[Spot]", frozenset(way.split())) for way in ways]
    more = cast("frozenset[Spot]", frozenset(may_add.split()))
    return Manner(tuple(spots), more, forms, provenance)


MANNERS: Mapping[Medium, Manner] = {
    # 分类办法 art. 8: text, at the start, the end or a fitting place within, or in the interface.
    "text": _manner("start", "middle", "end", "ui"),
    # Sound: spoken or as a rhythm, at the start, the end or within, or in the interface.
    "audio": _manner("start", "middle", "end", "ui", forms=("voice", "rhythm", "written")),
    "image": _manner("in_image", "ui"),
    # Video: in the first frame *and* around the player; the middle and the end may be added.
    "video": _manner("start_frame around_player", "ui", may_add="middle end"),
    # Live streams are not named: "other services, as suits them". Ours: as video, where the first
    # frame is each viewer's own, for one may join at any time.
    "live": _manner("start_frame around_player", "ui", may_add="during", provenance="practice"),
    "virtual_scene": _manner("start_frame", may_add="during"),
    "other": _manner(*SPOTS, provenance="practice"),
}
"""As of 2026-03-01, the recommended way first."""

WORDS: Mapping[Lang, str] = {
    "zh": "提示：以下内容可能影响未成年人身心健康。",
    "en": "Notice: what follows may affect the physical and mental health of minors.",
}
WHY: Mapping[Lang, Mapping[Kind, str]] = {
    "zh": {
        "behaviour": "其中的行为可能引发未成年人模仿，请勿效仿。",
        "values": "其中的观念可能对未成年人价值观造成不良影响。",
        "image": "其中可能不当使用未成年人形象。",
        "personal_information": "其中可能不当披露未成年人个人信息。",
    },
    "en": {
        "behaviour": "It shows behaviour that minors may copy. Do not imitate it.",
        "values": "It shows views that may harm the values of minors.",
        "image": "It may make improper use of the image of minors.",
        "personal_information": "It may disclose personal information of minors improperly.",
    },
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """The words to show before something, and the places to show them.

    ``ways``: sets of spots, each of which is enough by itself if the prompt stands in all of it,
    the recommended one first. ``may_add``: further spots. ``forms``: how it may be given.
    ``provenance``: ``notice`` where the measures name the medium, ``practice`` where they leave
    it to the service and the ways are ours.
    """

    medium: Medium
    text: str
    ways: tuple[frozenset[Spot], ...]
    may_add: frozenset[Spot]
    forms: tuple[Form, ...]
    provenance: Provenance
    citations: tuple[Citation, ...]

    def missing(self, placed: Collection[str]) -> frozenset[Spot]:
        """The fewest further spots that would do; none: the prompt is there."""
        there = set(placed)
        if not there <= set(SPOTS):
            raise InvalidRequest("placed", f"want some of {', '.join(SPOTS)}")
        return min((way - there for way in self.ways), key=len)


@dataclass(frozen=True, slots=True)
class Transmission:
    """Whether something may be sent on, and if not, what would make it so; ``bool`` is ``allowed``.

    ``todo``: any one of these, ``add_prompt`` (then it may be sent) or ``notify_user`` to add it
    (then it waits until they have). ``missing``: the spots that lack a prompt.
    """

    allowed: bool
    todo: tuple[Literal["add_prompt", "notify_user"], ...]
    missing: frozenset[Spot]
    citations: tuple[Citation, ...]

    def __bool__(self) -> bool:
        return self.allowed


def prompt(
    medium: Medium,
    *,
    at: datetime,
    kind: Kind | None = None,
    lang: Lang = "zh",
    own_text: str | None = None,
) -> Prompt:
    """The prompt for content of a medium, under the law in force at ``at``.

    ``kind`` adds a sentence on what it is; ``own_text`` is the platform's wording instead, one
    line of at most 120 characters. Before 2026-03-01 the law asked for a prominent prompt before
    display and said nothing of places: then any spot is a way.
    """
    if medium not in MEDIA:
        raise InvalidRequest("medium", f"want one of {', '.join(MEDIA)}")
    if lang not in WORDS:
        raise InvalidRequest("lang", "want zh or en")
    if kind is not None and kind not in KINDS:
        raise InvalidRequest("kind", f"want one of {', '.join(KINDS)}")
    day = local(at).date()
    if day < PROMPT_FROM:
        raise InvalidRequest("at", "want a day from 2021-06-01 on: no prompt was asked for before")
    manner = MANNERS[medium] if day >= MANNER_FROM else MANNERS["other"]
    text = _worded(kind, lang) if own_text is None else _checked(own_text)
    return Prompt(medium, text, *manner, _citations(day))


def transmission(
    prompt: Prompt, placed: Collection[str], *, notified: bool = False
) -> Transmission:
    """Whether may-affect content that a user published may be sent on as it stands.

    ``placed``: the spots where a prompt stands; ``notified``: the user has been asked to add it.
    条例 art. 29(2): without one the platform adds it or asks the user to; what still has none is
    not transmitted. That somebody was asked is therefore no prompt.
    """
    missing = prompt.missing(placed)
    citations = (LAW_80,) if REGULATION_23 not in prompt.citations else (LAW_80, REGULATION_29)
    if not missing:
        return Transmission(allowed=True, todo=(), missing=missing, citations=citations)
    return Transmission(
        allowed=False,
        todo=("add_prompt",) if notified else ("add_prompt", "notify_user"),
        missing=missing,
        citations=citations,
    )


def _worded(kind: Kind | None, lang: Lang) -> str:
    if kind is None:
        return WORDS[lang]
    return WORDS[lang] + ("" if lang == "zh" else " ") + WHY[lang][kind]


def _checked(own_text: object) -> str:
    if not isinstance(own_text, str) or not own_text.strip() or not own_text.isprintable():
        raise InvalidRequest("own_text", "want one line of text")
    if len(own_text) > TEXT_CHARS_MAX:
        raise InvalidRequest("own_text", f"want at most {TEXT_CHARS_MAX} characters")
    return own_text


def _citations(day: date) -> tuple[Citation, ...]:
    """The articles in force, the statute first."""
    found = [LAW_51]
    if day >= REGULATION_FROM:
        found.append(REGULATION_23)
    if day >= MANNER_FROM:
        found.append(CLASSIFICATION_8)
    return tuple(found)

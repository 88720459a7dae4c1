"""What to put first for a child of which age: a hint for ranking, never a gate.

移动互联网未成年人模式建设指南 (2024-11-15) 五(一) recommends kinds of content by age; the questions
and answers published with it say that the rest of the pool stays within reach by search. So
``ranked`` sorts and drops nothing: what may be shown at all is for ``Show`` to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar, get_args

from minorguard.core.citation import Citation
from minorguard.core.subject import Ages
from minorguard.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minorguard.core.decision import Lang

    T = TypeVar("T")

GUIDE: Final = Citation(
    "移动互联网未成年人模式建设指南",
    "第五部分（一）",
    "https://www.cac.gov.cn/2024-11/15/c_1733364304749288.htm",
)
"""Guidance without a penalty; a recommendation of the text, marked so."""

Topic = Literal[
    "nursery_songs", "enlightenment", "companionship", "interests", "general_education",
    "popular_science", "life_skills", "positive_entertainment", "suitable_news",
    "subject_education", "healthy_uplifting",
]  # fmt: skip
TOPICS: Final[tuple[Topic, ...]] = get_args(Topic)

TOPIC_WORDS: Final[dict[Topic, tuple[str, str]]] = {
    "nursery_songs": ("儿歌", "nursery songs"),
    "enlightenment": ("启蒙教育", "early enlightenment"),
    "companionship": ("亲子陪伴", "parent-child companionship"),
    "interests": ("兴趣素养", "interests"),
    "general_education": ("通识教育", "general education"),
    "popular_science": ("知识科普", "popular science"),
    "life_skills": ("生活技能", "life skills"),
    "positive_entertainment": ("正向娱乐", "positive entertainment"),
    "suitable_news": ("适龄新闻资讯", "news suited to the age"),
    "subject_education": ("学科教育", "school subjects"),
    "healthy_uplifting": ("健康向上的内容", "healthy, uplifting content"),
}
"""The guideline's own words, and English."""


class Pool(NamedTuple):
    """What is recommended for a band of ages, half-open in completed years.

    ``prefers_audio``: 建议以音频为主, sound rather than pictures.
    """

    band: Ages
    topics: tuple[Topic, ...]
    prefers_audio: bool
    citation: Citation

    def words(self, lang: Lang = "zh") -> tuple[str, ...]:
        """Its topics in words."""
        return tuple(TOPIC_WORDS[topic][0 if lang == "zh" else 1] for topic in self.topics)


# 五(一): N周岁以上不满M周岁, the lower bound included and the upper one not.
POOLS: Final[tuple[Pool, ...]] = (
    # 不满3周岁: 儿歌、启蒙教育等亲子陪伴类, 建议以音频为主
    Pool(Ages(0, 3), ("nursery_songs", "enlightenment", "companionship"), True, GUIDE),  # noqa: FBT003 - a column of the table
    # 3周岁以上不满8周岁
    Pool(Ages(3, 8), ("enlightenment", "interests", "general_education"), False, GUIDE),  # noqa: FBT003 - the same
    # 8周岁以上不满12周岁
    Pool(
        Ages(8, 12),
        ("general_education", "popular_science", "life_skills", "positive_entertainment",
         "suitable_news"),
        False,  # noqa: FBT003 - the same
        GUIDE,
    ),
    # 12周岁以上不满16周岁: as above, and 学科教育
    Pool(
        Ages(12, 16),
        ("general_education", "subject_education", "popular_science", "life_skills",
         "positive_entertainment", "suitable_news"),
        False,  # noqa: FBT003 - the same
        GUIDE,
    ),
    # 16周岁以上不满18周岁
    Pool(Ages(16, 18), ("healthy_uplifting",), False, GUIDE),  # noqa: FBT003 - the same
)  # fmt: skip


def pool_of(ages: Ages) -> Pool:
    """What is recommended for somebody of these ages.

    Of several bands the youngest; so too for somebody of unknown age, and for an adult's account
    in the mode, which a child may hold.
    """
    return next((pool for pool in POOLS if pool.band.meets(ages)), POOLS[0])


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a piece of content.

    ``topics``: of ``TOPICS``. ``audio``: whether it is sound alone. ``ages``: the recommended age
    that whoever made it put on it, which the guideline encourages; ``None`` without one.
    """

    topics: frozenset[Topic] = frozenset()
    audio: bool = False
    ages: Ages | None = None

    def __post_init__(self) -> None:
        if not frozenset(self.topics) <= frozenset(TOPICS):
            raise InvalidRequest("label.topics", f"want any of {', '.join(TOPICS)}")


def ranked(items: Iterable[T], ages: Ages, *, label_of: Callable[[T], Label]) -> list[T]:
    """The same items, what suits these ages first; equals stay in their order, none is dropped.

    First what is labelled for the band, then what has no label, then what is labelled for others;
    among them what has a recommended topic before what has none; and where sound is preferred,
    sound before pictures.
    """
    pool = pool_of(ages)
    topics = frozenset(pool.topics)

    def place(item: T) -> tuple[int, bool, bool]:
        label = label_of(item)
        by_age = 1 if label.ages is None else 0 if label.ages.meets(pool.band) else 2
        return by_age, not label.topics & topics, pool.prefers_audio and not label.audio

    return sorted(items, key=place)

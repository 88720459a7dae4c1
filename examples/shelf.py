"""五百部作品的货架：孩子、未成年人模式中的少年和成年人各能看到什么，为什么。
A shelf of 500 titles: what a child, a teenager in the minors' mode and an adult are shown, and why.

    python examples/shelf.py [--lang en]

No store, no server and no clock: ``law.decide`` is a function, compiled when it is first asked.
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from itertools import cycle, islice, product
from time import perf_counter
from typing import NamedTuple

from minorguard import ZONE, Decision, Law, Play, Show, Subject, law


class Title(NamedTuple):
    """One thing on the shelf: what the editors found in it, and where the page puts it."""

    name: str
    rating: str | None
    categories: tuple[str, ...]
    slot: str


GENRES = (  # name, age rating, categories of content; law("cn.video").categories has them all
    ("动物纪录片", "8+", ("wholesome",)),
    ("中学物理实验", "12+", ("wholesome",)),
    ("动画长片", "8+", ()),
    ("校园剧", "12+", ()),
    ("历史剧", "16+", ()),
    ("Foreign thriller", "ESRB:M", ()),
    ("极限攀爬", "12+", ("risky_stunt",)),
    ("豪宅探访", None, ("wealth_flaunting",)),
    ("明星打榜", None, ("blind_fandom",)),
    ("网络烂梗合集", None, ("language_abuse",)),
    ("硬汉与香烟", "16+", ("tobacco_alcohol_tattoo",)),
    ("开盒挂人", None, ("cv_illegal",)),
)
SLOTS = ("featured", "recommendation", "feed", "search", "detail")
COUNT = 500
SHELF = [
    Title(f"{name} {number}", rating, categories, slot)
    for number, ((name, rating, categories), slot) in enumerate(
        islice(cycle(product(GENRES, SLOTS)), COUNT), start=1
    )
]

NOW = datetime(2026, 11, 20, 19, 30, tzinfo=ZONE)
VIEWERS = (
    ("十岁的孩子", "a child of ten", Subject("child", born=date(2016, 3, 1), identity="verified")),
    (
        "未成年人模式中的十五岁少年",
        "a teenager of fifteen in the mode",
        Subject("teen", born=date(2011, 3, 1), identity="verified", minors_mode=True),
    ),
    ("成年人", "an adult", Subject("adult", born=date(1990, 3, 1), identity="verified")),
)


def judge(video: Law, viewer: Subject) -> list[Decision]:
    """The whole shelf, title by title."""
    return [
        video.decide(Show(viewer, rating=it.rating, categories=it.categories, slot=it.slot), at=NOW)
        for it in SHELF
    ]


def report(answers: list[Decision], *, zh: bool) -> None:
    """How many are shown, where, and why the others are not."""
    shown = sum(map(bool, answers))
    prompts = sum("prompt_before_display" in answer.obligations for answer in answers if answer)
    if zh:
        print(f"   可见 {shown}（其中 {prompts} 部展示前须显著提示），不可见 {COUNT - shown}")
    else:
        print(f"   {shown} shown ({prompts} of them behind a prompt), {COUNT - shown} not")
    by_slot = Counter(title.slot for title, answer in zip(SHELF, answers, strict=True) if answer)
    print("   " + "  ".join(f"{slot} {by_slot[slot]}" for slot in SLOTS))

    # A title may be refused for more than one reason; each comes with its rule and its articles.
    why = Counter(reason for answer in answers for reason in answer.reasons)
    for reason, times in sorted(why.items(), key=lambda row: (-row[1], row[0].rule.id)):
        print(f"   {times:3} × {reason.code} ({reason.rule.id})")
        for article in reason.citations:
            print(f"         {article}")


def seconds(work: Callable[[], object]) -> float:
    """The best of seven: what the machine can do when nobody disturbs it."""
    times = []
    for _ in range(7):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return min(times)


def main() -> None:
    options = ArgumentParser(description="500 titles, three viewers, no store")
    options.add_argument("--lang", choices=("zh", "en"), default="zh")
    zh = options.parse_args().lang == "zh"
    sys.stdout.reconfigure(encoding="utf-8")

    video = law("cn.video")
    for name_zh, name_en, viewer in VIEWERS:
        print(f"== {name_zh if zh else name_en}")
        report(judge(video, viewer), zh=zh)

    # As a ratio, for seconds are the machine's: a title, and a login of the same child.
    child = VIEWERS[0][2]
    titles_s = seconds(lambda: judge(video, child))
    ratio = titles_s / seconds(lambda: [video.decide(Play(child), at=NOW) for _ in SHELF])
    print(
        f"判定一部作品的耗时约为判定一次登录的 {ratio:.1f} 倍。"
        if zh
        else f"To judge a title takes {ratio:.1f} times as long as to judge a login."
    )


if __name__ == "__main__":
    main()
